import type { Recorder } from '../../../../lambda/core/sync/recorder';
import { onEachWorld } from '../../../support/on-each-world';
import type { SyncWorld } from '../../../support/sync-world';

onEachWorld('a dry run', (open) => {
  let world: SyncWorld;
  beforeEach(async () => {
    world = await open();
  });

  it('plans without writing', async () => {
    world.fill(2);
    expect(await world.run({ dryRun: true })).toMatchObject({ outcome: 'changed', changes: { baseline: 2 } });
    expect(await world.head()).toBeUndefined();
    expect(await world.current('i-0000')).toBeUndefined();
  });

  it.each(['changed', 'brake', 'partial', 'failed', 'clock', 'held'])('says what a run would say: %s', async (how) => {
    world.fill(4);
    await world.tick();
    if (how === 'brake') world.fleet.clear();
    else world.put('i-0001', 'ERROR');
    world.put('new');
    if (how === 'held') world.spoilWithoutId();
    if (how === 'held') world.remove('i-0000');
    const source = {
      pageSize: 2,
      beforePage: (page: number) => {
        if (how === 'failed' || (how === 'partial' && page === 1)) throw new Error('cut');
      },
      serverTime: () => world.clock.now() + (how === 'clock' ? 600_000 : 0),
    };
    const before = await world.head();
    const { observedAt: planned, versions, ...dry } = await world.run({ dryRun: true, source });
    expect(await world.head()).toEqual(before);
    expect(await world.kinds('i-0001')).toEqual(['baseline']);
    const real = await world.run({ source });
    expect(real).toMatchObject({ ...dry, runId: real.runId, units: real.units, durationMs: real.durationMs });
    expect(dry.because).toBe(real.because);
    expect(versions.map(({ id, kind }) => [id, kind])).toEqual(real.versions.map(({ id, kind }) => [id, kind]));
    expect(planned === undefined).toBe(real.observedAt === undefined);
  });

  it('that fails has nothing to give back: it took no lease', async () => {
    const inner = world.store.newRecorder();
    const used: string[] = [];
    const refuse = (name: string) => async (): Promise<never> => {
      used.push(name);
      throw new Error('no rights');
    };
    const recorder: Recorder = {
      ...inner,
      takeLease: refuse('takeLease'),
      readKnown: refuse('readKnown'),
      record: refuse('record'),
      end: refuse('end'),
    };
    expect(await world.run({ dryRun: true, recorder })).toMatchObject({ outcome: 'failed', because: 'no rights' });
    expect(used).toEqual(['readKnown']);
  });
});
