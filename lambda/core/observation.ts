import { type Instant, latest, plusMs } from './instant';
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
  /** The listing has missed no instance: it had one page, or showed nothing new, or another one showed the same ids. */
  readonly isExhaustive: boolean;
  /** The last completed run asked the API another question: another list, or another filter. */
  readonly asksAnew: boolean;
  /** The time since the last completed run was so long that it will be recorded as a gap. */
  readonly closesTargetGap: boolean;
}

/** After the end of the listing, and after every time that this target has ever been given. */
export function observationTime(head: Head, listing: Listing, known?: Known): Instant {
  let floor = head.observedAt;
  for (const current of known?.currents.values() ?? []) floor = latest(floor, current.observedAt);
  return latest(listing.listedUntil, floor === undefined ? undefined : plusMs(floor, 1)) ?? listing.listedUntil;
}

/** Nobody has looked before, or not at this list: what is seen first may have been there for long. */
export const isFirstLook = ({ head, asksAnew }: Pick<Observation, 'head' | 'asksAnew'>): boolean =>
  head.completedAt === undefined || asksAnew || head.newcomersSince === null;

/** What is seen for the first time has come after this; null at the first look, for then nobody knows. */
export function newcomersSince(observation: Pick<Observation, 'head' | 'asksAnew'>): Instant | null {
  const { head } = observation;
  return isFirstLook(observation) ? null : (head.newcomersSince ?? head.listedFrom ?? null);
}
