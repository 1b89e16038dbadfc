import { DuckDBInstance } from '@duckdb/node-api';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { toMs } from '../../lambda/core/model/instant';
import { toGapItem } from '../../lambda/dynamodb/table';
import { loopbackConfig } from '../../lambda/dynamodb/client';
import { wireExport } from '../../lambda/wire-export';
import { cli, NOW } from '../support/cli';
import { codeBlocks } from '../support/documents';
import { anyEngine, createTestTable, type TestTable } from '../support/engines';
import { headItems, itemsOf, writeItems } from '../support/history-rows';
import { startS3 } from '../support/s3';
import { demoHistory } from '../support/timeline-fleet';

const folder = mkdtempSync(join(tmpdir(), 'scheduled-export-'));
let table: TestTable;
let s3: Awaited<ReturnType<typeof startS3>>;
const failures: string[] = [];

beforeAll(async () => {
  [table, s3] = await Promise.all([createTestTable(anyEngine()), startS3()]);
  const { targets, gaps } = demoHistory(NOW);
  await writeItems(table, [
    ...targets.flatMap(({ target, head }) => headItems({ ...head, lastRunId: 'run-1' }, target)),
    ...targets.flatMap(({ instances }) => instances.flatMap(({ history }) => itemsOf(history.versions))),
    ...gaps.map((gap) => toGapItem(gap)),
  ]);
});
afterAll(async () => {
  table.close();
  await s3.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The function as its schedule invokes it at a time. */
const exportAt = async (at: string): Promise<{ keys: string[] }> =>
  wireExport(
    { tableName: table.tableName, exportTo: 's3://lake/the roma/' },
    {
      aws: loopbackConfig(table.endpoint),
      s3: s3.clientConfig,
      clock: { now: () => toMs(at), sleep: async () => {} },
      telemetry: { failure: (message) => failures.push(message) },
    },
  )();

const NIGHT = '2026-11-21T01:30:00.000Z';
const NEXT = '2026-11-22T01:30:00.000Z';

describe('the scheduled export', () => {
  it('writes one object per table and day, which DuckDB reads as partitions that tell what `uptime` tells', async () => {
    const { keys } = await exportAt(NEXT);
    expect(keys).toEqual(
      ['2026-11-19', '2026-11-20', '2026-11-21'].flatMap((day, index) => [
        `the roma/changes/date=${day}/changes.parquet`,
        `the roma/spans/date=${day}/spans.parquet`,
        // The fleet as the day ended is that of the next midnight.
        `the roma/fleet/date=${['2026-11-20', '2026-11-21', '2026-11-22'][index]}/fleet.parquet`,
      ]),
    );
    for (const [key, bytes] of s3.objects) {
      mkdirSync(dirname(join(folder, key)), { recursive: true });
      writeFileSync(join(folder, key), bytes);
    }
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJson();
    const files = (name: string): string => join(folder, 'lake/the roma', name, '**/*.parquet');

    const [statusSql = ''] = codeBlocks('docs/export.md', 'sql');
    const told = (await rows(statusSql.replace(/'history[^']*'/, `'${files('spans')}'`)))
      .filter(({ status }) => status !== 'NONEXISTENT')
      .map((row) => ['instance_id', 'status', 'ms'].map((name) => row[name] as string).join(' '));
    const where = ['--dynamodb-endpoint', table.endpoint, '--table', table.tableName];
    const uptime = await cli(['uptime', '--since', '2026-11-19', '--until', '2026-11-22', '--json', ...where]);
    const expected = uptime.json().flatMap(({ id, statusMs, unobservedMs }) =>
      Object.entries({ ...(statusMs as object), UNOBSERVED: unobservedMs as number })
        .filter(([, ms]) => ms > 0)
        .map(([status, ms]) => [id, status, ms].join(' ')),
    );
    expect(told.toSorted()).toEqual(expected.toSorted());

    const [changes] = await rows(
      `SELECT count(*) AS n, bool_and(strftime(observed_at AT TIME ZONE 'UTC', '%Y-%m-%d') = date::VARCHAR) AS sorted FROM '${files('changes')}'`,
    );
    const printed = await cli(['changes', '--since', '2026-11-19', '--until', '2026-11-22', '--json', ...where]);
    expect(changes).toEqual({ n: String(printed.json().length), sorted: true });
    const listed = await cli(['list', '--at', '2026-11-21', '--json', ...where]);
    const fleet = await rows(`SELECT instance_id, status FROM '${files('fleet')}' WHERE date = '2026-11-21'`);
    expect(fleet).toEqual(listed.json().map(({ id, status }) => ({ instance_id: id, status })));
    connection.closeSync();
  });

  it('makes the same objects again, byte by byte, also of days that an earlier export has written', async () => {
    s3.objects.clear();
    await exportAt(NIGHT);
    const first = new Map(s3.objects);
    await exportAt(NIGHT);
    await exportAt(NEXT);
    expect(s3.objects.size).toBe(first.size + 3);
    for (const [key, bytes] of first) expect([key, s3.objects.get(key)?.equals(bytes)]).toEqual([key, true]);
  });

  it('fails where S3 refuses, and says that the next export does it again', async () => {
    s3.refuse(403);
    await expect(exportAt(NEXT)).rejects.toThrow('No');
    expect(failures).toEqual(['the export was not completed; the next one does it again']);
    s3.refuse(undefined);
    await expect(exportAt(NEXT)).resolves.toMatchObject({ keys: { length: 9 } });
  });
});
