import { unjudgedSince } from '../../../../lambda/core/model/view';
import type { Recorder } from '../../../../lambda/core/sync/recorder';
import type { RunResult } from '../../../../lambda/core/sync/run-result';
import { onEachWorld } from '../../../support/on-each-world';
import { collect, type SyncWorld } from '../../../support/sync-world';

const HOUR = 60 * 60_000;
const ALICE = { identity: 'alice' };
const BOB = { identity: 'bob' };

onEachWorld('what is remembered of views', (open) => {
  let world: SyncWorld;
  beforeEach(async () => {
    world = await open();
  });

  const tickWithout = async (hidden: string, options: Parameters<SyncWorld['tick']>[0]): Promise<RunResult> => {
    const kept = new Map(world.fleet);
    world.remove(hidden);
    const result = await world.tick(options);
    for (const [id, record] of kept) world.fleet.set(id, record);
    return result;
  };
  const rejections = async () => collect(world.store.reader.rejections(world.target));
  /** A database that takes no version. */
  const refusing = (): Recorder => {
    const inner = world.store.newRecorder();
    return {
      ...inner,
      record: async (...args) =>
        args[2].some(({ kind }) => kind === 'version')
          ? { kind: 'invalid', reason: 'too large' }
          : inner.record(...args),
    };
  };

  it('of release 1.0 is a view without a name: what it showed is neither deleted nor forgotten', async () => {
    world.fill(4);
    await world.tick();
    const old = await world.tick();
    const inner = world.store.newRecorder();
    const written: Recorder = {
      ...inner,
      takeLease: async (...args) => {
        const taken = await inner.takeLease(...args);
        return taken.taken ? { ...taken, head: { ...taken.head, listedWith: { api: 'v2' } } } : taken;
      },
      readKnown: async (...args) => {
        const known = await inner.readKnown(...args);
        const rows = [...known.currents].map(([id, row]) => [id, { ...row, views: undefined }] as const);
        return { ...known, currents: new Map(rows) };
      },
    };
    // It vanished between the last run of 1.0 and the first one of this release.
    world.remove('i-0003');
    const first = await world.tick({ ...ALICE, recorder: written });
    expect(first).toMatchObject({ outcome: 'unchanged', held: 0, changes: { deleted: 0 } });
    const [head, row] = [await world.head(), await world.current('i-0003')];
    expect(head).toMatchObject({ unjudged: 1, otherViews: [{ view: 'unnamed', observedAt: old.observedAt }] });
    expect(row?.unobservedSince).toBeUndefined();
    expect(unjudgedSince(head, { ...row!, views: undefined })).toBe(old.observedAt);
  });

  it('goes for a refused record, too: another view does not take it for gone, and its window stays', async () => {
    world.fill(2);
    await world.tick(ALICE);
    await tickWithout('new', BOB);
    const before = await world.head();
    world.put('new');
    const looked = before?.otherViews?.[0]?.listedFrom;
    await world.tick({ ...ALICE, recorder: refusing() });
    await tickWithout('new', BOB);
    expect(await rejections()).toMatchObject([{ id: 'new', changedAfter: looked }]);
    await world.tick(ALICE);
    expect((await world.versions('new'))[0]).toMatchObject({ kind: 'created', changedAfter: looked });
  });

  it('goes for an unreadable record, too: each view that showed it judges its instance later', async () => {
    world.fill(2);
    await world.tick(ALICE);
    await world.tick(BOB);
    world.spoil('odd');
    await world.tick(ALICE);
    await world.tick(BOB);
    const [set] = await rejections();
    expect(set?.views).toHaveLength(2);
    world.put('odd');
    await world.tick(ALICE);
    expect((await world.current('odd'))?.views).toHaveLength(2);
    world.remove('odd');
    expect(await world.tick(BOB)).toMatchObject({ changes: { deleted: 1 } });
  });

  it('is no old list after a run that died: what it wrote is told back', async () => {
    world.fill(3);
    // So far apart may runs be that none of this is a gap.
    const hourly = { intervalMs: HOUR };
    for (let turn = 0; turn < 2; turn += 1) {
      await world.tick({ ...ALICE, ...hourly });
      await world.tick({ ...BOB, ...hourly });
    }
    world.put('i-0000', 'ERROR');
    const dying: Recorder = {
      ...world.store.newRecorder(),
      end: async () => {
        throw new Error('socket hang up');
      },
    };
    await world.tick({ ...BOB, ...hourly, recorder: dying });
    // This one verifies everything and finds nothing to write.
    expect(await world.tick({ ...BOB, ...hourly })).toMatchObject({ outcome: 'unchanged', versions: [] });
    world.put('i-0000');
    expect(await world.tick({ ...ALICE, ...hourly })).toMatchObject({ changes: { statusChanged: 1 } });
  });

  it('is no proof after a gap, although the list is as it was', async () => {
    world.fill(3);
    for (let turn = 0; turn < 2; turn += 1) {
      await world.tick(ALICE);
      await tickWithout('i-0000', BOB);
    }
    const before = await world.tick(ALICE);
    for (let run = 0; run < 4; run += 1)
      expect(await tickWithout('i-0000', BOB)).toMatchObject({ outcome: 'unchanged' });
    const after = await world.tick(ALICE);
    expect(await world.ownGaps('i-0000')).toMatchObject([{ from: before.observedAt, to: after.observedAt }]);
  });

  it('lists several pages again where all of them are new to it, whoever has seen them', async () => {
    world.fill(3);
    await world.tick({ ...ALICE, source: { pageSize: 2 } });
    let listings = 0;
    const source = { pageSize: 2, beforePage: (page: number) => void (listings += page === 0 ? 1 : 0) };
    await world.tick({ ...BOB, source });
    expect(listings).toBe(2);
    await world.tick({ ...BOB, source });
    expect(listings).toBe(3);
  });

  it('of a lost head begins no gap before the last one ended', async () => {
    world.fill(2);
    await world.tick();
    world.spoil('i-0000');
    await world.tick();
    world.put('i-0000');
    const closed = await world.tick();
    world.wait(HOUR);
    const next = await world.tick({ recorder: world.recorderWithoutHead() });
    expect((await world.ownGaps('i-0000')).at(-1)).toMatchObject({ from: closed.observedAt, to: next.observedAt });
  });
});

onEachWorld('the brake that the deployed runs have set', (open) => {
  it('releases deletions of a run that says nothing else', async () => {
    const world = await open();
    world.fill(3);
    await world.tick({ brakeReleaseAfterMs: HOUR, isDeployed: true, intervalMs: HOUR });
    world.fleet.clear();
    const asTheHeadSays = { brakeReleaseAfterMs: undefined, intervalMs: HOUR };
    expect(await world.run(asTheHeadSays)).toMatchObject({ outcome: 'brake' });
    world.wait(HOUR);
    expect(await world.run(asTheHeadSays)).toMatchObject({ changes: { deleted: 3 } });
  });
});
