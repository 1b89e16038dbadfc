import { plusMs, toInstant } from '../../../lambda/core/model/instant';
import { LEASE_MAX_AHEAD_MS, LEASE_MS } from '../../../lambda/core/sync/lease';
import type { Action, Recorder, RunEnd } from '../../../lambda/core/sync/recorder';
import type { Current } from '../../../lambda/core/model/record';
import { instance, TARGET } from '../../support/fleet';
import { type HistoryStore, onEachStore } from '../../support/history-stores';

const NOW = '2026-11-22T10:00:00.000Z';
const LEASE = { now: NOW, until: plusMs(NOW, LEASE_MS) };

const row = (id: string, version: number, runId: string, more: Partial<Current> = {}): Current => ({
  target: TARGET,
  id,
  name: `name-${id}`,
  enterpriseProjectId: null,
  version,
  kind: version === 1 ? 'baseline' : 'updated',
  evidence: 'listed',
  status: 'RUNNING',
  previousStatus: version === 1 ? null : 'RUNNING',
  statusSince: NOW,
  observedAt: plusMs(NOW, version),
  changedAfter: null,
  changes: [],
  snapshot: instance(id),
  listedFrom: NOW,
  runId,
  touchedBy: runId,
  ...more,
});
const write = (next: Current, previous?: Current): Action => ({ kind: 'version', id: next.id, next, previous });
const LIMIT = { timeLimitMs: 5_000 };
const endOf = (runId: string, more: Partial<RunEnd> = {}): RunEnd => ({
  runId,
  outcome: 'unchanged',
  endedAt: NOW,
  fingerprint: 'keep',
  intervalMs: 300_000,
  ...more,
});

