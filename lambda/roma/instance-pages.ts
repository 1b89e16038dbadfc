import type { Target } from '../core/instance';
import { DOCUMENTED_STATUSES, isDeletedStatus } from '../core/instance';
import type { ParsedPage, ParsedRecord } from '../core/listing';
import { IncompleteListError, RomaApiError } from './errors';
import { readAhead } from './read-ahead';

/** Rows asked for at once: the documented maximum. */
const LIMIT = 100;
/** The largest `offset` of the specification. Some servers may answer more. */
const LARGEST_OFFSET = 100;

const MAX_MET_STATUSES = 32;

/** Which rows of which list. `limit` undefined: the API's own, without a window. */
export interface PageWindow {
  readonly status?: string | undefined;
  readonly offset: number;
  readonly limit: number | undefined;
}
export type ReadPage = (window: PageWindow) => Promise<ParsedPage>;

export interface WalkOptions {
  readonly target: Target;
  readonly api: 'v2' | 'v3';
  readonly statusFilter?: string | undefined;
  readonly concurrency: number;
  readonly pageCap: number;
  /** Statuses met so far; the walk adds those that it meets. */
  readonly metStatuses: Set<string>;
}

/**
 * Walks the whole list once. Trusts nothing: how many rows the first page really holds is the step from page to page,
 * a short page is filled up before the next one, and the walk ends on an empty page, a repeated page, or the page cap.
 * Where the API refuses the offsets that are needed, the list is read status by status.
 */
export async function* walkPages(read: ReadPage, options: WalkOptions): AsyncGenerator<ParsedPage> {
  const { statusFilter: status, metStatuses, target } = options;
  const seenRejections = new Set<string>();
  const budget = { pages: options.pageCap };
  let first: ParsedPage | undefined;
  try {
    for await (const page of walkWindow(read, status, options, budget)) {
      first ??= page;
      note(page, metStatuses);
      yield once(page, seenRejections);
    }
    return;
  } catch (error) {
    if (!(error instanceof OffsetUnreachable) || first === undefined) throw error;
    if (status !== undefined) throw tooMany(target, first.total, status);
  }
  yield* walkByStatus(read, { ...options, total: first.total, seenRejections, budget });
}

/** The needed offset was refused, or answered as if it had not been asked for. */
class OffsetUnreachable extends Error {}

/** Some 400s are about the token; those are not meant. */
const isRefusedParameter = (error: unknown): boolean =>
  error instanceof RomaApiError && error.status === 400 && error.errorClass === 'client';

interface Budget {
  pages: number;
}

async function* walkWindow(
  read: ReadPage,
  status: string | undefined,
  { api, concurrency, target }: WalkOptions,
  budget: Budget,
): AsyncGenerator<ParsedPage> {
  const spend = (): void => {
    budget.pages -= 1;
    if (budget.pages < 0)
      throw new IncompleteListError(`the list of project ${target.projectId} has too many pages`, false);
  };
  spend();
  // v3 documents no window: it is asked for everything first.
  const first = await read({ status, offset: 0, limit: api === 'v3' ? undefined : LIMIT });
  yield first;
  const step = first.records.length;
  const { total } = first;
  if (step === 0 || step >= total) return;

  const starts: number[] = [];
  for (let offset = step; offset < total; offset += step) starts.push(offset);
  const seen = new Set([contentOf(first)]);

  const readAt = async (offset: number): Promise<ParsedPage> => {
    spend();
    try {
      return await read({ status, offset, limit: Math.min(LIMIT, step) });
    } catch (error) {
      if (isRefusedParameter(error)) throw new OffsetUnreachable();
      throw error;
    }
  };
  // Beyond the documented offsets one page is tried alone before the others are asked for.
  const within = starts.filter((offset) => offset <= LARGEST_OFFSET);
  const beyond = starts.slice(within.length);
  const groups = [within, beyond.slice(0, 1), beyond.slice(1)];
  for (const group of groups) {
    for await (const page of readAhead(group, concurrency, readAt)) {
      const { offset } = page;
      let rows = page.value.records.length;
      const content = contentOf(page.value);
      if (rows === 0 || seen.has(content)) {
        if (offset > LARGEST_OFFSET) throw new OffsetUnreachable();
        return;
      }
      seen.add(content);
      yield page.value;
      // A short page in the middle of the list: what it left out lies right behind it.
      const end = Math.min(offset + step, total);
      while (offset + rows < end) {
        spend();
        const rest = await read({ status, offset: offset + rows, limit: end - offset - rows });
        if (rest.records.length === 0 || seen.has(contentOf(rest))) return;
        seen.add(contentOf(rest));
        yield rest;
        rows += rest.records.length;
      }
    }
  }
}

