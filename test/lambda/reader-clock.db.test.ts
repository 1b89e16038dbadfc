import { plusMs, toMs } from '../../lambda/core/model/instant';
import { openHistory } from '../../lambda/reader';
import { createReader } from '../../lambda/dynamodb/reader';
import { periodBefore } from '../../lambda/timeline/period';
import { readTimeline } from '../../lambda/timeline/read-timeline';
import { loopbackConfig } from '../../lambda/dynamodb/client';
import { wireWidget } from '../../lambda/wire';
import { cli, NOW } from '../support/cli';
import { createTestTable, onEachEngine, type TestTable } from '../support/engines';
import { headItems, itemsOf, TARGET, versionsOf, writeItems } from '../support/history-rows';
import { ManualClock } from '../support/manual-clock';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ago = (ms: number): string => plusMs(NOW, -ms);
/** The last run was at NOW; whoever reads believes that it is earlier. */
const BEHIND = ago(2 * MINUTE);
const behind = (): ManualClock => new ManualClock(toMs(BEHIND));

onEachEngine('a reader whose clock is behind those of the runs', (engine) => {
  let table: TestTable;
  beforeAll(async () => {
    table = await createTestTable(engine);
    await writeItems(table, [
      ...headItems({ completedObservedAt: NOW, intervalMs: 5 * MINUTE, outcome: 'changed' }),
      ...itemsOf(
        versionsOf([
          { at: ago(5 * HOUR), snapshot: { id: 'a', name: 'alpha', status: 'RUNNING' }, kind: 'baseline' },
          { at: NOW, snapshot: { id: 'a', name: 'alpha', status: 'ERROR' } },
        ]),
      ),
      ...itemsOf(versionsOf([{ at: ago(5 * HOUR), snapshot: { id: 'b', status: 'RUNNING' } }]), {
        unobservedSince: ago(MINUTE),
      }),
      // Its own gap has closed with the last run.
      ...itemsOf(versionsOf([{ at: ago(5 * HOUR), snapshot: { id: 'c', status: 'RUNNING' } }]), { lastOwnGapTo: NOW }),
    ]);
  });
  afterAll(() => table.close());

  const ask = async (...args: string[]) =>
    cli([...args, '--dynamodb-endpoint', table.endpoint, '--table', table.tableName], { clock: behind() });

  it.each([[[]], [['--at', 'now']]])('lists and shows what the last run saw: %p', async (at) => {
    const rows = (await ask('list', '--json', ...at)).json();
    expect(rows).toMatchObject([{ id: 'a', status: 'ERROR', version: 2, since: NOW }, { id: 'b' }, { id: 'c' }]);
    expect(rows.map(({ unobserved }) => unobserved)).toEqual([undefined, { from: ago(MINUTE), to: null }, undefined]);
    expect((await ask('show', 'a', '--json', ...at)).json()).toMatchObject([{ status: 'ERROR', version: 2 }]);
    // No length of time is below zero.
    expect((await ask('list', ...at)).out).toMatch(/RUNNING .* b .*\(unobserved for 0 s\)/);
  });

  it('takes the time of the last run as a time, and not for the future', async () => {
    expect((await ask('show', 'a', '--at', NOW, '--json')).json()).toMatchObject([{ status: 'ERROR' }]);
    expect((await ask('show', 'a', '--at', plusMs(NOW, -1), '--json')).json()).toMatchObject([{ status: 'RUNNING' }]);
    // Nobody can have looked later than now.
    const [line] = (await ask('show', 'a', '--at', plusMs(NOW, MINUTE), '--json')).json();
    expect(line).toMatchObject({ version: 2, unobserved: { from: plusMs(NOW, 1), to: null } });
  });

  it('tells changes, logs, differences and replays up to the last run', async () => {
    for (const until of [[], ['--until', 'now']])
      expect((await ask('changes', '--since', '1h', '--json', ...until)).json()).toMatchObject([
        { eventId: expect.stringMatching(/a\/2$/) },
      ]);
    expect((await ask('log', 'a', '--since', '1h', '--json')).json()).toMatchObject([{ version: 2 }]);
    expect((await ask('diff', 'a', '1h', 'now', '--json')).json()).toMatchObject([
      { a: { version: 1 }, b: { version: 2 } },
    ]);
    expect((await ask('replay', '--since', '1h', '--dry-run', '--json')).json()).toHaveLength(1);
    const { json } = await ask(
      'replay',
      '--since',
      '1h',
      '--bus',
      'none',
      '--json',
      '--rate',
      '1',
      '--events-endpoint',
      'http://127.0.0.1:9',
    );
    expect(json()).toMatchObject([{ until: plusMs(NOW, 1) }]);
  });

  it('counts the time up to the last run, and no time after it', async () => {
    const span = { from: ago(HOUR + 2 * MINUTE), to: NOW };
    const [a, b] = (await ask('uptime', '--since', '1h', '--json')).json();
    expect(a).toMatchObject({ ...span, statusMs: { RUNNING: HOUR + 2 * MINUTE }, unobservedMs: 0 });
    expect(b).toMatchObject({ ...span, statusMs: { RUNNING: HOUR + MINUTE }, unobservedMs: MINUTE });
    expect((await ask('uptime', '--since', '1h')).out).toContain('10:58:00–12:00:00 UTC');
    expect((await ask('uptime', 'a', '--since', '1h', '--json')).json()).toMatchObject([span]);
    const history = openHistory({ ...loopbackConfig(table.endpoint), tableName: table.tableName, clock: behind() });
    const later = { from: ago(HOUR), to: plusMs(NOW, HOUR) };
    expect(await history.uptime(await history.find('a'), later)).toMatchObject({
      statusMs: { RUNNING: HOUR, ERROR: 1 },
      unobservedMs: HOUR - 1,
    });
    expect(await history.stateAt(TARGET, 'a')).toMatchObject({ is: 'known', version: { version: 2 } });
    history.close();
  });

  it('draws what the last run saw', async () => {
    const reader = createReader(table.client, table.tableName, { now: () => toMs(BEHIND) });
    const timeline = await readTimeline(reader, periodBefore(BEHIND, HOUR), { now: BEHIND });
    expect(timeline.period).toEqual({ from: ago(HOUR + 2 * MINUTE), to: plusMs(NOW, 1) });
    const [alpha, b, c] = ['a', 'b', 'c'].map((id) => timeline.groups[0]?.rows.find((row) => row.id === id));
    expect(alpha).toMatchObject({ status: 'ERROR', blind: false, changes: [{ version: 2 }] });
    expect(b).toMatchObject({ status: 'RUNNING', blind: true });
    expect(c).toMatchObject({ status: 'RUNNING', blind: false });
    const past = await readTimeline(reader, periodBefore(ago(HOUR), HOUR), { now: BEHIND });
    expect(past.period.to).toBe(ago(HOUR));
    const widget = wireWidget({ tableName: table.tableName }, { aws: loopbackConfig(table.endpoint), clock: behind() });
    const timeRange = { start: toMs(ago(HOUR)), end: toMs(BEHIND) };
    expect(await widget({ widgetContext: { timeRange, width: 900 } })).toContain('RUNNING → ERROR');
  });
});
