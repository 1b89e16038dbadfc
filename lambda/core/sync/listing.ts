import { type Instant, toInstant } from '../model/instant';
import { describeError } from '../model/errors';
import { isDocumentedStatus, type Snapshot, statusOf, type Target, targetName } from '../model/instance';
import type { RejectedRecord } from '../model/record';
import { digestOfPages } from './fingerprint';

/** One record of a page after validation. */
export type ParsedRecord =
  | { readonly accepted: true; readonly snapshot: Snapshot }
  | { readonly accepted: false; readonly rejected: RejectedRecord; readonly projectId?: string };

/** When one page was read. */
export interface PageTimes {
  /** Clock before the request was sent and after the answer was read, in ms since the epoch. */
  readonly requestedAt: number;
  readonly receivedAt: number;
  /** The server's own clock (Date header) in ms since the epoch, where it sent one. */
  readonly serverTime?: number;
}

/** One page of the list, validated record by record. */
export interface ParsedPage extends PageTimes {
  /** How many instances the API says there are; it may be fewer than there are, because the specification limits it. */
  readonly total: number;
  /** How many rows the API says the page holds, where it says so. */
  readonly size?: number;
  /** Every row that the page held, in order; a row that failed validation counts as a row. */
  readonly records: readonly ParsedRecord[];
  /** Of the window that was asked for and the bytes of the answer; absent where they do not tell everything. */
  readonly digest?: string;
}

/** When a list was read. */
export interface ListingTimes {
  /** When the first page was requested, and when the last one had been read. */
  readonly listedFrom: Instant;
  readonly listedUntil: Instant;
  /** How far the run's clock is off the API's, in ms; positive when the run's is ahead. Zero when nothing is known. */
  readonly clockErrorMs: number;
}

interface ListingBase extends ListingTimes {
  readonly target: Target;
  readonly instances: ReadonlyMap<string, Snapshot>;
  readonly rejected: readonly RejectedRecord[];
  readonly pages: number;
}

/** All pages were read and agree with each other. Only this type can be asked what is missing. */
export interface CompleteListing extends ListingBase {
  readonly kind: 'complete';
  /** It shows more instances than the API announced, so `total` does not tell whether one was missed between pages. */
  readonly exceedsTotal?: boolean;
  /**
   * Of the bytes of all pages. Absent where the same bytes would not tell as much again: some row was rejected or has
   * a status that is not documented, which each run counts, or the rows are not exactly as many as announced.
   */
  readonly bytes?: string;
}

/** Something is missing or contradictory: what was read is true, what was not read says nothing. */
export interface PartialListing extends ListingBase {
  readonly kind: 'partial';
  readonly reason: string;
  /** Whether reading again may help. */
  readonly retryable: boolean;
}

export type Listing = CompleteListing | PartialListing;

/** Ids that the listing shows, valid or not. */
export function listedIds(listing: Listing): ReadonlySet<string> {
  const ids = new Set(listing.instances.keys());
  for (const { id } of listing.rejected) if (id !== undefined) ids.add(id);
  return ids;
}

/** Some record has no id: any instance that seems absent may be the one behind it. */
export const hasUnreadableRecord = (listing: Listing): boolean => listing.rejected.some(({ id }) => id === undefined);

/** Whether two complete listings show exactly the same ids, and the same records without one: those may be any. */
export function sameIds(a: CompleteListing, b: CompleteListing): boolean {
  return isSameSet(listedIds(a), listedIds(b)) && isSameSet(unreadableDigests(a), unreadableDigests(b));
}

const unreadableDigests = ({ rejected }: Listing): ReadonlySet<string> =>
  new Set(rejected.flatMap(({ id, digest }) => (id === undefined ? [digest] : [])));

function isSameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a.size !== b.size) return false;
  for (const each of a) if (!b.has(each)) return false;
  return true;
}

/**
 * How far the clock is off the API's, in ms, positive when it is ahead; undefined when the server told no time. The
 * Date header is whole seconds, cut off: the server's clock lies within the second that it names.
 */
export function clockError({ requestedAt, receivedAt, serverTime }: PageTimes): number | undefined {
  if (serverTime === undefined) return undefined;
  if (requestedAt > serverTime + 999) return requestedAt - (serverTime + 999);
  return receivedAt < serverTime ? receivedAt - serverTime : 0;
}

