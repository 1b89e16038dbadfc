import { type Instant, latest, plusMs, toMs } from '../model/instant';
import type { Listing, ListingTimes } from './listing';
import type { Known } from './recorder';
import type { Head, View } from '../model/record';
import { stateOfView } from '../model/view';

/** What one run has seen and knows, before anything is decided. */
export interface Observation {
  readonly listing: Listing;
  /** The view through which the listing was read, and its short name. */
  readonly view: View;
  readonly viewId: string;
  readonly known: Known;
  readonly head: Head;
  readonly runId: string;
  readonly observedAt: Instant;
  /** Two consecutive complete listings of this run had the same ids. */
  readonly absenceConfirmed: boolean;
  /** The listing has missed no instance: it had one page, or showed nothing new, or another one showed the same ids. */
  readonly isExhaustive: boolean;
  /** Absent instances of which a trace says that they were deleted. */
  readonly traced?: ReadonlySet<string> | undefined;
  /** For so long that it counts as a gap, no run of the target has completed, or none in this view. */
  readonly closesGap: boolean;
  /** Since when no run has completed in this view, if that is a gap. */
  readonly viewGapSince?: Instant | undefined;
}

/** A last time that lies further ahead than two clocks may be apart was written by a clock that was wrong. */
const MAX_AHEAD_MS = 10 * 60_000;

/** After the end of the listing, and after every time that this target has been given by a clock that can be right. */
export function observationTime(head: Head, listing: ListingTimes, known?: Known): Instant {
  const rows = [...(known?.currents.values() ?? [])].map(({ observedAt }) => observedAt);
  const isPossible = (at: Instant | undefined): at is Instant =>
    at !== undefined && toMs(at) - toMs(listing.listedUntil) <= MAX_AHEAD_MS;
  const floor = latest(...[head.observedAt, ...rows].filter(isPossible));
  return latest(listing.listedUntil, floor === undefined ? undefined : plusMs(floor, 1)) ?? listing.listedUntil;
}

/**
 * What is seen for the first time has come after this. Null at the first look through a view, because what is seen then
 * may have been there for long, and under a status filter, because it may have had another status.
 */
export function newcomersSince({ head, view, viewId }: Pick<Observation, 'head' | 'view' | 'viewId'>): Instant | null {
  const state = view.statusFilter === undefined ? stateOfView(head, viewId) : undefined;
  if (state === undefined) return null;
  return state.newcomersSince === undefined ? state.listedFrom : state.newcomersSince;
}
