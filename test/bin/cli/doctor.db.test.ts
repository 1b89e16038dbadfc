import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RomaSimulator, SEED_PROJECT, startRomaSimulator } from '../../support/roma-simulator';
import { plusMs, toMs } from '../../../lambda/core/model/instant';
import { toRejectionItem } from '../../../lambda/dynamodb/table';
import { cli, NOW } from '../../support/cli';
import { createTestTable, onEachEngine, type TestTable } from '../../support/engines';
import { headItems, itemsOf, versionsOf, writeItems } from '../../support/history-rows';

const TARGET = { region: 'cn-north-4', projectId: SEED_PROJECT.id };
const minutesAgo = (minutes: number): string => plusMs(NOW, -minutes * 60_000);
const healthy = {
  completedAt: minutesAgo(2),
  completedObservedAt: minutesAgo(2),
  outcome: 'unchanged',
  intervalMs: 300_000,
  writeUnits: 1,
  readUnits: 0,
} as const;

onEachEngine('roma-history doctor', (engine) => {
  let table: TestTable;
  beforeEach(async () => {
    table = await createTestTable(engine);
  });
  afterEach(() => table.close());
  const doctor = async (args: string[] = [], environment: Record<string, string> = {}) =>
    cli(['doctor', '--dynamodb-endpoint', table.endpoint, '--table', table.tableName, '--json', ...args], {
      environment,
    });
  const badOnes = async (environment: Record<string, string> = {}) => {
    const { exitCode, json } = await doctor([], environment);
    const found = json().filter(({ level }) => level === 'bad');
    expect(exitCode).toBe(found.length > 0 ? 1 : 0);
    // Whatever is bad says what to do.
    for (const { fix } of found) expect(fix).toEqual(expect.stringMatching(/\w/));
    return found.map(({ check, message }) => `${String(check)}: ${String(message)}`);
  };

  it('finds nothing wrong with a healthy history', async () => {
    await writeItems(table, headItems(healthy, TARGET));
    expect(await badOnes()).toEqual([]);
    const checks = (await doctor()).json().map(({ check, level }) => `${String(level)} ${String(check).split(' ')[0]}`);
    expect(checks).toEqual([
      'ok table',
      'ok indexes',
      'ok stream',
      'ok schema',
      'ok freshness',
      'ok last',
      'note credentials',
      'skipped schedule',
    ]);
  });

  it('names a field that ticks alone', async () => {
    const life = (field: string, count: number) =>
      itemsOf(
        versionsOf(
          Array.from({ length: count }, (_, tick) => ({
            at: minutesAgo(10 * (count + 1 - tick)),
            snapshot: {
              id: field,
              status: 'RUNNING',
              [field]: tick,
              update_time: `2026-11-22T00:00:${String(tick).padStart(2, '0')}Z`,
            },
            kind: tick === 0 ? ('baseline' as const) : undefined,
          })),
          TARGET,
        ),
      );
    const notes = async () => (await doctor()).json().filter(({ check }) => String(check).startsWith('changes of'));
    await writeItems(table, [...headItems(healthy, TARGET), ...life('load', 20), ...life('name', 3)]);
    expect(await notes()).toMatchObject([
      {
        level: 'note',
        message: '19 of 21 within a day changed load alone',
        fix: expect.stringMatching(/"ignoreFields": \["load"\].* --ignore-field load$/),
      },
    ]);
    await writeItems(table, life('cpu', 3));
    expect(await notes()).toEqual([]);
  });

  it('finds what is stale, failed, stuck, held and rejected', async () => {
    const [version] = versionsOf([{ at: minutesAgo(600), snapshot: { id: 'gone', status: 'RUNNING' } }], TARGET);
    await writeItems(table, [
      ...headItems(
        {
          ...healthy,
          completedAt: minutesAgo(120),
          completedObservedAt: minutesAgo(120),
          outcome: 'failed',
          because: '403 Forbidden',
          lease: { runId: 'run-1', until: minutesAgo(60) },
        },
        TARGET,
      ),
      ...itemsOf(version === undefined ? [] : [version], {
        absentSince: minutesAgo(120),
        unobservedSince: minutesAgo(120),
      }),
      toRejectionItem({
        target: TARGET,
        key: 'odd',
        id: 'odd',
        reason: 'status is missing',
        raw: '{}',
        digest: 'd',
        firstObservedAt: minutesAgo(10),
        observedAt: minutesAgo(5),
        changedAfter: null,
      }),
    ]);
    const found = await badOnes();
    expect(found).toEqual([
      expect.stringContaining('the last completed run was 2 h ago, scheduled every 5 min'),
      expect.stringContaining('failed: 403 Forbidden'),
      expect.stringContaining('run run-1 died: its lease ended 1 h ago'),
      expect.stringContaining('1 absent instance is held: gone'),
      expect.stringContaining('odd: status is missing'),
    ]);
  });

  it('finds a table of another schema version', async () => {
    await writeItems(
      table,
      headItems(healthy, TARGET).map((item) => ({ ...item, schemaVersion: 99 })),
    );
    expect((await badOnes()).join()).toContain('schema version 99');
  });

  describe('--cost', () => {
    const costs = async (...args: string[]) => {
      const { json } = await doctor(['--cost', ...args]);
      const [cost] = json() as { dollars: Record<string, number>; projected: { dollars: Record<string, number> } }[];
      return cost!;
    };

    it('tells a month in which nothing changes, and one like the last seven days, with its prices', async () => {
      const life = [1, 2, 3].map((day) => ({
        at: minutesAgo(day * 1440),
        snapshot: { id: 'busy', status: day % 2 === 0 ? 'RUNNING' : 'ERROR' },
      }));
      const old = [{ at: minutesAgo(9 * 1440), snapshot: { id: 'busy', status: 'ERROR' } }];
      await writeItems(table, [
        ...headItems({ ...healthy, instances: 100 }, TARGET),
        ...itemsOf(versionsOf([...old, ...life.toReversed()], TARGET)),
      ]);
      const cost = await costs();
      // Every five minutes: 8,766 runs, two write units each.
      expect(cost).toMatchObject({ runsPerMonth: 8766, writeUnits: 17_532, readUnits: 0, currency: 'USD' });
      expect(cost).toMatchObject({ changesPerWeek: 3, prices: { region: 'us-east-1', asOf: '2025-01' } });
      const perMonth = (3 * 365.25) / 12 / 7;
      expect(cost.projected).toMatchObject({ readUnits: perMonth * 100 * 0.28 });
      expect(cost.projected.dollars.events).toBeCloseTo(perMonth / 1e6, 9);
      expect(cost.projected.dollars.total).toBeGreaterThan(cost.dollars.total!);
      const parts = Object.entries(cost.dollars).filter(([item]) => item !== 'total');
      expect(parts.reduce((sum, [, dollars]) => sum + dollars, 0)).toBeCloseTo(cost.dollars.total!, 9);
      const { out } = await cli([
        'doctor',
        '--cost',
        '--dynamodb-endpoint',
        table.endpoint,
        '--table',
        table.tableName,
      ]);
      for (const [item] of parts) expect(out).toContain(`\n${item} `);
    });

    it('takes other prices from a file, and refuses what is none', async () => {
      await writeItems(table, headItems(healthy, TARGET));
      const file = join(mkdtempSync(join(tmpdir(), 'prices-')), 'prices.json');
      writeFileSync(file, '{"region": "eu-central-1", "usd": {"millionSchedules": 10}}');
      const cost = await costs('--prices', file);
      expect(cost).toMatchObject({ prices: { region: 'eu-central-1', usd: { secretMonth: 0.4 } } });
      expect(cost.dollars.schedules).toBeCloseTo(0.08766, 9);
      for (const [text, reason] of [
        ['{"usd": {"dashboard": 1}}', /usd: .*"dashboard"/],
        ['{"usd": {"keyMonth": "1"}}', /usd\.keyMonth: /],
        ['nothing', /JSON/],
      ] as const) {
        writeFileSync(file, text);
        const { err, exitCode } = await doctor(['--cost', '--prices', file]);
        expect([exitCode, err]).toEqual([2, expect.stringMatching(reason)]);
        expect(err.trim()).not.toContain('\n');
      }
    });
  });

  describe('with credentials', () => {
    let simulator: RomaSimulator;
    beforeEach(async () => {
      simulator = await startRomaSimulator({ clock: { now: () => toMs(NOW) - 400_000, sleep: async () => {} } });
      await writeItems(table, headItems(healthy, TARGET));
    });
    afterEach(async () => simulator.stop());

    it('says whose the credentials are, and that STS tells it of keys alone', async () => {
      const { accessKey, secretKey, domainId, userName, password, domainName } = simulator.account;
      const principal = async (environment: Record<string, string>, ...args: string[]) =>
        (await doctor(['--endpoint', simulator.endpoint, ...args], environment))
          .json()
          .find(({ check }) => check === 'principal');
      const keys = { HUAWEICLOUD_SDK_AK: accessKey, HUAWEICLOUD_SDK_SK: secretKey };
      expect(await principal(keys)).toEqual({
        check: 'principal',
        level: 'ok',
        message: `iam::${domainId}:user:${userName}`,
      });
      // The history needs no STS: that it does not answer is no fault.
      expect(await principal(keys, '--sts-endpoint', 'http://127.0.0.1:1')).toMatchObject({
        level: 'note',
        message: expect.stringContaining('http://127.0.0.1:1/v5/caller-identity'),
      });
      const user = {
        HUAWEICLOUD_SDK_USERNAME: userName,
        HUAWEICLOUD_SDK_PASSWORD: password,
        HUAWEICLOUD_SDK_DOMAIN_NAME: domainName,
      };
      expect(await principal(user)).toMatchObject({ level: 'skipped' });
    });

    it('finds a clock that is off the API by more than runs accept, and contradictory credentials', async () => {
      const { accessKey, secretKey } = simulator.account;
      const token = { HUAWEICLOUD_SDK_AK: accessKey, HUAWEICLOUD_SDK_SK: secretKey };
      const { exitCode, json } = await doctor(['--endpoint', simulator.endpoint], token);
      expect(exitCode).toBe(1);
      const byCheck = new Map(json().map(({ check, message }) => [String(check).split(' ')[0], String(message)]));
      expect(byCheck.get('credentials')).toContain('an access key');
      expect(byCheck.get('clock')).toMatch(/this clock is (399|400)\.\d s ahead of the API's: runs from here fail/);
      const both = await badOnes({ ...token, HUAWEICLOUD_AUTH_TOKEN: 'x' });
      expect(both.join()).toContain('not clear whom to act as');
      expect(both.join()).not.toContain(secretKey);
    });
  });
});

it('says that the table cannot be reached, and stops there', async () => {
  const { exitCode, json } = await cli(['doctor', '--dynamodb-endpoint', 'http://dynamodb.invalid', '--json'], {
    environment: {},
  });
  expect(exitCode).toBe(1);
  expect(json().every(({ check }) => check === 'table')).toBe(true);
});
