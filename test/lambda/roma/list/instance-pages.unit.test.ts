import * as fc from 'fast-check';
import { collectListing, type ParsedPage } from '../../../../lambda/core/sync/listing';
import { RomaApiError } from '../../../../lambda/roma/http/errors';
import { walkPages } from '../../../../lambda/roma/list/instance-pages';
import type { PageWindow } from '../../../../lambda/roma/list/page-window';
import { bad, offsets, page, refused, row, rows, serve, statusOf, target } from '../../../support/roma/page-server';

describe('the walk over the pages', () => {
  it('asks once where one page holds everything', async () => {
    const { asked, list } = serve({ rows: rows(99) });
    expect(await list()).toMatchObject({ kind: 'complete', pages: 1 });
    expect(asked).toEqual([{ status: undefined, offset: 0, limit: 100 }]);
  });

  it('reads on from how many rows the first page really holds', async () => {
    const { asked, list } = serve({ rows: rows(199), clamp: 50 });
    expect(await list()).toMatchObject({ kind: 'complete' });
    expect(offsets(asked)).toEqual([0, 50, 100, 150]);
  });

  it('is complete whatever the size of the list and of the pages', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 700 }),
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 1, max: 8 }),
        async (count, clamp, concurrency) => {
          const { list } = serve({ rows: rows(count), clamp });
          const listing = await list({ concurrency });
          expect(listing.kind).toBe('complete');
          expect(listing.instances.size).toBe(count);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps at most so many pages under way', async () => {
    let now = 0;
    let most = 0;
    const read = async ({ offset }: PageWindow): Promise<ParsedPage> => {
      most = Math.max(most, (now += 1));
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      return page(1000, rows(1000).slice(offset, offset + 100));
    };
    const pages = walkPages(read, { target, api: 'v2', concurrency: 3, pageCap: 1000, metStatuses: new Set() });
    expect((await collectListing(target, pages, () => 0)).kind).toBe('complete');
    expect(most).toBe(3);
  });

  it('keeps paging when a page has rows but none is valid', async () => {
    const broken = Array.from({ length: 100 }, (_, n) => bad(`d${n}`, `bad${n}`));
    const { list } = serve({ rows: [...broken, ...rows(50)] });
    const listing = await list();
    expect(listing).toMatchObject({ kind: 'complete' });
    expect([listing.instances.size, listing.rejected.length]).toEqual([50, 100]);
  });

  it('reads until the total is covered, not until a page is short', async () => {
    const { asked, list } = serve({
      rows: rows(199),
      clamp: 50,
      spoil: (answer, { offset }) => (offset === 50 ? { ...answer, records: answer.records.slice(0, 47) } : answer),
    });
    expect(await list()).toMatchObject({ kind: 'complete' });
    expect(offsets(asked)).toEqual([0, 50, 97, 100, 150]);
  });

  it('ends on an empty page, as partial', async () => {
    const { asked, list } = serve({ rows: rows(1), spoil: (answer) => ({ ...answer, total: 2 }) });
    expect(await list()).toMatchObject({ kind: 'partial', reason: /announced 2 instances, 1 rows/, retryable: true });
    expect(asked).toHaveLength(2);
  });

  it('ends on a repeated page, as partial: the server does not know offsets', async () => {
    const { asked, list } = serve({ rows: [], spoil: () => page(500, rows(100)) });
    expect(await list()).toMatchObject({ kind: 'partial' });
    expect(asked.length).toBeLessThan(8);
  });

  it('ends at the page cap, as partial', async () => {
    const { asked, list } = serve({ rows: rows(1000), clamp: 1 });
    expect(await list({ pageCap: 20 })).toMatchObject({ kind: 'partial', reason: /too many pages/, retryable: false });
    expect(asked.length).toBeLessThanOrEqual(20);
  });

  it('is partial when an instance moved from one page to another while they were read', async () => {
    const { list } = serve({
      rows: rows(150),
      spoil: (answer, { offset }) =>
        offset === 100 ? { ...answer, records: [row('i99'), ...answer.records.slice(1)] } : answer,
    });
    expect(await list()).toMatchObject({ kind: 'partial', reason: /149 are different/ });
  });

  it('asks only for the status of the filter', async () => {
    const { asked, list } = serve({ rows: [row('a'), row('b', 'ERROR')] });
    const listing = await list({ statusFilter: 'ERROR' });
    expect([...listing.instances.keys()]).toEqual(['b']);
    expect(asked).toEqual([{ status: 'ERROR', offset: 0, limit: 100 }]);
  });
});

