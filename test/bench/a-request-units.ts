import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { makeInstance } from '../support/roma-simulator';
import type { Snapshot } from '../../lambda/core/model/instance';
import type { RunResult } from '../../lambda/core/sync/run-result';
import { createReader } from '../../lambda/dynamodb/reader';
import { createRecorder } from '../../lambda/dynamodb/recorder';
import { accepted, TARGET } from '../support/fleet';
import { SyncWorld } from '../support/sync-world';
import { historyTable, plainTable } from './bench-table';
import type { Bench, Finding, Measure } from './measure';
import { round } from './measure';

const SIZES = [1, 100, 1_000, 10_000];
/** Instances of one transaction: two rows each, one more for the fence, at most 100. */
const PER_BATCH = 49;
/** Each share of the fleet changes to a status that no instance had before. */
const NEW_STATUS = ['ERROR', 'FREEZED', 'RESTARTING'];

/** Request units of one run, beside scripts that write every row they list. */
export const requestUnits: Measure = {
  letter: 'a',
  title: 'request units of one run',
  async run(bench) {
    const findings: Finding[] = [];
    for (const size of SIZES) findings.push(...(await atSize(bench, size)));
    return findings;
  },
};

async function atSize(bench: Bench, size: number): Promise<Finding[]> {
  bench.progress(`   ${size} instances`);
  const { tableName, client, close } = await historyTable(bench.endpoint);
  const world = new SyncWorld({
    name: 'bench',
    newRecorder: () => createRecorder(client, tableName),
    reader: createReader(client, tableName, { now: () => world.clock.now() }),
    close,
  });
  const put = (n: number, status: string): void => {
    const row = makeInstance(TARGET.projectId, n, { status }) as Snapshot;
    world.fleet.set(row.id, accepted(row));
  };
  for (let n = 0; n < size; n += 1) put(n, 'RUNNING');
  const write = ({ units }: RunResult): number => units.write;

  const baseline = write(await world.tick());
  const unchanged = await world.tick();
  const everyRow = await writeEveryRow(
    bench.endpoint,
    [...world.fleet.values()].flatMap((record) => (record.accepted ? [record.snapshot] : [])),
  );
  const beside = (units: number): string => `${round(everyRow)} (${round(everyRow / units)}×)`;
  const name = `${round(size)} ${size === 1 ? 'instance' : 'instances'}`;
  const findings: Finding[] = [
    {
      what: `${name}, nothing changed`,
      ours: `${unchanged.units.write} WRU, ${unchanged.units.read} RRU`,
      beside: beside(unchanged.units.write),
      goal: '2 WRU, 0 RRU',
      met: unchanged.outcome === 'unchanged' && unchanged.units.write === 2 && unchanged.units.read === 0,
    },
  ];
  bench.numbers.set(`a.unchanged.${size}`, unchanged.units.write);
  const shares = size < 100 ? [1] : [0.01, 0.1, 1];
  for (const [round_, share] of shares.entries()) {
    const changed = Math.max(1, Math.round(size * share));
    for (let n = 0; n < changed; n += 1) put(n, NEW_STATUS[round_] ?? 'ERROR');
    const result = await world.tick();
    const found = Object.values(result.changes).reduce((sum, count) => sum + count, 0);
    const each = (result.units.write - 2 - 2 * Math.ceil(changed / PER_BATCH)) / changed;
    bench.numbers.set(`a.change.${size}.${share}`, each);
    findings.push({
      what: `${name}, ${round(changed)} changed`,
      ours: `${round(result.units.write)} WRU, ${round(result.units.read, 1)} RRU; ${round(each)} WRU per change`,
      beside: beside(result.units.write),
      // Row and version of 1 to 2 KB each at 4 a KB of what is transactional, and one entry in each index.
      goal: '≤ 12 WRU per change',
      met: found === changed && each <= 12,
    });
  }
  findings.push({
    what: `${name}, the first run`,
    ours: `${round(baseline)} WRU`,
    beside: beside(baseline),
    goal: '',
  });
  close();
  return findings;
}

/** List and BatchWrite: overwriting each row and appending each row cost the same. @returns write units */
async function writeEveryRow(endpoint: string, rows: readonly Snapshot[]): Promise<number> {
  const { tableName, client, close } = await plainTable(endpoint);
  let units = 0;
  for (let start = 0; start < rows.length; start += 25) {
    const { ConsumedCapacity } = await client.send(
      new BatchWriteCommand({
        RequestItems: {
          [tableName]: rows
            .slice(start, start + 25)
            .map((row) => ({ PutRequest: { Item: { ...row, at: '2026-11-22T10:00:00.000Z' } } })),
        },
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    for (const { CapacityUnits = 0 } of ConsumedCapacity ?? []) units += CapacityUnits;
  }
  close();
  return units;
}
