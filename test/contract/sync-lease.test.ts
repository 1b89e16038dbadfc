import { toInstant } from '../../lambda/core/instant';
import { LEASE_MS } from '../../lambda/core/lease';
import type { Recorder } from '../../lambda/core/ports';
import { onEachWorld } from '../support/on-each-world';
import { signal } from '../support/signal';
import type { SyncWorld } from '../support/sync-world';

const HOUR = 60 * 60_000;

onEachWorld('the lease', (open) => {
  let world: SyncWorld;
  beforeEach(async () => {
    world = await open();
    world.fill(3);
    await world.tick();
  });

  it('makes a second run end as busy while the first one lives', async () => {
    const listing = signal();
    const stalled = signal();
    const first = world.run({
      source: {
        beforePage: async () => {
          listing.raise();
          await stalled.raised;
        },
      },
    });
    await listing.raised;
    expect(await world.run()).toMatchObject({ outcome: 'busy' });
    stalled.raise();
    expect(await first).toMatchObject({ outcome: 'unchanged' });
  });

  it('lets a run that stalled past its lease and woke up after another completed write nothing', async () => {
    world.put('i-0000', 'ERROR');
    const slow: Recorder = world.store.newRecorder();
    const stale: Recorder = {
      ...slow,
      // Asleep for longer than its lease, and unable to renew.
      renewLease: async () => {
        throw new Error('frozen');
      },
      readKnown: async (target) => {
        const known = await slow.readKnown(target);
        world.wait(LEASE_MS * 2);
        world.put('i-0000', 'FROZEN');
        expect(await world.run()).toMatchObject({ outcome: 'changed' });
        return known;
      },
    };
    expect(await world.run({ recorder: stale })).toMatchObject({
      outcome: 'partial',
      versions: [],
      because: 'another run has taken the lease',
    });
    expect((await world.versions('i-0000')).map(({ status }) => status)).toEqual(['RUNNING', 'FROZEN']);
    expect(await world.head()).toMatchObject({ outcome: 'changed', dirty: false });
  });

  it('is taken over with a dirty head when a run died, and a listing equal to the fingerprint is not believed', async () => {
    // The dead run changed a row; then the fleet flips back to what the fingerprint says.
    const dying: Recorder = world.store.newRecorder();
    const ended = signal();
    world.put('i-0000', 'ERROR');
    void world.run({
      recorder: {
        ...dying,
        end: async () => {
          ended.raise();
          return new Promise(() => {});
        },
      },
    });
    await ended.raised;
    world.wait();
    world.put('i-0000', 'RUNNING');
    expect(await world.tick()).toMatchObject({ outcome: 'changed', changes: { statusChanged: 1 } });
    expect((await world.versions('i-0000')).map(({ status }) => status)).toEqual(['RUNNING', 'ERROR', 'RUNNING']);
  });

  it('that a wrong clock wrote far into the future counts as expired', async () => {
    const far = toInstant(world.clock.now() + HOUR);
    await world.store
      .newRecorder()
      .takeLease(world.target, { runId: 'wrong', now: toInstant(world.clock.now()), until: far });
    expect(await world.run()).toMatchObject({ outcome: 'unchanged' });
  });
});
