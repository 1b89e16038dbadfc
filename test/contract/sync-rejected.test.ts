import { toMs } from '../../lambda/core/instant';
import { onEachWorld } from '../support/on-each-world';
import { collect, type SyncWorld } from '../support/sync-world';

onEachWorld('rejected records', (open) => {
  let world: SyncWorld;
  beforeEach(async () => {
    world = await open();
    world.fill(4);
    await world.tick();
  });

  it('keep their instance alive, cost the others nothing, and end with the deletion when it is really gone', async () => {
    world.spoil('i-0001');
    world.put('i-0002', 'ERROR');
    expect(await world.tick()).toMatchObject({
      outcome: 'changed',
      rejected: 1,
      changes: { statusChanged: 1, deleted: 0 },
    });
    expect(await world.current('i-0001')).toMatchObject({ status: 'RUNNING', version: 1 });
    const since = (await world.current('i-0001'))?.unobservedSince;
    expect(since).toBeDefined();
    // An unchanged listing with the same rejected record is unchanged.
    expect(await world.tick()).toMatchObject({ outcome: 'unchanged', rejected: 1 });
    world.remove('i-0001');
    expect(await world.tick()).toMatchObject({ changes: { deleted: 1 } });
    const last = (await world.versions('i-0001')).at(-1);
    expect(last).toMatchObject({ kind: 'deleted', evidence: 'absent' });
    // Nobody could judge it since the run before the rejection.
    expect(toMs(last!.changedAfter!)).toBeLessThanOrEqual(toMs(since!));
    expect(await world.ownGaps('i-0001')).toEqual([expect.objectContaining({ from: since, to: last?.observedAt })]);
    expect(await collect(world.store.reader.rejections(world.target))).toEqual([]);
  });

  it('do not make a later first sighting look newer than it is', async () => {
    const before = await world.head();
    world.spoil('strange');
    await world.tick();
    await world.tick();
    world.put('strange');
    await world.tick();
    expect((await world.versions('strange'))[0]).toMatchObject({ kind: 'created', changedAfter: before?.listedFrom });
  });
});
