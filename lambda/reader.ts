import type { Clock } from './core/model/clock';
import { connect } from './dynamodb/client';
import { createReader } from './dynamodb/reader';
import { type History, historyFrom } from './history';
import { systemClock } from './system-clock';

/** `roma-instance-history/reader`: query the history from TypeScript. It only reads. */

export { type ChangeEvent, toChangeEvent } from './core/publish/change-event';
export { NotFoundError, TableError, TableFaultError, UsageError } from './core/model/errors';
export { type Target, targetName } from './core/model/instance';
export type { Instant } from './core/model/instant';
export type { Current, FieldChange, Gap, Head, Rejection, Version } from './core/model/record';
export type { Reader } from './core/history/reader';
export type { State, UnobservedSpan } from './core/history/spans';
export type { FleetMember, InstanceUptime } from './core/history/queries';
export { narrowed, type Narrowed } from './core/history/narrow';
export type { LogEntry } from './core/history/log';
export type { Between } from './history';

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

/** A history and its connection. */
export interface InstanceHistory extends History {
  /** Closes the connections to DynamoDB. */
  close(): void;
}

export function openHistory(options: HistoryOptions): InstanceHistory {
  const { tableName, clock = systemClock, ...config } = options;
  const client = connect(config);
  const reader = createReader(client, tableName, clock);
  return { ...historyFrom(reader, clock), close: () => client.destroy() };
}
