import type { ParsedPage } from '../../../../lambda/core/sync/listing';
import { RomaApiError } from '../../../../lambda/roma/http/errors';
import { bad, offsets, row, rows, serve } from '../../../support/roma/page-server';

describe('behind a full last page that ends exactly at the total', () => {
  it('one request finds nothing, and the list is complete', async () => {
    const { asked, list } = serve({ rows: rows(100) });
    const listing = await list();
    expect(listing).toMatchObject({ kind: 'complete', instances: { size: 100 }, exceedsTotal: false });
    expect(asked).toEqual([
      { status: undefined, offset: 0, limit: 100 },
      { status: undefined, offset: 100, limit: 100 },
    ]);
  });

  it.each([101, 120, 199, 200, 201, 250, 1000])(
    'lie the other instances of %d, where the total is limited to 100',
    async (count) => {
      const { list } = serve({ rows: rows(count), totalClamp: 100 });
      expect(await list()).toMatchObject({ kind: 'complete', instances: { size: count }, exceedsTotal: true });
    },
  );

  it.each([30, 50, 97])('they are found by pages of %d rows, too', async (clamp) => {
    const { list } = serve({ rows: rows(150), totalClamp: 100, clamp });
    expect(await list()).toMatchObject({ kind: 'complete', instances: { size: 150 } });
  });

  it('they are found in a list of one status, too', async () => {
    const { list } = serve({ rows: rows(120), totalClamp: 100 });
    expect(await list({ statusFilter: 'RUNNING' })).toMatchObject({ kind: 'complete', instances: { size: 120 } });
  });

  it('nothing is asked for where the last page is not full', async () => {
    for (const count of [1, 99, 101, 199]) {
      const { asked, list } = serve({ rows: rows(count) });
      expect(await list()).toMatchObject({ kind: 'complete' });
      expect(offsets(asked)).toEqual(count < 100 ? [0] : [0, 100]);
    }
  });

  it.each([100, 200])('a refusal is no news: %d are complete', async (count) => {
    const { asked, list } = serve({ rows: rows(count), maxOffset: count - 1 });
    expect(await list()).toMatchObject({ kind: 'complete', instances: { size: count } });
    expect(asked.at(-1)).toMatchObject({ offset: count });
  });

  it('an error that is not about the offset ends the listing: it may be read again', async () => {
    const spoil = (answer: ParsedPage, { offset }: { offset: number }): ParsedPage => {
      if (offset === 0) return answer;
      throw new RomaApiError('bad gateway', { errorClass: 'server', retryable: true, status: 502 });
    };
    const { list } = serve({ rows: rows(100), spoil });
    expect(await list()).toMatchObject({ kind: 'partial', reason: 'bad gateway', retryable: true });
  });

  it('the first page again is a contradiction: a list of the limited total may have been hidden by it', async () => {
    const { asked, list } = serve({
      rows: rows(120),
      totalClamp: 100,
      spoil: (answer) => ({ ...answer, records: rows(100) }),
    });
    expect(await list()).toMatchObject({ kind: 'partial', reason: /announces 100 .* of 200 rows some came twice/ });
    expect(asked).toHaveLength(2);
  });

  it('an instance that is shown a second time is a contradiction: another may have been missed', async () => {
    const { list } = serve({
      rows: rows(101),
      totalClamp: 100,
      spoil: (answer, { offset }) => (offset === 100 ? { ...answer, records: [row('i7')] } : answer),
    });
    expect(await list()).toMatchObject({ kind: 'partial', retryable: true });
  });

  it('an instance that was created meanwhile changes the total, and the list is read again', async () => {
    const fleet = rows(100);
    const { list } = serve({
      rows: fleet,
      spoil: (answer, { offset }) => {
        if (offset === 0) fleet.unshift(row('new'));
        return answer;
      },
    });
    expect(await list()).toMatchObject({ kind: 'partial', reason: /total changed from 100 to 101/, retryable: true });
  });
});

