import { TableBusyError } from '../../../../lambda/core/model/errors';
import { toInstant } from '../../../../lambda/core/model/instant';
import { LEASE_MS } from '../../../../lambda/core/sync/lease';
import type { Recorder } from '../../../../lambda/core/sync/recorder';
import { onEachWorld } from '../../../support/on-each-world';
import type { SyncWorld } from '../../../support/sync-world';

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

  it('of a takeover, for ever: the run has failed at once, and gives back the lease that it may have', async () => {
    const inner = world.store.newRecorder();
    let attempts = 0;
    const takeLease: Recorder['takeLease'] = async (...args) => {
      attempts += 1;
      await inner.takeLease(...args);
      throw new Error('socket hang up');
    };
    const before = await world.head();
    expect(await world.run({ recorder: { ...inner, takeLease } })).toMatchObject({
      outcome: 'failed',
      because: 'socket hang up',
    });
    expect(attempts).toBe(1);
    const { fingerprint, observedAt, completedAt } = before!;
    expect(await world.head()).toMatchObject({ outcome: 'failed', because: 'socket hang up' });
    expect(await world.head()).toMatchObject({ fingerprint, observedAt, completedAt, dirty: false });
    expect((await world.head())?.lease).toBeUndefined();
  });

  it('of a takeover while another run writes to the head: tried four times, then the other is at work', async () => {
    const inner = world.store.newRecorder();
    const before = await world.head();
    let attempts = 0;
    const takeLease: Recorder['takeLease'] = async () => {
      attempts += 1;
      throw new TableBusyError('a transaction is under way');
    };
    const recorder = { ...inner, takeLease };
    expect(await world.run({ recorder })).toMatchObject({ outcome: 'busy', because: 'a transaction is under way' });
    expect(attempts).toBe(4);
    expect(await world.head()).toEqual(before);
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

  it('of an end, for ever: it is sent four times with growing pauses, and no other end after it', async () => {
    const sent: string[] = [];
    const times: number[] = [];
    const end: Recorder['end'] = async (_, { outcome }) => {
      sent.push(outcome);
      times.push(world.clock.now());
      throw new Error('socket hang up');
    };
    world.put('i-0000', 'ERROR');
    expect(await world.tick({ recorder: { ...world.store.newRecorder(), end } })).toMatchObject({
      outcome: 'partial',
      because: 'socket hang up',
      changes: { statusChanged: 1 },
    });
    expect(sent).toEqual(['changed', 'changed', 'changed', 'changed']);
    expect(times.map((at, index) => at - (times[index - 1] ?? at))).toEqual([0, 200, 400, 800]);
    // The next run finds the lease expired and the head dirty.
    expect(await world.tick()).toMatchObject({ outcome: 'unchanged', versions: [] });
    expect(await world.head()).toMatchObject({ dirty: false, outcome: 'unchanged' });
  });

  it('of the reading of what is known: the run has failed, its lease is free and the fingerprint stands', async () => {
    const before = await world.head();
    const readKnown: Recorder['readKnown'] = async () => Promise.reject(new Error('socket hang up'));
    world.put('i-0000', 'ERROR');
    expect(await world.run({ recorder: { ...world.store.newRecorder(), readKnown } })).toMatchObject({
      outcome: 'failed',
      because: 'socket hang up',
    });
    const { fingerprint, observedAt, completedAt } = before!;
    expect(await world.head()).toMatchObject({ outcome: 'failed', fingerprint, observedAt, completedAt, dirty: false });
    expect(await world.run()).toMatchObject({ outcome: 'changed' });
  });

  it('of everything, from the first batch on: the run still ends, and tells what it knows', async () => {
    const fail = async (): Promise<never> => Promise.reject(new Error('socket hang up'));
    world.put('i-0000', 'ERROR');
    expect(await world.tick({ recorder: { ...world.store.newRecorder(), record: fail, end: fail } })).toMatchObject({
      outcome: 'partial',
      because: 'socket hang up',
      versions: [],
    });
    expect(await world.tick()).toMatchObject({ outcome: 'changed', changes: { statusChanged: 1 } });
  });

  it('of a batch: it is not written twice', async () => {
    const inner = world.store.newRecorder();
    let lost = 0;
    const recorder: Recorder = {
      ...inner,
      record: async (...args) => {
        const outcome = await inner.record(...args);
        lost += 1;
        return lost === 1 ? { kind: 'unanswered', reason: 'timeout' } : outcome;
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
        return { kind: 'unanswered', reason: 'timeout' };
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
