import type { Recorder } from '../../../../lambda/core/sync/recorder';
import { onEachWorld } from '../../../support/on-each-world';
import type { SyncWorld } from '../../../support/sync-world';

onEachWorld('the listings of one run', (open) => {
  let world: SyncWorld;
  beforeEach(async () => {
    world = await open();
    for (const id of ['a', 'b', 'c', 'd']) world.put(id);
    await world.tick();
  });

  it('are read three times when they fail, and no more', async () => {
    let pages = 0;
    const failing = (times: number) => ({
      beforePage: () => {
        pages += 1;
        if (pages <= times) throw new Error('connection reset');
      },
    });
    expect(await world.tick({ source: failing(2) })).toMatchObject({ outcome: 'unchanged' });
    pages = 0;
    expect(await world.tick({ source: failing(99) })).toMatchObject({ outcome: 'failed', because: 'connection reset' });
    expect(pages).toBe(3);
    // Nothing was sent, so what the fingerprint says is still true.
    expect(await world.head()).toHaveProperty('fingerprint');
  });

  it('are not believed though they show what the fingerprint says, when they do not add up', async () => {
    const before = await world.head();
    // One record is shown twice: whatever was in its place was not read.
    world.fleet.set('again', world.fleet.get('a')!);
    expect(await world.tick()).toMatchObject({
      outcome: 'partial',
      because: 'the API announced 5 instances, 5 rows were read, of which 4 are different',
      versions: [],
    });
    expect((await world.head())?.completedAt).toBe(before?.completedAt);
    expect(await world.head()).toHaveProperty('fingerprint');
  });

  it('are four at most while their ids do not agree, and the last one counts', async () => {
    world.remove('a');
    let listings = 0;
    const growth = {
      beforePage: () => {
        listings += 1;
        world.put(`new-${listings}`);
      },
    };
    expect(await world.tick({ source: growth })).toMatchObject({ instances: 7, changes: { created: 4 }, held: 1 });
    expect(listings).toBe(4);
  });

  it('record what the last complete one showed when listing again fails, and the run is partial', async () => {
    world.remove('a');
    world.put('b', 'ERROR');
    let listings = 0;
    const cut = {
      beforePage: () => {
        listings += 1;
        if (listings > 1) throw new Error('cut');
      },
    };
    expect(await world.tick({ source: cut })).toMatchObject({
      outcome: 'partial',
      because: 'cut',
      changes: { statusChanged: 1, deleted: 0 },
    });
    expect(await world.current('a')).toMatchObject({ kind: 'baseline' });
    expect((await world.current('a'))?.unobservedSince).toBeUndefined();
    expect((await world.head())?.fingerprint).toBeUndefined();
    expect(await world.tick()).toMatchObject({ outcome: 'changed', changes: { deleted: 1 } });
  });

  it('stop the clock of the brake also when they are partial', async () => {
    const records = new Map(world.fleet);
    world.fleet.clear();
    expect(await world.tick()).toMatchObject({ outcome: 'brake', held: 4 });
    for (const [id, record] of records) world.fleet.set(id, record);
    const cut = {
      pageSize: 2,
      beforePage: (page: number) => {
        if (page === 1) throw new Error('cut');
      },
    };
    expect(await world.tick({ source: cut })).toMatchObject({ outcome: 'partial', versions: [] });
    // Seen, but by no completed run: the brake forgets the absence, the gap stays open.
    const seen = await world.current('a');
    expect(seen?.absentSince).toBeUndefined();
    expect(seen?.unobservedSince).toBeDefined();
    expect((await world.current('d'))?.absentSince).toBeDefined();
  });

  it('open no gap of an instance and raise the floor of time only with what they wrote, when they are partial', async () => {
    const cut = {
      pageSize: 2,
      beforePage: (page: number) => {
        if (page === 1) throw new Error('cut');
      },
    };
    const before = await world.head();
    expect(await world.tick({ source: cut })).toMatchObject({ outcome: 'partial' });
    expect((await world.head())?.observedAt).toBe(before?.observedAt);
    world.spoil('a');
    world.put('b', 'ERROR');
    const wrote = await world.tick({ source: cut });
    expect(wrote).toMatchObject({ outcome: 'partial', changes: { statusChanged: 1 } });
    expect((await world.current('a'))?.unobservedSince).toBeUndefined();
    expect((await world.head())?.observedAt).toBe(wrote.observedAt);
  });

  it('are dated after what a run wrote that died with its clock ahead', async () => {
    const truth = world.clock.now();
    const inner = world.store.newRecorder();
    const dying: Recorder = {
      ...inner,
      end: async () => {
        throw new Error('socket hang up');
      },
    };
    world.clock.set(truth + 4 * 60_000);
    world.put('a', 'ERROR');
    await world.run({ recorder: dying });
    const dead = await world.current('a');
    expect(dead).toMatchObject({ version: 2 });
    world.clock.set(truth);
    // The lease ends further ahead than now, but not so far that a wrong clock must have written it.
    expect(await world.run()).toMatchObject({ outcome: 'busy' });
    // Who takes the lease over has a clock of its own; the run's is still behind the dead run's.
    world.clock.set(truth + 3 * 60_000);
    const later = world.store.newRecorder();
    const patient: Recorder = {
      ...later,
      takeLease: async (target, lease) =>
        later.takeLease(target, { ...lease, now: new Date(truth + 6 * 60_000).toISOString() }),
    };
    world.put('a', 'RUNNING');
    const next = await world.run({ recorder: patient });
    expect(next).toMatchObject({ outcome: 'changed', changes: { statusChanged: 1 } });
    expect(next.observedAt! > dead!.observedAt).toBe(true);
  });
});
