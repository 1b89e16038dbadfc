import { collectListing, type Listing, type ParsedPage, type ParsedRecord } from '../../../lambda/core/sync/listing';
import { RomaApiError } from '../../../lambda/roma/http/errors';
import { walkPages, type WalkOptions } from '../../../lambda/roma/list/instance-pages';
import type { PageWindow } from '../../../lambda/roma/list/page-window';

export const target = { region: 'cn-north-4', projectId: '106506b9a92342df9a5025fc12351cfc' };
export const row = (id: string, status = 'RUNNING'): ParsedRecord => ({
  accepted: true,
  snapshot: { id, status },
});
export const bad = (digest: string, id?: string): ParsedRecord => ({
  accepted: false,
  rejected: { reason: 'x', raw: '{}', digest, ...(id === undefined ? {} : { id }) },
});
export const rows = (count: number): ParsedRecord[] => Array.from({ length: count }, (_, n) => row(`i${n}`));
export const statusOf = (record: ParsedRecord): string => (record.accepted ? record.snapshot.status : 'RUNNING');
export const page = (total: number, records: readonly ParsedRecord[]): ParsedPage => ({
  total,
  records,
  requestedAt: 0,
  receivedAt: 0,
});
export const refused = () => new RomaApiError('offset', { errorClass: 'client', retryable: false, status: 400 });

interface Api {
  readonly rows: readonly ParsedRecord[] | (() => readonly ParsedRecord[]);
  /** Rows that a page holds at most, whatever is asked for. */
  readonly clamp?: number;
  /** The largest `total` that is told. */
  readonly totalClamp?: number;
  readonly maxOffset?: number;
  /** Changes one answer. */
  readonly spoil?: (answer: ParsedPage, window: PageWindow) => ParsedPage;
}

/** A server of pages, with a log of what was asked for. */
export function serve(api: Api) {
  const asked: PageWindow[] = [];
  const read = async (window: PageWindow): Promise<ParsedPage> => {
    asked.push(window);
    const { status, offset, limit = Infinity } = window;
    if (offset > (api.maxOffset ?? Infinity)) throw refused();
    const shown = typeof api.rows === 'function' ? api.rows() : api.rows;
    const all = shown.filter((record) => status === undefined || statusOf(record) === status);
    const total = Math.min(all.length, api.totalClamp ?? Infinity);
    const answer = page(total, all.slice(offset, offset + Math.min(limit, api.clamp ?? Infinity)));
    return api.spoil?.(answer, window) ?? answer;
  };
  const walk = (options: Partial<WalkOptions> = {}) =>
    walkPages(read, { target, api: 'v2', concurrency: 4, pageCap: 1000, metStatuses: new Set(), ...options });
  const list = async (options: Partial<WalkOptions> = {}): Promise<Listing> =>
    collectListing(target, walk(options), () => 0);
  return { asked, walk, list };
}

export const offsets = (asked: readonly PageWindow[]): number[] =>
  asked.map(({ offset }) => offset).toSorted((a, b) => a - b);
