import { fleetAt, instanceUptime, stateAt } from '../../../../lambda/core/history/queries';
import { MAX_VIEWS, unjudgedSince } from '../../../../lambda/core/model/view';
import type { RunResult } from '../../../../lambda/core/sync/run-result';
import { onEachWorld } from '../../../support/on-each-world';
import { collect, type SyncWorld } from '../../../support/sync-world';

const ALICE = { identity: 'alice' };
const BOB = { identity: 'bob' };

onEachWorld('a view', (open) => {
  let world: SyncWorld;
  beforeEach(async () => {
    world = await open();
  });

  /** One run that is shown all but these instances. */
  const tickWithout = async (hidden: readonly string[], options: object): Promise<RunResult> => {
    const kept = new Map(world.fleet);
    world.remove(...hidden);
    const result = await world.tick(options);
    for (const [id, record] of kept) world.fleet.set(id, record);
    return result;
  };
  const since = async (id: string): Promise<string | undefined> => {
    const current = await world.current(id);
    return current && unjudgedSince(await world.head(), current);
  };
  const stateNow = async (id: string) =>
    stateAt(world.store.reader, world.target, id, (await world.head())?.observedAt ?? '', world.clock.now());

  it('deletes nothing that only the other list shows, however often it is read', async () => {
    world.fill(4);
    const first = await world.tick({ api: 'v3' });
    for (let run = 0; run < 3; run += 1) {
      expect(await tickWithout(['i-0003'], { api: 'v2' })).toMatchObject({
        outcome: 'unchanged',
        held: 0,
        changes: { deleted: 0 },
        because: expect.stringContaining('1 recorded instance was never shown to this view'),
      });
    }
    expect(await world.kinds('i-0003')).toEqual(['baseline']);
    expect(await since('i-0003')).toBe(first.observedAt);
    expect(await world.head()).toMatchObject({ listedWith: { api: 'v2' }, unjudged: 1 });
    expect(await stateNow('i-0003')).toMatchObject({ is: 'unobserved' });
    expect(await stateNow('i-0000')).toMatchObject({ is: 'known' });
    // The list that has shown it judges it.
    expect(await tickWithout(['i-0003'], { api: 'v3' })).toMatchObject({ changes: { deleted: 1 } });
  });

  it('calls what it shows first, or shows under a status filter, a baseline', async () => {
    world.fill(3);
    world.put('turns', 'ERROR');
    await world.tick({ statusFilter: 'RUNNING' });
    world.put('turns', 'RUNNING');
    world.put('new', 'RUNNING');
    expect(await world.tick({ statusFilter: 'RUNNING' })).toMatchObject({ changes: { baseline: 2, created: 0 } });
    expect((await world.versions('turns'))[0]).toMatchObject({ kind: 'baseline', changedAfter: null });
    world.put('other', 'ERROR');
    expect(await world.tick()).toMatchObject({ changes: { baseline: 1, created: 0 } });
    world.put('really new', 'ERROR');
    expect(await world.tick()).toMatchObject({ changes: { baseline: 0, created: 1 } });
  });

  it('dates a creation by its own last look, not by that of another view', async () => {
    world.fill(2);
    await world.tick(ALICE);
    const own = (await world.head())?.listedFrom;
    await world.tick(BOB);
    world.put('new');
    await tickWithout(['new'], BOB);
    expect(await world.tick(ALICE)).toMatchObject({ versions: [{ kind: 'created', changedAfter: own }] });
  });

  it('of another identity does not judge what it was never shown', async () => {
    world.fill(10);
    await world.tick(ALICE);
    const hidden = ['i-0000', 'i-0001', 'i-0002'];
    for (let run = 0; run < 2; run += 1)
      expect(await tickWithout(hidden, BOB)).toMatchObject({ outcome: 'unchanged', versions: [], held: 0 });
    expect(await world.tick(ALICE)).toMatchObject({ outcome: 'unchanged', versions: [] });
    expect(await since('i-0000')).toBeUndefined();
    expect(await world.kinds('i-0000')).toEqual(['baseline']);
  });

  it('that takes turns with another one costs no write a turn, and opens no gap', async () => {
    world.fill(10);
    await world.tick(ALICE);
    await tickWithout(['i-0000'], BOB);
    await world.tick(ALICE);
    await tickWithout(['i-0000'], BOB);
    for (let turn = 0; turn < 3; turn += 1) {
      const used: string[] = [];
      const inner = world.store.newRecorder();
      const recorder = {
        ...inner,
        readKnown: async (...args: Parameters<typeof inner.readKnown>) => (used.push('read'), inner.readKnown(...args)),
        record: async (...args: Parameters<typeof inner.record>) => (used.push('write'), inner.record(...args)),
      };
      expect(await world.tick({ ...ALICE, recorder })).toMatchObject({ outcome: 'unchanged' });
      expect(await tickWithout(['i-0000'], { ...BOB, recorder })).toMatchObject({ outcome: 'unchanged' });
      expect(used).toEqual([]);
    }
    expect(await world.ownGaps('i-0000')).toEqual([]);
    expect(await world.ownGaps('i-0001')).toEqual([]);
  });

  it('tells a change that the other one recorded, although its own list is as it was', async () => {
    world.fill(3);
    await world.tick(ALICE);
    await world.tick(BOB);
    await world.tick(ALICE);
    world.put('i-0000', 'ERROR');
    await world.tick(BOB);
    world.put('i-0000', 'RUNNING');
    expect(await world.tick(ALICE)).toMatchObject({ outcome: 'changed', changes: { statusChanged: 1 } });
  });

  it('that comes back after a gap leaves one for what only it shows', async () => {
    world.fill(3);
    const before = await world.tick(ALICE);
    for (let run = 0; run < 4; run += 1) await tickWithout(['i-0000'], BOB);
    const after = await world.tick(ALICE);
    expect(await world.ownGaps('i-0000')).toEqual([
      expect.objectContaining({ from: before.observedAt, to: after.observedAt }),
    ]);
    expect(await world.ownGaps('i-0001')).toEqual([]);
    const current = await world.current('i-0000');
    const span = { from: before.observedAt!, to: after.observedAt! };
    expect(await instanceUptime(world.store.reader, current!, span, world.clock.now())).toMatchObject({
      unobservedMs: Date.parse(span.to) - Date.parse(span.from),
      statusMs: {},
    });
  });

  it('that is forgotten leaves the gap in the rows that only it had shown', async () => {
    world.fill(2);
    await world.tick(ALICE);
    const first = await world.tick(ALICE);
    for (let other = 0; other < MAX_VIEWS; other += 1) await tickWithout(['i-0000'], { identity: `other ${other}` });
    expect(await world.current('i-0000')).toMatchObject({ unobservedSince: first.observedAt });
    expect(await since('i-0000')).toBe(first.observedAt);
    world.put('i-0000', 'ERROR');
    const back = await world.tick(ALICE);
    expect(back).toMatchObject({ versions: [{ kind: 'statusChanged', id: 'i-0000' }] });
    expect(await world.ownGaps('i-0000')).toEqual([
      expect.objectContaining({ from: first.observedAt, to: back.observedAt }),
    ]);
  });

  it('counts as gone what it never showed only when the operator says so', async () => {
    world.fill(4);
    await world.tick(ALICE);
    await tickWithout(['i-0000'], BOB);
    expect(await tickWithout(['i-0000'], { ...BOB, allowMassDeletion: true })).toMatchObject({
      changes: { deleted: 1 },
    });
    expect(await stateNow('i-0000')).toMatchObject({ is: 'nonexistent' });
    // The view has still never shown it: what the other one lists again, this one does not delete again.
    expect(await world.tick(ALICE)).toMatchObject({ changes: { reappeared: 1 } });
    expect(await tickWithout(['i-0000'], BOB)).toMatchObject({ changes: { deleted: 0 }, versions: [] });
  });

  it('does not claim that an instance was not there while nobody looked through it', async () => {
    world.fill(2);
    await world.tick(ALICE);
    world.put('new');
    for (let run = 0; run < 4; run += 1) await tickWithout(['new'], BOB);
    const seen = await world.tick(ALICE);
    expect(await world.kinds('new')).toEqual(['created']);
    expect(await world.ownGaps('new')).toEqual([expect.objectContaining({ to: seen.observedAt })]);
  });

  it('does not claim that an instance was not there before its unreadable record was first seen', async () => {
    world.fill(2);
    await world.tick(ALICE);
    const looked = (await world.head())?.listedFrom;
    for (let run = 0; run < 4; run += 1) await world.tick(BOB);
    world.spoil('new');
    await world.tick(ALICE);
    world.put('new');
    const readable = await world.tick(ALICE);
    expect(await world.kinds('new')).toEqual(['created']);
    expect(await world.ownGaps('new')).toEqual([expect.objectContaining({ from: looked, to: readable.observedAt })]);
  });

  it('has shown an instance, too, whose new version the database refuses', async () => {
    world.fill(2);
    await world.tick(ALICE);
    world.put('i-0000', 'ERROR');
    const inner = world.store.newRecorder();
    const refusing: typeof inner = {
      ...inner,
      record: async (...args) =>
        args[2].some((action) => action.kind === 'version')
          ? { kind: 'invalid', reason: 'too large' }
          : inner.record(...args),
    };
    const seen = await world.tick({ ...BOB, recorder: refusing });
    expect(seen).toMatchObject({ versions: [], rejected: 1 });
    const [row, other] = [await world.current('i-0000'), await world.current('i-0001')];
    expect([row?.version, row?.views]).toEqual([1, other?.views]);
  });

  it('forgets an unreadable record only when it had shown it', async () => {
    world.fill(2);
    world.spoil('odd');
    await world.tick(ALICE);
    const rejections = async () => collect(world.store.reader.rejections(world.target));
    for (let turn = 0; turn < 2; turn += 1) {
      await tickWithout(['odd'], BOB);
      expect(await rejections()).toHaveLength(1);
      await world.tick(ALICE);
    }
    world.remove('odd');
    await world.tick(ALICE);
    expect(await rejections()).toHaveLength(0);
  });

  it('lists an instance that leaves its status filter as not judged, and another view judges it', async () => {
    world.fill(3);
    await world.tick();
    const running = { statusFilter: 'RUNNING' };
    await world.tick(running);
    world.put('i-0000', 'ERROR');
    const filtered = await world.tick(running);
    expect(filtered).toMatchObject({ outcome: 'unchanged', versions: [] });
    expect(await since('i-0000')).toBeDefined();
    expect(await world.tick()).toMatchObject({ versions: [{ kind: 'statusChanged' }] });
    expect(await since('i-0000')).toBeUndefined();
    const members = await collect(fleetAt(world.store.reader, world.target, filtered.observedAt, world.clock.now()));
    expect(members).toHaveLength(3);
  });

  it('starts from the rows and the head of release 1.0 without a false change', async () => {
    world.fill(4);
    await world.tick();
    const inner = world.store.newRecorder();
    // Release 1.0 knew neither identities nor views of rows.
    const old = {
      ...inner,
      takeLease: async (...args: Parameters<typeof inner.takeLease>) => {
        const taken = await inner.takeLease(...args);
        return taken.taken ? { ...taken, head: { ...taken.head, listedWith: { api: 'v2' } } } : taken;
      },
      readKnown: async (...args: Parameters<typeof inner.readKnown>) => {
        const known = await inner.readKnown(...args);
        const currents = [...known.currents].map(([id, row]) => [id, { ...row, views: undefined }] as const);
        return { ...known, currents: new Map(currents) };
      },
    };
    expect(await world.tick({ ...ALICE, recorder: old })).toMatchObject({
      outcome: 'unchanged',
      versions: [],
      held: 0,
    });
    world.remove('i-0000');
    expect(await world.tick(ALICE)).toMatchObject({ changes: { deleted: 1 } });
    expect(await world.ownGaps('i-0001')).toEqual([]);
  });
});
