import { plusMs } from '../../../lambda/core/model/instant';
import { type HistoryStore, onEachStore } from '../../support/history-stores';
import { collect, INTERVAL_MS, SyncWorld } from '../../support/sync-world';

onEachStore('a reader', (open) => {
  let store: HistoryStore;
  let world: SyncWorld;
  let times: string[];

  /** Four runs: two instances, a change, a deletion and a rejected record, and a gap before the last. */
  beforeEach(async () => {
    store = await open();
    world = new SyncWorld(store);
    times = [];
    const run = async (): Promise<void> => void times.push((await world.run()).observedAt ?? '');
    world.put('a');
    world.put('b#/é');
    world.put('c');
    await run();
    world.wait();
    world.put('a', 'ERROR');
    await run();
    world.wait();
    world.remove('b#/é');
    world.spoil('c');
    await run();
    world.wait(INTERVAL_MS * 4);
    world.put('a', 'RUNNING');
    world.put('c');
    await run();
  });
  afterEach(() => store.close());

  const at = (run: number): string => times[run] ?? '';

  it('tells targets, head and coverage', async () => {
    expect(await store.reader.targets()).toEqual([world.target]);
    const gap = { target: world.target, from: at(2), to: at(3) };
    const head = await store.reader.head(world.target);
    expect(head).toMatchObject({ outcome: 'changed', completedObservedAt: at(3), instances: 2 });
    expect(await store.reader.coverage(world.target)).toEqual({ head, gaps: [gap] });
    expect((await store.reader.coverage(world.target, { from: at(3) })).gaps).toEqual([]);
    expect((await store.reader.coverage(world.target, { from: plusMs(at(3), -1), to: at(3) })).gaps).toEqual([gap]);
    expect((await store.reader.coverage(world.target, { to: at(2) })).gaps).toEqual([]);
    expect(await store.reader.head({ ...world.target, region: 'ap-southeast-1' })).toBeUndefined();
  });

  it('tells the fleet and one instance, deleted ones included, whatever its id holds', async () => {
    const currents = await collect(store.reader.currents(world.target));
    expect(currents.map(({ id, kind, version }) => [id, kind, version])).toEqual([
      ['a', 'statusChanged', 3],
      ['b#/é', 'deleted', 2],
      ['c', 'baseline', 1],
    ]);
    expect(await store.reader.current(world.target, 'b#/é')).toEqual(currents[1]);
    expect(await store.reader.current(world.target, 'b#')).toBeUndefined();
  });

  it('tells the version of a time in its half-open span', async () => {
    const versionAt = async (time: string) => (await store.reader.versionAt(world.target, 'a', time))?.version;
    expect(await versionAt(plusMs(at(0), -1))).toBeUndefined();
    expect(await versionAt(at(0))).toBe(1);
    expect(await versionAt(plusMs(at(1), -1))).toBe(1);
    expect(await versionAt(at(1))).toBe(2);
    expect(await versionAt(plusMs(at(3), 99_999_999))).toBe(3);
  });

  it('tells versions of a span, in both directions, with an exact limit', async () => {
    const numbers = async (options: Parameters<typeof store.reader.versions>[2]) =>
      (await collect(store.reader.versions(world.target, 'a', options))).map(({ version }) => version);
    expect(await numbers({})).toEqual([1, 2, 3]);
    expect(await numbers({ newestFirst: true, limit: 2 })).toEqual([3, 2]);
    expect(await numbers({ from: at(1), to: at(3) })).toEqual([2]);
    expect(await numbers({ from: plusMs(at(1), 1) })).toEqual([3]);
    expect(await numbers({ limit: 0 })).toEqual([]);
  });

  it('tells own gaps, rejections and what is not running', async () => {
    expect(await collect(store.reader.ownGaps(world.target, 'c'))).toEqual([
      { target: world.target, id: 'c', from: at(1), to: at(3) },
    ]);
    expect(await collect(store.reader.ownGaps(world.target, 'c', { from: at(3) }))).toEqual([]);
    expect(await collect(store.reader.rejections(world.target))).toEqual([]);
    expect(await collect(store.reader.notRunning(world.target))).toEqual([]);
    world.put('a', 'FROZEN');
    world.spoil('c');
    const { observedAt } = await world.run();
    expect(await collect(store.reader.notRunning(world.target))).toEqual([
      { target: world.target, id: 'a', name: 'name-a', status: 'FROZEN', statusSince: observedAt, version: 4 },
    ]);
    expect(await collect(store.reader.rejections(world.target))).toEqual([
      expect.objectContaining({ key: 'c', reason: 'status: missing' }),
    ]);
  });

  it('tells the changes of a span in the order of time, and no baseline', async () => {
    const changes = async (from: string, to: string) =>
      (await collect(store.reader.changes({ from, to }))).map(({ id, kind }) => `${id} ${kind}`);
    const end = plusMs(at(3), 1);
    expect(await changes(at(0), end)).toEqual(['a statusChanged', 'b#/é deleted', 'a statusChanged']);
    expect(await changes(at(1), at(2))).toEqual(['a statusChanged']);
    expect(await changes(plusMs(at(1), 1), at(3))).toEqual(['b#/é deleted']);
  });
});
