import type { Instant } from '../model/instant';
import type { Target } from '../model/instance';
import type { Current, Gap, Head, Rejection, RunOutcome, View, ViewState } from '../model/record';
import type { Units } from '../model/units';

/** All that is written to one instance's rows (or one rejected record's) in one transaction. */
export type Action =
  /** A new version; `previous` is the current row it supersedes. Closes the instance's own gap when `closedGap` is set. */
  | {
      readonly kind: 'version';
      readonly id: string;
      readonly next: Current;
      readonly previous: Current | undefined;
      readonly closedGap?: Gap;
      readonly dropRejection?: string;
      /** With a retention: when the superseded version may be forgotten. */
      readonly previousExpiresAt?: Instant;
    }
  /** No new version: an own gap opens or closes, the brake's clock starts or stops. */
  | {
      readonly kind: 'touch';
      readonly id: string;
      readonly next: Current;
      readonly previous: Current;
      readonly closedGap?: Gap;
      readonly dropRejection?: string;
    }
  | { readonly kind: 'reject'; readonly rejection: Rejection }
  | { readonly kind: 'unreject'; readonly key: string };

export type TakeLease =
  | { readonly taken: true; readonly head: Head }
  | { readonly taken: false; readonly heldBy: string; readonly until: Instant };

/**
 * What became of a batch.
 * `recorded`: all of it. `lost`: the lease is not this run's any more, nothing was written. `conflict`: another
 * transaction or a throttle, nothing was written, try again. `unanswered`: may or may not have been written.
 * `stale`: a row is not as it was read, nothing was written. `invalid`: the database refuses the content.
 */
export type BatchOutcome =
  | { readonly kind: 'recorded' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'conflict'; readonly reason: string }
  | { readonly kind: 'unanswered'; readonly reason: string }
  | { readonly kind: 'stale'; readonly reason: string }
  | { readonly kind: 'invalid'; readonly reason: string };

export interface RunEnd {
  readonly runId: string;
  readonly outcome: RunOutcome;
  readonly because?: string | undefined;
  /** The clock at the end; absent when the clock cannot be trusted. */
  readonly endedAt?: Instant | undefined;
  /** Raises the floor of the next observation time. Absent: the floor stays. */
  readonly observedAt?: Instant;
  /** Only of a completed run. */
  readonly completed?: {
    readonly listedFrom: Instant;
    readonly observedAt: Instant;
    readonly instances: number;
    readonly listedWith: View;
    /** Absent: none. */
    readonly unjudged?: number;
    /** Of a listing that may have missed an instance; absent when it cannot have. */
    readonly newcomersSince?: Instant | null;
  };
  /** Put in the same transaction as the end. */
  readonly gap?: Gap;
  readonly fingerprint: { readonly store: string } | 'keep' | 'remove';
  /** Absent: they stay as they were. */
  readonly otherViews?: readonly ViewState[] | undefined;
  /** Absent: stays as it was. */
  readonly intervalMs?: number;
  readonly brakeReleaseAfterMs?: number | undefined;
  /** Null: for ever. Absent: stays as it was. */
  readonly retentionMs?: number | null | undefined;
  /** As on the head. Absent: stays as it was. */
  readonly attribution?: string | undefined;
}

/** The head of a target, and the lease on it. */
export interface HeadStore {
  /** The head as it is, strongly consistent, without taking the lease. */
  readHead(target: Target): Promise<Head | undefined>;
  /** Takes a free lease, or one that has expired (then the head comes back dirty). */
  takeLease(
    target: Target,
    lease: { readonly runId: string; readonly now: Instant; readonly until: Instant },
  ): Promise<TakeLease>;
  /** @returns false when the lease is not this run's any more */
  renewLease(target: Target, lease: { readonly runId: string; readonly until: Instant }): Promise<boolean>;
  /** Releases the lease. @returns false when the lease is not this run's any more and the run had not ended before */
  end(target: Target, end: RunEnd): Promise<boolean>;
}

/** The rows beside the head. */
export interface RowStore {
  /** Newest versions and rejections of the target, strongly consistent. */
  readKnown(target: Target): Promise<Known>;
  /** The same for a few instances; what does not exist is left out. */
  readCurrents(target: Target, ids: readonly string[]): Promise<readonly Current[]>;
  /** How the actions must be cut so that each batch fits into one transaction and no instance is split. */
  batches(actions: readonly Action[]): readonly (readonly Action[])[];
  /** Writes one batch, all of it or nothing, only while the lease is this run's. */
  record(
    target: Target,
    runId: string,
    batch: readonly Action[],
    options: { readonly timeLimitMs: number },
  ): Promise<BatchOutcome>;
}

/**
 * Writes history. One recorder serves one run at a time.
 * Every method that returns a promise rejects with a TableError when the table is missing, may not be used, or is of
 * another release; with a TableBusyError when another run is writing to the same item; else with the database's error.
 */
export interface Recorder extends HeadStore, RowStore {
  /** Units consumed since this recorder was made. */
  units(): Units;
  /**
   * How far this machine's clock is off the database's, in ms, positive when it is ahead; zero when it is within five
   * minutes, or not known.
   */
  clockErrorMs(): number;
}

export interface Known {
  readonly currents: ReadonlyMap<string, Current>;
  /** By key. */
  readonly rejections: ReadonlyMap<string, Rejection>;
}
