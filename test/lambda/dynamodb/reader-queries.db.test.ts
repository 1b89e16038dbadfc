import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { randomUUID } from 'node:crypto';
import { plusMs, toMs } from '../../../lambda/core/model/instant';
import type { Reader } from '../../../lambda/core/history/reader';
import { createReader } from '../../../lambda/dynamodb/reader';
import { toGapItem } from '../../../lambda/dynamodb/table';
import { createTestTable, onEachEngine, type TestTable } from '../../support/engines';
import { headItems, itemsOf, type Step, TARGET, versionsOf, writeItems } from '../../support/history-rows';

const NOW = '2026-11-22T12:00:00.000Z';
const at = (time: string): string => `2026-11-22T${time}:00.000Z`;
const step = (id: string, time: string, status = 'RUNNING', more: Partial<Step> = {}): Step => ({
  at: time.length === 5 ? at(time) : time,
  snapshot: { id, name: `name of ${id}`, status },
  ...more,
});

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const result: T[] = [];
  for await (const row of rows) result.push(row);
  return result;
}

onEachEngine('the reader', (engine) => {
  let table: TestTable;
  let reader: Reader;
  beforeEach(async () => {
    table = await createTestTable(engine);
    reader = createReader(table.client, table.tableName, { now: () => toMs(NOW) });
  });
  afterEach(() => table.close());

  it('tells the version that was valid at a time, and nothing before the first', async () => {
    const versions = versionsOf([step('a', '10:00'), step('a', '10:30', 'ERROR')]);
    await writeItems(table, itemsOf(versions));
    const versionAt = async (time: string) => (await reader.versionAt(TARGET, 'a', time))?.version;
    expect(await versionAt(at('09:59'))).toBeUndefined();
    expect(await versionAt(at('10:00'))).toBe(1);
    expect(await versionAt(plusMs(at('10:30'), -1))).toBe(1);
    expect(await versionAt(at('10:30'))).toBe(2);
    expect(await reader.versionAt(TARGET, 'a', NOW)).toEqual(versions[1]);
  });

  it('pages on when a page holds only expired rows, and keeps the limit exact', async () => {
    const expired = Array.from({ length: 30 }, (_, i) =>
      step('a', plusMs(at('08:00'), i * 1000), 'RUNNING', { expiresAt: at('11:00') }),
    );
    const kept = Array.from({ length: 5 }, (_, i) => step('a', plusMs(at('09:00'), i * 1000)));
    await writeItems(table, itemsOf(versionsOf([...expired, ...kept])));
    const numbers = async (limit: number) =>
      (await all(reader.versions(TARGET, 'a', { limit }))).map(({ version }) => version);
    expect(await numbers(2)).toEqual([31, 32]);
    expect(await numbers(9)).toEqual([31, 32, 33, 34, 35]);
    expect(await numbers(0)).toEqual([]);
  });

  it('gives no answer for a time whose version has expired, also when an older one outlives it', async () => {
    await writeItems(
      table,
      itemsOf(
        versionsOf([
          step('a', '08:00', 'RUNNING', { expiresAt: '2027-11-22T09:00:00.000Z' }),
          step('a', '09:00', 'ERROR', { expiresAt: at('11:00') }),
          step('a', '10:00'),
        ]),
      ).filter((item) => item.version !== 2),
    );
    expect((await reader.versionAt(TARGET, 'a', at('09:30')))?.version).toBeUndefined();
    expect((await reader.versionAt(TARGET, 'a', at('10:30')))?.version).toBe(3);
  });

  it('yields versions of a half-open span in either order', async () => {
    await writeItems(table, itemsOf(versionsOf(['08:00', '09:00', '10:00'].map((time) => step('a', time)))));
    const times = async (options: Parameters<Reader['versions']>[2]) =>
      (await all(reader.versions(TARGET, 'a', options))).map(({ observedAt }) => observedAt.slice(11, 16));
    expect(await times({ from: at('08:00'), to: at('10:00') })).toEqual(['08:00', '09:00']);
    expect(await times({ newestFirst: true })).toEqual(['10:00', '09:00', '08:00']);
    expect(await times({ newestFirst: true, limit: 1 })).toEqual(['10:00']);
  });

  it('merges the changes of all shards and days in time order, without baseline', async () => {
    const ids = Array.from({ length: 40 }, (_, i) => `instance-${i}`);
    const items = ids.flatMap((id, i) =>
      itemsOf(
        versionsOf([
          { ...step(id, '2026-11-20T23:59:00.000Z'), kind: 'baseline' },
          step(id, plusMs('2026-11-20T23:59:30.000Z', i * 2000), 'ERROR'),
        ]),
      ),
    );
    await writeItems(table, items);
    const changes = await all(reader.changes({ from: '2026-11-20T00:00:00.000Z', to: NOW }));
    expect(changes.map(({ id }) => id)).toEqual(ids);
    const part = await all(reader.changes({ from: '2026-11-20T23:59:32.000Z', to: '2026-11-21T00:00:00.000Z' }));
    expect(part.map(({ id }) => id)).toEqual(ids.slice(1, 15));
  });

  it('finds the gaps that touch a span, and the head with them in one read', async () => {
    const gap = (from: string, to: string) => ({ target: TARGET, from: at(from), to: at(to) });
    const gaps = [gap('08:00', '09:00'), gap('10:00', '10:45')];
    await writeItems(table, [
      ...gaps.map((one) => toGapItem(one)),
      toGapItem({ ...gap('07:00', '08:00'), id: 'a' }),
      ...headItems({ completedObservedAt: at('11:55'), intervalMs: 300_000 }),
    ]);
    expect(await all(reader.gaps(TARGET, { from: at('08:30'), to: at('10:00') }))).toEqual([gaps[0]]);
    expect(await all(reader.gaps(TARGET, { from: at('09:00'), to: at('11:00') }))).toEqual([gaps[1]]);
    expect(await all(reader.gaps(TARGET))).toEqual(gaps);
    expect(await all(reader.ownGaps(TARGET, 'a', { from: at('07:59') }))).toHaveLength(1);
    const before = reader.units().read;
    const coverage = await reader.coverage(TARGET, { from: at('08:30') });
    expect(reader.units().read - before).toBe(0.5);
    expect(coverage.gaps).toEqual(gaps);
    expect(coverage.head?.completedObservedAt).toBe(at('11:55'));
  });

  it('reads all gaps of a span that holds more than come with the head', async () => {
    const gaps = Array.from({ length: 40 }, (_, i) => ({
      target: TARGET,
      from: plusMs(at('01:00'), i * 60_000),
      to: plusMs(at('01:00'), i * 60_000 + 1000),
    }));
    await writeItems(table, [...gaps.map((gap) => toGapItem(gap)), ...headItems({ completedObservedAt: NOW })]);
    expect((await reader.coverage(TARGET, { from: at('01:00') })).gaps).toEqual(gaps);
    expect((await reader.coverage(TARGET)).gaps).toEqual(gaps);
  });

  it('gives back every number as it was recorded', async () => {
    const numbers = [0, -1.5, 2 ** 53, 1.1529215046068467e21, 1e100, 1e-100, Number.MAX_SAFE_INTEGER];
    await writeItems(table, itemsOf(versionsOf([{ at: at('08:00'), snapshot: { id: 'a', status: 'X', numbers } }])));
    expect((await reader.current(TARGET, 'a'))?.snapshot.numbers).toEqual(numbers);
  });

  it('lists targets, current rows and what is not running', async () => {
    await writeItems(table, [
      ...headItems({ completedObservedAt: NOW }),
      ...itemsOf(versionsOf([step('a', '10:00')])),
      ...itemsOf(versionsOf([step('b', '10:00'), step('b', '10:30', 'ERROR')])),
      ...itemsOf(versionsOf([step('c', '09:00', 'FROZEN')])),
      ...itemsOf(versionsOf([step('d', '10:00'), step('d', '10:30', 'RUNNING', { kind: 'deleted' })])),
    ]);
    expect(await reader.targets()).toEqual([TARGET]);
    expect((await all(reader.currents(TARGET))).map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
    expect((await reader.current(TARGET, 'b'))?.status).toBe('ERROR');
    expect(await reader.current(TARGET, 'no such')).toBeUndefined();
    expect(await all(reader.notRunning(TARGET))).toEqual([
      { target: TARGET, id: 'c', name: 'name of c', status: 'FROZEN', statusSince: at('09:00'), version: 1 },
      { target: TARGET, id: 'b', name: 'name of b', status: 'ERROR', statusSince: at('10:30'), version: 2 },
    ]);
  });

  it('says in one line that a table is missing or belongs to another application', async () => {
    const missing = createReader(table.client, 'no-such-table', { now: () => toMs(NOW) });
    await expect(missing.targets()).rejects.toMatchObject({ code: 'TABLE' });
    const name = `other-${randomUUID()}`;
    await table.raw.send(
      new CreateTableCommand({
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'customer', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'customer', KeyType: 'HASH' }],
      }),
    );
    const other = createReader(table.client, name, { now: () => toMs(NOW) });
    await expect(other.targets()).rejects.toMatchObject({ code: 'TABLE' });
    await expect(other.head(TARGET)).rejects.toMatchObject({ code: 'TABLE' });
  });
});
