import { onEachWorld } from '../../../support/on-each-world';
import type { SyncWorld } from '../../../support/sync-world';

const HOUR = 60 * 60_000;

onEachWorld('the brake on an enterprise project', (open) => {
  let world: SyncWorld;
  beforeEach(async () => {
    world = await open();
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) world.put(id, 'RUNNING', { enterprise_project_id: '0' });
    for (const id of ['x', 'y', 'z']) world.put(id, 'RUNNING', { enterprise_project_id: 'ep-1' });
    await world.tick();
  });

  it('holds its instances when all of them are missing together, and tells which it is', async () => {
    world.remove('x', 'y', 'z', 'a');
    expect(await world.tick()).toMatchObject({
      outcome: 'brake',
      held: 3,
      changes: { deleted: 1 },
      because: expect.stringMatching(
        /^the brake holds 3 deletions: all instances of enterprise project ep-1 are missing/,
      ),
    });
    expect(await world.tick({ allowMassDeletion: true })).toMatchObject({ changes: { deleted: 3 } });
  });

  it('lets them go after its time, and leaves no trace when they are back', async () => {
    const kept = new Map(world.fleet);
    world.remove('x', 'y', 'z');
    expect(await world.tick()).toMatchObject({ outcome: 'brake' });
    for (const [id, record] of kept) world.fleet.set(id, record);
    expect(await world.tick()).toMatchObject({ outcome: 'unchanged', versions: [] });
    expect(await world.kinds('x')).toEqual(['baseline']);
    world.remove('x', 'y', 'z');
    await world.run({ intervalMs: 12 * HOUR });
    world.wait(12 * HOUR);
    expect(await world.run({ intervalMs: 12 * HOUR })).toMatchObject({ outcome: 'brake' });
    world.wait(12 * HOUR);
    expect(await world.run({ intervalMs: 12 * HOUR })).toMatchObject({ changes: { deleted: 3 } });
  });

  it('does not hold a part of one, nor an instance that is alone in its own', async () => {
    world.put('alone', 'RUNNING', { enterprise_project_id: 'ep-2' });
    await world.tick();
    world.remove('x', 'y', 'alone');
    expect(await world.tick()).toMatchObject({ outcome: 'changed', changes: { deleted: 3 } });
  });

  it('starts its clock anew in a run after a gap, also when that run holds for another reason', async () => {
    world.remove('x', 'y', 'z');
    await world.tick();
    const first = (await world.current('x'))?.absentSince;
    world.wait(23 * HOUR);
    world.spoilWithoutId();
    expect(await world.tick()).toMatchObject({ held: 3, outcome: 'unchanged' });
    world.remove('without-id');
    world.wait(HOUR);
    expect(await world.tick()).toMatchObject({ outcome: 'brake', held: 3, changes: { deleted: 0 } });
    expect((await world.current('x'))?.absentSince).not.toBe(first);
  });
});

onEachWorld('a run after a day without one', (open) => {
  it('releases nothing from the brake, since nobody looked meanwhile', async () => {
    const world = await open();
    world.fill(3);
    await world.tick();
    world.fleet.clear();
    await world.tick();
    world.wait(25 * HOUR);
    expect(await world.tick()).toMatchObject({ outcome: 'brake', held: 3, changes: { deleted: 0 } });
  });
});
