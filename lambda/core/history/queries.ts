import { diff } from '../model/diff';
import { type Instant, toInstant, toMs } from '../model/instant';
import type { Target } from '../model/instance';
import type { Reader, Span } from './reader';
import type { Current, FieldChange, Gap, Head, Version } from '../model/record';
import { BEGINNING, type History, segments, type State, stateOf, type UnobservedSpan, unobservedSpans } from './spans';
import { type Uptime, uptimeOf } from './uptime';

/** Instances that are read at the same time, where each needs a query of its own. */
const CONCURRENCY = 16;

interface ClosedSpan {
  readonly from: Instant;
  readonly to: Instant;
}

async function collect<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const result: T[] = [];
  for await (const row of rows) result.push(row);
  return result;
}

/** The span that holds just one time. */
const moment = (at: Instant): ClosedSpan => ({ from: at, to: toInstant(toMs(at) + 1) });

/**
 * The state of an instance at a time: known, nonexistent or explicitly unobserved; undefined when the instance was
 * never seen. One query each for the current row and for the gaps with the head; one more when the current row is
 * younger than `at`, and one when an own gap of the instance has closed since.
 */
export async function stateAt(
  reader: Reader,
  target: Target,
  id: string,
  at: Instant,
  nowMs: number,
): Promise<State | undefined> {
  const current = await reader.current(target, id);
  if (current === undefined) return undefined;
  const [{ head, gaps }, ownGaps, version] = await Promise.all([
    reader.coverage(target, moment(at)),
    ownGapsOf(reader, current, moment(at)),
    versionAt(reader, current, at),
  ]);
  return stateOf(
    version,
    version ?? (await firstVersion(reader, current)),
    unobservedSpans({ head, gaps, ownGaps, current, nowMs }),
    at,
  );
}

/** Closed own gaps that touch the span; the current row knows whether there can be any. */
async function ownGapsOf(reader: Reader, current: Current, span: Span): Promise<readonly Gap[]> {
  const { target, id, lastOwnGapTo } = current;
  if (lastOwnGapTo === null) return [];
  if (lastOwnGapTo !== undefined && span.from !== undefined && lastOwnGapTo <= span.from) return [];
  return collect(reader.ownGaps(target, id, span));
}

async function versionAt(reader: Reader, current: Current, at: Instant): Promise<Version | undefined> {
  if (current.observedAt <= at) return current;
  if (current.version === 1) return undefined;
  return reader.versionAt(current.target, current.id, at, { isWhole: current.expiringSince === undefined });
}

async function firstVersion(reader: Reader, current: Current): Promise<Version | undefined> {
  if (current.version === 1) return current;
  const [first] = await collect(reader.versions(current.target, current.id, { limit: 1 }));
  return first;
}

/** One instance of the fleet at a time. */
export interface FleetMember {
  /** What is known of the instance now. */
  readonly current: Current;
  /** What was valid then; absent when it has expired. */
  readonly version?: Version;
  /** Set when nobody looked then, so that the version is what was last known, or when the version has expired. */
  readonly unobserved?: UnobservedSpan;
}

/**
 * All instances of a target as of a time, deleted ones included, by id. Rows that were the newest then already are
 * taken as they are; only each other one costs a query.
 */
export async function* fleetAt(
  reader: Reader,
  target: Target,
  at: Instant,
  nowMs: number,
): AsyncGenerator<FleetMember> {
  const { head, gaps } = await reader.coverage(target, moment(at));
  const members = mapInOrder(reader.currents(target), async (current): Promise<FleetMember | undefined> => {
    const version = await versionAt(reader, current, at);
    if (version === undefined) return expired(reader, current, at);
    const ownGaps = await ownGapsOf(reader, current, moment(at));
    const state = stateOf(version, version, unobservedSpans({ head, gaps, ownGaps, current, nowMs }), at);
    const during = state.is === 'unobserved' ? state.during : undefined;
    return { current, version, ...(during === undefined ? {} : { unobserved: during }) };
  });
  for await (const one of members) if (one !== undefined) yield one;
}

/** An instance without a version at the time: not there yet (undefined), or there and its version has expired. */
async function expired(reader: Reader, current: Current, at: Instant): Promise<FleetMember | undefined> {
  if (current.expiringSince === undefined) return undefined;
  const [next] = await collect(reader.versions(current.target, current.id, { from: at, limit: 1 }));
  if (next === undefined || next.version === 1) return undefined;
  return { current, unobserved: { from: BEGINNING, to: next.observedAt } };
}

