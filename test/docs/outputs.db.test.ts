import { DuckDBInstance } from '@duckdb/node-api';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import stringWidth from 'string-width';
import { COMMANDS } from '../../bin/cli/commands';
import type { Snapshot } from '../../lambda/core/model/instance';
import { plusMs } from '../../lambda/core/model/instant';
import { toGapItem } from '../../lambda/dynamodb/table';
import { createReader } from '../../lambda/dynamodb/reader';
import { historyFrom } from '../../lambda/history';
import { metricsText } from '../../bin/cli/dashboards/metrics';
import { cli, NOW } from '../support/cli';
import { codeBlocks, PAGE, PAGES } from '../support/documents';
import { ManualClock } from '../support/manual-clock';
import { createTestTable, onEachEngine, type TestTable } from '../support/engines';
import { headItems, itemsOf, type Step, TARGET, versionsOf, writeItems } from '../support/history-rows';

const at = (time: string): string => `2026-11-22T${time}:03.000Z`;

/** What the pages show of each command: the page, the command, its output. */
const documentedOutputs = (): [string, string, string][] =>
  PAGES.flatMap((page) =>
    codeBlocks(page, 'console').flatMap((text) =>
      text.split(/^\$ roma-history /m).flatMap((part): [string, string, string][] => {
        const end = part.indexOf('\n');
        return end < 1 ? [] : [[page, part.slice(0, end), part.slice(end + 1).trimEnd()]];
      }),
    ),
  );

const prod = (more: Partial<Snapshot>): Snapshot => ({
  flavor_id: '00300-30101-0--0',
  id: 'e34640c4-2aa2-48b1',
  publicip_enable: true,
  name: 'roma-prod',
  status: 'RUNNING',
  ...more,
});
const testing = { id: 'a91f03d2-77c1-4e0b', name: 'roma-test', status: 'RUNNING' };
const tryOut = { id: '0c5be117-91f8-4d3a', name: 'try-out', status: 'RUNNING' };

/** Forms of the documented commands that the pages do not show, and the help of all. */
const MORE = [
  'list -o wide',
  'list -o csv',
  'list -o yaml --name *prod',
  'log roma-prod -o wide',
  'show roma-prod --changes',
  'diff roma-prod',
  'changes -o table --sort -time',
  'uptime --sort availability --columns name,availability',
  'uptime --by *prod --by project --maintenance-zone UTC',
  'list --field flavor_id=00300-30102-0--0',
  'doctor -o yaml',
  'targets list -o csv',
  '--help',
  ...Object.keys(COMMANDS).map((command) => `${command} --help`),
];

const LIVES: readonly (readonly Step[])[] = [
  [
    { at: at('08:00'), snapshot: prod({}), kind: 'baseline' },
    { at: at('09:20'), snapshot: prod({ status: 'ERROR' }) },
    { at: at('09:35'), snapshot: prod({}) },
    { at: at('11:30'), snapshot: prod({ flavor_id: '00300-30102-0--0', publicip_enable: false }) },
  ],
  [
    { at: at('08:00'), snapshot: testing, kind: 'baseline' },
    { at: at('11:50'), snapshot: { ...testing, status: 'FROZEN' } },
  ],
  [
    { at: at('09:10'), snapshot: tryOut },
    { at: at('11:10'), snapshot: tryOut, kind: 'deleted' },
  ],
];

onEachEngine('the output that the documents show', (engine) => {
  let table: TestTable;
  beforeAll(async () => {
    table = await createTestTable(engine);
    const completedObservedAt = at('11:55');
    await writeItems(table, [
      ...headItems({
        completedObservedAt,
        completedAt: plusMs(completedObservedAt, 1000),
        intervalMs: 300_000,
        outcome: 'unchanged',
        instances: 2,
      }),
      toGapItem({ target: TARGET, from: at('10:00'), to: at('10:45') }),
      ...LIVES.flatMap((life) => itemsOf(versionsOf(life))),
    ]);
  });
  afterAll(() => table.close());

  it.each(documentedOutputs())('%s: $ roma-history %s', async (_page, command, expected) => {
    const { out } = await cli([
      ...command.split(' '),
      '--dynamodb-endpoint',
      table.endpoint,
      '--table',
      table.tableName,
    ]);
    expect(out.replaceAll(table.tableName, 'InstanceHistory')).toBe(expected);
  });

  it('is what DuckDB and Prometheus get', async () => {
    const [block = ''] = codeBlocks(PAGE.start, 'text');
    const [exported = '', sql = '', metrics = ''] = block.split(/^\$ /m).slice(1);
    const folder = mkdtempSync(join(tmpdir(), 'shown-'));
    const [, ...words] = exported.trim().split(' ');
    const file = join(folder, words.pop()!);
    const place = ['--dynamodb-endpoint', table.endpoint, '--table', table.tableName];
    expect(await cli([...words, file, ...place])).toMatchObject({ exitCode: 0 });
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const [, query = ''] = / -c '(.*)' \| head -3$/m.exec(sql) ?? [];
    const rows = (await connection.runAndReadAll(query.replace('spans.parquet', file))).getRowObjectsJson();
    connection.closeSync();
    rmSync(folder, { recursive: true });
    expect(sql.trimEnd().split('\n').slice(1)).toEqual(
      rows.slice(0, 3).map((row) => JSON.stringify({ ...row, ms: Number(row.ms) })),
    );

    const clock = new ManualClock(Date.parse(NOW));
    const reader = createReader(table.client, table.tableName, clock);
    const options = { nowMs: clock.now(), targets: [TARGET], format: 'prometheus' } as const;
    const text = await metricsText({ reader, history: historyFrom(reader, clock) }, options);
    const [, pattern = 'none'] = / grep '(.*)'$/m.exec(metrics) ?? [];
    const shown = text.split('\n').filter((line) => new RegExp(pattern).test(line));
    expect(metrics.trimEnd().split('\n').slice(1)).toEqual(shown);
  });

  it.each([60, 80, 140])('is as in the transcript on a terminal of %d cells', async (width) => {
    const commands = [...new Set(documentedOutputs().map(([, command]) => command)), ...MORE];
    const parts: string[] = [];
    for (const command of commands) {
      const here = command.endsWith('--help')
        ? []
        : ['--dynamodb-endpoint', table.endpoint, '--table', table.tableName];
      const { out } = await cli([...command.split(' '), ...here], { width });
      parts.push(`$ roma-history ${command}\n${out.replaceAll(table.tableName, 'InstanceHistory')}\n`);
    }
    const transcript = parts.join('\n');
    const file = join(__dirname, 'transcripts', `${width}.txt`);
    if (process.env.UPDATE_TRANSCRIPTS === '1') writeFileSync(file, transcript);
    expect(transcript).toBe(readFileSync(file, 'utf8'));
    // A column that cannot break, such as an id, may be longer.
    const tooLong = parts
      .filter((part) => !part.includes('--help') && !part.includes('-o '))
      .flatMap((part) => part.split('\n').slice(1))
      .filter((line) => stringWidth(line) > width && line.trim().split(/ +/).length > 2);
    expect(tooLong).toEqual([]);
  });
});
