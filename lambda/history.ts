import { findInstance } from './core/history/find-instance';
import { followChanges } from './core/history/follow';
import { log, type LogEntry } from './core/history/log';
import {
  type FleetMember,
  fleetAt,
  type InstanceUptime,
  instanceStateAt,
  instanceUptime,
  stateAt,
  targetUptime,
  type UptimeSpan,
  versionDiff,
} from './core/history/queries';
import type { Reader, Span } from './core/history/reader';
import type { State } from './core/history/spans';
import type { Clock } from './core/model/clock';
import { UsageError } from './core/model/errors';
import type { Target } from './core/model/instance';
import { type Instant, toInstant } from './core/model/instant';
import type { Current, FieldChange, Version } from './core/model/record';

/** Half-open span [from, to). */
export interface Between {
  readonly from: Instant;
  /** @default now, so that everything recorded is included */
  readonly to?: Instant;
}

/**
 * Times are ISO-8601 with a zone. Returned times are in UTC, with milliseconds. A time or an end of a span that is left
 * out means now: the state in the newest rows, even if the clock here is behind the clocks of the runs. Every result that
 * may be long is an async iterable. Every method throws a UsageError for a time in another form, a TableError for a table
 * of another application or of a newer release, and a TableFaultError when the database does not answer or fails.
 */
export interface History {
  /** All recorded targets. */
  targets(): Promise<readonly Target[]>;
  /** All instances of a target, including deleted ones, now or as of a time. */
  fleet(target: Target, at?: Instant): AsyncIterable<FleetMember>;
  /** Finds an instance by its id, a unique beginning of its id, or its name.
   * @throws UsageError when several match, NotFoundError when none does */
  find(text: string, targets?: readonly Target[]): Promise<Current>;
  /** Known, nonexistent or unobserved; undefined for an instance that was never seen. */
  stateAt(target: Target, id: string, at?: Instant): Promise<State | undefined>;
  /** The same for an instance that `find` or the reader has returned, with one read less. */
  stateOf(instance: Current, at?: Instant): Promise<State>;
  /** Oldest first unless `newestFirst`; at most `limit`, exactly. */
  versions: Reader['versions'];
  /** Versions and gaps, newest first. */
  log(instance: Current, options?: Span & { readonly limit?: number }): AsyncIterable<LogEntry>;
  /** What differs between two versions, field by field. */
  diff(a: Version, b: Version): readonly FieldChange[];
  /** Changes over all targets, oldest first. */
  changes(span: Between): AsyncIterable<Version>;
  /** The changes since a time, and then each new one, until the signal is aborted. */
  follow(options: {
    readonly from: Instant;
    readonly signal: AbortSignal;
    readonly onProblem?: (error: unknown) => void;
  }): AsyncIterable<Version>;
  /** Time in each status of one instance, or of every instance of a target. */
  uptime(instance: Current, span: UptimeSpan): Promise<InstanceUptime>;
  uptimes(target: Target, span: UptimeSpan): AsyncIterable<InstanceUptime>;
  /** The single queries, for anything that this interface lacks. They accept times only in the form in which they return them. */
  readonly reader: Reader;
}

/**
 * Keys sort as text. Only times in one form sort in the order of time, so every time is converted to it.
 * @throws UsageError
 */
function instant(text: string): Instant {
  const ms = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(ms))
    throw new UsageError(
      `${JSON.stringify(text.slice(0, 60))} is not a time with a zone: give ISO-8601 such as 2026-11-22T10:00:00.000Z`,
    );
  return toInstant(ms);
}

const time = (at: Instant | undefined): Instant | undefined => (at === undefined ? undefined : instant(at));

const between = <T extends Span>(span: T): T => ({ ...span, from: time(span.from), to: time(span.to) });

/** All questions to a history, asked through this reader. The public reader and the commands are both made of it. */
export function historyFrom(reader: Reader, clock: Clock): History {
  const nowMs = (): number => clock.now();
  return {
    reader,
    targets: async () => reader.targets(),
    fleet: (target, at) => fleetAt(reader, target, time(at), nowMs()),
    find: async (text, targets) => findInstance(reader, targets ?? (await reader.targets()), text),
    stateAt: async (target, id, at) => stateAt(reader, target, id, time(at), nowMs()),
    stateOf: async (instance, at) => instanceStateAt(reader, instance, time(at), nowMs()),
    versions: (target, id, span = {}) => reader.versions(target, id, between(span)),
    log: (instance, span = {}) => log(reader, instance, { ...between(span), nowMs: nowMs() }),
    diff: versionDiff,
    changes: (span) => reader.changes(between(span)),
    follow: (follow) => followChanges(reader, clock, { ...follow, from: instant(follow.from) }),
    uptime: async (instance, span) => instanceUptime(reader, instance, between(span), nowMs()),
    uptimes: (target, span) => targetUptime(reader, target, between(span), nowMs()),
  };
}
