import { DuckDBInstance } from '@duckdb/node-api';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Claim } from '../../../lambda/core/model/attribution';
import { toMs } from '../../../lambda/core/model/instant';
import { toAttributionItem } from '../../../lambda/dynamodb/attribution-items';
import { toGapItem } from '../../../lambda/dynamodb/table';
import { cli, NOW } from '../../support/cli';
import { codeBlocks } from '../../support/documents';
import { anyEngine, createTestTable, type TestTable } from '../../support/engines';
import { headItems, itemsOf, writeItems } from '../../support/history-rows';
import { demoHistory } from '../../support/timeline-fleet';

const folder = mkdtempSync(join(tmpdir(), 'export-'));
const path = (...names: string[]): string => join(folder, ...names);
const SINCE = '2026-10-18T00:00:00.000Z';
const UNTIL = '2026-11-20T07:00:00.123Z';
const [statusSql = '', availabilitySql = '', fieldsSql = ''] = codeBlocks('docs/export.md', 'sql');

/** Runs a query of the page on other files. */
async function query(sql: string, files: string): Promise<Record<string, string | number | null>[]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  // The page leaves the zone of the session alone, so any will do.
  await connection.run("SET TimeZone = 'Asia/Shanghai'");
  const result = await connection.runAndReadAll(sql.replace(/'history[^']*'/, `'${files}'`));
  const rows = result.getRowObjectsJson() as Record<string, string | number | null>[];
  connection.closeSync();
  return rows;
}

/** Who made the first changes. */
const CLAIMS: readonly Claim[] = [
  { confidence: 'certain', actors: [actor('alice')] },
  { confidence: 'candidates', actors: [actor('alice'), actor(null), actor('alice')] },
  { confidence: 'none', reason: 'nothing-found', actors: [] },
];
function actor(user: string | null) {
  const operation = { via: 'console', sourceIp: null, at: NOW, operation: 'update', traceId: 'trace' } as const;
  return { ...operation, user, principal: null };
}
const changesOf = (targets: ReturnType<typeof demoHistory>['targets']) =>
  targets
    .flatMap(({ instances }) => instances.flatMap(({ history }) => history.versions))
    .filter(({ kind, observedAt }) => kind !== 'baseline' && observedAt >= SINCE)
    .toSorted((a, b) => (a.observedAt < b.observedAt ? -1 : 1));

let table: TestTable;
const roma = async (args: readonly string[], now = NOW) =>
  cli([...args, '--dynamodb-endpoint', table.endpoint, '--table', table.tableName], {
    clock: { now: () => toMs(now), sleep: async () => {} },
  });
