import type { Action, Recorder } from '../../../../lambda/core/sync/recorder';
import { onEachWorld } from '../../../support/on-each-world';
import { collect, type SyncWorld } from '../../../support/sync-world';

onEachWorld('rejected records', (open) => {
  let world: SyncWorld;
  beforeEach(async () => {
    world = await open();
    world.fill(4);
    await world.tick();
  });

  it('keep their instance alive, cost the others nothing, and end with the deletion when it is really gone', async () => {
    const before = await world.head();
    world.spoil('i-0001');
    world.put('i-0002', 'ERROR');
    expect(await world.tick()).toMatchObject({
      outcome: 'changed',
      rejected: 1,
      changes: { statusChanged: 1, deleted: 0 },
    });
    expect(await world.current('i-0001')).toMatchObject({ status: 'RUNNING', version: 1 });
    const since = (await world.current('i-0001'))?.unobservedSince;
    expect(since).toBe(before?.completedObservedAt);
    // An unchanged listing with the same rejected record is unchanged.
    expect(await world.tick()).toMatchObject({ outcome: 'unchanged', rejected: 1 });
    world.remove('i-0001');
    expect(await world.tick()).toMatchObject({ changes: { deleted: 1 } });
    const last = (await world.versions('i-0001')).at(-1);
    expect(last).toMatchObject({ kind: 'deleted', evidence: 'absent' });
    // Nobody could judge it since the run before the rejection.
    expect(last?.changedAfter).toBe(before?.listedFrom);
    expect(await world.ownGaps('i-0001')).toEqual([expect.objectContaining({ from: since, to: last?.observedAt })]);
    expect(await collect(world.store.reader.rejections(world.target))).toEqual([]);
  });

  it('do not make a later first sighting look newer than it is', async () => {
    const before = await world.head();
    world.spoil('strange');
    await world.tick();
    await world.tick();
    world.put('strange');
    await world.tick();
    expect((await world.versions('strange'))[0]).toMatchObject({ kind: 'created', changedAfter: before?.listedFrom });
  });

  it('are written again only when they or the reason changed; since when and after what they came stays', async () => {
    const before = await world.head();
    const set = async () => (await collect(world.store.reader.rejections(world.target)))[0];
    world.spoil('strange');
    const first = await world.tick();
    const facts = { key: 'strange', firstObservedAt: first.observedAt, changedAfter: before?.listedFrom };
    expect(await set()).toMatchObject({ ...facts, target: world.target, observedAt: first.observedAt });
    world.put('i-0000', 'ERROR');
    await world.tick();
    expect(await set()).toMatchObject({ ...facts, observedAt: first.observedAt });
    world.spoil('strange', 'id: too long');
    const second = await world.tick();
    expect(await set()).toMatchObject({ ...facts, reason: 'id: too long', observedAt: second.observedAt });
    const record = world.fleet.get('strange')!;
    if (!record.accepted) world.fleet.set('strange', { ...record, rejected: { ...record.rejected, digest: 'other' } });
    const third = await world.tick();
    expect(await set()).toMatchObject({ ...facts, digest: 'other', observedAt: third.observedAt });
  });

  it('are forgotten when a complete list does not show them any more, or shows them valid', async () => {
    const set = async () => collect(world.store.reader.rejections(world.target));
    const cut = {
      pageSize: 2,
      beforePage: (page: number) => {
        if (page === 1) throw new Error('cut');
      },
    };
    world.spoil('i-0000');
    world.spoil('last');
    await world.tick({ source: cut });
    expect(await set()).toMatchObject([{ key: 'i-0000' }]);
    // A partial list proves nothing about what it does not show.
    world.put('i-0000');
    await world.tick();
    expect(await set()).toMatchObject([{ key: 'last' }]);
    await world.tick({ source: cut });
    expect(await set()).toMatchObject([{ key: 'last' }]);
    world.remove('last');
    await world.tick();
    expect(await set()).toEqual([]);
  });

  it('are kept under their id while that fits into a key, else under their digest', async () => {
    const [fits, tooLong] = ['é'.repeat(128), 'é'.repeat(129)];
    world.spoil(fits);
    world.spoil(tooLong);
    world.spoilWithoutId();
    expect(await world.tick()).toMatchObject({ rejected: 3 });
    const keys = (await collect(world.store.reader.rejections(world.target))).map(({ key }) => key);
    expect(new Set(keys)).toEqual(
      new Set([fits, `digest-of-${tooLong}-status: missing`, 'digest-of-nothing-without-id']),
    );
  });

  describe('that only the database refuses', () => {
    /** Refuses whatever has a note; `attempts` counts the batches that were sent. */
    const strict = (): Recorder & { attempts: number } => {
      const inner = world.store.newRecorder();
      const recorder = {
        ...inner,
        attempts: 0,
        record: async (...args: Parameters<Recorder['record']>): ReturnType<Recorder['record']> => {
          recorder.attempts += 1;
          const [, , batch] = args;
          const isRefused = batch.some((action) => action.kind === 'version' && 'note' in action.next.snapshot);
          return isRefused ? { kind: 'invalid', reason: 'empty attribute name' } : inner.record(...args);
        },
      };
      return recorder;
    };
    const rejections = async () => collect(world.store.reader.rejections(world.target));
    const cut = {
      pageSize: 2,
      beforePage: (page: number) => {
        if (page === 1) throw new Error('cut');
      },
    };

    it('are set aside like the others, and are looked at again by every run until it takes them', async () => {
      const before = await world.head();
      world.put('new', 'RUNNING', { note: 'x'.repeat(200_000) });
      world.put('i-0000', 'ERROR');
      const first = await world.tick({ recorder: strict() });
      expect(first).toMatchObject({ outcome: 'changed', rejected: 1, changes: { statusChanged: 1, created: 0 } });
      const [set] = await rejections();
      expect(set).toMatchObject({
        id: 'new',
        key: 'new',
        reason: 'the database refuses it: empty attribute name',
        firstObservedAt: first.observedAt,
        observedAt: first.observedAt,
        changedAfter: before?.listedFrom,
      });
      expect(set?.digest).toMatch(/^[0-9a-f]{64}$/);
      expect([set?.raw.length, set?.raw.slice(0, 21)]).toEqual([100 * 1024, '{"id":"new","name":"n']);
      expect(await world.head()).not.toHaveProperty('fingerprint');
      const second = await world.tick({ recorder: strict() });
      expect(second).toMatchObject({ outcome: 'unchanged', rejected: 1, versions: [] });
      expect(await rejections()).toEqual([{ ...set, observedAt: second.observedAt }]);
      expect(await world.tick()).toMatchObject({ changes: { created: 1 }, rejected: 0 });
      expect((await world.versions('new'))[0]).toMatchObject({ kind: 'created', changedAfter: before?.listedFrom });
      expect(await rejections()).toEqual([]);
      expect(await world.head()).toHaveProperty('fingerprint');
    });

    it('leave their instance as it was last known, with a gap of its own', async () => {
      const before = await world.head();
      world.put('i-0000', 'RUNNING', { note: 'x' });
      const refused = await world.tick({ recorder: strict() });
      expect(refused).toMatchObject({ outcome: 'unchanged', rejected: 1, versions: [] });
      expect(await world.current('i-0000')).toMatchObject({
        version: 1,
        unobservedSince: before?.completedObservedAt,
        judgedListedFrom: before?.listedFrom,
        touchedBy: refused.runId,
      });
      // What is open already is not written again: the refused batch, the record alone, and its setting aside.
      const again = strict();
      await world.tick({ recorder: again });
      expect([again.attempts, (await world.current('i-0000'))?.touchedBy]).toEqual([2, refused.runId]);
      world.put('i-0000');
      const last = await world.tick();
      expect(await world.ownGaps('i-0000')).toEqual([
        expect.objectContaining({ from: before?.completedObservedAt, to: last.observedAt }),
      ]);
      expect(await rejections()).toEqual([]);
    });

    it('stop the clock of the brake, for their instance is there', async () => {
      world.remove(...world.fleet.keys());
      expect(await world.tick()).toMatchObject({ outcome: 'brake', held: 4 });
      const held = await world.current('i-0000');
      expect(held?.absentSince).toBeDefined();
      world.put('i-0000', 'RUNNING', { note: 'x' });
      await world.tick({ recorder: strict() });
      const seen = await world.current('i-0000');
      expect(seen?.absentSince).toBeUndefined();
      expect(seen?.unobservedSince).toBe(held?.unobservedSince);
    });

    it('open no gap when the run is partial: the completed runs before and after it may both judge', async () => {
      world.put('i-0000', 'RUNNING', { note: 'x' });
      expect(await world.tick({ recorder: strict(), source: cut })).toMatchObject({ outcome: 'partial', rejected: 1 });
      expect((await world.current('i-0000'))?.unobservedSince).toBeUndefined();
      expect(await rejections()).toHaveLength(1);
      expect(await world.tick()).toMatchObject({ changes: { updated: 1 } });
      expect(await world.ownGaps('i-0000')).toEqual([]);
      expect(await rejections()).toEqual([]);
    });

    it('cannot be set aside when the database refuses that too: the run is partial and says so', async () => {
      const inner = world.store.newRecorder();
      world.put('i-0000', 'RUNNING', { note: 'x' });
      const invalid = { kind: 'invalid', reason: 'too large' } as const;
      expect(await world.tick({ recorder: { ...inner, record: async () => invalid } })).toMatchObject({
        outcome: 'partial',
        because: 'the database refuses the write of "i-0000": too large (and 1 more)',
      });
      expect(await world.tick()).toMatchObject({ outcome: 'changed', changes: { updated: 1 } });
    });
  });

  describe('whose setting aside the database refuses', () => {
    /** Refuses whatever concerns `victim` in this way; each action goes in a batch of its own. */
    const refusing = (kind: Action['kind'], victim: string): Recorder => {
      const inner = world.store.newRecorder();
      const isRefused = (action: Action): boolean =>
        action.kind === kind &&
        (action.kind === 'reject'
          ? action.rejection.key === victim
          : action.kind === 'unreject'
            ? action.key === victim
            : action.id === victim);
      return {
        ...inner,
        batches: (actions) => actions.map((action) => [action]),
        record: async (...args) =>
          args[2].some(isRefused) ? { kind: 'invalid', reason: 'too large' } : inner.record(...args),
      };
    };
    const changeTheOthers = (): void => {
      for (const id of ['i-0002', 'i-0003']) world.put(id, 'ERROR');
    };

    it.each([
      ['touch', 'i-0000'],
      ['reject', 'i-0000'],
      ['reject', 'strange'],
    ] as const)('cost the others nothing, but the run does not count as completed (%s of %s)', async (type, victim) => {
      const before = await world.head();
      world.spoil(victim);
      changeTheOthers();
      world.put('new');
      world.remove('i-0001');
      expect(await world.tick({ recorder: refusing(type, victim) })).toMatchObject({
        outcome: 'partial',
        because: `the database refuses the write of "${victim}": too large`,
        rejected: 1,
        changes: { statusChanged: 2, created: 1, deleted: 1 },
      });
      const head = await world.head();
      expect(head).toMatchObject({ outcome: 'partial', completedObservedAt: before?.completedObservedAt });
      expect(head).not.toHaveProperty('fingerprint');
      expect(await world.tick()).toMatchObject({ outcome: 'unchanged', rejected: 1, changes: { statusChanged: 0 } });
      // Nobody could judge the instance since the last run that counts.
      const own = { unobservedSince: before?.completedObservedAt };
      if (victim !== 'strange') expect(await world.current(victim)).toMatchObject(own);
      else
        expect(await collect(world.store.reader.rejections(world.target))).toMatchObject([
          { key: victim, changedAfter: before?.listedFrom },
        ]);
    });

    it('keep their own gap open when its closing is refused', async () => {
      world.spoil('i-0000');
      await world.tick();
      const { unobservedSince } = (await world.current('i-0000'))!;
      world.put('i-0000');
      changeTheOthers();
      expect(await world.tick({ recorder: refusing('touch', 'i-0000') })).toMatchObject({
        outcome: 'partial',
        changes: { statusChanged: 2 },
      });
      expect(await world.current('i-0000')).toMatchObject({ unobservedSince });
      const last = await world.tick();
      expect(last).toMatchObject({ outcome: 'unchanged' });
      expect(await world.ownGaps('i-0000')).toEqual([
        expect.objectContaining({ from: unobservedSince, to: last.observedAt }),
      ]);
    });
  });
});
