import { BatchWriteCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { makeInstance } from '../support/roma-simulator';
import { fleetAt, stateAt, targetUptime } from '../../lambda/core/history/queries';
import { plusMs } from '../../lambda/core/model/instant';
import type { Snapshot } from '../../lambda/core/model/instance';
import type { Reader } from '../../lambda/core/history/reader';
import { createReader } from '../../lambda/dynamodb/reader';
import { headItems, itemsOf, TARGET, versionsOf } from '../support/history-rows';
import { type BenchTable, historyTable } from './bench-table';
import { type Bench, type Finding, type Measure, median, round } from './measure';

const INSTANCES = 100;
const EVERY_MS = 300_000;
const DAY_MS = 86_400_000;
const BEGINNING = '2026-11-01T00:00:00.000Z';
const ROUNDS = 5;

/** What each question reads, at two lengths of the same fleet's history. */
export const queries: Measure = {
  letter: 'f',
  title: `questions to the history of ${INSTANCES} instances: read units and time`,
  run: async (bench) => [...(await atLength(bench, 10_000)), ...(bench.long ? await atLength(bench, 100_000) : [])],
};

async function atLength(bench: Bench, versions: number): Promise<Finding[]> {
  bench.progress(`   ${versions} versions`);
  const table = await historyTable(bench.endpoint);
  const perInstance = versions / INSTANCES;
  const end = plusMs(BEGINNING, perInstance * EVERY_MS);
  const nowMs = Date.parse(end) + 60_000;
  const filling = performance.now();
  await fill(table, perInstance, end);
  bench.progress(`   written in ${Math.round((performance.now() - filling) / 1000)} s`);
  const ids = Array.from({ length: INSTANCES }, (_, n) => makeInstance(TARGET.projectId, n).id);
  const id = ids[INSTANCES / 2] ?? '';
  const middle = plusMs(BEGINNING, Math.floor(perInstance / 2) * EVERY_MS + 150_000);
  const day = { from: plusMs(end, -Math.min(DAY_MS, (perInstance - 1) * EVERY_MS)), to: end };
  const scan = await unitsOfScan(table);

  const ask = async (what: string, question: (reader: Reader) => Promise<number>, goal = '', most = Infinity) => {
    const samples: { units: number; ms: number }[] = [];
    let answers = 0;
    for (let round_ = 0; round_ < ROUNDS; round_ += 1) {
      const reader = createReader(table.client, table.tableName, { now: () => nowMs });
      const from = performance.now();
      answers = await question(reader);
      samples.push({ units: reader.units().read, ms: performance.now() - from });
    }
    const units = median(samples.map((sample) => sample.units));
    bench.numbers.set(`f.${versions}.${what}`, units);
    const finding: Finding = {
      what: `${what}, ${round(versions)} versions`,
      ours: `${round(units, 1)} RRU, ${round(median(samples.map((sample) => sample.ms)), 0)} ms, ${round(answers)} ${answers === 1 ? 'row' : 'rows'}`,
      beside: `${round(scan, 0)} RRU (a scan)`,
      goal,
      ...(goal === '' ? {} : { met: units <= most }),
    };
    return finding;
  };
  const state = async (reader: Reader): Promise<number> =>
    (await stateAt(reader, TARGET, id, middle, nowMs))?.is === 'known' ? 1 : Number.NaN;
  const findings = [
    await ask('state at T', state, '≤ 1.5 RRU', 1.5),
    await ask(
      'fleet as of T, all changed since',
      async (reader) => count(fleetAt(reader, TARGET, middle, nowMs)),
      // A row of the fleet has under 2 KB, a query of one version costs half a unit, gaps of an instance another half.
      `≤ ${INSTANCES * 1.25 + 1} RRU`,
      INSTANCES * 1.25 + 1,
    ),
    await ask(
      'fleet as of T, none changed since',
      async (reader) => count(fleetAt(reader, TARGET, end, nowMs)),
      `≤ ${INSTANCES * 0.25 + 1} RRU`,
      INSTANCES * 0.25 + 1,
    ),
    await ask('changes of the last day', async (reader) => count(reader.changes(day))),
    await ask('uptime of the fleet over the last day', async (reader) =>
      count(targetUptime(reader, TARGET, day, nowMs)),
    ),
  ];
  table.close();
  return findings;
}

async function count(rows: AsyncIterable<unknown>): Promise<number> {
  let seen = 0;
  for await (const row of rows) if (row !== undefined) seen += 1;
  return seen;
}

/** Every instance changes its status every five minutes: as long a history as can be. */
async function fill(table: BenchTable, perInstance: number, end: string): Promise<void> {
  const waiting: Record<string, unknown>[] = headItems({
    target: TARGET,
    dirty: false,
    completedAt: end,
    completedObservedAt: end,
    listedFrom: end,
    observedAt: end,
    outcome: 'changed',
    intervalMs: EVERY_MS,
    instances: INSTANCES,
  });
  for (let n = 0; n < INSTANCES; n += 1) {
    const steps = Array.from({ length: perInstance }, (_, step) => ({
      at: plusMs(BEGINNING, step * EVERY_MS),
      snapshot: makeInstance(TARGET.projectId, n, { status: step % 2 === 0 ? 'RUNNING' : 'ERROR' }) as Snapshot,
    }));
    waiting.push(...itemsOf(versionsOf(steps)));
    await write(table, waiting.splice(0));
  }
}

async function write({ client, tableName }: BenchTable, items: readonly Record<string, unknown>[]): Promise<void> {
  for (let start = 0; start < items.length; start += 25) {
    const batch = items.slice(start, start + 25).map((Item) => ({ PutRequest: { Item } }));
    await client.send(new BatchWriteCommand({ RequestItems: { [tableName]: batch } }));
  }
}

async function unitsOfScan({ client, tableName }: BenchTable): Promise<number> {
  let units = 0;
  let from: Record<string, unknown> | undefined;
  do {
    const page = await client.send(
      new ScanCommand({
        TableName: tableName,
        ExclusiveStartKey: from,
        Select: 'COUNT',
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    units += page.ConsumedCapacity?.CapacityUnits ?? 0;
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  return units;
}
