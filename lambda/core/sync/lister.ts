import { describeError } from '../model/errors';
import type { Target } from '../model/instance';
import { toInstant, toMs } from '../model/instant';
import { OutOfTimeError } from './lease';
import { digestOfPages } from './fingerprint';
import {
  collectListing,
  type CompleteListing,
  largestClockError,
  type Listing,
  type ListingTimes,
  sameIds,
} from './listing';
import type { Known } from './recorder';
import type { Glance, InstanceSource, PagesOptions } from './instance-source';
import type { Clock } from '../model/clock';
import { missing, showsNewcomers } from './membership';
import { isShownTo, viewId, viewOf, type ViewOptions } from '../model/view';

/** Attempts to read one listing. */
const LISTING_ATTEMPTS = 3;
/** Listings of one run until two in a row agree. */
const MAX_LISTINGS = 4;
/** A run whose clock is further off the API's would write times that nobody can trust. */
export const MAX_CLOCK_ERROR_MS = 5 * 60_000;

export interface ListerOptions extends ViewOptions {
  readonly target: Target;
  readonly allowMassDeletion?: boolean;
}

/** What the listings of one run have proved. */
export interface Confirmation {
  /** The last one that was complete; it is the one to believe. */
  readonly listing: Listing;
  /** The last two showed the same ids, so that what is absent from them is gone. */
  readonly absenceConfirmed: boolean;
  /** No instance was missed, known or not. */
  readonly isExhaustive: boolean;
}

/** The pages hold the very bytes of the last complete listing, so that nothing of them was parsed. */
export interface SameListing extends ListingTimes {
  readonly kind: 'same';
  readonly total: number;
}

/** Lists one target as often as a run needs. */
export class TargetLister {
  private glance: Glance | undefined;

  constructor(
    private readonly ports: { readonly source: InstanceSource; readonly clock: Clock },
    private readonly options: ListerOptions,
    /** When the run must begin to end, in ms since the epoch; infinite without a deadline. */
    private readonly stopAt: number,
  ) {}

  /** Whether the list has the bytes of an earlier one; undefined when it has others. What was read is parsed by `list`. */
  async recognize(bytes: string, signal: AbortSignal): Promise<SameListing | undefined> {
    const { source, clock } = this.ports;
    const startedAt = clock.now();
    this.glance = await source.glance?.(this.options.target, this.pagesOptions(signal));
    const list = this.glance?.list;
    if (list === undefined || digestOfPages(list.digests) !== bytes) return undefined;
    const listedFrom = Math.min(list.times[0]?.requestedAt ?? startedAt, clock.now());
    return {
      kind: 'same',
      total: list.total,
      listedFrom: toInstant(listedFrom),
      listedUntil: toInstant(Math.max(clock.now(), listedFrom)),
      clockErrorMs: largestClockError(list.times),
    };
  }

  /** One listing, read again when it fails. */
  async list(signal: AbortSignal): Promise<Listing> {
    const { source, clock } = this.ports;
    const { target } = this.options;
    for (let attempt = 1; ; attempt += 1) {
      const pages = this.glance?.pages() ?? source.pages(target, this.pagesOptions(signal));
      this.glance = undefined;
      const listing = await collectListing(target, pages, () => clock.now());
      if (signal.aborted && listing.kind === 'partial') {
        const stop = describeError(signal.reason);
        const reason = signal.reason instanceof OutOfTimeError ? `${stop}: ${listing.reason}` : stop;
        return { ...listing, reason, retryable: false };
      }
      if (listing.kind === 'complete' || !listing.retryable || attempt === LISTING_ATTEMPTS) return listing;
    }
  }

  /**
   * Lists again until two listings in a row show the same ids, where pages that moved while they were read may have
   * missed a living instance: one that seems to be absent, or, where there is more than one page and something new
   * joined one of them, one that nobody knows yet.
   */
  async confirm(first: Listing, known: Known, signal: AbortSignal): Promise<Confirmation> {
    if (first.kind === 'partial') return { listing: first, absenceConfirmed: false, isExhaustive: false };
    const { statusFilter, allowMassDeletion = false } = this.options;
    const view = viewId(viewOf(this.options));
    // One page is read at one moment, and several have missed nothing where they show nothing new. A list
    // that is longer than its total proves nothing of the kind. Whatever a status filter shows first is a baseline.
    const isExhaustive = (each: CompleteListing): boolean =>
      statusFilter !== undefined || (!each.exceedsTotal && (each.pages === 1 || !showsNewcomers(known, each, view)));
    let listing = first;
    for (let count = 1; count < MAX_LISTINGS; count += 1) {
      const isAbsenceDoubtful =
        statusFilter === undefined &&
        missing(known, listing).some((current) => allowMassDeletion || isShownTo(current, view));
      if (!isAbsenceDoubtful && (isExhaustive(listing) || !this.hasTimeFor(listing))) break;
      const again = await this.list(signal);
      if (again.kind === 'partial') {
        if (!isAbsenceDoubtful) break;
        // What the last complete listing showed is still true, but it proves no absence.
        const partial = { ...listing, kind: 'partial' as const, reason: again.reason, retryable: false };
        return { listing: partial, absenceConfirmed: false, isExhaustive: false };
      }
      const agree = sameIds(listing, again);
      listing = again;
      if (agree) return { listing, absenceConfirmed: true, isExhaustive: true };
    }
    return { listing, absenceConfirmed: false, isExhaustive: isExhaustive(listing) };
  }

  private pagesOptions(signal: AbortSignal): PagesOptions {
    const deadline = Number.isFinite(this.stopAt) ? this.stopAt : undefined;
    return { statusFilter: this.options.statusFilter, deadline, signal };
  }

  /** Listing once more for the sake of a narrow window must leave time to record what was seen. */
  private hasTimeFor({ listedFrom, listedUntil }: Listing): boolean {
    return this.ports.clock.now() + 3 * (toMs(listedUntil) - toMs(listedFrom)) <= this.stopAt;
  }
}

/** Why the times of this run cannot be trusted, if so. */
export function clockProblem(listing: ListingTimes): string | undefined {
  if (Math.abs(listing.clockErrorMs) <= MAX_CLOCK_ERROR_MS) return undefined;
  return wrongClock(listing.clockErrorMs, "the API's");
}

/** The same by the clock of the database, which tells the time even where the API does not. */
export function databaseClockProblem(clockErrorMs: number): string | undefined {
  if (Math.abs(clockErrorMs) <= MAX_CLOCK_ERROR_MS) return undefined;
  return wrongClock(clockErrorMs, "the database's");
}

const wrongClock = (errorMs: number, whose: string): string =>
  `the clock of this machine is ${Math.round(Math.abs(errorMs) / 1000)} s ${errorMs > 0 ? 'ahead of' : 'behind'} ${whose}: set it right (NTP), nothing was recorded`;
