import * as fc from 'fast-check';
import { dumpTable } from '../../../support/dump-table';
import { TARGET } from '../../../support/fleet';
import { HistoryModel } from './history-model/history-model';
import { paths } from './history-model/run-log';
import { type Story, stories, type Switch, SWITCHES } from './history-model/moves';
import { inMemory, type ModelStore, onEngine } from './history-model/stores';

/** `npm run test:soak -- --steps N` raises this. */
const STEPS = Number(process.env.SOAK_STEPS ?? 3000);
const LENGTH = 60;

const named = (names: string): ReadonlySet<Switch> =>
  new Set(names === 'all' ? SWITCHES : SWITCHES.filter((name) => names.split(',').includes(name)));
/** `npm run test:soak -- --moves all` or `--moves rights,filter` asks for other parts of the world. */
const ON = named(process.env.SOAK_MOVES ?? 'all');
const TIMEOUT_MS = Math.max(600_000, STEPS * 5);
const without = (name: Switch): ReadonlySet<Switch> => new Set([...ON].filter((each) => each !== name));

/** A record that the database refuses leaves the status that one view asks for, while another view goes on showing it. */
const FORGOTTEN: Story = {
  intervalMs: 300_000,
  fleet: 1,
  steps: [
    { do: 'refuse', id: 0, all: false },
    { do: 'run', view: 0, allowMassDeletion: false },
    { do: 'run', view: 10, allowMassDeletion: false },
    { do: 'start', view: 0, allowMassDeletion: false },
    { do: 'start', view: 4, allowMassDeletion: true },
    { do: 'crash', run: 0 },
    { do: 'put', id: 0, status: 'FREEZING' },
    { do: 'finish', run: 0 },
  ],
};

/** Runs stories until enough steps were taken; a failure prints its seed, the shrunk steps and the table. */
async function tell(
  open: () => Promise<ModelStore>,
  on: ReadonlySet<Switch>,
  wanted: number,
  seed = Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 2 ** 31)),
): Promise<void> {
  process.stdout.write(`history property: seed ${seed}\n`);
  let taken = 0;
  let foundAfter: number | undefined;
  const live = async (story: Story): Promise<void> => {
    const store = await open();
    const model = new HistoryModel(store, on, story.intervalMs);
    try {
      await model.live(story);
    } catch (error) {
      foundAfter ??= taken + model.steps;
      throw new Error(
        `${(error as Error).message}\nThe table:\n${await dumpTable(store.reader, TARGET)}\nFound after ${foundAfter} steps`,
        { cause: error },
      );
    } finally {
      taken += model.steps;
      store.close();
    }
  };
  await fc.assert(fc.asyncProperty(stories(on, LENGTH), live), {
    seed,
    numRuns: Math.ceil(wanted / (LENGTH / 2)),
    verbose: 0,
    examples: [[FORGOTTEN]],
  });
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
  it('in memory, with clocks that agree', async () => tell(inMemory, without('clocks'), STEPS), TIMEOUT_MS);
  it('in memory, unchanged lists are met in both ways: recognized at a glance, and parsed', async () => {
    const before = { ...paths };
    await tell(inMemory, without('clocks'), 600, 20261125);
    expect(paths.recognized).toBeGreaterThan(before.recognized);
    expect(paths.parsed).toBeGreaterThan(before.parsed);
  });
  it(
    'in memory, with clocks that step between runs',
    async () => tell(inMemory, new Set([...ON, 'clocks']), STEPS),
    TIMEOUT_MS,
  );
  it('a story that fails shows its seed, the shrunk steps and the table', async () => {
    const lying = async (): Promise<ModelStore> => {
      const store = await inMemory();
      return {
        ...store,
        reader: { ...store.reader, currents: (target) => withoutFirst(store.reader.currents(target)) },
      };
    };
    const failure: unknown = await tell(lying, new Set(), 3000).catch((error: unknown) => error);
    expect(String(failure)).toMatch(/seed: \d+.*Counterexample: .*"fleet":\d+,"steps":\[/s);
    expect(String((failure as Error).cause)).toMatch(/The table:\nhead \{.*\}/s);
  });
  it('in DynamoDB', async () => tell(onEngine, without('clocks'), STEPS / 5), TIMEOUT_MS);
});
