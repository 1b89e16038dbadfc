import { toInstant } from '../../lambda/core/instant';
import { LEASE_MS } from '../../lambda/core/lease';
import type { Recorder } from '../../lambda/core/ports';
import { onEachWorld } from '../support/on-each-world';
import type { SyncWorld } from '../support/sync-world';

onEachWorld('a lost answer', (open) => {
  let world: SyncWorld;
  beforeEach(async () => {
    world = await open();
    world.fill(2);
    await world.tick();
  });

  it('of a takeover: the run recognises its own id', async () => {
    const dead = world.store.newRecorder();
    await dead.takeLease(world.target, {
      runId: 'dead',
      now: toInstant(world.clock.now()),
      until: toInstant(world.clock.now() + LEASE_MS),
    });
    world.wait();
    const inner = world.store.newRecorder();
    const recorder: Recorder = {
      ...inner,
      takeLease: async (target, lease) => {
        await inner.takeLease(target, lease);
        return inner.takeLease(target, lease);
      },
    };
    expect(await world.run({ recorder })).toMatchObject({ outcome: 'unchanged' });
    expect((await world.head())?.dirty).toBe(false);
  });

  it('of an end: the head shows that the run has ended', async () => {
    const inner = world.store.newRecorder();
    let attempts = 0;
    const recorder: Recorder = {
      ...inner,
      end: async (target, end) => {
        const result = await inner.end(target, end);
        attempts += 1;
        if (attempts === 1) throw new Error('socket hang up');
        return result;
      },
    };
    expect(await world.run({ recorder })).toMatchObject({ outcome: 'unchanged' });
    expect(attempts).toBe(2);
  });

  it('of a batch: it is not written twice', async () => {
    const inner = world.store.newRecorder();
    let lost = 0;
    const recorder: Recorder = {
      ...inner,
      record: async (...args) => {
        const outcome = await inner.record(...args);
        lost += 1;
        return lost === 1 ? { is: 'unanswered', because: 'timeout' } : outcome;
      },
    };
    world.put('i-0000', 'ERROR');
    expect(await world.run({ recorder })).toMatchObject({ outcome: 'changed', changes: { statusChanged: 1 } });
    expect(await world.kinds('i-0000')).toEqual(['baseline', 'statusChanged']);
  });

  it('of a batch that was written, then a clean end, then the fleet flips back: the flip is seen', async () => {
    const inner = world.store.newRecorder();
    const recorder: Recorder = {
      ...inner,
      record: async (...args) => {
        await inner.record(...args);
        return { is: 'unanswered', because: 'timeout' };
      },
      readCurrents: async () => {
        throw new Error('timeout');
      },
    };
    world.put('i-0000', 'ERROR');
    expect(await world.tick({ recorder })).toMatchObject({ outcome: 'partial' });
    world.put('i-0000', 'RUNNING');
    expect(await world.tick()).toMatchObject({ outcome: 'changed' });
    expect((await world.versions('i-0000')).map(({ status }) => status)).toEqual(['RUNNING', 'ERROR', 'RUNNING']);
  });
});
