import { stateAt } from '../../lambda/core/history/queries';
import { plusMs, toMs } from '../../lambda/core/model/instant';
import { createReader } from '../../lambda/dynamodb/reader';
import { periodBefore } from '../../lambda/timeline/period';
import { readTimeline } from '../../lambda/timeline/read-timeline';
import { cli, NOW } from '../support/cli';
import { createTestTable, onEachEngine, type TestTable } from '../support/engines';
import { headItems, itemsOf, TARGET, versionsOf, writeItems } from '../support/history-rows';
import { collect } from '../support/sync-world';

const HOUR = 3_600_000;
const ago = (ms: number): string => plusMs(NOW, -ms);

onEachEngine('an instance that the first run found deleted', (engine) => {
  let table: TestTable;
  beforeAll(async () => {
    table = await createTestTable(engine);
    const baseline = (id: string, status: string) =>
      itemsOf(versionsOf([{ at: ago(3 * HOUR), snapshot: { id, name: 'prod', status }, kind: 'baseline' }]));
    await writeItems(table, [
      ...headItems({ completedObservedAt: ago(60_000), intervalMs: 300_000, outcome: 'unchanged' }),
      ...baseline('gone', 'DELETED'),
      ...baseline('living', 'RUNNING'),
      ...baseline('soft', 'SOFT_DELETED'),
    ]);
  });
  afterAll(() => table.close());
  const ask = async (...args: string[]) =>
    cli([...args, '--dynamodb-endpoint', table.endpoint, '--table', table.tableName]);

  it.each([[[]], [['--at', ago(HOUR)]]])('is not among the living, and deleted in --json: list %p', async (at) => {
    const { out } = await ask('list', ...at);
    expect(out).toContain('1 instance, 2 deleted not shown (--all)');
    expect(out).not.toContain('SOFT_DELETED');
    expect((await ask('list', '--json', ...at)).json().map(({ id, deleted }) => [id, deleted])).toEqual([
      ['gone', true],
      ['living', false],
      ['soft', true],
    ]);
    expect((await ask('list', '--status', 'soft_deleted', ...at)).out).toMatch(/SOFT_DELETED .* soft /);
  });

  it('does not exist: it is no time in a status, and no share of what was available', async () => {
    const rows = (await ask('uptime', '--since', '2h', '--json', '--total')).json();
    expect(rows).toMatchObject([
      { id: 'living', availability: 1 },
      { type: 'total', availability: 1 },
    ]);
    expect((await ask('uptime', 'soft', '--since', '4h', '--json')).json()).toMatchObject([
      { statusMs: {}, availability: null, unobservedMs: HOUR },
    ]);
  });

  it('gives way to a living one of its name', async () => {
    expect((await ask('show', 'prod', '--json')).json()).toMatchObject([{ status: 'RUNNING' }]);
  });

  it('has no lane after it was found deleted', async () => {
    const reader = createReader(table.client, table.tableName, { now: () => toMs(NOW) });
    const ids = async (hours: number) =>
      (await readTimeline(reader, periodBefore(NOW, hours * HOUR), { now: NOW })).groups[0]?.rows.map(
        ({ id, deleted, blind, bars }) => [id, deleted, blind, bars.length],
      );
    expect(await ids(2)).toEqual([['living', false, false, 1]]);
    // Before the first run nobody knows what they were.
    expect(await ids(4)).toEqual([
      ['living', false, false, 2],
      ['gone', true, false, 1],
      ['soft', true, false, 1],
    ]);
  });

  it('is nonexistent at every time since, and needs nobody', async () => {
    const reader = createReader(table.client, table.tableName, { now: () => toMs(NOW) });
    for (const at of [ago(3 * HOUR), ago(HOUR), undefined])
      expect(await stateAt(reader, TARGET, 'soft', at, toMs(NOW))).toMatchObject({
        is: 'nonexistent',
        deletedBy: { status: 'SOFT_DELETED' },
      });
    expect(await stateAt(reader, TARGET, 'soft', ago(4 * HOUR), toMs(NOW))).toEqual({ is: 'unobserved' });
    expect(await collect(reader.notRunning(TARGET))).toEqual([]);
  });
});