/** The clock error of the page that shows the largest one; zero when no page tells. */
export const largestClockError = (pages: readonly PageTimes[]): number =>
  pages.map((page) => clockError(page) ?? 0).reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0);

/**
 * Reads all pages and judges whether they make a complete list. Distrusts the server: each page must hold as many rows
 * as it says, `total` must be the same on every page, and unique ids plus records without an id must add up to it.
 * They may be more than a `total` that is limited, if no row came twice: whoever reads the pages reads on until nothing
 * is left, or fails. A record of another project spoils the whole listing, because then the rights or the address are
 * wrong. Never throws: an error of the source is a partial listing.
 */
export async function collectListing(
  target: Target,
  pages: AsyncIterable<ParsedPage>,
  now: () => number,
): Promise<Listing> {
  const instances = new Map<string, Snapshot>();
  const rejected: RejectedRecord[] = [];
  const rejectedIds = new Set<string>();
  let rows = 0;
  let unreadable = 0;
  let total: number | undefined;
  const pagesRead: PageTimes[] = [];
  const digests: (string | undefined)[] = [];
  let problem: { reason: string; retryable: boolean } | undefined;
  let foreign: string | undefined;
  const startedAt = now();
  let listedFrom = startedAt;

  try {
    for await (const page of pages) {
      const { requestedAt, receivedAt, serverTime } = page;
      if (pagesRead.length === 0) listedFrom = Math.min(requestedAt, now());
      pagesRead.push({ requestedAt, receivedAt, serverTime });
      digests.push(page.digest);
      if (total !== undefined && page.total !== total) {
        problem ??= {
          reason: `the total changed from ${total} to ${page.total} while the pages were read`,
          retryable: true,
        };
      }
      total = page.total;
      if (page.size !== undefined && page.size !== page.records.length) {
        problem ??= {
          reason: `page ${pagesRead.length} says that it holds ${page.size} rows, but it holds ${page.records.length}`,
          retryable: true,
        };
      }
      rows += page.records.length;
      for (const record of page.records) {
        const project = record.accepted ? record.snapshot.project_id : record.projectId;
        if (typeof project === 'string' && project !== '' && project !== target.projectId) foreign ??= project;
        if (record.accepted) {
          instances.set(record.snapshot.id, record.snapshot);
        } else {
          const { id } = record.rejected;
          if (id === undefined) unreadable += 1;
          if (id === undefined || !rejectedIds.has(id)) rejected.push(record.rejected);
          if (id !== undefined) rejectedIds.add(id);
        }
      }
    }
  } catch (error) {
    problem = { reason: describeError(error), retryable: isRetryable(error) };
  }

  const listedUntil = Math.max(now(), listedFrom);
  const different = new Set([...instances.keys(), ...rejectedIds]).size + unreadable;
  const exceedsTotal = total !== undefined && different > total;
  if (foreign !== undefined) {
    problem = {
      reason: `the list of ${targetName(target)} holds an instance of project ${JSON.stringify(foreign.slice(0, 64))}: the endpoint or the rights are wrong`,
      retryable: true,
    };
    instances.clear();
    rejected.length = 0;
  } else if (problem === undefined && total === undefined) {
    problem = { reason: 'the list had no page', retryable: true };
  } else if (problem === undefined && different !== total && !(exceedsTotal && different === rows)) {
    problem = {
      reason: `the API announced ${total} instances, ${rows} rows were read, of which ${different} are different`,
      retryable: true,
    };
  }
  const base: ListingBase = {
    target,
    instances,
    // An id that is both valid and rejected in one listing is listed twice; the valid record is the one to believe.
    rejected: rejected.filter(({ id }) => id === undefined || !instances.has(id)),
    listedFrom: toInstant(listedFrom),
    listedUntil: toInstant(listedUntil),
    clockErrorMs: largestClockError(pagesRead),
    pages: pagesRead.length,
  };
  if (problem !== undefined) return { ...base, kind: 'partial', ...problem };
  const isPlain = rows === total && rejected.length === 0 && [...instances.values()].every(hasDocumentedStatus);
  return { ...base, kind: 'complete', exceedsTotal, bytes: isPlain ? digestOfPages(digests) : undefined };
}

const hasDocumentedStatus = (snapshot: Snapshot): boolean => isDocumentedStatus(statusOf(snapshot));

/** Unknown errors are worth a second try; typed ones know better. */
function isRetryable(error: unknown): boolean {
  return !(typeof error === 'object' && error !== null && 'retryable' in error) || error.retryable === true;
}