beforeAll(async () => {
  table = await createTestTable(anyEngine());
  const { targets, gaps } = demoHistory(NOW);
  await writeItems(table, [
    ...targets.flatMap(({ target, head }) => headItems({ ...head, lastRunId: 'run-1' }, target)),
    ...targets.flatMap(({ instances }) => instances.flatMap(({ history }) => itemsOf(history.versions))),
    ...gaps.map((gap) => toGapItem(gap)),
    ...CLAIMS.map((claim, place) => toAttributionItem({ ...changesOf(targets)[place]!, ...claim, askedAt: NOW })),
  ]);
});
afterAll(() => {
  table.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What `uptime` says of each month, as the queries of the page put it. */
async function uptimes(months: readonly (readonly [string, string, string])[]) {
  const status: string[] = [];
  const availability: Record<string, number> = {};
  for (const [month, since, until] of months)
    for (const line of (await roma(['uptime', '--since', since, '--until', until, '--json'])).json()) {
      const ms = { ...(line.statusMs as Record<string, number>), UNOBSERVED: line.unobservedMs as number };
      for (const [name, value] of Object.entries(ms))
        if (value > 0) status.push(`${String(line.id)} ${month} ${name} ${value}`);
      if (line.availability !== null) availability[`${String(line.id)} ${month}`] = line.availability as number;
    }
  return { status: status.toSorted(), availability };
}

const exported = async (...args: string[]) => {
  const { exitCode, err, json } = await roma(['export', ...args, '--json']);
  expect([exitCode, err]).toEqual([0, expect.not.stringContaining('roma-history:')]);
  return json()[0];
};

describe('exported spans', () => {
  it.each([
    ['spans.parquet', 'spans.parquet', SINCE],
    ['spans.csv', 'spans.csv', SINCE],
    ['spans.ndjson', 'spans.ndjson', SINCE],
    ['by-day/', 'by-day/**/*.parquet', '2026-11-09T00:00:00.000Z'],
  ])('tell in DuckDB what `uptime` tells, to the millisecond: %s', async (out, files, since) => {
    await exported('spans', '--since', since, '--until', UNTIL, '--out', `${folder}/${out}`);
    const october = ['2026-10', since, '2026-11-01'] as const;
    const november = ['2026-11', since > '2026-11' ? since : '2026-11-01', UNTIL] as const;
    const expected = await uptimes(since > '2026-11' ? [november] : [october, november]);
    const status = (await query(statusSql, path(files)))
      .filter((row) => row.status !== 'NONEXISTENT')
      .map((row) => `${row.instance_id} ${row.month} ${row.status} ${row.ms}`);
    expect(status.toSorted()).toEqual(expected.status);
    const availability = (await query(availabilitySql, path(files)))
      .filter((row) => row.availability !== null)
      .map((row) => [`${row.instance_id} ${row.month}`, row.availability]);
    expect(Object.fromEntries(availability)).toEqual(expected.availability);
  });

  it('have no holes, do not overlap, and cover all of the time', async () => {
    const holes = `SELECT instance_id, count(*) FILTER ("from" <> coalesce(before, '${SINCE}'::TIMESTAMPTZ)) AS holes,
      max("to") AS last FROM (SELECT *, lag("to") OVER (PARTITION BY instance_id ORDER BY "from") AS before FROM 'history')
      GROUP BY instance_id`;
    const rows = await query(
      `SELECT holes, epoch_ms(last) AS last, count(*) AS n FROM (${holes}) GROUP BY ALL`,
      path('spans.parquet'),
    );
    expect(rows).toEqual([{ holes: '0', last: String(toMs(UNTIL)), n: '16' }]);
  });
});

describe('exported changes and fleet', () => {
  it('hold what `changes` and `list` tell, with JSON columns and nulls', async () => {
    await exported('changes', '--since', SINCE, '--out', path('changes.parquet'));
    const lines = (await roma(['changes', '--since', SINCE, '--json'])).json();
    const rows = await query(
      `SELECT *, epoch_ms(observed_at) AS at, changes->0->>'field' AS first_field FROM 'history'`,
      path('changes.parquet'),
    );
    expect(rows.map((row) => [row.event_id, row.kind, row.status_from, row.status_to, Number(row.at)])).toEqual(
      lines.map((line) => {
        const { from, to } = line.status as { from: string | null; to: string };
        return [line.eventId, line.kind, from, to, toMs(line.observedAt as string)];
      }),
    );
    expect(rows.slice(0, 4).map(({ actor: who, confidence }) => [who, confidence])).toEqual([
      ['alice', 'certain'],
      ['alice or a user without a name', 'candidates'],
      [null, 'none'],
      [null, null],
    ]);
    expect(rows.map((row) => row.first_field)).toEqual(
      lines.map((line) => (line.changes as { field: string }[])[0]?.field ?? null),
    );
    const fields = await query(fieldsSql, path('changes.parquet'));
    expect(fields).toContainEqual({ field: 'cpu', changes: '3', widest_window_ms: expect.any(String) });

    await exported('fleet', '--at', '2026-11-12T00:00:00Z', '--out', path('fleet.ndjson'));
    const listed = (await roma(['list', '--at', '2026-11-12T00:00:00Z', '--json'])).json();
    const fleet = readFileSync(path('fleet.ndjson'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(fleet.map((row) => [row.instance_id, row.status, row.deleted, row.snapshot])).toEqual(
      listed.map((line) => [line.id, line.status, line.deleted, line.snapshot]),
    );
  });

  it('are the same bytes each time, and a folder is one file, cut by day', async () => {
    const bytes = async (name: string) => {
      await exported('changes', '--since', SINCE, '--out', path(name));
      return readFileSync(path(name));
    };
    expect((await bytes('a.parquet')).equals(await bytes('b.parquet'))).toBe(true);
    const whole = (await bytes('changes.csv')).toString();
    await exported('changes', '--since', SINCE, '--format', 'csv', '--out', `${folder}/changes/`);
    const days = readdirSync(path('changes'))
      .filter((name) => name.startsWith('date='))
      .toSorted();
    const parts = days.map((day) => readFileSync(path('changes', day, 'changes.csv'), 'utf8').split('\r\n'));
    expect(
      [parts[0]?.[0], ...parts.flatMap(([_header, ...rows]) => rows.filter((row) => row !== ''))].join('\r\n'),
    ).toBe(whole.trimEnd());
  });
});

describe('an export into a folder', () => {
  it('continues after a crash, adds the days since, and exports a day again until no run can add to it', async () => {
    const out = path('again/');
    const run = async (now: string) => {
      const { exitCode, json } = await roma(
        ['export', 'changes', '--since', '2026-11-18', '--out', out, '--json'],
        now,
      );
      return [exitCode, json()[0]?.files, json()[0]?.kept];
    };
    // The runs have completed until noon of the 22nd. At midnight, the 21st may still get more.
    expect(await run('2026-11-22T00:10:00.000Z')).toEqual([0, 5, 0]);
    expect(await run('2026-11-22T00:40:00.000Z')).toEqual([0, 2, 3]);
    rmSync(path('again', 'date=2026-11-22'), { recursive: true });
    expect(await run(NOW)).toEqual([0, 1, 4]);
    expect(readdirSync(out).filter((name) => name.includes('part'))).toEqual([]);
    expect((await roma(['export', 'spans', '--since', '2026-11-18', '--out', out])).err).toMatch(
      /holds the export of changes as parquet.*choose another folder/,
    );
  });
});

it.each([
  ['the ending tells no format', ['changes', '--out', 'changes.xml'], /none of the endings/],
  ['fleet is given a span', ['fleet', '--since', '1d', '--out', 'x.csv'], /fleet takes --at/],
  [
    'the file cannot be written',
    ['fleet', '--out', 'package.json/fleet.csv'],
    /cannot be written.*choose another --out/,
  ],
])('export fails in one line when %s', async (_, args, message) => {
  const { exitCode, err } = await roma(['export', ...args]);
  expect(exitCode).toBe(2);
  expect(err).toMatch(message);
  expect(err).not.toContain('\n');
});
