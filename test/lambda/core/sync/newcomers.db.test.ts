import { onEachWorld } from '../../../support/on-each-world';
import type { SyncWorld } from '../../../support/sync-world';

onEachWorld('an instance that nobody knew yet', (open) => {
  let world: SyncWorld;
  let listings = 0;
  const pageSize = 2;
  beforeEach(async () => {
    world = await open();
    listings = 0;
    for (const id of ['a', 'b', 'c']) world.put(id);
  });

  const counting = { pageSize, beforePage: (page: number) => void (listings += page === 0 ? 1 : 0) };
  /** While pages are read, `leaves` leaves the first page and `joins` joins the last: what comes third is not shown. */
  const churn = (times: number, run = 1) => {
    listings = 0;
    return {
      pageSize,
      beforePage: (page: number) => {
        if (page === 0) listings += 1;
        if (page !== 1 || listings > times) return;
        world.remove(`leaves-${run}-${listings}`);
        world.put(`joins-${run}-${listings}`);
      },
    };
  };
  const firsts = (run = 1): string[] => [1, 2, 3, 4, 5, 6].map((place) => `leaves-${run}-${place}`);
  /** Puts instances in front of all others. */
  const putFirst = (...ids: string[]): void => {
    const others = [...world.fleet];
    world.fleet.clear();
    for (const id of ids) world.put(id);
    for (const [id, record] of others) world.fleet.set(id, record);
  };

  it('is not missed by pages that move under the reader: the list is read until two in a row agree', async () => {
    await world.tick({ source: counting });
    const before = await world.head();
    listings = 0;
    putFirst('leaves-1-1', 'b', 'missed');
    const result = await world.tick({ source: churn(1) });
    expect(listings).toBe(3);
    expect(result).toMatchObject({ outcome: 'changed', changes: { created: 2, deleted: 0 } });
    expect((await world.versions('missed'))[0]).toMatchObject({ kind: 'created', changedAfter: before?.listedFrom });
    expect(await world.head()).not.toHaveProperty('newcomersSince');
  });

  it('costs one more listing where there are several pages, none where there is one, and changes cost none', async () => {
    await world.tick({ source: counting });
    expect(listings).toBe(2);
    world.put('a', 'ERROR');
    await world.tick({ source: counting });
    expect(listings).toBe(3);
    world.put('d');
    await world.tick({ source: counting });
    expect(listings).toBe(5);
    world.put('e');
    await world.tick({ source: { ...counting, pageSize: 100 } });
    expect(listings).toBe(6);
    await world.tick({ source: counting });
    expect(listings).toBe(7);
  });

  it('is what was not listed before, or was away: only that costs another listing', async () => {
    const listingsOf = async (options: Parameters<SyncWorld['tick']>[0] = {}): Promise<number> => {
      listings = 0;
      expect(await world.tick({ source: counting, ...options })).toMatchObject({ held: 0 });
      return listings;
    };
    world.put('d', 'DELETED');
    expect(['new, though reported deleted', await listingsOf()]).toEqual(['new, though reported deleted', 2]);
    world.put('a', 'ERROR');
    expect(['reported deleted, still listed', await listingsOf()]).toEqual(['reported deleted, still listed', 1]);
    world.spoil('unreadable');
    expect(['rejected', await listingsOf()]).toEqual(['rejected', 2]);
    world.put('a', 'RUNNING');
    expect(['rejected as before', await listingsOf()]).toEqual(['rejected as before', 1]);
    world.put('unreadable');
    expect(['valid at last', await listingsOf()]).toEqual(['valid at last', 1]);
    world.spoil('b');
    expect(['known, now rejected', await listingsOf()]).toEqual(['known, now rejected', 1]);
    world.put('b');
    world.remove('c');
    await listingsOf();
    world.put('c');
    expect(['reappeared', await listingsOf()]).toEqual(['reappeared', 2]);
    const statusFilter = 'RUNNING';
    world.put('c', 'ERROR');
    await world.tick({ statusFilter });
    await world.tick({ statusFilter });
    world.put('c');
    expect(['back in the filter', await listingsOf({ statusFilter })]).toEqual(['back in the filter', 1]);
  });

  it('may be a deleted instance: lists that never agree do not say that it is still deleted', async () => {
    await world.tick({ source: counting });
    world.put('b', 'DELETED');
    await world.tick({ source: counting });
    world.spoil('b');
    await world.tick({ source: counting });
    expect((await world.current('b'))?.unobservedSince).toBeDefined();
    world.remove('b');
    putFirst(...firsts());
    await world.tick({ source: churn(4) });
    expect((await world.current('b'))?.unobservedSince).toBeDefined();
    await world.tick({ source: counting });
    expect((await world.current('b'))?.unobservedSince).toBeUndefined();
  });

  it('is told with the time since it may have been there when lists that never agree have missed it', async () => {
    await world.tick({ source: counting });
    const before = await world.head();
    for (const run of [1, 2]) {
      listings = 0;
      putFirst(...firsts(run));
      // In each listing the first of all leaves the first page, so that the first of the second page is not shown.
      const result = await world.tick({ source: churn(4, run) });
      expect([run, listings, result.outcome]).toEqual([run, 4, 'changed']);
      expect(await world.head()).toMatchObject({ newcomersSince: before?.listedFrom });
      expect(await world.head()).not.toHaveProperty('fingerprint');
    }
    world.put('late');
    listings = 0;
    await world.tick({ source: counting });
    expect((await world.versions('late'))[0]).toMatchObject({ kind: 'created', changedAfter: before?.listedFrom });
    expect(await world.head()).not.toHaveProperty('newcomersSince');
    expect(await world.head()).toHaveProperty('fingerprint');
  });

  it('has no share in the windows of those that were known: lists that never agree did judge these', async () => {
    await world.tick({ source: counting });
    putFirst(...firsts());
    listings = 0;
    await world.tick({ source: churn(4) });
    const before = await world.head();
    expect(before?.newcomersSince).toBeDefined();
    world.put('a', 'ERROR');
    await world.tick({ source: counting });
    expect((await world.versions('a')).at(-1)).toMatchObject({ changedAfter: before?.listedFrom });
  });

  it('belongs to the baseline as long as no list was read that cannot have missed it', async () => {
    putFirst(...firsts());
    expect(await world.tick({ source: churn(4) })).toMatchObject({ outcome: 'changed', changes: { created: 0 } });
    expect(listings).toBe(4);
    expect(await world.head()).toMatchObject({ newcomersSince: null });
    world.put('late');
    world.spoil('unreadable');
    expect(await world.tick({ source: counting })).toMatchObject({ changes: { created: 0 } });
    expect((await world.versions('late'))[0]).toMatchObject({ kind: 'baseline', changedAfter: null });
    world.put('later');
    world.put('unreadable');
    expect(await world.tick({ source: counting })).toMatchObject({ changes: { baseline: 1, created: 1 } });
    expect(await world.kinds('unreadable')).toEqual(['baseline']);
  });

  it('may have been back since before the lists that never agreed when it comes back after its deletion', async () => {
    await world.tick({ source: counting });
    world.remove('b');
    await world.tick({ source: counting });
    const before = await world.head();
    putFirst(...firsts());
    listings = 0;
    await world.tick({ source: churn(4) });
    world.put('b');
    await world.tick({ source: counting });
    expect((await world.versions('b')).at(-1)).toMatchObject({ kind: 'reappeared', changedAfter: before?.listedFrom });
  });

  it('is recorded though listing again fails: the first list was complete', async () => {
    await world.tick({ source: counting });
    const before = await world.head();
    world.put('new');
    listings = 0;
    const cut = {
      pageSize,
      beforePage: (page: number) => {
        if (page === 0) listings += 1;
        if (listings > 1) throw new Error('cut');
      },
    };
    expect(await world.tick({ source: cut })).toMatchObject({ outcome: 'changed', changes: { created: 1 } });
    expect(await world.head()).toMatchObject({ newcomersSince: before?.listedFrom });
  });

  it('is recorded without listing again when that would take the time to record it', async () => {
    const slow = { ...counting, pageLatencyMs: 1000 };
    const deadline = (seconds: number) => ({
      deadline: world.clock.now() + seconds * 1000,
      safetyMarginMs: 1000,
      source: slow,
    });
    // Two pages of a second each: 2 s are gone, and 6 s must be left before the margin.
    expect(await world.tick(deadline(8.9))).toMatchObject({ changes: { baseline: 3 } });
    expect(listings).toBe(1);
    expect(await world.head()).toMatchObject({ newcomersSince: null });
    world.put('d');
    await world.tick(deadline(9));
    expect(listings).toBe(3);
    expect(await world.head()).not.toHaveProperty('newcomersSince');
  });

  it('through a filter is a baseline in any case, so the list is not read again for it', async () => {
    await world.tick({ source: counting, statusFilter: 'RUNNING' });
    putFirst('leaves-1-1', 'b', 'missed');
    listings = 0;
    await world.tick({ source: counting, statusFilter: 'RUNNING' });
    expect(listings).toBe(1);
    expect((await world.versions('missed'))[0]).toMatchObject({ kind: 'baseline', changedAfter: null });
  });
});
