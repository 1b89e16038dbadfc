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
  /** The last completed run asked the API another question: another list, or another filter. */
  readonly asksAnew: boolean;
  /** The time since the last completed run was so long that it will be recorded as a gap. */
  readonly closesTargetGap: boolean;
}

/** Nobody has looked before, or not at this list: what is seen first may have been there for long. */
export const isFirstLook = ({ head, asksAnew }: Pick<Observation, 'head' | 'asksAnew'>): boolean =>
  head.completedAt === undefined || asksAnew;
