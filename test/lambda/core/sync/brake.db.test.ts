import { onEachWorld } from '../../../support/on-each-world';
import type { SyncWorld } from '../../../support/sync-world';

const HOUR = 60 * 60_000;

onEachWorld('the brake', (open) => {
  let world: SyncWorld;
  beforeEach(async () => {
    world = await open();
    world.fill(40);
    await world.tick();
  });

  it('holds a mass deletion, records everything else, and lets it pass when the user says so', async () => {
    const records = new Map(world.fleet);
    world.fleet.clear();
    world.put('new');
    expect(await world.tick()).toMatchObject({
      outcome: 'brake',
      because: expect.stringMatching(/^the brake holds 40 deletions: /),
      held: 40,
      changes: { deleted: 0, created: 1 },
    });
    expect((await world.head())?.fingerprint).toBeUndefined();
    // Equal listings afterwards do not turn the hold into a quiet "unchanged".
    expect(await world.tick()).toMatchObject({ outcome: 'brake', held: 40, versions: [] });
    expect(await world.tick({ allowMassDeletion: true })).toMatchObject({
      outcome: 'changed',
      changes: { deleted: 40 },
    });
    expect(records.size).toBe(40);
  });

  it('leaves no version and no event when all forty are back in the next listing', async () => {
    const records = new Map(world.fleet);
    world.fleet.clear();
    await world.tick();
    for (const [id, record] of records) world.fleet.set(id, record);
    expect(await world.tick()).toMatchObject({ outcome: 'unchanged', versions: [], held: 0 });
    expect(await world.kinds('i-0000')).toEqual(['baseline']);
    expect((await world.current('i-0000'))?.absentSince).toBeUndefined();
    expect(await world.ownGaps('i-0000')).toHaveLength(1);
    expect(await world.tick()).toMatchObject({ outcome: 'unchanged' });
  });

  it('opens after its time, for each instance by itself, and begins anew after a gap', async () => {
    const hourly = { intervalMs: HOUR };
    world.fleet.clear();
    await world.run(hourly);
    world.wait(23 * HOUR);
    // The run that closes a gap proves nothing about the time before it: the clock of the brake begins anew.
    expect(await world.run(hourly)).toMatchObject({ outcome: 'brake', held: 40 });
    for (let hours = 2; hours < 24; hours += 2) {
      world.wait(2 * HOUR);
      expect(await world.run(hourly)).toMatchObject({ outcome: 'brake', held: 40, versions: [] });
    }
    world.wait(2 * HOUR);
    expect(await world.run(hourly)).toMatchObject({ outcome: 'changed', changes: { deleted: 40 } });
  });

  it('does not hold instances that were last seen DELETING, nor reported deletions', async () => {
    for (const id of [...world.fleet.keys()].slice(0, 30)) world.put(id, 'DELETING');
    await world.tick();
    for (const id of [...world.fleet.keys()].slice(0, 30)) world.remove(id);
    for (const id of [...world.fleet.keys()].slice(0, 9)) world.put(id, 'DELETED');
    expect(await world.tick()).toMatchObject({ outcome: 'changed', changes: { deleted: 39 } });
  });

  it('holds more than half of the living, and what was deleted before does not count', async () => {
    const ids = [...world.fleet.keys()];
    for (const id of ids.slice(4)) world.put(id, 'SOFT_DELETED');
    await world.tick();
    world.remove(...ids.slice(0, 3), ...ids.slice(4));
    expect(await world.tick()).toMatchObject({ outcome: 'brake', held: 3 });
    world.put(ids[0]!);
    expect(await world.tick()).toMatchObject({ outcome: 'changed', changes: { deleted: 2 } });
  });

  it('holds the last living instance, also when all others are reported deleted in the same list', async () => {
    for (const id of [...world.fleet.keys()].slice(1)) world.put(id, 'SOFT_DELETED');
    world.remove('i-0000');
    expect(await world.tick()).toMatchObject({ outcome: 'brake', held: 1, changes: { deleted: 39 } });
  });

  it('holds the last living instance', async () => {
    for (const id of [...world.fleet.keys()].slice(1)) world.put(id, 'SOFT_DELETED');
    await world.tick();
    world.fleet.clear();
    expect(await world.tick()).toMatchObject({ outcome: 'brake', held: 1 });
  });
});
