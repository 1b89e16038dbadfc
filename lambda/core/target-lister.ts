import { describeError } from './errors';
import type { Target } from './instance';
import { collectListing, type Listing, sameIds } from './listing';
import type { Clock, InstanceSource, Known } from './ports';
import { absentees } from './reconcile';

/** Attempts to read one listing. */
const LISTING_ATTEMPTS = 3;
/** Listings of one run until two in a row agree. */
const MAX_LISTINGS = 4;
/** A run whose clock is further off the API's would write times that nobody can trust. */
export const MAX_CLOCK_ERROR_MS = 5 * 60_000;

export interface ListerOptions {
  readonly target: Target;
  readonly statusFilter?: string;
}

/** Lists one target as often as a run needs. */
export class TargetLister {
  constructor(
    private readonly ports: { readonly source: InstanceSource; readonly clock: Clock },
    private readonly options: ListerOptions,
    /** When the run must begin to end, in ms since the epoch; infinite without a deadline. */
    private readonly deadline: number,
  ) {}

  /** One listing, read again when it fails. */
  async list(signal: AbortSignal): Promise<Listing> {
    const { source, clock } = this.ports;
    const { target, statusFilter } = this.options;
    for (let attempt = 1; ; attempt += 1) {
      const pages = source.pages(target, {
        ...(statusFilter === undefined ? {} : { statusFilter }),
        ...(Number.isFinite(this.deadline) ? { deadline: this.deadline } : {}),
        signal,
      });
      const listing = await collectListing(target, pages, () => clock.now());
      if (signal.aborted && listing.is === 'partial') {
        return { ...listing, because: describeError(signal.reason), retryable: false };
      }
      if (listing.is === 'complete' || !listing.retryable || attempt === LISTING_ATTEMPTS) return listing;
    }
  }

  /**
   * Lists again until two listings in a row show the same ids, where an instance seems to be absent: two pages that
   * move while they are read can both miss a living one. @returns the last listing, which is the one to believe
   */
  async confirmAbsence(
    first: Listing,
    known: Known,
    signal: AbortSignal,
  ): Promise<{ readonly listing: Listing; readonly absenceConfirmed: boolean }> {
    const doubtful = { listing: first, absenceConfirmed: false };
    if (first.is === 'partial' || this.options.statusFilter !== undefined) return doubtful;
    let listing = first;
    for (let count = 1; count < MAX_LISTINGS && absentees(known, listing).length > 0; count += 1) {
      const again = await this.list(signal);
      if (again.is === 'partial') {
        // What the last complete listing showed is still true, but it proves no absence.
        const { because } = again;
        return { listing: { ...listing, is: 'partial', because, retryable: false }, absenceConfirmed: false };
      }
      const agree = sameIds(listing, again);
      listing = again;
      if (agree) return { listing, absenceConfirmed: true };
    }
    return { listing, absenceConfirmed: false };
  }
}

/** Why the times of this run cannot be trusted, if so. */
export function clockProblem(listing: Listing): string | undefined {
  if (Math.abs(listing.clockErrorMs) <= MAX_CLOCK_ERROR_MS) return undefined;
  const direction = listing.clockErrorMs > 0 ? 'ahead of' : 'behind';
  return `the clock of this machine is ${Math.round(Math.abs(listing.clockErrorMs) / 1000)} s ${direction} the API's: set it right (NTP), nothing was recorded`;
}
