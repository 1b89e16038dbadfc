import { onEachWorld } from '../../../support/on-each-world';
import type { SyncWorld } from '../../../support/sync-world';

onEachWorld('a run deletes', (open) => {
  let world: SyncWorld;
  beforeEach(async () => {
    world = await open();
    world.fill(5);
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

  it('an instance that is already reported deleted when it is first seen, as its only version', async () => {
    world.put('late', 'DELETED');
    expect(await world.tick()).toMatchObject({ changes: { deleted: 1, created: 0 } });
    expect(await world.versions('late')).toMatchObject([{ kind: 'deleted', evidence: 'reported', version: 1 }]);
    world.remove('late');
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

  it('id sets that never agree while an instance is really gone, then quiet equal listings: it is deleted then', async () => {
    world.fill(6);
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
    expect(await world.tick({ source: churn })).toMatchObject({
      outcome: 'changed',
      changes: { deleted: 0 },
      because: 'no two consecutive listings showed the same ids',
    });
    expect((await world.current('i-0000'))?.unobservedSince).toBeDefined();
    expect(await world.tick()).toMatchObject({ changes: { deleted: 1 } });
  });

  it('no instance while a record without a readable id may be it', async () => {
    world.remove('i-0000');
    world.spoilWithoutId();
    expect(await world.tick()).toMatchObject({
      changes: { deleted: 0 },
      held: 1,
      rejected: 1,
      because: 'a record without a readable id may be any of the absent instances',
    });
    expect((await world.current('i-0000'))?.unobservedSince).toBeDefined();
    // That is no absence under the brake, whose time would let the deletion pass.
    expect((await world.current('i-0000'))?.absentSince).toBeUndefined();
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
    expect((await world.head())?.fingerprint).toBeDefined();
    world.put('i-0000');
    expect(await world.tick(filtered)).toMatchObject({ versions: [] });
    expect(await world.ownGaps('i-0000')).toEqual([expect.objectContaining({ from: open_?.unobservedSince })]);
    expect(await world.kinds('i-0000')).toEqual(['baseline']);
  });
});