/** Versions of an instance that matter in a span, and what was not observed. */
export async function historyOf(
  reader: Reader,
  current: Current,
  span: ClosedSpan,
  nowMs: number,
  known?: { readonly head: Head | undefined; readonly gaps: readonly Gap[] },
): Promise<History> {
  const { target, id } = current;
  const [{ head, gaps }, ownGaps, atStart, inside] = await Promise.all([
    known ?? reader.coverage(target, span),
    ownGapsOf(reader, current, span),
    versionAt(reader, current, span.from),
    current.observedAt <= span.from
      ? []
      : current.version === 1
        ? [current].filter(({ observedAt }) => observedAt < span.to)
        : collect(reader.versions(target, id, span)),
  ]);
  const versions = [
    ...(atStart === undefined ? [] : [atStart]),
    ...inside.filter(({ version }) => version !== atStart?.version),
  ];
  // Without a version in the span, a later first one tells whether there was nothing yet or nobody looked. An earlier
  // one tells nothing: what came after it has expired.
  const first = versions.length === 0 ? await firstVersion(reader, current) : undefined;
  return {
    versions: first === undefined || first.observedAt < span.from ? versions : [first],
    unobserved: unobservedSpans({ head, gaps, ownGaps, current, nowMs }),
  };
}

export interface InstanceUptime extends Uptime {
  readonly current: Current;
}

/** Time in each status of one instance. */
export async function instanceUptime(
  reader: Reader,
  current: Current,
  span: ClosedSpan,
  nowMs: number,
  known?: { readonly head: Head | undefined; readonly gaps: readonly Gap[] },
): Promise<InstanceUptime> {
  const history = await historyOf(reader, current, span, nowMs, known);
  return { current, ...uptimeOf(segments(history, span), span) };
}

/** The same for every instance of a target that existed at some time of the span. */
export async function* targetUptime(
  reader: Reader,
  target: Target,
  span: ClosedSpan,
  nowMs: number,
): AsyncGenerator<InstanceUptime> {
  const known = await reader.coverage(target, span);
  const uptimes = mapInOrder(reader.currents(target), async (current) =>
    current.kind === 'deleted' && current.observedAt <= span.from
      ? undefined
      : instanceUptime(reader, current, span, nowMs, known),
  );
  for await (const uptime of uptimes) if (uptime !== undefined) yield uptime;
}

/** Differences between two versions, field by field, in the direction of time or against it. */
export const versionDiff = (a: Version, b: Version): readonly FieldChange[] => {
  const status = (version: Version) => ({ ...version.snapshot, status: version.status });
  return diff(status(a), status(b));
};

/** One line of an instance's log: a version, or a gap in its place. */
export type LogEntry =
  { readonly type: 'version'; readonly version: Version } | { readonly type: 'gap'; readonly gap: UnobservedSpan };

/** Newest first; at most `limit` versions, and the gaps between them and after them. */
export async function* log(
  reader: Reader,
  current: Current,
  options: { readonly from?: Instant; readonly to?: Instant; readonly limit?: number; readonly nowMs: number },
): AsyncGenerator<LogEntry> {
  const { nowMs, ...span } = options;
  const { head, gaps } = await reader.coverage(current.target, span);
  const ownGaps = await ownGapsOf(reader, current, span);
  const left = unobservedSpans({ head, gaps, ownGaps, current, nowMs }).filter(
    (gap) => gap.from !== BEGINNING && (span.to === undefined || gap.from < span.to),
  );
  const waiting = [...left];
  for await (const version of reader.versions(current.target, current.id, { ...span, newestFirst: true })) {
    for (let gap = waiting.at(-1); gap !== undefined && gap.from >= version.observedAt; gap = waiting.at(-1)) {
      waiting.pop();
      yield { type: 'gap', gap };
    }
    yield { type: 'version', version };
  }
}

/** Maps with bounded concurrency, keeping the order. */
async function* mapInOrder<T, R>(rows: AsyncIterable<T>, map: (row: T) => Promise<R>): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  try {
    for await (const row of rows) {
      running.push(map(row));
      if (running.length >= CONCURRENCY) yield await (running.shift() as Promise<R>);
    }
    while (running.length > 0) yield await (running.shift() as Promise<R>);
  } finally {
    await Promise.allSettled(running);
  }
}
