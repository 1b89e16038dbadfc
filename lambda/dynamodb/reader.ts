import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { HISTORY_TABLE } from '../contract';
import { type Instant, plusMs } from '../core/model/instant';
import type { Clock } from '../core/model/clock';
import type { Target } from '../core/model/instance';
import type { NotRunning, Reader, Span } from '../core/history/reader';
import type { Current, Gap, Version } from '../core/model/record';
import { fromAttributionItem, fromTraceItem } from './attribution-items';
import { changesOf } from './changes';
import { query, type QueryOptions, queryProblem, type Source } from './queries';
import {
  CHANGES_SHARDS,
  changesRange,
  fromCurrentItem,
  fromGapItem,
  fromHeadItem,
  fromRejectionItem,
  fromVersionItem,
  isExpired,
  type Item,
  itemType,
  type Key,
  key,
  type KeyRange,
  notRunningRange,
  range,
  targetOf,
} from './table';
import { UnitMeter } from './units';

const [CHANGES_BY_TIME, NOT_RUNNING] = HISTORY_TABLE.indexes;
/** Heads and gaps are small: this many fit into one read unit's 4 KB with the head. */
const GAPS_WITH_HEAD = 12;

const before = (instant: Instant | undefined): Instant | undefined =>
  instant === undefined ? undefined : plusMs(instant, -1);

/**
 * Reads history from DynamoDB. All reads are eventually consistent, at half a unit per 4 KB.
 * @param clock the one by which rows are expired
 */
