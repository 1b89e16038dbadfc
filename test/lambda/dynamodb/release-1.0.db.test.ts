import type { syncTarget } from '../../../lambda/core/sync/run';
import { createReader } from '../../../lambda/dynamodb/reader';
import { createRecorder } from '../../../lambda/dynamodb/recorder';
import * as released from '../../fixtures/release-1.0/history.js';
import { createTestTable, onEachEngine, type TestTable } from '../../support/engines';
import { collect, INTERVAL_MS, SyncWorld } from '../../support/sync-world';

/** What release 1.0 wrote and read its table with, bundled from its sources. Its ports are a part of those of today. */
const old = released as unknown as {
  readonly syncTarget: typeof syncTarget;
  readonly createRecorder: typeof createRecorder;
  readonly createReader: typeof createReader;
};

onEachEngine('a table of release 1.0', (engine) => {
  let table: TestTable;
  let world: SyncWorld;
  beforeEach(async () => {
    table = await createTestTable(engine);
    const { client, tableName } = table;
    const now = (): number => world.clock.now();
    world = new SyncWorld({
      name: engine,
      newRecorder: () => createRecorder(client, tableName),
      reader: createReader(client, tableName, { now }),
      close: () => {},
    });
  });
  afterEach(() => table.close());

  /** A run of 1.0 over the same fleet, and then the time until the next. */
  let runs = 0;
  const oldTick = async (): Promise<string> => {
    const { outcome } = await old.syncTarget(
      {
        recorder: old.createRecorder(table.client, table.tableName),
        source: world.source(),
        clock: world.clock,
        alarm: world.clock.alarm,
        random: () => 0.5,
        newRunId: () => `old-${(runs += 1)}`,
      },
      { target: world.target, intervalMs: INTERVAL_MS, brakeReleaseAfterMs: 24 * 60 * 60_000 },
    );
    world.wait();
    return outcome;
  };
  const told = async (reader: ReturnType<typeof createReader>, ids: readonly string[]): Promise<unknown> =>
    Promise.all(
      ids.map(async (id) =>
        (await collect(reader.versions(world.target, id))).map(({ kind, version, observedAt, snapshot }) => ({
          kind,
          version,
          observedAt,
          status: snapshot.status,
        })),
      ),
    );
  const oldReader = () => old.createReader(table.client, table.tableName, { now: () => world.clock.now() });

  it('is read and written by this release, and then by 1.0 again, without a false change', async () => {
    const ids = ['i-0000', 'i-0001', 'i-0002', 'i-0003', 'i-0004'];
    world.fill(3);
    world.spoil('odd');
    expect(await oldTick()).toBe('changed');
    world.put('i-0001', 'ERROR');
    expect(await oldTick()).toBe('changed');
    expect(await told(world.store.reader, ids)).toEqual(await told(oldReader(), ids));

    // This release notes which view has shown each row, and goes on.
    for (let run = 0; run < 2; run += 1) expect((await world.tick()).outcome).toBe('unchanged');
    world.put('i-0000', 'FREEZED');
    world.put('i-0003');
    world.remove('i-0002');
    expect((await world.tick()).outcome).toBe('changed');
    expect(await told(oldReader(), ids)).toEqual(await told(world.store.reader, ids));

    // Back to 1.0, as after a failed update.
    expect(['changed', 'unchanged']).toContain(await oldTick());
    world.put('i-0000');
    world.put('i-0004');
    expect(await oldTick()).toBe('changed');
    expect((await world.tick()).outcome).toMatch(/^(un)?changed$/);
    expect(await Promise.all(ids.map(world.kinds))).toEqual([
      ['baseline', 'statusChanged', 'statusChanged'],
      ['baseline', 'statusChanged'],
      ['baseline', 'deleted'],
      ['created'],
      ['created'],
    ]);
    expect(await world.gaps()).toEqual([]);
    expect(await collect(oldReader().rejections(world.target))).toHaveLength(1);
  });
});
