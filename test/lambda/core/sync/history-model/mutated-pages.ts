import * as fc from 'fast-check';
import { isDeletedStatus } from '../../../../../lambda/core/model/instance';
import type { ParsedPage } from '../../../../../lambda/core/sync/listing';
import { RomaApiError } from '../../../../../lambda/roma/http/errors';
import type { ReadRaw } from '../../../../../lambda/roma/list/glance';
import type { PageWindow } from '../../../../../lambda/roma/list/page-window';
import { createRedactor } from '../../../../../lambda/roma/http/redaction';
import { digestOf, parsePage } from '../../../../../lambda/roma/list/wire-schema';

type Row = Record<string, unknown> | null;
interface Body {
  total?: number;
  size?: number;
  instances?: Row[] | null;
}

/** A list that stands still, and the habits of the API that serves it. */
export interface ListWorld {
  readonly count: number;
  readonly statuses: readonly string[];
  /** Identical records without an id among them. */
  readonly withoutId: number;
  /** Rows of a page at most; null: v3 without a window. */
  readonly pageSize: number | null;
  readonly maxOffset: number;
  /** What happens beyond the largest offset. */
  readonly beyond: 'refuse' | 'empty' | 'first page';
  readonly totalClamp: number;
  /** Whether the unfiltered list shows instances that are deleted. */
  readonly showsDeleted: boolean;
}

/** What becomes of the nth answer. */
export type Mutation = { readonly nth: number } & (
  | { readonly do: 'drop rows'; readonly at: number; readonly rows: number; readonly isSizeRight: boolean }
  | { readonly do: 'repeat a row'; readonly at: number; readonly instead: number | null }
  | { readonly do: 'null row'; readonly at: number }
  | { readonly do: 'no list'; readonly list: null | []; readonly isSizeRight: boolean }
  | { readonly do: 'other page'; readonly page: number }
  | { readonly do: 'other order' }
  | { readonly do: 'total'; readonly total: number }
  | { readonly do: 'size'; readonly by: number }
  | { readonly do: 'no field'; readonly at: number; readonly field: string }
  | { readonly do: 'cut'; readonly at: number }
);

const SIZES = [0, 1, 3, 50, 99, 100, 101, 120, 150, 199, 200, 201, 250, 300];
const share = fc.integer({ min: 0, max: 999 });

export const worlds: fc.Arbitrary<ListWorld> = fc.record({
  count: fc.oneof(fc.constantFrom(...SIZES), fc.integer({ min: 0, max: 320 })),
  statuses: fc.constantFrom(
    ['RUNNING'],
    ['RUNNING', 'ERROR'],
    ['RUNNING', 'ERROR', 'RESIZING', 'DELETE_FALIED'],
    ['RUNNING', 'ERROR', 'FROZEN', 'SOFT_DELETED'],
  ),
  withoutId: fc.constantFrom(0, 0, 0, 1, 3),
  pageSize: fc.constantFrom(100, 100, 100, 50, 37, null),
  maxOffset: fc.constantFrom(Infinity, 100),
  beyond: fc.constantFrom('refuse', 'refuse', 'empty', 'first page'),
  totalClamp: fc.constantFrom(Infinity, 100),
  showsDeleted: fc.boolean(),
});

const edits = {
  nth: fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 5),
  at: share,
  isSizeRight: fc.boolean(),
};
export const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(
  fc.oneof(
    fc.record({ ...edits, do: fc.constant('drop rows' as const), rows: fc.constantFrom(1, 2, 20, 99) }),
    fc.record({ ...edits, do: fc.constant('repeat a row' as const), instead: fc.option(share) }),
    fc.record({ ...edits, do: fc.constant('null row' as const) }),
    fc.record({ ...edits, do: fc.constant('no list' as const), list: fc.constantFrom(null, [] as []) }),
    fc.record({ ...edits, do: fc.constant('other page' as const), page: fc.nat({ max: 3 }) }),
    fc.record({ ...edits, do: fc.constant('other order' as const) }),
    fc.record({
      ...edits,
      do: fc.constant('total' as const),
      total: fc.oneof(fc.constantFrom(...SIZES, 2 ** 31, Number.MAX_SAFE_INTEGER), fc.nat({ max: 400 })),
    }),
    fc.record({ ...edits, do: fc.constant('size' as const), by: fc.constantFrom(-1, 1, 100) }),
    fc.record({
      ...edits,
      do: fc.constant('no field' as const),
      field: fc.constantFrom('total', 'size', 'instances', 'id', 'status', 'name'),
    }),
    fc.record({ ...edits, do: fc.constant('cut' as const) }),
  ),
  { minLength: 1, maxLength: 4 },
);

const HIDES_ROWS = ['drop rows', 'no list', 'other page'];

/**
 * Leaves out lies that agree with each other so well that a smaller list would give the same answers: a total that is
 * lowered together with the rows, or by an API of small pages; and, where the total is limited, a page behind it that
 * lacks rows and has the size for it, or more than one page in the place of another.
 */
