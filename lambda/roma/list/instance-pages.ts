import { DOCUMENTED_STATUSES, isDeletedStatus, type Target } from '../../core/model/instance';
import type { ParsedPage } from '../../core/sync/listing';
import { IncompleteListError } from '../http/errors';
import {
  type Budget,
  idOf,
  isRefusedParameter,
  LARGEST_OFFSET,
  LIMIT,
  OffsetUnreachable,
  type ReadPage,
  walkWindow,
  type WindowOptions,
} from './page-window';

const MAX_MET_STATUSES = 32;

export interface WalkOptions extends WindowOptions {
  readonly statusFilter?: string | undefined;
  readonly pageCap: number;
  /** Statuses met so far; the walk adds those that it meets. */
  readonly metStatuses: Set<string>;
}

/** Walks the whole list once. Where the API refuses the offsets that are needed, the list is read status by status. */
export async function* walkPages(read: ReadPage, options: WalkOptions): AsyncGenerator<ParsedPage> {
  const { statusFilter: status, metStatuses, target } = options;
  const rejections: Shown = new Map();
  const budget = { pages: options.pageCap };
  let first: ParsedPage | undefined;
  try {
    const news = newsOfOneList(rejections);
    for await (const page of walkWindow(read, status, options, budget)) {
      first ??= page;
      note(page, metStatuses);
      yield news(page);
    }
    return;
  } catch (error) {
    if (!(error instanceof OffsetUnreachable) || first === undefined) throw error;
    if (status !== undefined) throw tooMany(target, first.total, status);
  }
  yield* walkByStatus(read, { ...options, total: first.total, rejections, budget });
}

interface ByStatus extends WalkOptions {
  /** Of the unfiltered list, read before. */
  readonly total: number;
  readonly rejections: Shown;
  readonly budget: Budget;
}

/**
 * One list for each status that is known or was met. Each must hold what it announces, and together they must hold as
 * many instances as the unfiltered list announces. Whether that counts deleted instances is not documented, so their
 * lists are read only where the others do not add up without them.
 */
async function* walkByStatus(read: ReadPage, options: ByStatus): AsyncGenerator<ParsedPage> {
  const { total, metStatuses, rejections, budget, target } = options;
  const asked = new Set<string>();
  const ids = new Set<string>();
  const rejectionsHere: Shown = new Map();
  let withoutId = 0;
  const nextStatus = (): string | undefined => {
    const open = [...DOCUMENTED_STATUSES, 'DELETE_FALIED', ...metStatuses].filter((status) => !asked.has(status));
    return open.find((status) => !isDeletedStatus(status)) ?? (ids.size + withoutId < total ? open[0] : undefined);
  };
  for (let status = nextStatus(); status !== undefined; status = nextStatus()) {
    asked.add(status);
    const [news, newsHere] = [newsOfOneList(rejections), newsOfOneList(rejectionsHere)];
    const shown = new Set<string>();
    let [rows, announced] = [0, 0];
    try {
      for await (const page of walkWindow(read, status, options, budget)) {
        note(page, metStatuses);
        announced = page.total;
        for (const record of page.records) {
          const id = idOf(record);
          if (id === undefined) rows += 1;
          else shown.add(id);
        }
        for (const record of newsHere(page).records) if (idOf(record) === undefined) withoutId += 1;
        // Which statuses are asked for depends on those that were met: the bytes do not tell them.
        yield { ...news(page), total, digest: undefined };
      }
    } catch (error) {
      if (error instanceof OffsetUnreachable) throw tooMany(target, total, status);
      // A status that the filter does not know holds nothing that can be listed by it; the sum below tells.
      if (!isRefusedParameter(error)) throw error;
    }
    rows += shown.size;
    if (rows < announced) {
      throw new IncompleteListError(
        `the API announces ${announced} instances with status ${status}, but shows ${rows}`,
        true,
      );
    }
    for (const id of shown) ids.add(id);
  }
  const after = await read({ offset: 0, limit: 1 });
  if (after.total !== total) {
    throw new IncompleteListError(
      `the total changed from ${total} to ${after.total} while the list was read status by status`,
      true,
    );
  }
  if (ids.size + withoutId !== total) {
    throw new IncompleteListError(
      `the API announces ${total} instances, but listing the ${asked.size} known statuses one by one shows ${ids.size + withoutId}: some moved meanwhile, or have a status that is not known here`,
      true,
    );
  }
}

const tooMany = (target: Target, total: number, status: string): IncompleteListError =>
  new IncompleteListError(
    `project ${target.projectId} has ${total} instances, and those with status ${status} alone are more than the ${LARGEST_OFFSET + LIMIT} that the API lets be listed; set api: v3 for this target`,
    false,
  );

/** The filter takes 3 to 128 characters; and a server that invents statuses must not make us ask for all of them. */
function note(page: ParsedPage, statuses: Set<string>): void {
  for (const record of page.records) {
    if (!record.accepted || statuses.size >= MAX_MET_STATUSES) continue;
    const { status } = record.snapshot;
    if (status.length >= 3 && status.length <= 128) statuses.add(status);
  }
}

/** Rejected records that were passed on, and how many alike. */
type Shown = Map<string, number>;

/**
 * Leaves out rejected records that another list has shown. Records of one list that look alike are different
 * instances, and each list shows either all of them or none: there are as many as the list with the most shows.
 */
function newsOfOneList(shown: Shown): (page: ParsedPage) => ParsedPage {
  const here: Shown = new Map();
  return (page) => {
    const records = page.records.filter((record) => {
      if (record.accepted) return true;
      const key = `${record.rejected.id ?? ''}\n${record.rejected.digest}`;
      const nth = (here.get(key) ?? 0) + 1;
      here.set(key, nth);
      if (nth <= (shown.get(key) ?? 0)) return false;
      shown.set(key, nth);
      return true;
    });
    const left = page.records.length - records.length;
    if (left === 0) return page;
    return { ...page, records, size: page.size === undefined ? undefined : page.size - left };
  };
}
