import type { Attribution, Trace } from '../model/attribution';
import type { Instant } from '../model/instant';
import type { Target } from '../model/instance';
import type { Current, Gap, Head, Rejection, Version } from '../model/record';
import type { Units } from '../model/units';

/**
 * Reads history. Expired rows are never returned. Times are half-open spans [from, to).
 * Every method fails with a TableError when the table is missing, may not be used, or is of another release.
 */
export interface Reader {
  /** All targets that a run has ever taken the lease of. */
  targets(): Promise<readonly Target[]>;
  /** Undefined for a target that was never synced. */
  head(target: Target): Promise<Head | undefined>;
  /** The head together with the closed gaps that touch the span, oldest first: both in one read where the span is recent. */
  coverage(target: Target, span?: Span): Promise<{ readonly head: Head | undefined; readonly gaps: readonly Gap[] }>;
  /** Closed gaps of the target that touch the span, oldest first. */
  gaps(target: Target, span?: Span): AsyncIterable<Gap>;
  /** Newest version of each instance, deleted ones included, by id. */
  currents(target: Target): AsyncIterable<Current>;
  /** Records that failed validation and are neither valid nor gone since. */
  rejections(target: Target): AsyncIterable<Rejection>;
  /** Current items that are neither RUNNING nor deleted, oldest status first. */
  notRunning(target: Target): AsyncIterable<NotRunning>;

  current(target: Target, id: string): Promise<Current | undefined>;
  /**
   * The version that was valid at `at`; undefined before the first, and where the retention has removed it.
   * @param options.isWhole no version of the instance has ever been given an expiry, which saves a read
   */
  versionAt(
    target: Target,
    id: string,
    at: Instant,
    options?: { readonly isWhole?: boolean },
  ): Promise<Version | undefined>;
  /** Versions whose `observedAt` lies in the span. */
  versions(
    target: Target,
    id: string,
    options?: Span & { readonly newestFirst?: boolean; readonly limit?: number },
  ): AsyncIterable<Version>;
  /** Closed own gaps of an instance that touch the span, oldest first. */
  ownGaps(target: Target, id: string, span?: Span): AsyncIterable<Gap>;

  /** Traces of an instance, as far as they were kept, that happened in the span, oldest first. */
  traces(target: Target, id: string, span?: Span): Promise<readonly Trace[]>;
  /** Who made versions of an instance that were observed in the span, oldest first. */
  attributions(target: Target, id: string, span?: Span): Promise<readonly Attribution[]>;

  /** Non-baseline versions of all targets whose `observedAt` lies in the span, oldest first; without an end, until now. */
  changes(span: Span & { readonly from: Instant }): AsyncIterable<Version>;
  /** Units consumed since this reader was made. */
  units(): Units;
}

/** Half-open span of time; a missing end is open. */
export interface Span {
  readonly from?: Instant;
  readonly to?: Instant;
}

export interface NotRunning {
  readonly target: Target;
  readonly id: string;
  readonly name: string | null;
  readonly status: string;
  readonly statusSince: Instant;
  readonly version: number;
}