onEachStore('a recorder', (open) => {
  let store: HistoryStore;
  let recorder: Recorder;
  beforeEach(async () => {
    store = await open();
    recorder = store.newRecorder();
  });
  afterEach(() => store.close());

  const take = async (runId: string, lease: Partial<typeof LEASE> = {}) =>
    recorder.takeLease(TARGET, { runId, ...LEASE, ...lease });

  describe('its lease', () => {
    it('is taken when it is free, and again by the same run whose answer was lost', async () => {
      expect(await take('one')).toMatchObject({
        taken: true,
        head: { dirty: false, lease: { runId: 'one', until: LEASE.until } },
      });
      expect(await take('one')).toMatchObject({ taken: true });
      expect(await take('two')).toEqual({ taken: false, heldBy: 'one', until: LEASE.until });
    });

    it('is taken over when it has expired, and the head is dirty until a run completes', async () => {
      await take('one');
      const later = plusMs(LEASE.until, 1);
      expect(await take('two', { now: later, until: plusMs(later, LEASE_MS) })).toMatchObject({
        taken: true,
        head: { dirty: true },
      });
      expect(await recorder.end(TARGET, endOf('two', { outcome: 'partial' }))).toBe(true);
      expect(await recorder.readHead(TARGET)).toMatchObject({ dirty: true });
      await take('three');
      await recorder.end(
        TARGET,
        endOf('three', { completed: { listedFrom: NOW, observedAt: NOW, instances: 0, listedWith: { api: 'v2' } } }),
      );
      expect(await recorder.readHead(TARGET)).toMatchObject({ dirty: false, completedAt: NOW });
    });

    it('is taken over when it ends too far ahead to be honest', async () => {
      await take('one', { until: plusMs(NOW, LEASE_MAX_AHEAD_MS + 1) });
      expect(await take('two')).toMatchObject({ taken: true, head: { dirty: true } });
      await recorder.end(TARGET, endOf('two'));
      await take('three', { until: plusMs(NOW, LEASE_MAX_AHEAD_MS) });
      expect(await take('four')).toMatchObject({ taken: false });
    });

    it('is renewed only by the run that holds it', async () => {
      await take('one');
      const until = plusMs(LEASE.until, 1000);
      expect(await recorder.renewLease(TARGET, { runId: 'one', until })).toBe(true);
      expect(await recorder.renewLease(TARGET, { runId: 'two', until })).toBe(false);
      expect(await recorder.readHead(TARGET)).toMatchObject({ lease: { runId: 'one', until } });
    });
  });

  describe('a batch', () => {
    it('is written whole, and only while the lease is held', async () => {
      expect(await recorder.record(TARGET, 'one', [write(row('a', 1, 'one'))], LIMIT)).toEqual({ kind: 'lost' });
      await take('one');
      expect(await recorder.record(TARGET, 'two', [write(row('a', 1, 'two'))], LIMIT)).toEqual({ kind: 'lost' });
      expect(
        await recorder.record(TARGET, 'one', [write(row('a', 1, 'one')), write(row('b', 1, 'one'))], LIMIT),
      ).toEqual({ kind: 'recorded' });
      expect([...(await recorder.readKnown(TARGET)).currents.keys()].toSorted()).toEqual(['a', 'b']);
    });

    it('is refused whole when one row is not as it was read', async () => {
      await take('one');
      const a = row('a', 1, 'one');
      await recorder.record(TARGET, 'one', [write(a)], LIMIT);
      const stale = await recorder.record(
        TARGET,
        'one',
        [write(row('b', 1, 'one')), write(row('a', 2, 'one', { observedAt: plusMs(NOW, 9) }))],
        LIMIT,
      );
      expect(stale.kind).toBe('stale');
      expect([...(await recorder.readKnown(TARGET)).currents.keys()]).toEqual(['a']);
      expect(await recorder.record(TARGET, 'one', [write(row('a', 2, 'one'), a)], LIMIT)).toEqual({ kind: 'recorded' });
    });

    it('is refused whole when it would write over a version: two of one instance cannot have one time', async () => {
      await take('one');
      const a = row('a', 1, 'one');
      await recorder.record(TARGET, 'one', [write(a)], LIMIT);
      const over = write(row('a', 2, 'one', { observedAt: a.observedAt }), a);
      expect((await recorder.record(TARGET, 'one', [over], LIMIT)).kind).toBe('stale');
      expect((await recorder.readKnown(TARGET)).currents.get('a')).toEqual(a);
    });

    it('is refused whole when two of its actions write one row', async () => {
      await take('one');
      const a = row('a', 1, 'one');
      const twice = await recorder.record(TARGET, 'one', [write(a), write(a)], LIMIT);
      // The service calls it invalid; DynamoDB Local finds the first of them when it looks at the second.
      expect(['invalid', 'stale']).toContain(twice.kind);
      expect((await recorder.readKnown(TARGET)).currents.size).toBe(0);
    });

    it('is known from then on, however many pages the table answers in', async () => {
      await take('one');
      const rows = Array.from({ length: 12 }, (_, index) => {
        const snapshot = instance(`i-${index}`, 'RUNNING', { padding: 'x'.repeat(100_000) });
        return row(`i-${index}`, 1, 'one', { snapshot });
      });
      for (const each of rows) await recorder.record(TARGET, 'one', [write(each)], LIMIT);
      expect([...(await recorder.readKnown(TARGET)).currents.keys()].toSorted()).toEqual(
        rows.map(({ id }) => id).toSorted(),
      );
    });

    it('carries gaps, marks and set-aside records with it', async () => {
      await take('one');
      const a = row('a', 1, 'one');
      await recorder.record(TARGET, 'one', [write(a)], LIMIT);
      const rejection = {
        target: TARGET,
        key: 'x#/é',
        id: 'x#/é',
        reason: 'status: missing',
        raw: '{}',
        digest: 'd',
        firstObservedAt: NOW,
        observedAt: NOW,
        changedAfter: null,
      };
      const open_ = { ...a, unobservedSince: NOW, judgedListedFrom: NOW, absentSince: NOW };
      await recorder.record(
        TARGET,
        'one',
        [
          { kind: 'touch', id: 'a', previous: a, next: open_ },
          { kind: 'reject', rejection },
        ],
        LIMIT,
      );
      expect(await recorder.readKnown(TARGET)).toEqual({
        currents: new Map([['a', open_]]),
        rejections: new Map([[rejection.key, rejection]]),
      });
      const closedGap = { target: TARGET, id: 'a', from: NOW, to: plusMs(NOW, 5) };
      await recorder.record(
        TARGET,
        'one',
        [
          { kind: 'touch', id: 'a', previous: open_, next: a, closedGap },
          { kind: 'unreject', key: rejection.key },
        ],
        LIMIT,
      );
      expect(await recorder.readCurrents(TARGET, ['a', 'missing'])).toEqual([a]);
      expect((await recorder.readKnown(TARGET)).rejections.size).toBe(0);
      const gaps = [];
      for await (const gap of store.reader.ownGaps(TARGET, 'a')) gaps.push(gap);
      expect(gaps).toEqual([closedGap]);
    });

    it('never splits an instance, and leaves no action out', () => {
      const actions = Array.from({ length: 250 }, (_, index) => write(row(`i-${index}`, 1, 'one')));
      const batches = recorder.batches(actions);
      expect(batches.flat()).toEqual(actions);
      expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThanOrEqual(49);
    });
  });

  describe('an end', () => {
    it('releases the lease once, and recognises itself when it is sent again', async () => {
      await take('one');
      const end = endOf('one', {
        outcome: 'changed',
        observedAt: NOW,
        fingerprint: { store: 'f' },
        completed: { listedFrom: NOW, observedAt: NOW, instances: 3, listedWith: { api: 'v2' } },
        gap: { target: TARGET, from: plusMs(NOW, -1000), to: NOW },
      });
      expect(await recorder.end(TARGET, end)).toBe(true);
      expect(await recorder.end(TARGET, end)).toBe(true);
      const head = await recorder.readHead(TARGET);
      expect(head).toMatchObject({
        outcome: 'changed',
        lastRunId: 'one',
        fingerprint: 'f',
        observedAt: NOW,
        completedObservedAt: NOW,
        listedFrom: NOW,
        instances: 3,
        listedWith: { api: 'v2' },
        intervalMs: 300_000,
      });
      expect(head?.lease).toBeUndefined();
      await take('two');
      expect(await recorder.end(TARGET, endOf('three'))).toBe(false);
    });

    it('remembers since when newcomers may have been missed, until a completed run has missed none', async () => {
      const completed = { listedFrom: NOW, observedAt: NOW, instances: 1, listedWith: { api: 'v2' } };
      const after = async (runId: string, more: Partial<RunEnd>): Promise<unknown> => {
        await take(runId);
        await recorder.end(TARGET, endOf(runId, more));
        return (await recorder.readHead(TARGET))?.newcomersSince;
      };
      expect(await after('one', { completed: { ...completed, newcomersSince: null } })).toBeNull();
      expect(await after('two', { outcome: 'partial' })).toBeNull();
      expect(await after('three', { completed: { ...completed, newcomersSince: NOW } })).toBe(NOW);
      expect(await after('four', { outcome: 'failed' })).toBe(NOW);
      expect(await after('five', { completed })).toBeUndefined();
    });

    it('keeps or removes the fingerprint, and leaves the times of a run that did not complete', async () => {
      await take('one');
      await recorder.end(
        TARGET,
        endOf('one', {
          fingerprint: { store: 'f' },
          observedAt: NOW,
          completed: { listedFrom: NOW, observedAt: NOW, instances: 1, listedWith: { api: 'v2' } },
        }),
      );
      await take('two');
      await recorder.end(TARGET, endOf('two', { outcome: 'failed', because: 'it broke', endedAt: undefined }));
      expect(await recorder.readHead(TARGET)).toMatchObject({
        fingerprint: 'f',
        outcome: 'failed',
        because: 'it broke',
        lastRunAt: NOW,
      });
      await take('three');
      await recorder.end(
        TARGET,
        endOf('three', {
          outcome: 'partial',
          fingerprint: 'remove',
          observedAt: plusMs(NOW, 7),
          endedAt: toInstant(0),
        }),
      );
      const head = await recorder.readHead(TARGET);
      expect(head).toMatchObject({ observedAt: plusMs(NOW, 7), completedObservedAt: NOW, completedAt: NOW });
      expect(head?.fingerprint).toBeUndefined();
      expect(head?.because).toBeUndefined();
    });
  });
});
