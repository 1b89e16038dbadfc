import type { ListApi } from '../../contract';
import type { Target } from '../../core/model/instance';
import type { ParsedPage, ParsedRecord } from '../../core/sync/listing';
import { IncompleteListError, RomaApiError } from '../http/errors';
import { readAhead } from './read-ahead';

/** Rows asked for at once: the documented maximum. */
export const LIMIT = 100;
/** The largest `offset` of the specification. Some servers may answer more. */
export const LARGEST_OFFSET = 100;

/** Which rows of which list. `limit` undefined: the API's own, without a window. */
export interface PageWindow {
  readonly status?: string | undefined;
  readonly offset: number;
  readonly limit: number | undefined;
}
export type ReadPage = (window: PageWindow) => Promise<ParsedPage>;

export interface WindowOptions {
  readonly target: Target;
  readonly api: ListApi;
  readonly concurrency: number;
}

/** Pages that one listing may still read, over all its windows. */
export interface Budget {
  pages: number;
}

/** The needed offset was refused, or answered as if it had not been asked for. */
export class OffsetUnreachable extends Error {}

/** Some 400s are about the token; those are not meant. */
export const isRefusedParameter = (error: unknown): boolean =>
  error instanceof RomaApiError && error.status === 400 && error.errorClass === 'client';

export const idOf = (record: ParsedRecord): string | undefined =>
  record.accepted ? record.snapshot.id : record.rejected.id;

/** How far one list has been read. */
interface Walk {
  readonly options: WindowOptions;
  readonly budget: Budget;
  /** As the first page announced it. */
  readonly total: number;
  /** Rows of the first page. */
  readonly step: number;
  /** Undefined: the API refuses this offset. */
  readonly readAt: (offset: number, limit: number) => Promise<ParsedPage | undefined>;
  readonly shown: ShownRows;
  /** Behind the last row that was read. */
  end: number;
  /** The last page was as full as it may be, so that more can be behind it. */
  isFull: boolean;
}

/**
 * Walks one list, of all instances or of one status. Trusts nothing: how many rows the first page really holds is the
 * step from page to page, `total` is no more than what must be shown at least, and the walk ends on an empty page, a
 * repeated page, or the page cap.
 * @throws OffsetUnreachable when an offset below `total` cannot be read
 */
export async function* walkWindow(
  read: ReadPage,
  status: string | undefined,
  options: WindowOptions,
  budget: Budget,
): AsyncGenerator<ParsedPage> {
  const { api, target } = options;
  const ask = async (offset: number, limit: number | undefined): Promise<ParsedPage> => {
    budget.pages -= 1;
    if (budget.pages < 0)
      throw new IncompleteListError(`the list of project ${target.projectId} has too many pages`, false);
    return read({ status, offset, limit });
  };
  // v3 documents no window: it is asked for everything first.
  const first = await ask(0, api === 'v3' ? undefined : LIMIT);
  yield first;
  const { total } = first;
  const step = first.records.length;
  // A first page of exactly the largest limit may have been cut off there. One that is longer knows no limit, and one
  // that is shorter and holds `total` is the whole list: `total` is not cut off below its documented maximum of 100.
  const isFull = step === LIMIT;
  if (step === 0 || (step === total && !isFull)) return;
  const readAt: Walk['readAt'] = async (offset, limit) => {
    try {
      return await ask(offset, limit);
    } catch (error) {
      if (isRefusedParameter(error)) return undefined;
      throw error;
    }
  };
  const walk: Walk = { options, budget, total, step, readAt, shown: new ShownRows(first), end: step, isFull };
  yield* coverTotal(walk);
  if (walk.end >= total) yield* lookBehindTotal(walk);
}

