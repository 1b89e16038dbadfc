import { onEachWorld } from '../../../support/on-each-world';
import type { SyncWorld } from '../../../support/sync-world';

const IGNORING = { ignoreFields: ['load', 'flags'] };

onEachWorld('fields that tick alone', (open) => {
  let world: SyncWorld;
  beforeEach(async () => {
    world = await open();
    world.put('a', 'RUNNING', { load: 1, flags: { seen: 1 }, flavor: 's' });
    await world.tick(IGNORING);
  });

  it('make no version, no read of the table, and no write but those of the run', async () => {
    world.put('a', 'RUNNING', { load: 2, flags: { seen: 2 }, flavor: 's' });
    const recorder = world.store.newRecorder();
    let reads = 0;
    const counted = {
      ...recorder,
      readKnown: (...args: Parameters<typeof recorder.readKnown>) => ((reads += 1), recorder.readKnown(...args)),
    };
    expect(await world.tick({ ...IGNORING, recorder: counted })).toMatchObject({ outcome: 'unchanged', versions: [] });
    expect([reads, await world.kinds('a')]).toEqual([0, ['baseline']]);
    expect((await world.head())?.listedWith).toMatchObject(IGNORING);
  });

  it('are told with the next change of another field', async () => {
    world.put('a', 'RUNNING', { load: 3, flavor: 'm' });
    await world.tick(IGNORING);
    const last = (await world.versions('a')).at(-1);
    expect(last?.changes.map(({ field }) => field)).toEqual(['flags', 'flavor', 'load']);
    expect(last?.snapshot).toMatchObject({ load: 3, flavor: 'm' });
  });

  it('make a version once they are no longer ignored, even where the list stays the same', async () => {
    world.put('a', 'RUNNING', { load: 2, flags: { seen: 1 }, flavor: 's' });
    await world.tick(IGNORING);
    expect(await world.tick()).toMatchObject({ outcome: 'changed', changes: { updated: 1 } });
    expect((await world.current('a'))?.snapshot).toMatchObject({ load: 2 });
  });

  it('hide neither a status nor an end', async () => {
    world.put('a', 'ERROR', { load: 9, flavor: 's' });
    await world.tick(IGNORING);
    world.remove('a');
    world.put('b');
    await world.tick(IGNORING);
    await world.tick(IGNORING);
    expect((await world.kinds('a')).slice(0, 2)).toEqual(['baseline', 'statusChanged']);
  });
});