describe('a list that is longer than its total, where offsets over 100 are refused', () => {
  it.each([101, 120, 199])('is complete with %d instances: the last page is not full', async (count) => {
    const { list } = serve({ rows: rows(count), totalClamp: 100, maxOffset: 100 });
    expect(await list()).toMatchObject({ kind: 'complete', instances: { size: count } });
  });

  it.each([200, 201, 250])('is partial with %d, and says what to do', async (count) => {
    const { list } = serve({ rows: rows(count), totalClamp: 100, maxOffset: 100 });
    const listing = await list();
    expect(listing).toMatchObject({
      kind: 'partial',
      reason: /announces 100 .* shows 200, .*api: v3/,
      retryable: false,
    });
    expect(listing.instances.size).toBe(200);
  });

  it.each([
    ['an empty page', () => []],
    ['the last page again', () => rows(200).slice(100)],
  ])('is partial where the API answers %s instead of refusing', async (_, beyond) => {
    const { list } = serve({
      rows: rows(250),
      totalClamp: 100,
      spoil: (answer, { offset }) => (offset > 100 ? { ...answer, records: beyond() } : answer),
    });
    expect(await list()).toMatchObject({ kind: 'partial', reason: /shows 200, but not whether/ });
  });
});

describe('the v3 list', () => {
  const withoutWindow = (count: number) => {
    const all = rows(count);
    return serve({ rows: all, totalClamp: 100, spoil: (answer) => ({ ...answer, records: all.toReversed() }) });
  };

  it('of exactly 100 is asked for once more, because it may have been cut off there', async () => {
    const { asked, list } = withoutWindow(100);
    expect(await list({ api: 'v3' })).toMatchObject({ kind: 'complete', pages: 1 });
    expect(asked.map(({ offset, limit }) => [offset, limit])).toEqual([
      [0, undefined],
      [100, 100],
    ]);
  });

  it('of more than its total is whole when it comes again as it was', async () => {
    const { asked, list } = withoutWindow(120);
    expect(await list({ api: 'v3' })).toMatchObject({ kind: 'complete', instances: { size: 120 }, exceedsTotal: true });
    expect(asked).toHaveLength(2);
  });

  it('is read on where it was cut off', async () => {
    const { list } = serve({ rows: rows(120), totalClamp: 100, clamp: 100 });
    expect(await list({ api: 'v3' })).toMatchObject({ kind: 'complete', instances: { size: 120 } });
  });
});

describe('records without an id that look alike', () => {
  const fleet = (): ReturnType<typeof rows> => [bad('same'), ...rows(100), bad('same')];

  it('count each, though they are on different pages', async () => {
    const listing = await serve({ rows: fleet() }).list();
    expect(listing).toMatchObject({ kind: 'complete', rejected: { length: 2 } });
  });

  it('count each, though they are all that their pages hold', async () => {
    const { list } = serve({ rows: [bad('same'), bad('same'), bad('same')], clamp: 1 });
    expect(await list()).toMatchObject({ kind: 'complete', rejected: { length: 3 } });
  });

  it('count each, where the list is read status by status', async () => {
    const frozen = Array.from({ length: 150 }, (_, n) => row(`frozen${n}`, 'FROZEN'));
    const { list } = serve({ rows: [...fleet(), ...frozen, bad('same')], maxOffset: 100 });
    expect(await list()).toMatchObject({ kind: 'complete', rejected: { length: 3 } });
  });

  it('do not make an API that repeats its page look longer than its total', async () => {
    const { asked, list } = serve({
      rows: [],
      spoil: (answer) => ({ ...answer, total: 100, records: Array(100).fill(bad('x')) }),
    });
    await list();
    expect(asked.length).toBeLessThan(4);
  });
});

describe('a list that becomes shorter while it is read', () => {
  const shrinking = (count: number, options: { maxOffset?: number; at: number }) => {
    const fleet = rows(count);
    return serve({
      rows: fleet,
      maxOffset: options.maxOffset ?? Infinity,
      spoil: (answer, { offset, status }) => {
        if (offset === options.at && status === 'RUNNING') fleet.shift();
        return answer;
      },
    });
  };

  it('does not need the offset that would be refused, and is read again', async () => {
    const { asked, list } = shrinking(201, { maxOffset: 100, at: 0 });
    expect(await list({ statusFilter: 'RUNNING' })).toMatchObject({
      kind: 'partial',
      reason: 'the total changed from 201 to 200 while the pages were read',
      retryable: true,
    });
    expect(offsets(asked)).toEqual([0, 100]);
  });

  it('is not taken for one whose offsets cannot be reached when its last page is empty', async () => {
    const { list } = shrinking(301, { at: 200 });
    expect(await list({ statusFilter: 'RUNNING' })).toMatchObject({
      kind: 'partial',
      reason: 'the total changed from 301 to 300 while the pages were read',
      retryable: true,
    });
  });

  it('is read again where it is one status of a list that is read status by status', async () => {
    const fleet = [...rows(201), row('frozen', 'FROZEN')];
    const { list } = serve({
      rows: fleet,
      maxOffset: 100,
      spoil: (answer, { offset, status }) => {
        if (offset === 0 && status === 'RUNNING') fleet.shift();
        return answer;
      },
    });
    expect(await list()).toMatchObject({ kind: 'partial', retryable: true });
  });
});

