import type { Glance, UnparsedList } from '../../core/sync/instance-source';
import type { PageTimes, ParsedPage } from '../../core/sync/listing';
import { walkPages, type WalkOptions } from './instance-pages';
import { isRefusedParameter, LIMIT, type PageWindow } from './page-window';
import { readAhead } from './read-ahead';
import { sizeOfList } from './wire-schema';

/** An answer that is parsed when somebody asks for it. */
export interface RawPage {
  readonly body: string;
  readonly times: PageTimes;
  readonly digest: string | undefined;
  /** @throws RomaApiError when it is no page */
  readonly parse: () => ParsedPage;
}

export type ReadRaw = (window: PageWindow) => Promise<RawPage>;

/**
 * Reads the windows that `walkPages` asks for where every page is full but the last one. A walk that has yielded the
 * pages of exactly these windows, and as many rows as announced, depends on nothing else: given the same bytes it asks
 * for the same windows and yields the same records again.
 */
export async function glancePages(read: ReadRaw, options: WalkOptions): Promise<Glance> {
  const answers = new Map<string, Promise<RawPage>>();
  const keyOf = ({ status, offset, limit }: PageWindow): string => JSON.stringify([status, offset, limit]);
  const readNow: ReadRaw = async (window) => {
    const answer = read(window);
    answers.set(keyOf(window), answer);
    return answer;
  };
  return {
    list: await readList(readNow, options).catch(() => undefined),
    pages: () =>
      walkPages(async (window) => {
        const answer = answers.get(keyOf(window)) ?? read(window);
        // Whoever asks again wants to know what has changed.
        answers.delete(keyOf(window));
        return (await answer).parse();
      }, options),
  };
}

/** @throws RomaApiError when a page cannot be read; what has been read by then is kept all the same */
async function readList(read: ReadRaw, options: WalkOptions): Promise<UnparsedList | undefined> {
  const { api, statusFilter: status, concurrency, pageCap } = options;
  const first = await read({ status, offset: 0, limit: api === 'v3' ? undefined : LIMIT });
  const size = sizeOfList(first.body);
  if (size === undefined) return undefined;
  const { total, rows } = size;
  // Longer than its total, or than may be read: only the walk can tell where it ends.
  if (rows > total || total > rows * pageCap) return undefined;
  const limit = Math.min(LIMIT, rows);
  const offsets: number[] = [];
  for (let offset = rows; offset < total; offset += rows) offsets.push(offset);
  const isLastFull = offsets.length === 0 ? rows === LIMIT : total - (offsets.at(-1) ?? 0) === limit;
  const pages = [first];
  for await (const { value } of readAhead(offsets, concurrency, async (offset) => read({ status, offset, limit })))
    pages.push(value);
  if (isLastFull) {
    // The probe behind a full last page. A walk goes on without it where the API refuses the offset.
    const probe = await read({ status, offset: total, limit }).catch((error: unknown) => {
      if (!isRefusedParameter(error)) throw error;
    });
    if (probe !== undefined) pages.push(probe);
  }
  return { total, digests: pages.map(({ digest }) => digest), times: pages.map(({ times }) => times) };
}
