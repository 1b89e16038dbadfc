import { toInstant } from '../../../../lambda/core/model/instant';
import { LEASE_MS } from '../../../../lambda/core/sync/lease';
import type { Recorder } from '../../../../lambda/core/sync/recorder';
import { onEachWorld } from '../../../support/on-each-world';
import { signal } from '../../../support/signal';
import type { SyncWorld } from '../../../support/sync-world';

const HOUR = 60 * 60_000;

onEachWorld('the lease', (open) => {
  let world: SyncWorld;
  beforeEach(async () => {
    world = await open();
    world.fill(3);
    await world.tick();
  });

  /** A recorder, and a way to let time pass until it has renewed the lease. */
  const renewing = (before: () => Promise<unknown> = async () => {}) => {
    let renewed = signal();
    const inner = world.store.newRecorder();
    const renewLease: Recorder['renewLease'] = async (...args) => {
      await before();
      const held = await inner.renewLease(...args);
      setImmediate(() => renewed.raise());
      return held;
    };
    const waitForRenewal = async (): Promise<void> => {
      renewed = signal();
      world.wait(25_000);
      await renewed.raised;
    };
    return { recorder: { ...inner, renewLease }, waitForRenewal };
  };

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
    expect(await world.run()).toMatchObject({
      outcome: 'busy',
      because: `run run-2 holds the lease until ${toInstant(world.clock.now() + LEASE_MS)}`,
      versions: [],
      instances: 0,
      rejected: 0,
      held: 0,
    });
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

  it('lets a run that stalled while it listed end nothing: what it saw is older than what another recorded', async () => {
    const listing = signal();
    const stalled = signal();
    const inner = world.store.newRecorder();
    const renewLease: Recorder['renewLease'] = async () => Promise.reject(new Error('frozen'));
    const first = world.run({
      recorder: { ...inner, renewLease },
      source: {
        beforePage: async () => {
          listing.raise();
          await stalled.raised;
        },
      },
    });
    await listing.raised;
    world.wait(LEASE_MS * 2);
    expect(await world.run()).toMatchObject({ outcome: 'unchanged' });
    const head = await world.head();
    stalled.raise();
    expect(await first).toMatchObject({ outcome: 'partial', because: 'another run has taken the lease' });
    expect(await world.head()).toEqual(head);
  });

  it('is renewed while a slow list is read, so that no other run begins', async () => {
    const { recorder, waitForRenewal } = renewing();
    const others: string[] = [];
    const slow = {
      pageSize: 1,
      beforePage: async () => {
        await waitForRenewal();
        others.push((await world.run()).outcome);
      },
    };
    expect(await world.run({ recorder, source: slow })).toMatchObject({ outcome: 'unchanged' });
    expect(others).toEqual(['busy', 'busy', 'busy']);
  });

  it('that is lost while a list is read cuts it short: nothing is read or written any more', async () => {
    const { recorder, waitForRenewal } = renewing(async () => {
      const [now, until] = [toInstant(world.clock.now() + 2 * LEASE_MS), toInstant(world.clock.now() + 3 * LEASE_MS)];
      return world.store.newRecorder().takeLease(world.target, { runId: 'other', now, until });
    });
    let pages = 0;
    const slow = {
      pageSize: 1,
      beforePage: async () => {
        pages += 1;
        if (pages === 2) await waitForRenewal();
      },
    };
    world.put('i-0000', 'ERROR');
    expect(await world.run({ recorder, source: slow })).toMatchObject({
      outcome: 'partial',
      because: 'another run has taken the lease',
      versions: [],
    });
    expect(pages).toBe(2);
    expect(await world.kinds('i-0000')).toEqual(['baseline']);
    expect((await world.head())?.lease?.runId).toBe('other');
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

  it('that a wrong clock wrote far into the future counts as expired, not that of a clock five minutes ahead', async () => {
    const take = async (ahead: number): Promise<unknown> => {
      const now = toInstant(world.clock.now() + ahead);
      const until = toInstant(world.clock.now() + ahead + LEASE_MS);
      return world.store.newRecorder().takeLease(world.target, { runId: 'other', now, until });
    };
    await take(HOUR);
    expect(await world.run()).toMatchObject({ outcome: 'unchanged' });
    await take(5 * 60_000);
    expect(await world.run()).toMatchObject({ outcome: 'busy' });
  });
});