describe('a list that is read status by status', () => {
  const living = Array.from({ length: 240 }, (_, n) => row(`i${n}`, n % 2 === 0 ? 'RUNNING' : 'ERROR'));
  const deleted = [row('soft', 'SOFT_DELETED'), row('gone', 'DELETED')];

  it.each([
    ['first', [...deleted, ...living]],
    ['last', [...living, ...deleted]],
  ])('counts deleted instances where the whole list counts them: %s', async (_, all) => {
    const { list } = serve({ rows: all, maxOffset: 100 });
    expect(await list()).toMatchObject({ kind: 'complete', instances: { size: 242 } });
  });

  it('does not ask for deleted instances where the whole list does not count them', async () => {
    const { asked, list } = serve({
      rows: [...living, ...deleted],
      maxOffset: 100,
      spoil: (answer, { status }) =>
        status === undefined ? { ...answer, total: 240, records: answer.records.slice(0, 100) } : answer,
    });
    const metStatuses = new Set(['SOFT_DELETED', 'DELETED']);
    expect(await list({ metStatuses })).toMatchObject({ kind: 'complete', instances: { size: 240 } });
    expect(asked.map(({ status }) => status)).not.toContain('SOFT_DELETED');
  });

  it('asks for a status that it has met on the way', async () => {
    const odd = [row('a', 'RESIZING'), ...living, row('b', 'RESIZING')];
    const { list } = serve({ rows: odd, maxOffset: 100 });
    expect(await list()).toMatchObject({ kind: 'complete', instances: { size: 242 } });
  });

  it('is partial when the list of a status holds less than it announces, though deleted ones make up for it', async () => {
    const { list } = serve({
      rows: [...living, ...deleted],
      maxOffset: 100,
      spoil: (answer, { status, offset, limit }) => {
        if (status === undefined) return { ...answer, total: 240 };
        return status === 'ERROR' && offset === 0 && limit === 100
          ? { ...answer, records: answer.records.slice(2) }
          : answer;
      },
    });
    expect(await list()).toMatchObject({
      kind: 'partial',
      reason: 'the API announces 120 instances with status ERROR, but shows 118',
      retryable: true,
    });
  });
});

it('a total that is absurd costs no more than the pages that there are', async () => {
  const { asked, list } = serve({ rows: rows(3), spoil: (answer) => ({ ...answer, total: Number.MAX_SAFE_INTEGER }) });
  expect(await list()).toMatchObject({ kind: 'partial', reason: /announced 9007199254740991 instances, 3 rows/ });
  expect(asked.length).toBeLessThan(10);
});

it('a page whose size is not the number of its rows makes the listing partial', async () => {
  const { list } = serve({
    rows: rows(150),
    spoil: (answer, { offset }) => ({ ...answer, size: offset === 0 ? 100 : 49 }),
  });
  expect(await list()).toMatchObject({
    kind: 'partial',
    reason: 'page 2 says that it holds 49 rows, but it holds 50',
    retryable: true,
  });
});

it('a size that is right stays right where a record is left out because another list has shown it', async () => {
  const all = [bad('x'), ...Array.from({ length: 240 }, (_, n) => row(`i${n}`, n % 2 === 0 ? 'RUNNING' : 'ERROR'))];
  const { list } = serve({
    rows: all,
    maxOffset: 100,
    spoil: (answer) => ({ ...answer, size: answer.records.length }),
  });
  expect(await list()).toMatchObject({ kind: 'complete', rejected: { length: 1 } });
});
