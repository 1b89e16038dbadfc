import type { Instant } from './instant';
import type { Listing } from './listing';
import type { Known } from './ports';
import type { Head } from './record';

/** What one run has seen and knows, before anything is decided. */
export interface Observation {
  readonly listing: Listing;
  readonly known: Known;
  readonly head: Head;
  readonly runId: string;
  readonly observedAt: Instant;
  /** Two consecutive complete listings of this run had the same ids. */
  readonly absenceConfirmed: boolean;
  /** The time since the last completed run was so long that it will be recorded as a gap. */
  readonly closesTargetGap: boolean;
}
