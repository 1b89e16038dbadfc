import { plusMs, toMs } from '../../lambda/core/model/instant';
import { createReader } from '../../lambda/dynamodb/reader';
import { cli } from '../support/cli';
import { createTestTable, onEachEngine, type TestTable } from '../support/engines';
import { headItems, itemsOf, type Step, TARGET, versionsOf, writeItems } from '../support/history-rows';
import { collect } from '../support/sync-world';

const NOW = '2026-11-22T12:00:00.000Z';
const DAY = 86_400_000;
const OTHER = { region: 'ap-southeast-1', projectId: '206506b9a92342df9a5025fc12351cfc' };
const daysAgo = (days: number): string => plusMs(NOW, -days * DAY);

onEachEngine('the changes of a long time', (engine) => {
  let table: TestTable;
  beforeEach(async () => {
    table = await createTestTable(engine);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    table.close();
  });

  const life = (id: string, days: readonly number[], target = TARGET): Record<string, unknown>[] =>
    itemsOf(
      versionsOf(
        days.map((ago, place): Step => ({
          at: daysAgo(ago),
          snapshot: { id, name: id, status: place % 2 === 0 ? 'RUNNING' : 'ERROR' },
          ...(place === 0 ? { kind: 'baseline' } : {}),
        })),
        target,
      ),
    );
  const ask = async (from: string, to?: string) => {
    const reader = createReader(table.client, table.tableName, { now: () => toMs(NOW) });
    const send = jest.spyOn(table.client, 'send');
    const changes = await collect(reader.changes(to === undefined ? { from } : { from, to }));
    const requests = send.mock.calls.length;
    send.mockRestore();
    return { requests, times: changes.map(({ id, observedAt }) => `${id} ${observedAt}`) };
  };

  it('are read from the first recorded one on, not from every day since the time that was asked for', async () => {
    await writeItems(table, [
      ...headItems({ completedObservedAt: NOW }),
      ...headItems({ completedObservedAt: NOW }, OTHER),
      ...life('a', [40, 35, 1]),
      ...life('b', [39]),
      ...life('c', [40, 36], OTHER),
    ]);
    const { requests, times } = await ask('2010-01-01T00:00:00.000Z');
    expect(times).toEqual([`c ${daysAgo(36)}`, `a ${daysAgo(35)}`, `a ${daysAgo(1)}`]);
    // Sixteen years of eight queries a day would be 49,000.
    expect(requests).toBeLessThan(400);
    expect((await ask('2010-01-01T00:00:00.000Z', daysAgo(35))).times).toEqual([`c ${daysAgo(36)}`]);
    const { out } = await cli([
      'replay',
      '--since',
      '2010-01-01',
      '--dry-run',
      '--dynamodb-endpoint',
      table.endpoint,
      '--table',
      table.tableName,
    ]);
    expect(out).toContain('3 events would be published');
  });

  it('are found behind whatever quiet time, and cost nothing more where days are few', async () => {
    const days = [3000, 2990, 2500, 2499, 2488, 1200, 400, 389, 388, 25, 13, 2];
    await writeItems(table, [
      ...headItems({ completedObservedAt: NOW }),
      ...life('a', days),
      ...life('b', [2600, 12, 0]),
    ]);
    const all = [...days.slice(1).map((ago) => `a ${daysAgo(ago)}`), `b ${daysAgo(12)}`, `b ${NOW}`].toSorted((x, y) =>
      x.slice(2).localeCompare(y.slice(2)),
    );
    const { requests, times } = await ask(daysAgo(3100));
    expect(times).toEqual(all);
    expect(requests).toBeLessThan((3100 * 8) / 10);
    // From any time on, and to any.
    for (const [from, to] of [
      [2995, 400],
      [2500, 12],
      [1199, 0],
      [399, 13],
    ] as const) {
      const expected = all.filter((one) => one.slice(2) >= daysAgo(from) && one.slice(2) < daysAgo(to));
      expect((await ask(daysAgo(from), daysAgo(to))).times).toEqual(expected);
    }
    // A week is seven days and the rest of two, eight queries each; and nobody is asked for more.
    expect((await ask(daysAgo(7), NOW)).requests).toBe(8 * 8);
  }, 240_000);

  it('are none where nothing is recorded', async () => {
    const { requests, times } = await ask('2010-01-01T00:00:00.000Z');
    expect(times).toEqual([]);
    expect(requests).toBeLessThan(120);
  });
});
