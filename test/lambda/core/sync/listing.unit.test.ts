import { collectListing, sameIds } from '../../../../lambda/core/sync/listing';
import type { CompleteListing, ParsedPage, ParsedRecord } from '../../../../lambda/core/sync/listing';
import { accepted, instance, rejected, TARGET } from '../../../support/fleet';

const NOW = Date.parse('2026-11-22T10:00:00.500Z');

async function* pages(
  ...all: (Partial<ParsedPage> & { records: readonly ParsedRecord[] })[]
): AsyncIterable<ParsedPage> {
  for (const page of all)
    yield { total: all.flatMap(({ records }) => records).length, requestedAt: NOW, receivedAt: NOW, ...page };
}
const listing = async (...all: Parameters<typeof pages>) => collectListing(TARGET, pages(...all), () => NOW);
const one = (id: string): ParsedRecord => accepted(instance(id));

describe('a listing', () => {
  it('is complete when unique ids add up to the total', async () => {
    expect(await listing({ records: [one('a'), one('b')] }, { records: [one('c')] })).toMatchObject({
      kind: 'complete',
      pages: 2,
    });
  });

  it('is complete when it is empty and says so', async () => {
    expect(await listing({ records: [], total: 0 })).toMatchObject({ kind: 'complete' });
  });

  it('counts rejected records, with and without an id, as rows that were read', async () => {
    expect(await listing({ records: [one('a'), rejected('b'), rejected(undefined)] })).toMatchObject({
      kind: 'complete',
    });
  });

  it('counts every record without an id: two of them are two instances', async () => {
    expect(await listing({ records: [rejected(undefined, 'one'), rejected(undefined, 'two')] })).toMatchObject({
      kind: 'complete',
      rejected: { length: 2 },
    });
  });

  it('is partial when it has no page at all', async () => {
    expect(await listing()).toMatchObject({
      kind: 'partial',
      reason: 'the list had no page',
      retryable: true,
      pages: 0,
    });
  });

  it('began when its first page was requested, and ended when its last one had been read', async () => {
    let now = NOW;
    async function* slow(): AsyncIterable<ParsedPage> {
      // A token comes first.
      now += 5000;
      for (const id of ['a', 'b']) {
        const requestedAt = now;
        now += 1000;
        yield { total: 2, records: [one(id)], requestedAt, receivedAt: now };
      }
    }
    expect(await collectListing(TARGET, slow(), () => now)).toMatchObject({
      listedFrom: new Date(NOW + 5000).toISOString(),
      listedUntil: new Date(NOW + 7000).toISOString(),
    });
  });

  it('believes the valid one of two records with one id, and is partial, for another may be missing', async () => {
    const result = await listing({ records: [one('a'), rejected('a')] });
    expect(result).toMatchObject({ kind: 'partial', rejected: [] });
    expect([...result.instances.keys()]).toEqual(['a']);
  });

  it('names a rejected record once, though it came twice', async () => {
    const result = await listing({ records: [rejected('a')] }, { records: [rejected('a', 'name: missing')] });
    expect(result).toMatchObject({ kind: 'partial', rejected: [{ id: 'a', reason: 'status: missing' }] });
  });

  it('is partial when the same record was read twice, for then another was missed', async () => {
    expect(await listing({ records: [one('a'), one('b')] }, { records: [one('b')] })).toMatchObject({
      kind: 'partial',
      reason: 'the API announced 3 instances, 3 rows were read, of which 2 are different',
    });
  });

  it('is partial when fewer rows came than were announced', async () => {
    expect(await listing({ records: [one('a')], total: 2 })).toMatchObject({ kind: 'partial', retryable: true });
  });

  it('is partial when the total changed between two pages, though the ids add up to the last one', async () => {
    expect(await listing({ records: [one('a')], total: 3 }, { records: [one('b')], total: 2 })).toMatchObject({
      kind: 'partial',
      reason: 'the total changed from 3 to 2 while the pages were read',
      retryable: true,
    });
  });

  it('is complete when it shows more than the total says, all of them different', async () => {
    const result = await listing({ records: [one('a'), one('b')], total: 2 }, { records: [one('c')], total: 2 });
    expect(result).toMatchObject({ kind: 'complete', exceedsTotal: true, instances: { size: 3 } });
    const again = [one('c'), one('a')];
    expect(await listing({ records: [one('a'), one('b')], total: 2 }, { records: again, total: 2 })).toMatchObject({
      kind: 'partial',
      reason: 'the API announced 2 instances, 4 rows were read, of which 3 are different',
      retryable: true,
    });
  });

  it('is partial when a page does not hold as many rows as it says', async () => {
    expect(await listing({ records: [one('a'), one('b')], size: 2 })).toMatchObject({ kind: 'complete' });
    expect(await listing({ records: [one('a'), one('b')], size: 3 })).toMatchObject({
      kind: 'partial',
      reason: 'page 1 says that it holds 3 rows, but it holds 2',
      retryable: true,
    });
  });

  it('keeps what was read before an error, and says whether it is worth another try', async () => {
    async function* broken(): AsyncIterable<ParsedPage> {
      yield { total: 2, records: [one('a')], requestedAt: NOW, receivedAt: NOW };
      throw Object.assign(new Error('403 Forbidden'), { retryable: false });
    }
    const result = await collectListing(TARGET, broken(), () => NOW);
    expect(result).toMatchObject({ kind: 'partial', reason: '403 Forbidden', retryable: false });
    expect([...result.instances.keys()]).toEqual(['a']);
  });

  it.each([
    [new Error('socket hang up'), true],
    [Object.assign(new Error('503'), { retryable: true }), true],
    [Object.assign(new Error('403'), { retryable: false }), false],
    ['a text', true],
    [null, true],
  ])('is worth another try unless the error says otherwise: %p, %p', async (error, retryable) => {
    async function* broken(): AsyncIterable<ParsedPage> {
      yield { total: 2, records: [one('a')], requestedAt: NOW, receivedAt: NOW };
      throw error;
    }
    expect(await collectListing(TARGET, broken(), () => NOW)).toMatchObject({ kind: 'partial', retryable });
  });

  it.each([
    ['valid', accepted(instance('b', 'RUNNING', { project_id: 'another' }))],
    ['rejected', { ...rejected('b'), projectId: 'another' }],
  ])('believes nothing when one %s record belongs to another project', async (_, foreign) => {
    const result = await listing({ records: [one('a'), rejected('c'), foreign] });
    expect(result).toMatchObject({ kind: 'partial', rejected: [], retryable: true });
    expect(result).toHaveProperty('reason', expect.stringContaining('holds an instance of project "another"'));
    expect(result.instances.size).toBe(0);
  });

  it.each([undefined, null, '', 7])(
    'believes a record whose project is %p: not all clouds tell it',
    async (project) => {
      const { project_id: _, ...bare } = instance('a');
      const record = accepted(project === undefined ? bare : { ...bare, project_id: project });
      expect(await listing({ records: [record] })).toMatchObject({ kind: 'complete' });
    },
  );

  it('measures how far the clock is off, beyond what the whole second of the Date header can say', async () => {
    const off = async (serverTime: number) => (await listing({ records: [], total: 0, serverTime })).clockErrorMs;
    expect(await off(Date.parse('2026-11-22T10:00:00Z'))).toBe(0);
    expect(await off(Date.parse('2026-11-22T09:59:59Z'))).toBe(1000 + 500 - 999);
    expect(await off(Date.parse('2026-11-22T09:50:00Z'))).toBe(600_000 + 500 - 999);
    expect(await off(Date.parse('2026-11-22T10:10:00Z'))).toBe(-600_000 + 500);
  });

  it('tells the clock error of its worst page', async () => {
    const page = (serverTime: number) => ({ records: [], total: 0, serverTime });
    const [right, wrong] = [page(NOW), page(NOW - 600_000)];
    for (const order of [
      [right, wrong],
      [wrong, right],
    ])
      expect((await listing(...order)).clockErrorMs).toBe(600_000 - 999);
  });

  it('shows the same ids as another one whatever became valid or rejected', async () => {
    const [a, b, c] = await Promise.all([
      listing({ records: [one('x'), one('y')] }),
      listing({ records: [rejected('y'), one('x')] }),
      listing({ records: [one('x'), one('z')] }),
    ]);
    expect(sameIds(a as CompleteListing, b as CompleteListing)).toBe(true);
    expect(sameIds(a as CompleteListing, c as CompleteListing)).toBe(false);
    const less = (await listing({ records: [one('x')] })) as CompleteListing;
    expect([sameIds(less, a as CompleteListing), sameIds(a as CompleteListing, less)]).toEqual([false, false]);
  });
});