export function createReader(client: DynamoDBDocumentClient, tableName: string, clock: Pick<Clock, 'now'>): Reader {
  const meter = new UnitMeter();
  const source: Source = { client, tableName, meter, now: () => clock.now() };

  async function get(itemKey: Key): Promise<Item | undefined> {
    try {
      const { Item: item, ConsumedCapacity } = await client.send(
        new GetCommand({ TableName: tableName, Key: itemKey, ReturnConsumedCapacity: 'TOTAL' }),
      );
      meter.read(ConsumedCapacity);
      return item;
    } catch (error) {
      throw await queryProblem(error, client, tableName);
    }
  }

  async function* read<T>(
    keyRange: KeyRange,
    decode: (item: Item) => T,
    queryOptions?: QueryOptions,
  ): AsyncGenerator<T> {
    for await (const item of query(source, keyRange, queryOptions)) yield decode(item);
  }

  async function first<T>(rows: AsyncIterable<T>): Promise<T | undefined> {
    for await (const row of rows) return row;
    return undefined;
  }

  async function all<T>(rows: AsyncIterable<T>): Promise<readonly T[]> {
    const found: T[] = [];
    for await (const row of rows) found.push(row);
    return found;
  }

  async function head(target: Target) {
    const item = await get(key.head(target));
    return item === undefined ? undefined : fromHeadItem(item);
  }

  /**
   * A later gap always reaches further, so the last one that begins before the span tells whether any reaches into it.
   * Own gaps may overlap: one that a run closed before it died does not move the beginning of the next.
   */
  async function* touching(
    rangeOf: (first?: Instant, last?: Instant) => KeyRange,
    { from, to }: Span = {},
  ): AsyncGenerator<Gap> {
    if (from !== undefined) {
      const earlier = await first(read(rangeOf(undefined, from), fromGapItem, { newestFirst: true, limit: 1 }));
      if (earlier !== undefined && earlier.to > from) yield earlier;
    }
    const start = from === undefined ? undefined : plusMs(from, 1);
    const end = before(to);
    if (start !== undefined && end !== undefined && start > end) return;
    yield* read(rangeOf(start, end), fromGapItem);
  }

  const gaps = (target: Target, span?: Span) => touching((from, to) => range.gaps(target, from, to), span);

  async function coverage(target: Target, span: Span = {}): ReturnType<Reader['coverage']> {
    const newestFirst: Gap[] = [];
    let found: ReturnType<typeof fromHeadItem> | undefined;
    let seen = 0;
    let reachedStart = false;
    const rows = query(source, range.gapsAndHead(target), {
      newestFirst: true,
      limit: GAPS_WITH_HEAD + 1,
      keepExpired: true,
    });
    for await (const item of rows) {
      if (itemType(item as unknown as Key) === 'head') {
        found = fromHeadItem(item);
        continue;
      }
      seen += 1;
      const gap = fromGapItem(item);
      if (!isExpired(item, source.now())) newestFirst.push(gap);
      reachedStart = span.from !== undefined && gap.from <= span.from;
      if (reachedStart) break;
    }
    reachedStart ||= seen < GAPS_WITH_HEAD;
    if (!reachedStart) {
      return { head: found, gaps: await all(gaps(target, span)) };
    }
    const touches = newestFirst.filter(
      (gap) => (span.to === undefined || gap.from < span.to) && (span.from === undefined || gap.to > span.from),
    );
    return { head: found, gaps: touches.toReversed() };
  }

  async function versionAt(
    target: Target,
    id: string,
    at: Instant,
    { isWhole = false }: { readonly isWhole?: boolean } = {},
  ): Promise<Version | undefined> {
    const item = await first(
      query(source, range.versions(target, id, undefined, at), { newestFirst: true, limit: 1, keepExpired: true }),
    );
    if (item === undefined) return undefined;
    const version = fromVersionItem(item);
    if (version.expiresAt === undefined && isWhole) return version;
    if (version.expiresAt !== undefined && Date.parse(version.expiresAt) <= source.now()) return undefined;
    // A later version may have expired earlier than this one, when a retention was set or shortened in between:
    // only the next version's number tells that nothing is missing. The newest has no next and no expiry.
    const next = await first(
      read(range.versions(target, id, plusMs(at, 1)), fromVersionItem, { limit: 1, keepExpired: true }),
    );
    if (next === undefined && version.expiresAt === undefined) return version;
    return next?.version === version.version + 1 ? version : undefined;
  }

  const targets = async (): Promise<readonly Target[]> => all(read(range.registrations(), targetOf));

  const currents: Reader['currents'] = (target) => read(range.currents(target), fromCurrentItem);

  const versions: Reader['versions'] = (target, id, { from, to, newestFirst = false, limit } = {}) =>
    read(range.versions(target, id, from, before(to)), fromVersionItem, {
      newestFirst,
      limit,
    });

  const shards = (day: string, first: Instant, last: Instant): readonly AsyncIterable<Version>[] =>
    Array.from({ length: CHANGES_SHARDS }, (_, shard) =>
      read(changesRange(day, shard, first, last), fromVersionItem, { index: CHANGES_BY_TIME }),
    );

  return {
    targets,
    head,
    coverage,
    currents,
    current: async (target, id): Promise<Current | undefined> => {
      const item = await get(key.current(target, id));
      return item === undefined ? undefined : fromCurrentItem(item);
    },
    versionAt,
    versions,
    gaps,
    ownGaps: (target, id, span) => touching((from, to) => range.ownGaps(target, id, from, to), span),
    rejections: (target) => read(range.rejections(target), fromRejectionItem),
    traces: async (target, id, { from, to } = {}) =>
      all(read(range.traces(target, id, from, before(to)), fromTraceItem)),
    attributions: async (target, id, { from, to } = {}) =>
      all(read(range.attributions(target, id, from, before(to)), fromAttributionItem)),
    changes: (span) => changesOf({ targets, currents, versions, shards, now: () => clock.now() }, span),
    notRunning: (target) => read(notRunningRange(target), toNotRunning(target), { index: NOT_RUNNING }),
    units: () => meter.units(),
  };
}

const toNotRunning =
  (target: Target) =>
  ({ id, name = null, status, statusSince, version }: Item): NotRunning =>
    ({ target, id, name, status, statusSince, version }) as NotRunning;
