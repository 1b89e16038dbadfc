import { onEachWorld } from '../../../support/on-each-world';
import type { SyncWorld } from '../../../support/sync-world';

const HOUR = 60 * 60_000;

onEachWorld('time', (open) => {
  let world: SyncWorld;
  beforeEach(async () => {
    world = await open();
  });

  it('grows with every run, though the clock goes back: a laptop five minutes ahead, then the function', async () => {
    world.put('a');
    await world.tick();
    const truth = world.clock.now();
    world.clock.set(truth + 5 * 60_000);
    world.put('a', 'ERROR');
    await world.run();
    world.clock.set(truth + 1000);
    world.put('a', 'RUNNING');
    await world.run();
    const [, second, third] = await world.versions('a');
    expect(third!.observedAt > second!.observedAt).toBe(true);
    expect(third!.changedAfter! < third!.observedAt).toBe(true);
    expect(await world.current('a')).toMatchObject({ version: 3, status: 'RUNNING' });
  });

  it('grows also over a run that recorded nothing', async () => {
    world.put('a');
    await world.tick();
    const truth = world.clock.now();
    world.clock.set(truth + 4 * 60_000);
    const ahead = await world.run();
    expect(ahead).toMatchObject({ outcome: 'unchanged' });
    world.clock.set(truth);
    world.put('a', 'ERROR');
    const { observedAt } = await world.run();
    expect(observedAt! > ahead.observedAt!).toBe(true);
  });

  it.each(['unchanged', 'listed again'])('refuses such a clock also when the list is %s', async (how) => {
    world.fill(3);
    await world.tick();
    if (how === 'listed again') world.remove('i-0000');
    let listings = 0;
    const source = {
      beforePage: () => void (listings += 1),
      serverTime: () => world.clock.now() + (how === 'unchanged' || listings > 1 ? 6 * 60_000 : 0),
    };
    const before = await world.head();
    const result = await world.run({ source });
    expect(result).toMatchObject({ outcome: 'failed', because: expect.stringMatching(/clock .* behind the API/) });
    expect(listings).toBe(how === 'unchanged' ? 1 : 2);
    const { observedAt, lastRunAt, completedAt, completedObservedAt, listedFrom, fingerprint } = before!;
    expect(await world.head()).toMatchObject({
      outcome: 'failed',
      observedAt,
      lastRunAt,
      completedAt,
      completedObservedAt,
      listedFrom,
      fingerprint,
    });
    expect(await world.run()).toMatchObject({ outcome: how === 'unchanged' ? 'unchanged' : 'changed' });
  });

  it('refuses a clock that is more than five minutes off the API, and writes nothing', async () => {
    world.put('a');
    await world.tick();
    world.put('a', 'ERROR');
    const before = await world.head();
    const result = await world.run({ source: { serverTime: () => world.clock.now() - 6 * 60_000 } });
    expect(result.outcome).toBe('failed');
    expect(result.because).toMatch(/clock .* ahead of the API/);
    expect(await world.kinds('a')).toEqual(['baseline']);
    expect(await world.head()).toMatchObject({
      observedAt: before?.observedAt,
      lastRunAt: before?.lastRunAt,
      outcome: 'failed',
    });
  });

  it('stores a gap when no run completed for longer than two and a half intervals', async () => {
    world.put('a');
    await world.tick();
    const before = await world.head();
    world.wait(HOUR);
    const result = await world.run();
    expect(result.outcome).toBe('unchanged');
    expect(await world.gaps()).toEqual([
      { target: world.target, from: before?.completedObservedAt, to: result.observedAt },
    ]);
    world.wait(2.4 * 5 * 60_000);
    await world.run();
    expect(await world.gaps()).toHaveLength(1);
    world.wait(2.6 * 5 * 60_000);
    await world.run();
    expect(await world.gaps()).toHaveLength(2);
  });

  it('measures a gap with the interval that runs had before, and keeps it where none is told', async () => {
    world.put('a');
    await world.run({ intervalMs: HOUR });
    world.wait(2 * HOUR);
    await world.run({ intervalMs: undefined });
    expect(await world.head()).toMatchObject({ intervalMs: HOUR });
    world.wait(2 * HOUR);
    await world.run({ intervalMs: 60_000 });
    expect(await world.gaps()).toEqual([]);
    world.wait(HOUR);
    await world.run();
    expect(await world.gaps()).toHaveLength(1);
  });

  it('begins the window of a change with the last completed run, whether that recorded anything or not', async () => {
    world.put('a');
    world.put('gone');
    world.put('b', 'DELETED');
    await world.tick();
    await world.tick();
    const before = await world.head();
    world.put('a', 'ERROR');
    world.remove('gone');
    world.put('b');
    world.put('new');
    expect(await world.tick()).toMatchObject({ outcome: 'changed' });
    for (const [id, kind] of [
      ['a', 'statusChanged'],
      ['gone', 'deleted'],
      ['b', 'reappeared'],
      ['new', 'created'],
    ] as const) {
      expect((await world.versions(id)).at(-1)).toMatchObject({ kind, changedAfter: before?.listedFrom });
    }
  });

  it('counts what an unfinished run wrote, but not what it only read', async () => {
    world.put('a');
    world.put('b');
    await world.tick();
    const completed = await world.head();
    world.put('a', 'ERROR');
    const cut = {
      pageSize: 1,
      beforePage: (page: number) => {
        if (page === 2) throw new Error('cut');
      },
    };
    world.put('c');
    expect(await world.tick({ source: cut })).toMatchObject({ outcome: 'partial', changes: { statusChanged: 1 } });
    const [, partial] = await world.versions('a');
    world.put('a', 'RUNNING');
    world.put('b', 'ERROR');
    await world.tick();
    expect((await world.versions('a')).at(-1)).toMatchObject({ changedAfter: partial?.listedFrom });
    expect((await world.versions('b')).at(-1)).toMatchObject({ changedAfter: completed?.listedFrom });
  });
});
