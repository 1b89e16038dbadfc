import * as fc from 'fast-check';
import { createReader } from '../../../../lambda/dynamodb/reader';
import { createRecorder } from '../../../../lambda/dynamodb/recorder';
import { anyEngine, createTestTable } from '../../../support/engines';
import { dumpTable } from '../../../support/dump-table';
import { TARGET } from '../../../support/fleet';
import type { HistoryStore } from '../../../support/history-stores';
import { InMemoryHistory } from '../../../support/in-memory-history';
import { HistoryModel, type Step, steps } from './history-model/history-model';

/** `npm run test:soak -- --steps N` raises this. */
const STEPS = Number(process.env.SOAK_STEPS ?? 3000);
const LENGTH = 60;

async function live(store: HistoryStore, story: readonly Step[]): Promise<number> {
  const model = new HistoryModel(store);
  try {
    for (const step of story) await model.take(step);
    await model.conclude();
  } catch (error) {
    throw new Error(`${(error as Error).message}\nThe table:\n${await dumpTable(store.reader, TARGET)}`, {
      cause: error,
    });
  } finally {
    store.close();
  }
  return model.steps;
}

const inMemory = async (): Promise<HistoryStore> => {
  const history = new InMemoryHistory();
  return { name: 'in memory', newRecorder: () => history.recorder(), reader: history.reader(), close: () => {} };
};

const onEngine = async (): Promise<HistoryStore> => {
  const table = await createTestTable(anyEngine());
  return {
    name: table.tableName,
    newRecorder: () => createRecorder(table.client, table.tableName),
    reader: createReader(table.client, table.tableName, { now: () => 0 }),
    close: () => table.close(),
  };
};

/** Runs stories until enough steps were taken; a failure prints its seed, the shrunk steps and the table. */
async function tell(open: () => Promise<HistoryStore>, clockErrors: boolean, wanted: number): Promise<void> {
  const seed = Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 2 ** 31));
  process.stdout.write(`history property: seed ${seed}\n`);
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(steps({ clockErrors, length: LENGTH }), async (story) => {
      taken += await live(await open(), story);
    }),
    { seed, numRuns: Math.ceil(wanted / (LENGTH / 2)), verbose: 0 },
  );
  expect(taken).toBeGreaterThanOrEqual(wanted / 2);
}

async function* withoutFirst<T>(rows: AsyncIterable<T>): AsyncIterable<T> {
  let isFirst = true;
  for await (const row of rows) {
    if (!isFirst) yield row;
    isFirst = false;
  }
}

describe('whatever happens while runs read a moving fleet, the history stays true', () => {
  it('in memory, with clocks that agree', async () => tell(inMemory, false, STEPS), 600_000);
  it('in memory, with clocks that step between runs', async () => tell(inMemory, true, STEPS), 600_000);
  it('and a failure shows its seed, the shrunk steps and the table', async () => {
    const lying = async (): Promise<HistoryStore> => {
      const store = await inMemory();
      return {
        ...store,
        reader: { ...store.reader, currents: (target) => withoutFirst(store.reader.currents(target)) },
      };
    };
    const failure: unknown = await tell(lying, false, 3000).catch((error: unknown) => error);
    expect(String(failure)).toMatch(/seed: \d+.*Counterexample: .*"do":"put"/s);
    expect(String((failure as Error).cause)).toMatch(/The table:\nhead \{.*\}/s);
  });
  it('in DynamoDB', async () => tell(onEngine, false, STEPS / 5), 600_000);
});
