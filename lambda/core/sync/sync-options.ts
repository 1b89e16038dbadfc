import type { Alarm } from '../model/clock';
import type { Instant } from '../model/instant';
import type { Target } from '../model/instance';
import type { ViewOptions } from '../model/view';
import type { InstanceSource } from './instance-source';
import type { ReconcileOptions } from './reconcile';
import type { Recorder } from './recorder';
import type { RecordingPorts } from './recording';

export interface SyncPorts extends RecordingPorts {
  readonly recorder: Recorder;
  readonly source: InstanceSource;
  readonly alarm: Alarm;
  /** A new unique id of a run. */
  readonly newRunId: () => string;
  /** @default no trace is asked for */
  readonly tracedDeletions?: TracedDeletions | undefined;
}

/**
 * Tells which absent instances were deleted, as far as traces say so, from when each was last seen. Takes a few seconds
 * at most, and never rejects.
 */
export type TracedDeletions = (
  target: Target,
  absent: ReadonlyMap<string, Instant>,
  signal: AbortSignal,
) => Promise<ReadonlySet<string>>;

export interface SyncOptions extends Omit<ReconcileOptions, 'retentionMs'>, ViewOptions {
  readonly target: Target;
  /** How long a superseded version is kept, in ms; null: for ever. @default as the head says, which deployed runs tell */
  readonly retentionMs?: number | null | undefined;
  /** Time between scheduled runs, in ms; kept as it was when absent. */
  readonly intervalMs?: number;
  /** When the process will be stopped, in ms since the epoch. */
  readonly deadline?: number;
  /** The run stops this long before the deadline. */
  readonly safetyMarginMs?: number;
  /** Retention and brake are those of the deployment: the head tells them to every other writer. */
  readonly isDeployed?: boolean;
  /** Whether it is asked who made the changes. @default as the head says */
  readonly attribution?: boolean | undefined;
  /** Plans, but takes no lease and writes nothing. */
  readonly dryRun?: boolean;
}

export const DEFAULT_SAFETY_MARGIN_MS = 10_000;

/** When the run must begin to end, in ms since the epoch; infinite without a deadline. */
export const stopAt = ({ deadline = Infinity, safetyMarginMs = DEFAULT_SAFETY_MARGIN_MS }: SyncOptions): number =>
  deadline - safetyMarginMs;