export function tellable(world: ListWorld, wanted: readonly Mutation[]): readonly Mutation[] {
  const isLimited = world.totalClamp < world.count;
  let isTotalChanged = false;
  let isPageChanged = false;
  const hides = wanted.some((each) => HIDES_ROWS.includes(each.do));
  return wanted.filter((each) => {
    if (each.do === 'total') {
      if (isTotalChanged || hides || (world.pageSize !== null && world.pageSize < 100)) return false;
      isTotalChanged = true;
    }
    if (each.do === 'other page') {
      // The answer to a request without a window cannot be mistaken for another.
      if (world.pageSize === null || (isLimited && isPageChanged)) return false;
      isPageChanged = true;
    }
    if (!isLimited) return true;
    if (each.do === 'drop rows' || each.do === 'no list') return !each.isSizeRight;
    return !hides || !(each.do === 'size' || (each.do === 'no field' && each.field === 'size'));
  });
}

export function rowsOf(world: ListWorld): Row[] {
  const rows: Row[] = Array.from({ length: world.count }, (_, n) => ({
    id: `i-${n}`,
    status: world.statuses[n % world.statuses.length],
    name: `name-${n}`,
  }));
  for (let n = 0; n < world.withoutId; n += 1) rows.splice((n * 77) % (rows.length + 1), 0, { status: 'RUNNING' });
  return rows;
}

const isDeletedRow = (row: Row): boolean => isDeletedStatus(String(row?.['status']));

/** Serves the world, and changes the answers. `read` is what the walk reads through. */
export function serveWorld(world: ListWorld, planned: readonly Mutation[]) {
  const all = rowsOf(world);
  const served = { requests: 0, mutated: 0 };
  const parts = (status: string | undefined): Row[] =>
    all.filter((row) => (status === undefined ? world.showsDeleted || !isDeletedRow(row) : row?.['status'] === status));

  const answer = ({ status, offset, limit }: PageWindow): Body => {
    const list = parts(status);
    let from = offset;
    if (offset > world.maxOffset) {
      if (world.beyond === 'refuse')
        throw new RomaApiError('offset', { errorClass: 'client', retryable: false, status: 400 });
      from = world.beyond === 'empty' ? list.length : 0;
    }
    const rows = world.pageSize === null ? list : list.slice(from, from + Math.min(limit ?? Infinity, world.pageSize));
    return { total: Math.min(list.length, world.totalClamp), size: rows.length, instances: structuredClone(rows) };
  };

  const mutate = (body: Body, window: PageWindow, mutation: Mutation): Body | string => {
    const rows = body.instances ?? [];
    const at = 'at' in mutation ? Math.min(rows.length - 1, Math.floor((mutation.at * rows.length) / 1000)) : 0;
    const withRows = (instances: Row[] | null, isSizeRight = true): Body => ({
      ...body,
      instances,
      size: (body.size ?? 0) + (isSizeRight ? (instances ?? []).length - rows.length : 0),
    });
    switch (mutation.do) {
      case 'drop rows':
        return withRows(rows.toSpliced(at, mutation.rows), mutation.isSizeRight);
      case 'repeat a row': {
        const copy = structuredClone(rows[at] ?? null);
        if (rows.length === 0) return body;
        if (mutation.instead === null) return withRows([...rows, copy]);
        return withRows(rows.with(Math.floor((mutation.instead * rows.length) / 1000), copy));
      }
      case 'null row':
        return rows.length === 0 ? body : withRows(rows.with(at, null));
      case 'no list':
        return withRows(mutation.list, mutation.isSizeRight);
      case 'other page': {
        const offset = mutation.page * (world.pageSize ?? 100);
        const isServed = offset <= world.maxOffset && offset < parts(window.status).length;
        return isServed ? answer({ ...window, offset }) : body;
      }
      case 'other order':
        return withRows(rows.toReversed());
      case 'total':
        return { ...body, total: mutation.total };
      case 'size':
        return { ...body, size: Math.max(0, (body.size ?? 0) + mutation.by) };
      case 'no field': {
        const { field } = mutation;
        if (field in body) return Object.fromEntries(Object.entries(body).filter(([name]) => name !== field));
        const row = Object.fromEntries(Object.entries(rows[at] ?? {}).filter(([name]) => name !== field));
        return rows.length === 0 ? body : withRows(rows.with(at, row));
      }
      case 'cut':
        break;
    }
    const text = JSON.stringify(body);
    return text.slice(0, Math.floor((mutation.at * text.length) / 1000));
  };

  const raw: ReadRaw = async (window) => {
    const nth = served.requests;
    served.requests += 1;
    let body: Body | string = answer(window);
    for (const mutation of planned.filter((each) => each.nth === nth)) {
      if (typeof body !== 'string') body = mutate(body, window, mutation);
      served.mutated += 1;
    }
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const times = { requestedAt: 0, receivedAt: 0 };
    const redactor = createRedactor(() => []);
    const digest = digestOf(window, text, redactor);
    const parse = (): ParsedPage => {
      const result = parsePage(text, redactor);
      if (!result.ok) throw new RomaApiError(result.reason, { errorClass: 'server', retryable: true, status: 200 });
      return { ...result.page, ...times, digest };
    };
    return { body: text, times, digest, parse };
  };
  const read = async (window: PageWindow): Promise<ParsedPage> => (await raw(window)).parse();
  const living = all.flatMap((row) => (row === null || isDeletedRow(row) ? [] : [row['id']]));
  return { read, raw, served, living: living.filter((id) => typeof id === 'string'), listed: parts(undefined).length };
}
