import type { Command } from 'commander';
import { NotFoundError } from '../../../lambda/core/model/errors';
import { versionDiff } from '../../../lambda/core/history/queries';
import type { Reader } from '../../../lambda/core/history/reader';
import type { Current, Version } from '../../../lambda/core/model/record';
import { type Io, printJson } from '../io';
import { safeText, safeValue } from '../output';
import { type TargetOptions, withStore, withTargetOptions } from '../store';
import { parseTime, showTime } from '../time';
import { find, INSTANCE_HELP } from './instance-argument';
import { versionByNumber } from './show';

export function registerDiff(program: Command, io: Io): void {
  withTargetOptions(
    program
      .command('diff')
      .description('what differs between two versions or times of one instance')
      .argument('<instance>', INSTANCE_HELP)
      .argument('<a>', 'a version (3 or v3) or a time (ISO-8601, 15m, 24h, 7d)')
      .argument('<b>', 'the same, or "now"'),
  )
    .addHelpText('after', EXAMPLES)
    .action(async (instance: string, a: string, b: string, options: TargetOptions) => {
      const sides = [side(io, a, '<a>'), side(io, b, '<b>')] as const;
      await withStore(io, options, async (store) => {
        const current = await find(store, instance, options);
        const [from, to] = await Promise.all(sides.map(async (one) => resolve(store.reader, current, one)));
        if (from !== undefined && to !== undefined) print(io, options, from, to);
      });
    });
}

type Side = { readonly number: number } | { readonly at: string };

const side = (io: Io, text: string, what: string): Side =>
  /^v?[1-9]\d{0,8}$/.test(text)
    ? { number: Number(text.replace('v', '')) }
    : { at: parseTime(text, io.clock.now(), what) };

async function resolve(reader: Reader, current: Current, wanted: Side): Promise<Version> {
  if ('number' in wanted) return versionByNumber(reader, current, wanted.number);
  if (current.observedAt <= wanted.at) return current;
  const version = await reader.versionAt(current.target, current.id, wanted.at);
  if (version !== undefined) return version;
  throw new NotFoundError(
    `instance ${current.id} has no version at ${wanted.at}: it was not recorded then, or the retention has removed it`,
  );
}

function print(io: Io, options: TargetOptions, a: Version, b: Version): void {
  const changes = versionDiff(a, b);
  if (options.json === true) {
    const place = ({ version, observedAt }: Version) => ({ version, observedAt });
    printJson(io, { id: b.id, a: place(a), b: place(b), changes });
    return;
  }
  const header = (sign: string, { version, observedAt }: Version): string =>
    io.paint('bold', `${sign} v${version}  ${showTime(observedAt, io.time)}`);
  io.out(header('---', a));
  io.out(header('+++', b));
  if (changes.length === 0) io.out('no difference');
  for (const change of changes) {
    io.out(safeText(change.field));
    if ('from' in change) io.out(io.paint('red', `  - ${safeValue(change.from, Infinity)}`));
    if ('to' in change) io.out(io.paint('green', `  + ${safeValue(change.to, Infinity)}`));
  }
}

const EXAMPLES = `
Examples:
  roma-history diff roma-prod 3 7
  roma-history diff roma-prod 24h now`;