interface ByStatus extends WalkOptions {
  /** Of the unfiltered list, read before. */
  readonly total: number;
  readonly seenRejections: Set<string>;
  readonly budget: Budget;
}

/** One list for each status that is known. Together they must hold as many instances as the unfiltered list announces. */
async function* walkByStatus(read: ReadPage, options: ByStatus): AsyncGenerator<ParsedPage> {
  const { total, metStatuses, seenRejections, budget, target } = options;
  const statuses = new Set<string>();
  for (const status of [...DOCUMENTED_STATUSES, 'DELETE_FALIED', ...metStatuses]) {
    if (!isDeletedStatus(status)) statuses.add(status);
  }
  const ids = new Set<string>();
  const seenHere = new Set<string>();
  let unreadable = 0;
  for (const status of statuses) {
    try {
      for await (const page of walkWindow(read, status, options, budget)) {
        note(page, metStatuses);
        for (const record of once(page, seenHere).records) {
          const id = idOf(record);
          if (id === undefined) unreadable += 1;
          else ids.add(id);
        }
        yield { ...once(page, seenRejections), total };
      }
    } catch (error) {
      if (error instanceof OffsetUnreachable) throw tooMany(target, total, status);
      // A status that the filter does not know holds nothing that can be listed by it; the sum below tells.
      if (!isRefusedParameter(error)) throw error;
    }
  }
  const after = await read({ offset: 0, limit: 1 });
  if (after.total !== total) {
    throw new IncompleteListError(
      `the total changed from ${total} to ${after.total} while the list was read status by status`,
      true,
    );
  }
  if (ids.size + unreadable !== total) {
    throw new IncompleteListError(
      `the API announces ${total} instances, but listing the ${statuses.size} known statuses one by one shows ${ids.size + unreadable}: some moved meanwhile, or have a status that is not known here`,
      true,
    );
  }
}

const tooMany = (target: Target, total: number, status: string): IncompleteListError =>
  new IncompleteListError(
    `project ${target.projectId} has ${total} instances, and those with status ${status} alone are more than the ${LARGEST_OFFSET + LIMIT} that the API lets be listed; set api: v3 for this target`,
    false,
  );

const idOf = (record: ParsedRecord): string | undefined => (record.accepted ? record.snapshot.id : record.rejected.id);

/** The filter takes 3 to 128 characters; and a server that invents statuses must not make us ask for all of them. */
function note(page: ParsedPage, statuses: Set<string>): void {
  for (const record of page.records) {
    if (!record.accepted || statuses.size >= MAX_MET_STATUSES) continue;
    const { status } = record.snapshot;
    if (status.length >= 3 && status.length <= 128) statuses.add(status);
  }
}

/** Tells pages apart by the rows they hold. */
const contentOf = (page: ParsedPage): string =>
  JSON.stringify(page.records.map((record) => idOf(record) ?? (record.accepted ? '' : record.rejected.digest)));

/** The page without rejected records that an earlier page showed too: a listing counts each of them. */
function once(page: ParsedPage, seen: Set<string>): ParsedPage {
  const here: string[] = [];
  const records = page.records.filter((record) => {
    if (record.accepted) return true;
    const { id, digest } = record.rejected;
    const key = `${id ?? ''}\n${digest}`;
    here.push(key);
    return !seen.has(key);
  });
  for (const key of here) seen.add(key);
  return records.length === page.records.length ? page : { ...page, records };
}
