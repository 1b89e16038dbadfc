import { fleetAt, stateAt } from '../../../../lambda/core/history/queries';
import { plusMs, toMs } from '../../../../lambda/core/model/instant';
import type { Reader } from '../../../../lambda/core/history/reader';
import { loopbackConfig } from '../../../../lambda/dynamodb/client';
import { createReader } from '../../../../lambda/dynamodb/reader';
import { toGapItem } from '../../../../lambda/dynamodb/table';
import { openHistory } from '../../../../lambda/reader';
import { notRunningAt } from '../../../examples/read-history';
import { NOW } from '../../../support/cli';
import { createTestTable, onEachEngine, type TestTable } from '../../../support/engines';
import { headItems, itemsOf, TARGET, versionsOf, writeItems } from '../../../support/history-rows';

const at = (time: string): string => `2026-11-22T${time}:00.000Z`;
const FLEET = 20;

onEachEngine('the history of a fleet', (engine) => {
  let table: TestTable;
  let reader: Reader;
  beforeAll(async () => {
    table = await createTestTable(engine);
    const steady = Array.from({ length: FLEET }, (_, i) =>
      itemsOf(versionsOf([{ at: at('08:00'), snapshot: { id: `steady-${i}`, status: 'RUNNING' }, kind: 'baseline' }])),
    );
    await writeItems(table, [
      ...headItems({ completedObservedAt: at('11:59'), intervalMs: 300_000 }),
      toGapItem({ target: TARGET, from: at('10:00'), to: at('10:45') }),
      toGapItem({ target: TARGET, id: 'steady-1', from: at('09:00'), to: at('09:30') }),
      ...steady.flat(),
      ...itemsOf(versionsOf([{ at: at('08:00'), snapshot: { id: 'steady-1', status: 'RUNNING' } }]), {
        lastOwnGapTo: at('09:30'),
      }),
      // A row that does not tell whether there were gaps.
      toGapItem({ target: TARGET, id: 'steady-2', from: at('09:00'), to: at('09:30') }),
      ...itemsOf(versionsOf([{ at: at('08:00'), snapshot: { id: 'steady-2', status: 'RUNNING' } }]), {
        lastOwnGapTo: undefined,
      }),
      ...itemsOf(
        versionsOf(
          Array.from({ length: 30 }, (_, i) => ({
            at: plusMs(at('08:00'), i * 60_000),
            snapshot: { id: 'busy', name: 'busy', status: i % 2 === 0 ? 'ERROR' : 'RUNNING' },
          })),
        ),
      ),
    ]);
  });
  beforeEach(() => {
    reader = createReader(table.client, table.tableName, { now: () => toMs(NOW) });
  });
  afterAll(() => table.close());

  const state = async (id: string, time: string) => stateAt(reader, TARGET, id, time, toMs(NOW));

  it('answers each time with a known state or with unobserved', async () => {
    expect(await state('busy', at('08:02'))).toMatchObject({ is: 'known', version: { version: 3 } });
    expect(await state('busy', at('07:00'))).toEqual({ is: 'nonexistent' });
    expect(await state('steady-0', at('07:00'))).toEqual({ is: 'unobserved' });
    expect(await state('steady-0', at('10:10'))).toMatchObject({
      is: 'unobserved',
      lastKnown: { version: 1 },
      during: { from: at('10:00'), to: at('10:45') },
    });
    expect(await state('steady-1', at('09:10'))).toMatchObject({ is: 'unobserved' });
    expect(await state('steady-1', at('09:30'))).toMatchObject({ is: 'known' });
    expect(await state('steady-2', at('09:29'))).toMatchObject({ is: 'unobserved' });
    expect(await state('never seen', NOW)).toBeUndefined();
  });

  it('reads little for one state: the row, the head with its gaps, and a version or an own gap where there is one', async () => {
    const unitsOf = async (id: string, time: string): Promise<number> => {
      const before = reader.units().read;
      await state(id, time);
      return reader.units().read - before;
    };
    expect(await unitsOf('steady-0', NOW)).toBe(1);
    expect(await unitsOf('busy', at('08:02'))).toBe(1.5);
    expect(await unitsOf('steady-1', at('09:30'))).toBe(1);
    expect(await unitsOf('steady-1', at('09:29'))).toBe(1.5);
  });

  it('reads in proportion to the fleet and to what changed since, not to the history', async () => {
    const ids: string[] = [];
    for await (const { current, version } of fleetAt(reader, TARGET, at('08:02'), toMs(NOW)))
      ids.push(`${current.id} ${version?.version}`);
    expect(ids).toHaveLength(FLEET + 1);
    expect(ids).toContain('busy 3');
    // One query for the fleet (4 KB a unit, half price), one for the gaps, one for the one that changed since, one for
    // the own gap that had not closed yet, and one for the row that does not tell.
    expect(reader.units().read).toBeLessThanOrEqual(FLEET * 0.15 + 4 * 0.5);
  });

  it('is open to other programs: the example that the documents link to', async () => {
    const options = {
      tableName: table.tableName,
      endpoint: table.endpoint,
      region: 'local-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    };
    expect(await notRunningAt({ ...options }, at('08:02'))).toEqual([
      'busy: ERROR since 2026-11-22T08:02:00.000Z (observed)',
    ]);
    const clock = { now: () => toMs(NOW), sleep: async () => {} };
    const history = openHistory({ ...options, clock });
    const busy = await history.find('bus');
    expect((await history.stateAt(TARGET, 'busy'))?.is).toBe('known');
    const seen: number[] = [];
    for await (const { version } of history.versions(TARGET, 'busy', { limit: 2 })) seen.push(version);
    expect(seen).toEqual([1, 2]);
    const span = { from: at('08:00'), to: at('08:10') };
    expect(await history.uptime(busy, span)).toMatchObject({ availability: 0.5, unobservedMs: 0 });
    history.close();
  });

  it('takes times in any form with a zone, and no others', async () => {
    const clock = { now: () => toMs(NOW), sleep: async () => {} };
    const history = openHistory({ ...loopbackConfig(table.endpoint), tableName: table.tableName, clock });
    const version = async (time: string): Promise<number | undefined> => {
      const found = await history.stateAt(TARGET, 'busy', time);
      return found?.is === 'known' ? found.version.version : undefined;
    };
    expect(await version(at('08:02'))).toBe(3);
    expect(await version('2026-11-22T08:02:00Z')).toBe(3);
    expect(await version('2026-11-22T09:02:00+01:00')).toBe(3);
    for (const time of ['2026-11-22', '2026-11-22T08:02:00', 'yesterday', '2026-13-01T00:00:00Z'])
      await expect(version(time)).rejects.toThrow(/^".*" is not a time with a zone: give ISO-8601/);
    expect(() => history.changes({ from: '2026-11-22T08:00Z', to: '24h' })).toThrow('"24h" is not a time with a zone');
    history.close();
  });
});
