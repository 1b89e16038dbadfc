import { plusMs, toMs } from '../../../lambda/core/model/instant';
import { toGapItem } from '../../../lambda/dynamodb/table';
import { createReader } from '../../../lambda/dynamodb/reader';
import { buildTimeline } from '../../../lambda/timeline/model';
import { timelinePage } from '../../../lambda/timeline/page';
import { periodBefore } from '../../../lambda/timeline/period';
import { readTimeline } from '../../../lambda/timeline/read-timeline';
import { targetName } from '../../../lambda/core/model/instance';
import { wireWidget } from '../../../lambda/wire';
import { createTestTable, onEachEngine, type TestTable } from '../../support/engines';
import { headItems, itemsOf, writeItems } from '../../support/history-rows';
import { ManualClock } from '../../support/manual-clock';
import { DAY, demoHistory } from '../../support/timeline-fleet';

const now = '2026-11-22T12:00:00.000Z';

onEachEngine('the timeline of a table', (engine) => {
  let table: TestTable;
  beforeAll(async () => {
    table = await createTestTable(engine);
    const { targets, gaps } = demoHistory(now);
    const instances = targets.flatMap((target) => target.instances);
    await writeItems(table, [
      ...targets.flatMap(({ target, head }) => headItems(head ?? {}, target)),
      ...instances.flatMap(({ current, history }) => itemsOf(history.versions, { lastOwnGapTo: current.lastOwnGapTo })),
      ...gaps.map((gap) => toGapItem(gap)),
    ]);
  });
  afterAll(() => table.close());

  it.each([1, 7, 30])('is the timeline of what was recorded, over %d days', async (days) => {
    const period = periodBefore(now, days * DAY);
    const reader = createReader(table.client, table.tableName, { now: () => toMs(now) });
    const expected = buildTimeline(demoHistory(now).targets, period, now);
    // The data of the script holds only what was read, which is less.
    const [shown] = timelinePage(await readTimeline(reader, period, { now })).split('<script', 1);
    expect(shown).toBe(timelinePage(expected).split('<script', 1)[0]);
  });

  it('ends in the past when it is asked for the past', async () => {
    const period = periodBefore(plusMs(now, -10 * DAY), 5 * DAY);
    const reader = createReader(table.client, table.tableName, { now: () => toMs(now) });
    const names = (await readTimeline(reader, period, { now })).groups.flatMap((group) =>
      group.rows.map((row) => row.name),
    );
    expect(names).toContain('roma-customs-test');
    expect(names).not.toContain('roma-returns-prod');
  });

  it('is drawn into a dashboard', async () => {
    const aws = { endpoint: table.endpoint, region: 'local-1', credentials: KEYS };
    const widget = wireWidget({ tableName: table.tableName }, { aws, clock: new ManualClock(toMs(now)) });
    const timeRange = { start: toMs(now) - DAY, end: toMs(now) };
    const html = await widget({ widgetContext: { timeRange, theme: 'dark', width: 900 } });
    expect(html).toContain('data-theme="dark"');
    expect(html).toContain('roma-orders-prod');
    expect(html).toContain('RUNNING → ERROR');
  });

  it('draws only the targets that it is limited to, whichever of them the dashboard names', async () => {
    const aws = { endpoint: table.endpoint, region: 'local-1', credentials: KEYS };
    const reader = createReader(table.client, table.tableName, { now: () => toMs(now) });
    const [mine, theirs] = await reader.targets();
    const widget = wireWidget(
      { tableName: table.tableName, drawnTargets: [mine!] },
      { aws, clock: new ManualClock(toMs(now)) },
    );
    const widgetContext = { timeRange: { start: toMs(now) - DAY, end: toMs(now) } };
    const drawn = await widget({ widgetContext });
    expect(drawn).toContain(targetName(mine!));
    expect(drawn).not.toContain(targetName(theirs!));
    expect(await widget({ target: targetName(mine!), widgetContext })).toBe(drawn);
    expect(await widget({ target: targetName(theirs!), widgetContext })).toMatch(/^<p>this widget draws only/);
  });

  it('fails where errors are seen when the table is missing', async () => {
    const aws = { endpoint: table.endpoint, region: 'local-1', credentials: KEYS };
    const failures: string[] = [];
    const widget = wireWidget(
      { tableName: 'no-such-table' },
      { aws, telemetry: { failure: (what) => void failures.push(what) } },
    );
    const timeRange = { start: toMs(now) - DAY, end: toMs(now) };
    await expect(widget({ widgetContext: { timeRange } })).rejects.toThrow(/no-such-table/);
    expect(failures).toEqual(['the timeline could not be drawn']);
  });
});

const KEYS = { accessKeyId: 'local', secretAccessKey: 'local' };
