import { findInstance } from './core/find-instance';
import { followChanges } from './core/follow';
import {
  type FleetMember,
  fleetAt,
  type InstanceUptime,
  instanceUptime,
  log,
  type LogEntry,
  stateAt,
  targetUptime,
  versionDiff,
} from './core/history';
import { type Instant, toInstant } from './core/instant';
import type { Target } from './core/instance';
import type { Clock, Reader } from './core/ports';
import type { Current, FieldChange, Version } from './core/record';
import type { State } from './core/spans';
import { connect } from './dynamodb/client';
import { createReader } from './dynamodb/reader';
import { systemClock } from './system-clock';

/** `roma-instance-history/reader`: ask the history from TypeScript. Reads only. */

export { type ChangeEvent, toChangeEvent } from './core/change-event';
export { NotFoundError, TableError, UsageError } from './core/errors';
export { type Target, targetName } from './core/instance';
export type { Instant } from './core/instant';
export type { Current, FieldChange, Gap, Head, Rejection, Version } from './core/record';
export type { Reader } from './core/ports';
export type { State, UnobservedSpan } from './core/spans';
export type { FleetMember, InstanceUptime, LogEntry } from './core/history';

export interface HistoryOptions {
  readonly tableName: string;
  /** @default the region of the environment */
  readonly region?: string;
  /** A DynamoDB endpoint other than the region's. */
  readonly endpoint?: string;
  /** @default the AWS SDK's chain */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** @default the machine's */
  readonly clock?: Clock;
}

/** Half-open span [from, to). */
export interface Between {
  readonly from: Instant;
  readonly to: Instant;
}

/** Times are ISO-8601, UTC, with milliseconds. Everything that may be long is an async iterable. */
export interface InstanceHistory {
  targets(): Promise<readonly Target[]>;
  /** All instances of a target, deleted ones included, now or as of a time. */
  fleet(target: Target, at?: Instant): AsyncIterable<FleetMember>;
  /** By id, unique beginning of an id, or name. @throws UsageError when several fit, NotFoundError when none does */
  find(text: string, targets?: readonly Target[]): Promise<Current>;
  /** Known, nonexistent or unobserved; undefined for an instance that was never seen. */
  stateAt(target: Target, id: string, at?: Instant): Promise<State | undefined>;
  /** Oldest first unless `newestFirst`; at most `limit`, exactly. */
  versions: Reader['versions'];
  /** Versions and gaps, newest first. */
  log(
    instance: Current,
    options?: { readonly from?: Instant; readonly to?: Instant; readonly limit?: number },
  ): AsyncIterable<LogEntry>;
  /** What differs between two versions, field by field. */
  diff(a: Version, b: Version): readonly FieldChange[];
  /** Changes over all targets, oldest first. */
  changes(span: Between): AsyncIterable<Version>;
  /** The same, and then each new change, until the signal is aborted. */
  follow(options: { readonly from: Instant; readonly signal: AbortSignal }): AsyncIterable<Version>;
  /** Time in each status of one instance, or of every instance of a target. */
  uptime(instance: Current, span: Between): Promise<InstanceUptime>;
  uptimes(target: Target, span: Between): AsyncIterable<InstanceUptime>;
  /** The single queries, for what is not here. */
  readonly reader: Reader;
  close(): void;
}

export function openHistory(options: HistoryOptions): InstanceHistory {
  const { tableName, clock = systemClock, ...config } = options;
  const client = connect(config);
  const reader = createReader(client, tableName, { now: () => clock.now() });
  const now = (): number => clock.now();
  return {
    reader,
    targets: async () => reader.targets(),
    fleet: (target, at) => fleetAt(reader, target, at ?? toInstant(now()), now()),
    find: async (text, targets) => findInstance(reader, targets ?? (await reader.targets()), text),
    stateAt: async (target, id, at) => stateAt(reader, target, id, at ?? toInstant(now()), now()),
    versions: (target, id, span) => reader.versions(target, id, span),
    log: (instance, span = {}) => log(reader, instance, { ...span, nowMs: now() }),
    diff: versionDiff,
    changes: (span) => reader.changes(span),
    follow: (follow) => followChanges(reader, clock, follow),
    uptime: async (instance, span) => instanceUptime(reader, instance, span, now()),
    uptimes: (target, span) => targetUptime(reader, target, span, now()),
    close: () => client.destroy(),
  };
}
