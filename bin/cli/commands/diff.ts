import { NotFoundError } from '../../../lambda/core/model/errors';
import type { Command } from 'commander';
import { byMeaning } from '../../../lambda/core/model/by-meaning';
import { unobservedIn, versionDiff } from '../../../lambda/core/history/queries';
import type { Instant } from '../../../lambda/core/model/instant';
import type { Reader } from '../../../lambda/core/history/reader';
import type { Current, Version } from '../../../lambda/core/model/record';
import type { UnobservedSpan } from '../../../lambda/core/history/spans';
import type { History } from '../../../lambda/history';
import { type Io, printJson } from '../io';
import { flow } from '../layout';
import { safeText, safeValue } from '../output';
import { withFormat } from '../rows';
import { type TargetOptions, withStore, withTargetOptions } from '../store';
import { parseMoment, showTime } from '../time';
import { find, INSTANCE_HELP } from './instance-argument';
import { shown, versionByNumber } from './show';
import { spanLine, unobservedText } from './views';

export function register(command: Command, io: Io): void {
  command
    .argument('<instance>', INSTANCE_HELP)
    .argument('[a]', 'a version (3 or v3) or a time (see roma-history --help); without it: the last change')
    .argument('[b]', 'the same (default: now)');
  withTargetOptions(withFormat(command))
    .addHelpText('after', EXAMPLES)
    .action(async (instance: string, a: string | undefined, b: string | undefined, options: TargetOptions) => {
      const nowMs = io.clock.now();
      const given = a === undefined ? undefined : [wantedSide(a, io, '<a>'), wantedSide(b ?? 'now', io, '<b>')];
      await withStore(io, options, async (store) => {
        const current = await find(store, instance, options);
        const wanted = given ?? lastChange(current);
        const [from, to] = await Promise.all(wanted.map(async (one) => resolve(store.history, current, one)));
        if (from === undefined || to === undefined) return;
        const between = wanted.every((one) => 'at' in one)
          ? await gapsBetween(store.reader, current, [from, to], nowMs)
          : [];
        print(io, options, from, to, between);
      });
    });
}

/** A version, or a time; undefined is now. */
type Wanted = { readonly number: number } | { readonly at: Instant | undefined };

function lastChange({ id, version }: Current): readonly Wanted[] {
  if (version > 1) return [{ number: version - 1 }, { number: version }];
  throw new NotFoundError(`instance ${id} has not changed since it was first seen: "roma-history show" shows it`);
}

const wantedSide = (text: string, io: Io, what: string): Wanted =>
  /^v?[1-9]\d{0,8}$/.test(text)
    ? { number: Number(text.replace('v', '')) }
    : { at: parseMoment(text, io.clock.now(), what, io.time.zone) };

interface Side {
  readonly version: Version;
  /** The time that the user asked for, or the time of the version; undefined is now. */
  readonly at: Instant | undefined;
  /** Set when no run looked at that time. The version is then the last known one. */
  readonly during?: UnobservedSpan;
}

/** @throws NotFoundError when there is no such version, or nothing is known of that time */
async function resolve(history: History, current: Current, wanted: Wanted): Promise<Side> {
  if ('number' in wanted) {
    const version = await versionByNumber(history.reader, current, wanted.number);
    return { version, at: version.observedAt };
  }
  const state = await history.stateOf(current, wanted.at);
  return { ...shown(state, current, wanted.at), at: wanted.at };
}

/** Unobserved spans between two times that contain neither of them. What came and went in such a span is not recorded. */
async function gapsBetween(
  reader: Reader,
  current: Current,
  sides: readonly Side[],
  nowMs: number,
): Promise<readonly UnobservedSpan[]> {
  const times = sides.flatMap(({ at }) => at ?? []).toSorted();
  const [from, to] = times;
  if (from === undefined) return [];
  const spans = await unobservedIn(reader, current, to === undefined ? { from } : { from, to }, nowMs);
  return spans.filter((span) => span.from > from && span.to !== undefined && (to === undefined || span.to <= to));
}

function print(io: Io, options: TargetOptions, a: Side, b: Side, between: readonly UnobservedSpan[]): void {
  const changes = versionDiff(a.version, b.version);
  if (options.json === true) {
    const place = ({ version, during }: Side) => ({
      version: version.version,
      observedAt: version.observedAt,
      unobserved: during && spanLine(during),
    });
    const unobservedBetween = between.length === 0 ? undefined : between.map(spanLine);
    printJson(io, { id: b.version.id, a: place(a), b: place(b), unobservedBetween, changes });
    return;
  }
  const unobserved = (span: UnobservedSpan): string => io.paint('yellow', unobservedText(io, span));
  const layout = { width: io.width, indent: 4 };
  const header = (sign: string, { version, during }: Side): string => {
    const text = io.paint('bold', `${sign} v${version.version}  ${showTime(version.observedAt, io.time)}`);
    return flow(during === undefined ? [text] : [text, unobserved(during)], layout);
  };
  io.out(header('---', a));
  io.out(header('+++', b));
  for (const gap of between) io.out(flow(['between them', unobserved(gap)], layout));
  if (changes.length === 0) io.out('no difference');
  for (const change of byMeaning(changes)) {
    io.out(safeText(change.field));
    if ('from' in change) io.out(io.paint('red', `  - ${safeValue(change.from, Infinity)}`));
    if ('to' in change) io.out(io.paint('green', `  + ${safeValue(change.to, Infinity)}`));
  }
}

const EXAMPLES = `
Examples:
  roma-history diff roma-prod              what the last change changed
  roma-history diff roma-prod 3 7
  roma-history diff roma-prod 24h now`;
