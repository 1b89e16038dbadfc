import { toInstant, toMs } from '../../lambda/core/instant';
import { LEASE_MS } from '../../lambda/core/lease';
import type { Recorder } from '../../lambda/core/ports';
import { type HistoryStore, onEachStore } from '../support/history-stores';
import { SyncWorld } from '../support/sync-world';

const HOUR = 60 * 60_000;

onEachStore('one sync run', (open) => {
  let store: HistoryStore;
  let world: SyncWorld;
  beforeEach(async () => {
    store = await open();
    world = new SyncWorld(store);
  });
  afterEach(() => store.close());

  const fill = (count: number): void => {
    for (let index = 0; index < count; index += 1) world.put(`i-${String(index).padStart(4, '0')}`);
  };

  describe('records', () => {
    it.each([0, 1, 99, 100, 101, 200])(
      'a listing of %d instances exactly, and nothing when it did not change',
      async (count) => {
        fill(count);
        const first = await world.tick();
        expect(first).toMatchObject({
          outcome: count === 0 ? 'unchanged' : 'changed',
          instances: count,
          changes: { baseline: count },
        });
        for (const id of world.fleet.keys()) expect(await world.kinds(id)).toEqual(['baseline']);
        const second = await world.tick();
        expect(second).toMatchObject({ outcome: 'unchanged', instances: count, versions: [] });
        for (const id of world.fleet.keys()) expect(await world.kinds(id)).toEqual(['baseline']);
      },
    );

    it('a change with its window, its fields and its new version', async () => {
      world.put('a');
      await world.tick();
      const before = await store.reader.head(world.target);
      world.put('a', 'ERROR', { error_code: 'ROMA.1' });
      await world.tick();
      const [, version] = await world.versions('a');
      expect(version).toMatchObject({
        version: 2,
        kind: 'statusChanged',
        evidence: 'listed',
        status: 'ERROR',
        previousStatus: 'RUNNING',
        changedAfter: before?.listedFrom,
        changes: [
          { field: 'error_code', to: 'ROMA.1' },
          { field: 'status', from: 'RUNNING', to: 'ERROR' },
        ],
      });
      expect(version?.changedAfter && version.changedAfter < version.observedAt).toBe(true);
      expect(await world.current('a')).toMatchObject({ version: 2, status: 'ERROR', observedAt: version?.observedAt });
    });

    it('nothing when only the order of zones or the spelling of a status differs', async () => {
      world.put('a', 'DELETE_FALIED', { available_zone_ids: ['z2', 'z1'] });
      await world.tick();
      world.put('a', 'DELETE_FAILED', { available_zone_ids: ['z1', 'z2'] });
      expect(await world.tick()).toMatchObject({ outcome: 'unchanged', versions: [] });
    });

    it('first sightings as baseline until a run has completed, also after a crash in the middle of the first run', async () => {
      fill(3);
      const inner = store.newRecorder();
      const crashing: Recorder = { ...inner, batches: (actions) => actions.map((action) => [action]) };
      let batches = 0;
      const reached = signal();
      crashing.record = async (...args) => {
        batches += 1;
        if (batches === 2) {
          reached.raise();
          return new Promise(() => {});
        }
        return inner.record(...args);
      };
      void world.run({ recorder: crashing });
      await reached.raised;
      world.wait(LEASE_MS + 1);
      world.put('late');
      expect(await world.tick()).toMatchObject({ outcome: 'changed', changes: { baseline: 3, created: 0 } });
      expect((await world.versions('late'))[0]).toMatchObject({ kind: 'baseline', changedAfter: null });
      world.put('new');
      await world.tick();
      expect((await world.versions('new'))[0]).toMatchObject({ kind: 'created', evidence: 'listed' });
    });
  });

  describe('deletes', () => {
    beforeEach(async () => {
      fill(5);
      await world.tick();
    });

    it('an instance that two equal listings of one run do not show', async () => {
      world.remove('i-0000');
      expect(await world.tick()).toMatchObject({ outcome: 'changed', changes: { deleted: 1 } });
      expect((await world.versions('i-0000')).at(-1)).toMatchObject({
        kind: 'deleted',
        evidence: 'absent',
        status: 'DELETED',
        previousStatus: 'RUNNING',
      });
      expect(await world.tick()).toMatchObject({ outcome: 'unchanged' });
    });

    it('once, when the API reports it, and stays silent afterwards', async () => {
      world.put('i-0000', 'SOFT_DELETED');
      expect(await world.tick()).toMatchObject({ changes: { deleted: 1 } });
      expect((await world.versions('i-0000')).at(-1)).toMatchObject({
        kind: 'deleted',
        evidence: 'reported',
        status: 'SOFT_DELETED',
      });
      world.put('i-0000', 'DELETED');
      expect(await world.tick()).toMatchObject({ versions: [] });
      world.remove('i-0000');
      expect(await world.tick()).toMatchObject({ versions: [], held: 0 });
    });

    it('nothing from a partial listing', async () => {
      world.remove('i-0000');
      const result = await world.tick({
        source: {
          pageSize: 2,
          beforePage: (page) => {
            if (page === 1) throw new Error('connection reset');
          },
        },
      });
      expect(result).toMatchObject({ outcome: 'partial', because: 'connection reset', versions: [] });
      expect(await world.kinds('i-0000')).toEqual(['baseline']);
    });

    it('nothing when one instance leaves the first page and another joins the last while the pages are read, however often', async () => {
      // The living instance i-0001 is never seen: it moves to a page that was read already.
      const flip = (page: number): void => {
        const records = [...world.fleet.entries()];
        if (page === 1) {
          world.fleet.clear();
          for (const [id, record] of [
            ...records.slice(1),
            [
              `new-${world.clock.now()}`,
              {
                ...records[0]![1],
                snapshot: { ...(records[0]![1] as { snapshot: object }).snapshot, id: `new-${world.clock.now()}` },
              },
            ] as const,
          ]) {
            world.fleet.set(id, record as never);
          }
        }
      };
      const alive = new Set(world.fleet.keys());
      const result = await world.tick({ source: { pageSize: 2, beforePage: flip } });
      expect(result.changes.deleted).toBe(0);
      for (const id of alive) if (world.fleet.has(id)) expect(await world.kinds(id)).not.toContain('deleted');
    });

    it('no instance while a record without a readable id may be it', async () => {
      world.remove('i-0000');
      world.spoilWithoutId();
      expect(await world.tick()).toMatchObject({ changes: { deleted: 0 }, held: 1, rejected: 1 });
      expect((await world.current('i-0000'))?.unobservedSince).toBeDefined();
      world.remove('without-id');
      expect(await world.tick()).toMatchObject({ changes: { deleted: 1 } });
      expect(await world.ownGaps('i-0000')).toHaveLength(1);
    });

    it('an instance that comes back identical reappears; an absence that was only held leaves no version', async () => {
      const record = world.fleet.get('i-0000')!;
      world.remove('i-0000');
      await world.tick();
      world.fleet.set('i-0000', record);
      expect(await world.tick()).toMatchObject({ changes: { reappeared: 1 } });
      expect(await world.kinds('i-0000')).toEqual(['baseline', 'deleted', 'reappeared']);
    });

    it('no instance of a target with a status filter: it is kept as last seen, with a gap of its own', async () => {
      const filtered = { statusFilter: 'RUNNING' };
      await world.tick(filtered);
      world.put('i-0000', 'ERROR');
      expect(await world.tick(filtered)).toMatchObject({ outcome: 'unchanged', held: 0, versions: [] });
      const open_ = await world.current('i-0000');
      expect(open_).toMatchObject({ status: 'RUNNING', version: 1 });
      expect(open_?.unobservedSince).toBeDefined();
      expect((await store.reader.head(world.target))?.fingerprint).toBeDefined();
      world.put('i-0000');
      expect(await world.tick(filtered)).toMatchObject({ versions: [] });
      expect(await world.ownGaps('i-0000')).toEqual([expect.objectContaining({ from: open_?.unobservedSince })]);
      expect(await world.kinds('i-0000')).toEqual(['baseline']);
    });
  });

  describe('the brake', () => {
    beforeEach(async () => {
      fill(40);
      await world.tick();
    });

    it('holds a mass deletion, records everything else, and lets it pass when the user says so', async () => {
      const records = new Map(world.fleet);
      world.fleet.clear();
      world.put('new');
      expect(await world.tick()).toMatchObject({ outcome: 'brake', held: 40, changes: { deleted: 0, created: 1 } });
      expect((await store.reader.head(world.target))?.fingerprint).toBeUndefined();
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

    it('holds the last living instance', async () => {
      for (const id of [...world.fleet.keys()].slice(1)) world.put(id, 'SOFT_DELETED');
      await world.tick();
      world.fleet.clear();
      expect(await world.tick()).toMatchObject({ outcome: 'brake', held: 1 });
    });
  });

  describe('rejected records', () => {
    beforeEach(async () => {
      fill(4);
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
      expect(await drain(store.reader.rejections(world.target))).toEqual([]);
    });

    it('do not make a later first sighting look newer than it is', async () => {
      const before = await store.reader.head(world.target);
      world.spoil('strange');
      await world.tick();
      await world.tick();
      world.put('strange');
      await world.tick();
      expect((await world.versions('strange'))[0]).toMatchObject({ kind: 'created', changedAfter: before?.listedFrom });
    });
  });

  describe('time', () => {
    it('grows with every run, though the clock goes back: a laptop five minutes ahead, then the function', async () => {
      world.put('a');
      await world.tick();
      const truth = world.clock.now();
      world.clock.set(truth + 5 * 60_000);
      world.put('a', 'ERROR');
      await world.run();
      world.clock.set(truth + 1000);
      world.put('a', 'RUNNING');
      await world.run();
      const [, second, third] = await world.versions('a');
      expect(third!.observedAt > second!.observedAt).toBe(true);
      expect(third!.changedAfter! < third!.observedAt).toBe(true);
      expect(await world.current('a')).toMatchObject({ version: 3, status: 'RUNNING' });
    });

    it('refuses a clock that is more than five minutes off the API, and writes nothing', async () => {
      world.put('a');
      await world.tick();
      world.put('a', 'ERROR');
      const before = await store.reader.head(world.target);
      const result = await world.run({ source: { serverTime: () => world.clock.now() - 6 * 60_000 } });
      expect(result.outcome).toBe('failed');
      expect(result.because).toMatch(/clock .* ahead of the API/);
      expect(await world.kinds('a')).toEqual(['baseline']);
      expect(await store.reader.head(world.target)).toMatchObject({
        observedAt: before?.observedAt,
        lastRunAt: before?.lastRunAt,
        outcome: 'failed',
      });
    });

    it('stores a gap when no run completed for longer than two and a half intervals', async () => {
      world.put('a');
      await world.tick();
      const before = await store.reader.head(world.target);
      world.wait(HOUR);
      const result = await world.run();
      expect(result.outcome).toBe('unchanged');
      expect(await world.gaps()).toEqual([
        { target: world.target, from: before?.completedObservedAt, to: result.observedAt },
      ]);
      world.wait(2.4 * 5 * 60_000);
      await world.run();
      expect(await world.gaps()).toHaveLength(1);
    });

    it('counts what an unfinished run wrote, but not what it only read', async () => {
      world.put('a');
      world.put('b');
      await world.tick();
      const completed = await store.reader.head(world.target);
      world.put('a', 'ERROR');
      const cut = {
        pageSize: 1,
        beforePage: (page: number) => {
          if (page === 2) throw new Error('cut');
        },
      };
      world.put('c');
      expect(await world.tick({ source: cut })).toMatchObject({ outcome: 'partial', changes: { statusChanged: 1 } });
      const [, partial] = await world.versions('a');
      world.put('a', 'RUNNING');
      world.put('b', 'ERROR');
      await world.tick();
      expect((await world.versions('a')).at(-1)).toMatchObject({ changedAfter: partial?.listedFrom });
      expect((await world.versions('b')).at(-1)).toMatchObject({ changedAfter: completed?.listedFrom });
    });
  });

  describe('the lease', () => {
    beforeEach(async () => {
      fill(3);
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
      const slow: Recorder = store.newRecorder();
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
      expect(await store.reader.head(world.target)).toMatchObject({ outcome: 'changed', dirty: false });
    });

    it('is taken over with a dirty head when a run died, and a listing equal to the fingerprint is not believed', async () => {
      // The dead run changed a row; then the fleet flips back to what the fingerprint says.
      const dying: Recorder = store.newRecorder();
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
      await store
        .newRecorder()
        .takeLease(world.target, { runId: 'wrong', now: toInstant(world.clock.now()), until: far });
      expect(await world.run()).toMatchObject({ outcome: 'unchanged' });
    });
  });

  describe('lost answers', () => {
    beforeEach(async () => {
      fill(2);
      await world.tick();
    });

    it('of a takeover: the run recognises its own id', async () => {
      const dead = store.newRecorder();
      await dead.takeLease(world.target, {
        runId: 'dead',
        now: toInstant(world.clock.now()),
        until: toInstant(world.clock.now() + LEASE_MS),
      });
      world.wait();
      const inner = store.newRecorder();
      const recorder: Recorder = {
        ...inner,
        takeLease: async (target, lease) => {
          await inner.takeLease(target, lease);
          return inner.takeLease(target, lease);
        },
      };
      expect(await world.run({ recorder })).toMatchObject({ outcome: 'unchanged' });
      expect((await store.reader.head(world.target))?.dirty).toBe(false);
    });

    it('of an end: the head shows that the run has ended', async () => {
      const inner = store.newRecorder();
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
      const inner = store.newRecorder();
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
      const inner = store.newRecorder();
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

    it('id sets that never agree while an instance is really gone, then quiet equal listings: it is deleted then', async () => {
      fill(6);
      await world.tick();
      world.remove('i-0000');
      let count = 0;
      const churn = {
        beforePage: () => {
          count += 1;
          world.remove(`new-${count - 1}`);
          world.put(`new-${count}`);
        },
      };
      expect(await world.tick({ source: churn })).toMatchObject({ changes: { deleted: 0 } });
      expect((await world.current('i-0000'))?.unobservedSince).toBeDefined();
      expect(await world.tick()).toMatchObject({ changes: { deleted: 1 } });
    });
  });

  it('stops before its deadline as partial, and the next run goes on', async () => {
    fill(300);
    const deadline = world.clock.now() + 30_000;
    const result = await world.run({ deadline, safetyMarginMs: 10_000, source: { pageLatencyMs: 12_000 } });
    expect(result).toMatchObject({ outcome: 'partial', because: 'the run was stopped before its time limit' });
    world.wait();
    expect(await world.run()).toMatchObject({ outcome: 'changed', changes: { baseline: 300 } });
  });

  it('compares no two answers to different questions: nothing is deleted, nothing looks new', async () => {
    fill(4);
    await world.tick({ api: 'v3' });
    const before = await store.reader.head(world.target);
    expect(before?.listedWith).toEqual({ api: 'v3' });
    // The older list does not show the newest instance, and an instance that the filter hid comes to light.
    world.remove('i-0003');
    expect(await world.tick({ api: 'v2' })).toMatchObject({ outcome: 'unchanged', held: 1, versions: [] });
    world.put('i-0003');
    expect(await world.tick({ api: 'v3' })).toMatchObject({ outcome: 'unchanged', held: 0, versions: [] });
    await world.tick({ api: 'v3', statusFilter: 'RUNNING' });
    world.put('hidden', 'ERROR');
    await world.tick({ api: 'v3', statusFilter: 'RUNNING' });
    expect(await world.tick({ api: 'v3' })).toMatchObject({ changes: { baseline: 1, created: 0 } });
    expect((await world.versions('hidden'))[0]).toMatchObject({ kind: 'baseline', changedAfter: null });
    // The same question again: an absence counts as ever.
    world.remove('i-0003');
    expect(await world.tick({ api: 'v3' })).toMatchObject({ changes: { deleted: 1 } });
  });

  it('plans without writing in a dry run', async () => {
    fill(2);
    expect(await world.run({ dryRun: true })).toMatchObject({ outcome: 'changed', changes: { baseline: 2 } });
    expect(await store.reader.head(world.target)).toBeUndefined();
    expect(await world.current('i-0000')).toBeUndefined();
  });

  it('deletes nothing when the head was lost', async () => {
    // What the twin and the engines share: a target without a head whose rows exist.
    fill(2);
    await world.tick();
    const inner = store.newRecorder();
    const forgetful: Recorder = {
      ...inner,
      takeLease: async (target, lease) => {
        const taken = await inner.takeLease(target, lease);
        return taken.taken ? { taken: true, head: { target, dirty: false } } : taken;
      },
    };
    expect(await world.tick({ recorder: forgetful })).toMatchObject({ outcome: 'unchanged', versions: [] });
  });
});

/** Something that happens once, in the middle of a run. */
function signal(): { readonly raised: Promise<void>; raise(): void } {
  let raise = (): void => {};
  const raised = new Promise<void>((resolve) => (raise = resolve));
  return { raised, raise: () => raise() };
}

async function drain<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
