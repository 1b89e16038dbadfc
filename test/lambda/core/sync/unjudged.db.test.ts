import { stateAt } from '../../../../lambda/core/history/queries';
import { plusMs } from '../../../../lambda/core/model/instant';
import type { State } from '../../../../lambda/core/history/spans';
import type { Recorder } from '../../../../lambda/core/sync/recorder';
import { onEachWorld } from '../../../support/on-each-world';
import { collect, type SyncWorld } from '../../../support/sync-world';

onEachWorld('what a run cannot judge', (open) => {
  let world: SyncWorld;
  beforeEach(async () => {
    world = await open();
    for (const id of ['a', 'b', 'c', 'd']) world.put(id);
    await world.tick();
  });

  /** An API that shows so many instances, and then fails. */
  const cutAfter = (pageSize: number) => ({
    pageSize,
    beforePage: (page: number) => {
      if (page === 1) throw new Error('cut');
    },
  });
  const stateOf = async (id: string, at: string): Promise<State | undefined> =>
    stateAt(world.store.reader, world.target, id, at, world.clock.now());

  it('is unobserved while a deleted instance is listed with an unreadable record, and deleted again when that is gone', async () => {
    world.remove('a');
    await world.tick();
    world.spoil('a');
    await world.tick();
    const since = (await world.current('a'))?.unobservedSince;
    expect(since).toBeDefined();
    world.put('b', 'ERROR');
    await world.tick();
    expect((await world.current('a'))?.unobservedSince).toBe(since);
    world.remove('a');
    const gone = await world.tick();
    expect((await world.current('a'))?.touchedBy).toBe(gone.runId);
    expect(gone).toMatchObject({ outcome: 'unchanged', versions: [] });
    expect((await world.current('a'))?.unobservedSince).toBeUndefined();
    expect(await world.ownGaps('a')).toEqual([expect.objectContaining({ to: gone.observedAt })]);
    expect(await stateOf('a', gone.observedAt!)).toMatchObject({ is: 'nonexistent', deletedBy: { kind: 'deleted' } });
  });

  it('begins with the last time that a run knew its state, be it an unfinished one', async () => {
    world.put('a', 'ERROR');
    const wrote = await world.tick({ source: cutAfter(3) });
    expect(wrote).toMatchObject({ outcome: 'partial', changes: { statusChanged: 1 } });
    world.spoil('a');
    world.spoil('b');
    const before = await world.head();
    await world.tick();
    expect(await world.current('a')).toMatchObject({ unobservedSince: wrote.observedAt });
    expect(await world.current('b')).toMatchObject({ unobservedSince: before?.completedObservedAt });
  });

  it('is neither ended nor begun anew by the runs that follow, and what it hid changed within it', async () => {
    const before = await world.head();
    world.spoil('a');
    await world.tick();
    world.put('b', 'ERROR');
    await world.tick();
    world.put('a', 'FROZEN');
    // An unfinished run records what it sees, but does not judge.
    expect(await world.tick({ source: cutAfter(3) })).toMatchObject({
      outcome: 'partial',
      versions: [{ id: 'a', changedAfter: before?.listedFrom }],
    });
    expect(await world.current('a')).toMatchObject({
      unobservedSince: before?.completedObservedAt,
      judgedListedFrom: before?.listedFrom,
    });
    expect(await world.current('a')).toHaveProperty('lastOwnGapTo', null);
    const judged = await world.tick();
    expect(await world.current('a')).toHaveProperty('lastOwnGapTo', judged.observedAt);
    expect((await world.current('a'))?.unobservedSince).toBeUndefined();
    expect((await world.current('a'))?.judgedListedFrom).toBeUndefined();
    expect(await world.ownGaps('a')).toEqual([
      { target: world.target, id: 'a', from: before?.completedObservedAt, to: judged.observedAt },
    ]);
  });

  it('ends with the next complete listing when an unfinished run recorded the deletion that the API reported', async () => {
    world.spoil('a');
    await world.tick();
    world.put('a', 'DELETED');
    expect(await world.tick({ source: cutAfter(3) })).toMatchObject({ outcome: 'partial', changes: { deleted: 1 } });
    world.remove('a');
    const complete = await world.tick();
    expect(await world.kinds('a')).toEqual(['baseline', 'deleted']);
    expect(await stateOf('a', complete.observedAt!)).toMatchObject({ is: 'nonexistent' });
    expect((await world.current('a'))?.unobservedSince).toBeUndefined();
  });

  it('stays open on a deleted instance while a record without an id may be it', async () => {
    world.remove('a');
    await world.tick();
    world.spoil('a');
    await world.tick();
    world.remove('a');
    world.spoilWithoutId();
    await world.tick();
    expect((await world.current('a'))?.unobservedSince).toBeDefined();
  });

  it('is no proof that an instance did not exist: from its first unreadable record on it is unobserved', async () => {
    world.spoil('new');
    const unreadable = await world.tick();
    await world.tick();
    world.put('new');
    const readable = await world.tick();
    expect(await world.kinds('new')).toEqual(['created']);
    expect(await stateOf('new', plusMs(unreadable.observedAt!, 1000))).toMatchObject({ is: 'unobserved' });
    expect(await stateOf('new', readable.observedAt!)).toMatchObject({ is: 'known' });
    expect(await stateOf('new', plusMs(unreadable.observedAt!, -1000))).toMatchObject({ is: 'nonexistent' });
  });

  it('does not prove an absence: a listing in which one record had no id is not the first of two equal ones', async () => {
    world.remove('a');
    world.spoilWithoutId();
    const source = world.source();
    let listings = 0;
    const between = {
      beforePage: () => {
        listings += 1;
        // The record can be read again, but this listing and no other misses it.
        if (listings === 2) world.remove('without-id');
        if (listings === 3) world.put('a');
      },
    };
    expect(source.listings).toBe(0);
    expect(await world.tick({ source: between })).toMatchObject({ changes: { deleted: 0 }, held: 0 });
    expect(listings).toBe(3);
    expect(await world.kinds('a')).toEqual(['baseline']);
  });

  it('is closed by no crashed run for longer than it looked: a later gap reaches further', async () => {
    world.spoil('a');
    await world.tick();
    world.put('a');
    const inner = world.store.newRecorder();
    const dying: Recorder = {
      ...inner,
      end: async () => {
        throw new Error('socket hang up');
      },
    };
    await world.run({ recorder: dying });
    world.wait();
    world.spoil('a');
    await world.tick();
    const since = (await world.current('a'))?.unobservedSince;
    world.put('a');
    const last = await world.tick();
    const gaps = await world.ownGaps('a');
    expect(gaps.at(-1)).toMatchObject({ from: since, to: last.observedAt });
    for (const [index, gap] of gaps.entries()) {
      if (index > 0) expect(gap.to > gaps[index - 1]!.to).toBe(true);
    }
  });

  it('sets the same id aside once, however often a moving list shows it', async () => {
    for (const id of ['a', 'b', 'c', 'd']) world.remove(id);
    expect(await world.tick()).toMatchObject({ outcome: 'brake' });
    world.spoil('a');
    world.fleet.set('again', world.fleet.get('a')!);
    expect(await world.tick()).toMatchObject({ outcome: 'partial' });
    expect((await world.current('a'))?.absentSince).toBeUndefined();
    expect(await collect(world.store.reader.rejections(world.target))).toHaveLength(1);
  });
});
