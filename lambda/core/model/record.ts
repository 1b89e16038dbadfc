import { CHANGE_KINDS, type ChangeKind } from '../../contract';
import type { Instant } from './instant';
import { isDeletedStatus, type Json, type Snapshot, type Target, targetName } from './instance';

export { CHANGE_KINDS, type ChangeKind };

/**
 * How a version is known: `listed` by the API, `absent` from two equal listings, `reported` deleted by the API, `traced`:
 * absent, and a trace tells of the deletion.
 */
export type Evidence = 'listed' | 'absent' | 'reported' | 'traced';

/** The API said nothing of it: the snapshot is that of the version before. */
export const isInferred = (evidence: Evidence): boolean => evidence === 'absent' || evidence === 'traced';

/**
 * One difference between two snapshots. `field` is a JSON Pointer without its leading slash, so a top-level field is
 * just its name. A missing `from` means that the field was absent before, a missing `to` that it is absent now;
 * null means that the API sent null.
 */
export interface FieldChange {
  readonly field: string;
  readonly from?: Json;
  readonly to?: Json;
  /**
   * So many changed fields, whose values are left out because the row or the event would be too large: 1 is the named
   * field itself. Where `field` is empty, they are not named either.
   */
  readonly omitted?: number;
}

/**
 * One row of an instance's history: valid from `observedAt` until the next version's `observedAt`.
 * Immutable but for `expiresAt`.
 */
export interface Version {
  readonly target: Target;
  readonly id: string;
  readonly name: string | null;
  readonly enterpriseProjectId: string | null;
  /** 1 for the first, then without holes. */
  readonly version: number;
  readonly kind: ChangeKind;
  readonly evidence: Evidence;
  /** DELETED when the deletion was inferred; otherwise as the API sent it, in one spelling. */
  readonly status: string;
  /** Status of the version before this one, null for the first. */
  readonly previousStatus: string | null;
  /** `observedAt` of the version that brought this status. */
  readonly statusSince: Instant;
  readonly observedAt: Instant;
  /** The change happened after this; null when nobody looked before (baseline). */
  readonly changedAfter: Instant | null;
  /** Difference to the snapshot of the version before; empty for the first version. */
  readonly changes: readonly FieldChange[];
  /** The last snapshot that was listed; of a deletion inferred from absence, the last one before it. */
  readonly snapshot: Snapshot;
  /** When the listing began from which this version was made. */
  readonly listedFrom: Instant;
  /** The run that wrote it. */
  readonly runId: string;
  /** Set when the version was superseded and a retention is configured. */
  readonly expiresAt?: Instant;
}

/**
 * The one meaning of "deleted", for writers and readers: a run inferred it, or the API reports a deleted status, at
 * first sight too. From such a version on the instance does not exist.
 */
export const isGone = ({ kind, status }: Pick<Version, 'kind' | 'status'>): boolean =>
  kind === 'deleted' || isDeletedStatus(status);

/** The newest version of an instance and what runs know of it beyond that. */
export interface Current extends Version {
  /** Since when completed runs cannot judge this instance (rejected, held, filtered out): its own open gap. */
  readonly unobservedSince?: Instant;
  /** While the own gap is open: `listedFrom` of the last completed run that judged the instance. */
  readonly judgedListedFrom?: Instant;
  /** End of the last own gap that has closed; null when none ever has, so that nobody need look for one. */
  readonly lastOwnGapTo?: Instant | null;
  /** Since when superseded versions of this instance are given an expiry, so that some may be missing; absent: never. */
  readonly expiringSince?: Instant;
  /** Since when the brake holds the deletion of this instance. */
  readonly absentSince?: Instant;
  /** The views that have shown the instance. Only in these does an absence prove anything. Absent: release 1.0 wrote the row. */
  readonly views?: readonly string[];
  /** The run that wrote this row last; a run recognises its own write by it when the answer was lost. */
  readonly touchedBy: string;
}

export const RUN_OUTCOMES = ['changed', 'unchanged', 'brake', 'partial', 'busy', 'failed'] as const;
export type RunOutcome = (typeof RUN_OUTCOMES)[number];