/** Reads on until as many rows are read as the first page announced. A short page is filled up before the next one. */
async function* coverTotal(walk: Walk): AsyncGenerator<ParsedPage> {
  const { budget, total, step, shown, readAt } = walk;
  const limit = Math.min(LIMIT, step);
  let latestTotal = total;
  const starts: number[] = [];
  // One more than may be read: the last one says that they are too many, however large `total` is.
  for (let offset = step; offset < total && starts.length <= budget.pages; offset += step) starts.push(offset);
  // Beyond the documented offsets one page is tried alone before the others are asked for.
  const within = starts.filter((offset) => offset <= LARGEST_OFFSET);
  const beyond = starts.slice(within.length);
  for (const group of [within, beyond.slice(0, 1), beyond.slice(1)]) {
    // A list that became shorter meanwhile does not reach the offsets behind its end, and need not.
    const needed = group.filter((offset) => offset < latestTotal);
    const pages = readAhead(needed, walk.options.concurrency, async (offset) => readAt(offset, limit));
    for await (const { offset, value } of pages) {
      walk.end = offset;
      let asked = limit;
      for (let page = value; ; page = await readAt(walk.end, asked)) {
        if (page === undefined) throw new OffsetUnreachable();
        latestTotal = page.total;
        const rows = page.records.length;
        if (rows === 0 || shown.isRepetition(page)) {
          const isBehindTheEnd = rows === 0 && offset >= latestTotal;
          if (walk.end === offset && offset > LARGEST_OFFSET && !isBehindTheEnd) throw new OffsetUnreachable();
          if (rows === 0) yield page;
          return;
        }
        shown.add(page);
        yield page;
        walk.end += rows;
        walk.isFull = rows === asked;
        // A short page in the middle of the list: what it left out lies right behind it.
        asked = Math.min(offset + step, total) - walk.end;
        if (asked <= 0) break;
      }
    }
  }
}

/**
 * The specification lets `total` be 100 at most, so a list may be longer than its `total` says. One request behind a
 * full last page tells. Where rows are there, only the pages tell where the list ends.
 */
async function* lookBehindTotal(walk: Walk): AsyncGenerator<ParsedPage> {
  const { total, step, shown, readAt, options } = walk;
  const limit = Math.min(LIMIT, step);
  while (walk.isFull || walk.end > total) {
    const { end } = walk;
    // The sum of different instances may be `total` by chance: as many may be missing behind it as came twice.
    if (end > total && total >= LIMIT && shown.showedTwice) {
      throw new IncompleteListError(
        `the API announces ${total} instances, and of ${end} rows some came twice: the list moved while it was read, or the API does not follow offsets`,
        true,
      );
    }
    const page = await readAt(end, limit);
    // Where no window or no larger offset is documented, the API may answer what it has answered before.
    const mayRepeat = (options.api === 'v3' && end === step) || end > LARGEST_OFFSET;
    const isNoAnswer = page === undefined || (mayRepeat && shown.has(page));
    if (!isNoAnswer) {
      yield page;
      if (page.total !== total) return;
      shown.add(page);
      const rows = page.records.length;
      if (rows > 0) {
        walk.end += rows;
        walk.isFull = rows === limit;
        continue;
      }
    }
    // The list is known to be longer than its total, and nothing tells how long.
    if (end > total && walk.isFull && (isNoAnswer || !(await isTheEnd(walk, end)))) {
      throw new IncompleteListError(
        `the API announces ${total} instances of project ${options.target.projectId} and shows ${end}, but not whether more lie behind them${options.api === 'v3' ? '' : '; set api: v3 for this target'}`,
        false,
      );
    }
    return;
  }
}

/**
 * Whether the empty page at an offset is the end. Beyond the documented offsets it may stand for a refusal; an API that
 * shows the last row at the offset before does follow them.
 */
async function isTheEnd({ readAt, shown }: Walk, offset: number): Promise<boolean> {
  if (offset <= LARGEST_OFFSET) return true;
  const [last] = (await readAt(offset - 1, 1))?.records ?? [];
  return last !== undefined && shown.lastId !== undefined && idOf(last) === shown.lastId;
}

/** The rows of one list that were read so far. */
class ShownRows {
  readonly #pages = new Set<string>();
  readonly #ids = new Set<string>();
  /** Some instance was shown more than once. */
  showedTwice = false;
  /** Of the last row, where it has one. */
  lastId: string | undefined;

  constructor(first: ParsedPage) {
    this.add(first);
  }

  add(page: ParsedPage): void {
    this.#pages.add(contentOf(page));
    for (const record of page.records) {
      const id = idOf(record);
      this.lastId = id;
      if (id === undefined) continue;
      this.showedTwice ||= this.#ids.has(id);
      this.#ids.add(id);
    }
  }

  /** A page with the same rows was read. */
  has(page: ParsedPage): boolean {
    return this.#pages.has(contentOf(page));
  }

  /** The same page again. Pages whose records have no id may look alike and hold different instances. */
  isRepetition(page: ParsedPage): boolean {
    return this.has(page) && page.records.some((record) => idOf(record) !== undefined);
  }
}

/** Tells pages apart by the rows they hold, in whatever order: the API documents none. */
const contentOf = (page: ParsedPage): string =>
  JSON.stringify(
    page.records.map((record) => idOf(record) ?? (record.accepted ? '' : record.rejected.digest)).toSorted(),
  );