describe('more instances than the API lets be reached by offsets', () => {
  const mixed = (count: number, statuses = ['RUNNING', 'ERROR', 'FROZEN']) =>
    Array.from({ length: count }, (_, n) => row(`i${n}`, statuses[n % statuses.length]));

  it('are read by offsets where the API answers them', async () => {
    const { asked, list } = serve({ rows: mixed(450) });
    expect(await list()).toMatchObject({ kind: 'complete' });
    expect(asked.some(({ status }) => status !== undefined)).toBe(false);
  });

  it('are read status by status where it refuses them; deleted ones are not asked for', async () => {
    const { asked, list } = serve({ rows: mixed(600), maxOffset: 100 });
    const listing = await list();
    expect(listing).toMatchObject({ kind: 'complete' });
    expect(listing.instances.size).toBe(600);
    const statuses = asked.map(({ status }) => status);
    expect(statuses).toContain('CREATING');
    expect(statuses).toContain('DELETE_FALIED');
    expect(statuses).not.toContain('DELETED');
    expect(statuses).not.toContain('SOFT_DELETED');
  });

  it.each([
    ['answers an empty page', (answer: ParsedPage) => ({ ...answer, records: [] })],
    [
      'answers the first page again',
      (answer: ParsedPage, all: ReturnType<typeof mixed>) => ({ ...answer, records: all.slice(0, 100) }),
    ],
  ])('are read status by status where it %s', async (_, beyond) => {
    const of = (status?: string) => mixed(600).filter((each) => status === undefined || statusOf(each) === status);
    const { list } = serve({
      rows: mixed(600),
      spoil: (answer, { offset, status }) => (offset > 100 ? beyond(answer, of(status)) : answer),
    });
    expect(await list()).toMatchObject({ kind: 'complete' });
  });

  it('count a rejected record once, with and without a readable id', async () => {
    const { list } = serve({ rows: [bad('d1'), bad('d2', 'x'), ...mixed(400)], maxOffset: 100 });
    const listing = await list();
    expect(listing).toMatchObject({ kind: 'complete' });
    expect(listing.rejected).toHaveLength(2);
  });

  it('are asked for by a status that was met before, too', async () => {
    const odd = [...mixed(200), ...Array.from({ length: 20 }, (_, n) => row(`odd${n}`, 'RESIZING'))];
    const { list } = serve({ rows: odd, maxOffset: 100 });
    expect(await list()).toMatchObject({ kind: 'partial', reason: /status that is not known here/ });
    expect(await list({ metStatuses: new Set(['RESIZING']) })).toMatchObject({ kind: 'complete' });
  });

  it('are not asked for by more statuses than make sense, however many the server invents', async () => {
    const odd = Array.from({ length: 500 }, (_, n) => row(`i${n}`, `STATUS_${n}`));
    const { asked, list } = serve({ rows: odd, maxOffset: 100 });
    expect(await list()).toMatchObject({ kind: 'partial' });
    expect(asked.length).toBeLessThan(60);
  });

  it('are partial when the total changed meanwhile', async () => {
    let calls = 0;
    const { list } = serve({
      rows: mixed(400),
      maxOffset: 100,
      spoil: (answer, { status, limit }) =>
        status === undefined && limit === 1 ? { ...answer, total: 401 + (calls += 1) } : answer,
    });
    expect(await list()).toMatchObject({ kind: 'partial', reason: /total changed from 400 to 402/, retryable: true });
  });

  it('are partial, with the way out, when too many have one status', async () => {
    const { list } = serve({ rows: rows(450), maxOffset: 100 });
    expect(await list()).toMatchObject({ kind: 'partial', reason: /api: v3/, retryable: false });
    expect(await list({ statusFilter: 'RUNNING' })).toMatchObject({
      kind: 'partial',
      reason: /api: v3/,
      retryable: false,
    });
  });

  it('are tried by one request beyond the documented offsets, not by all of them', async () => {
    const { asked, list } = serve({ rows: mixed(1500), maxOffset: 100 });
    await list();
    expect(asked.filter(({ offset, status }) => status === undefined && offset > 100)).toHaveLength(1);
  });

  it('are not taken for unreachable when the token was refused, though that is a 400, too', async () => {
    const { asked, list } = serve({
      rows: mixed(400),
      spoil: (answer, { offset }) => {
        if (offset <= 100) return answer;
        throw new RomaApiError('ROMA.1002 Incorrect token', {
          errorClass: 'unauthorized',
          retryable: false,
          status: 400,
        });
      },
    });
    expect(await list()).toMatchObject({ kind: 'partial', reason: 'ROMA.1002 Incorrect token' });
    expect(asked.filter(({ status }) => status !== undefined)).toEqual([]);
  });

  it('end with the error of a status whose list could not be read', async () => {
    const { list } = serve({
      rows: mixed(400),
      maxOffset: 100,
      spoil: (answer, { status }) => {
        if (status !== 'ERROR') return answer;
        throw new RomaApiError('bad gateway', { errorClass: 'server', retryable: true, status: 502 });
      },
    });
    expect(await list()).toMatchObject({ kind: 'partial', reason: 'bad gateway', retryable: true });
  });

  it('do not mind a status that the filter does not know', async () => {
    const { list } = serve({
      rows: mixed(400),
      maxOffset: 100,
      spoil: (answer, { status }) => {
        if (status === 'DELETE_FALIED') throw refused();
        return answer;
      },
    });
    expect(await list()).toMatchObject({ kind: 'complete' });
  });
});

describe('the v3 list', () => {
  it('is asked for everything at once', async () => {
    const { asked, list } = serve({ rows: rows(500) });
    expect(await list({ api: 'v3' })).toMatchObject({ kind: 'complete' });
    expect(asked).toEqual([{ status: undefined, offset: 0, limit: undefined }]);
  });

  it('is paged where it does not give everything', async () => {
    const { list } = serve({ rows: rows(500), clamp: 150 });
    expect(await list({ api: 'v3' })).toMatchObject({ kind: 'complete' });
  });
});

it('an error of a page ends the walk, and what was read before it is kept', async () => {
  const { list } = serve({
    rows: rows(400),
    spoil: (answer, { offset }) => {
      if (offset === 200) throw new RomaApiError('gone', { errorClass: 'server', retryable: true, status: 503 });
      return answer;
    },
  });
  const listing = await list();
  expect(listing).toMatchObject({ kind: 'partial', reason: 'gone', retryable: true });
  expect(listing.instances.size).toBe(200);
});