/** What an answer can be expected to show: which list is read, through which filter, and who asks. */
export interface View {
  readonly api: string;
  readonly statusFilter?: string;
  /** Fields whose change alone makes no version; at least one. */
  readonly ignoreFields?: readonly string[];
  /** A short digest that names the identity; absent where release 1.0 wrote it. */
  readonly identity?: string;
}

/** What is remembered of the last completed run in one view. */
export interface ViewState {
  /** Short name of the view. */
  readonly view: string;
  readonly observedAt: Instant;
  /** When its last listing began. */
  readonly listedFrom: Instant;
  /** Absent when the next run in this view must compare everything. */
  readonly fingerprint?: string | undefined;
  /** As on the head. */
  readonly newcomersSince?: Instant | null | undefined;
  /** Living instances that it did not judge, because the view has never shown them. */
  readonly unjudged?: number | undefined;
}

/** The state of a target: lease, fingerprint, freshness. One item of under 1 KB. */
export interface Head {
  readonly target: Target;
  readonly lease?: { readonly runId: string; readonly until: Instant };
  /** A run died after this head was last known to be right: the fingerprint must not be believed. */
  readonly dirty: boolean;
  readonly fingerprint?: string;
  /** The floor of the next observation time. */
  readonly observedAt?: Instant;
  /** End of the last completed run, by its clock. */
  readonly completedAt?: Instant;
  /** Observation time of the last completed run. */
  readonly completedObservedAt?: Instant;
  /** When the last listing of the last completed run began. */
  readonly listedFrom?: Instant;
  /**
   * Only while the last completed run may have missed an instance that it did not know: `listedFrom` of the last one
   * that cannot have; null when there was none. Whatever is seen for the first time has come after this.
   */
  readonly newcomersSince?: Instant | null;
  /** The view of the last completed run. */
  readonly listedWith?: View;
  /** Living instances that the last completed run did not judge, because its view has never shown them; absent: none. */
  readonly unjudged?: number;
  /** The views of earlier completed runs, the latest first. */
  readonly otherViews?: readonly ViewState[];
  readonly lastRunId?: string;
  readonly lastRunAt?: Instant;
  readonly outcome?: RunOutcome;
  /** The reason for the outcome. It has had this name in the table and in run lines since release 1.0. */
  readonly because?: string;
  /** How many instances the last completed run listed. */
  readonly instances?: number;
  /** Time between scheduled runs. */
  readonly intervalMs?: number;
  /** How the deployed runs keep superseded versions and hold deletions, so that every other writer does the same. */
  readonly retentionMs?: number;
  readonly brakeReleaseAfterMs?: number;
  /** Which changes are still asked about, as `model/attribution` reads it; absent where nobody was ever asked. */
  readonly attribution?: string;
  /** Request units of the last ended run, without its end. */
  readonly writeUnits?: number;
  readonly readUnits?: number;
}

/** A span in which nothing was observed: of a target, or of one instance when `id` is set. Half-open. */
export interface Gap {
  readonly target: Target;
  readonly id?: string;
  readonly from: Instant;
  readonly to: Instant;
}

/** A record that failed validation. */
export interface RejectedRecord {
  /** The id as far as it can be read. */
  readonly id?: string;
  readonly reason: string;
  /** The record as JSON, cut at 100 KB. */
  readonly raw: string;
  /** SHA-256 (hex) of the whole record's canonical JSON. */
  readonly digest: string;
}

/** A rejected record as it is kept, until it is valid again or gone. */
export interface Rejection extends RejectedRecord {
  readonly target: Target;
  /** The id, or the digest where there is no id that fits into a key. */
  readonly key: string;
  /** When a run saw the first rejection of this key. */
  readonly firstObservedAt: Instant;
  readonly observedAt: Instant;
  /** What `changedAfter` would have been, had the record been valid at first sight. Null: baseline. */
  readonly changedAfter: Instant | null;
  /** The views that have shown it. Absent: any. */
  readonly views?: readonly string[];
}

export const eventId = (version: Pick<Version, 'target' | 'id' | 'version'>): string =>
  `${targetName(version.target)}/${version.id}/${version.version}`;
