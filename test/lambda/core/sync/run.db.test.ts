import { LEASE_MS } from '../../../../lambda/core/sync/lease';
import type { Recorder } from '../../../../lambda/core/sync/recorder';
import { onEachWorld } from '../../../support/on-each-world';
import { signal } from '../../../support/signal';
import type { SyncWorld } from '../../../support/sync-world';

onEachWorld('a run', (open) => {
  let world: SyncWorld;
  beforeEach(async () => {
    world = await open();
  });

  it.each([0, 1, 99, 100, 101, 200])(
    'records a listing of %d instances exactly, and nothing when it did not change',
    async (count) => {
      world.fill(count);
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

  it('records a change with its window, its fields and its new version', async () => {
    world.put('a', 'RUNNING', { enterprise_project_id: 'ep' });
    await world.tick();
    expect(await world.versions('a')).toMatchObject([
      { version: 1, name: 'name-a', enterpriseProjectId: 'ep', previousStatus: null, changes: [], runId: 'run-1' },
    ]);
    const before = await world.head();
    world.put('a', 'ERROR', { enterprise_project_id: 'ep', error_code: 'ROMA.1' });
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

  it('records a change of one other field as an update, which does not renew the status', async () => {
    world.put('a');
    const first = await world.tick();
    world.put('a', 'RUNNING', { name: 'renamed' });
    const second = await world.tick();
    expect((await world.versions('a')).at(-1)).toMatchObject({
      kind: 'updated',
      name: 'renamed',
      status: 'RUNNING',
      previousStatus: 'RUNNING',
      statusSince: first.observedAt,
      observedAt: second.observedAt,
      changes: [{ field: 'name', from: 'name-a', to: 'renamed' }],
    });
    world.put('a', 'ERROR', { name: 'renamed' });
    const third = await world.tick();
    expect((await world.versions('a')).at(-1)).toMatchObject({ statusSince: third.observedAt });
  });

  it('writes nothing for what did not change: living, deleted or held', async () => {
    world.fill(5);
    await world.tick();
    world.remove('i-0000');
    await world.tick();
    world.remove('i-0001');
    world.spoilWithoutId();
    const opened = await world.tick();
    const touches = async (): Promise<unknown[]> =>
      Promise.all(['i-0000', 'i-0001', 'i-0002'].map(async (id) => (await world.current(id))?.touchedBy));
    const before = await touches();
    expect(before).toEqual(['run-2', opened.runId, 'run-1']);
    world.put('i-0004', 'ERROR');
    expect(await world.tick()).toMatchObject({ outcome: 'changed', held: 1, changes: { statusChanged: 1 } });
    expect(await touches()).toEqual(before);
  });

  it('records nothing when only the order of zones or the spelling of a status differs', async () => {
    world.put('a', 'DELETE_FALIED', { available_zone_ids: ['z2', 'z1'] });
    await world.tick();
    world.put('a', 'DELETE_FAILED', { available_zone_ids: ['z1', 'z2'] });
    expect(await world.tick()).toMatchObject({ outcome: 'unchanged', versions: [] });
  });

  it('records first sightings as baseline until a run has completed, also after a crash in the middle of the first run', async () => {
    world.fill(3);
    const inner = world.store.newRecorder();
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

  it('that finds nothing new reads nothing, and writes only its lease and its end', async () => {
    world.fill(3);
    await world.tick();
    const inner = world.store.newRecorder();
    const used: string[] = [];
    const recorder = Object.fromEntries(
      Object.entries(inner).map(([name, operation]: [string, (...args: never[]) => unknown]) => [
        name,
        (...args: never[]) => (used.push(name), operation(...args)),
      ]),
    ) as unknown as Recorder;
    expect(await world.tick({ recorder })).toMatchObject({ outcome: 'unchanged', instances: 3 });
    expect(used.filter((name) => name !== 'units' && name !== 'clockErrorMs')).toEqual(['takeLease', 'end']);
  });

  it('tells what it saw and what it did', async () => {
    const first = await world.tick();
    expect(first.lastCompletedAt).toBeUndefined();
    world.fill(2);
    world.put('strange', 'NEVER_HEARD_OF');
    world.spoil('rejected');
    const before = await world.head();
    const result = await world.tick({ source: { pageLatencyMs: 700 } });
    expect(result).toEqual({
      target: world.target,
      runId: 'run-2',
      outcome: 'changed',
      view: { api: 'v2', identity: '' },
      observedAt: (await world.head())?.observedAt,
      instances: 3,
      rejected: 1,
      held: 0,
      unknownStatuses: 1,
      changes: { baseline: 0, created: 3, statusChanged: 0, updated: 0, deleted: 0, reappeared: 0 },
      versions: await Promise.all(['i-0000', 'i-0001', 'strange'].map(async (id) => world.current(id))),
      units: expect.objectContaining({ write: expect.any(Number), read: expect.any(Number) }),
      durationMs: 700,
      intervalMs: 300_000,
      lastCompletedAt: before?.completedAt,
    });
  });

  it('stops before its deadline as partial, and the next run goes on', async () => {
    world.fill(300);
    const deadline = world.clock.now() + 30_000;
    const result = await world.run({ deadline, safetyMarginMs: 10_000, source: { pageLatencyMs: 12_000 } });
    expect(result).toMatchObject({ outcome: 'partial', because: 'the run was stopped before its time limit' });
    world.wait();
    expect(await world.run()).toMatchObject({ outcome: 'changed', changes: { baseline: 300 } });
  });

  it('deletes nothing when the head was lost', async () => {
    // What the twin and the engines share: a target without a head whose rows exist.
    world.fill(2);
    await world.tick();
    const forgetful = world.recorderWithoutHead();
    expect(await world.tick({ recorder: forgetful })).toMatchObject({ outcome: 'unchanged', versions: [] });
  });
});
