import { type Command, InvalidArgumentError, Option } from 'commander';
import { byMeaning } from '../../../lambda/core/model/by-meaning';
import { NotFoundError } from '../../../lambda/core/model/errors';
import { targetName } from '../../../lambda/core/model/instance';
import { type Instant, plusMs } from '../../../lambda/core/model/instant';
import type { Attribution } from '../../../lambda/core/model/attribution';
import type { Reader } from '../../../lambda/core/history/reader';
import type { Current, Version } from '../../../lambda/core/model/record';
import type { State, UnobservedSpan } from '../../../lambda/core/history/spans';
import { attributionsIn } from '../../../lambda/core/history/attributions';
import { type Io, printJson } from '../io';
import { flow } from '../layout';
import { safeText, safeValue, statusColour } from '../output';
import { withFormat } from '../rows';
import { type TargetOptions, withStore, withTargetOptions } from '../store';
import { parseMoment, showTime } from '../time';
import { find, INSTANCE_HELP } from './instance-argument';
import { byText, evidenceText, fieldText, sinceText, spanLine, unobservedText, versionLine, whenText } from './views';

interface ShowOptions extends TargetOptions {
  readonly at?: string;
  readonly version?: number;
  readonly changes?: boolean;
}

const versionNumber = (text: string): number => {
  if (!/^v?[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('it must be a version number, 1 or higher.');
  return Number(text.replace('v', ''));
};

export function register(command: Command, io: Io): void {
  command
    .argument('<instance>', INSTANCE_HELP)
    .addOption(new Option('--at <time>', 'as of this time').conflicts('version'))
    .addOption(new Option('--version <number>', 'this version').argParser(versionNumber))
    .option('--changes', 'only what the version changed, not its whole state');
  withTargetOptions(withFormat(command))
    .addHelpText('after', EXAMPLES)
    .action(async (instance: string, options: ShowOptions) => show(io, instance, options));
}

async function show(io: Io, instance: string, options: ShowOptions): Promise<void> {
  const at = parseMoment(options.at, io.clock.now(), '--at', io.time.zone);
  await withStore(io, options, async (store) => {
    const current = await find(store, instance, options);
    const known: { readonly version: Version; readonly during?: UnobservedSpan } =
      options.version === undefined
        ? shown(await store.history.stateOf(current, at), current, at)
        : { version: await versionByNumber(store.reader, current, options.version) };
    const { observedAt } = known.version;
    const attributionOf = attributionsIn(store.reader, { from: observedAt, to: plusMs(observedAt, 1) });
    print(io, options, { ...known, attribution: await attributionOf(known.version) });
  });
}

/** @throws NotFoundError when nothing is known of that time */
export function shown(
  state: State,
  current: Current,
  at: Instant | undefined,
): { version: Version; during?: UnobservedSpan } {
  if (state.is === 'known') return { version: state.version };
  if (state.is === 'nonexistent' && state.deletedBy !== undefined) return { version: state.deletedBy };
  if (state.is === 'unobserved' && state.lastKnown !== undefined)
    return { version: state.lastKnown, during: state.during };
  throw new NotFoundError(
    state.is === 'nonexistent'
      ? `instance ${current.id} did not exist at ${at ?? 'now'}: "roma-history log" shows when it was created`
      : `nothing is known of instance ${current.id} at ${at ?? 'now'}: it was not observed then, or the retention has removed it`,
  );
}

/** @throws NotFoundError when there is no such version (any more) */
export async function versionByNumber(reader: Reader, current: Current, number: number): Promise<Version> {
  if (number === current.version) return current;
  if (number < current.version) {
    // No key holds the version number, so reading starts at the nearer end.
    const newestFirst = number > current.version / 2;
    for await (const version of reader.versions(current.target, current.id, { newestFirst })) {
      if (version.version === number) return version;
      if (newestFirst ? version.version < number : version.version > number) break;
    }
  }
  throw new NotFoundError(
    `instance ${current.id} has no version ${number}: its newest is ${current.version}, and the retention may have removed old ones`,
  );
}

function print(
  io: Io,
  options: ShowOptions,
  { version, during, attribution }: { version: Version; during?: UnobservedSpan; attribution?: Attribution },
): void {
  if (options.json === true) {
    printJson(io, {
      ...versionLine(version, attribution),
      ...(options.changes === true ? { snapshot: undefined } : {}),
      unobserved: during && spanLine(during),
    });
    return;
  }
  const line = (title: string, ...parts: string[]): void =>
    io.out(flow(parts, { width: io.width, lead: io.paint('gray', title.padEnd(12)) }));
  const text = (value: unknown): string => safeValue(value, io.width === Infinity ? Infinity : undefined);
  const name = io.paint('bold', safeText(version.name ?? '(no name)'));
  io.out(flow([`${name} ${safeText(version.id)}`], { width: io.width }));
  line('target', targetName(version.target));
  line(
    'status',
    `${io.paint(statusColour(version.status), safeText(version.status))} since ${showTime(version.statusSince, io.time)}`,
    ...(during === undefined ? [] : [io.paint('yellow', unobservedText(io, during))]),
  );
  line('version', `${version.version}, ${version.kind}${evidenceText(version)}`);
  line('', `${whenText(io, version)}, ${sinceText(io, version.observedAt)}`, ...byText(attribution));
  for (const change of byMeaning(version.changes)) line('changed', fieldText(change, text));
  if (options.changes === true) return;
  io.out('');
  // DynamoDB does not keep the order of a map: it changes from read to read.
  for (const field of Object.keys(version.snapshot).toSorted())
    io.out(flow([`${safeText(field)}: ${text(version.snapshot[field])}`], { width: io.width, lead: '  ', indent: 4 }));
}

const EXAMPLES = `
Examples:
  roma-history show roma-prod
  roma-history show roma-prod --at 2026-11-22T03:00:00Z
  roma-history show e346 --version 7 --json`;
