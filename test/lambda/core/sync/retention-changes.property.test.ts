import { DeleteCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import * as fc from 'fast-check';
import { plusMs, toInstant, toMs } from '../../../../lambda/core/model/instant';
import type { Version } from '../../../../lambda/core/model/record';
import { createReader } from '../../../../lambda/dynamodb/reader';
import { createRecorder } from '../../../../lambda/dynamodb/recorder';
import { isExpired, key, range } from '../../../../lambda/dynamodb/table';
import { createTestTable, onEachEngine } from '../../../support/engines';
import { TARGET } from '../../../support/fleet';
import type { HistoryStore } from '../../../support/history-stores';
import { InMemoryHistory } from '../../../support/in-memory-history';
import { SyncWorld } from '../../../support/sync-world';
import { checkAnswers, type Span, Truth } from './history-model/retention-answers';
import { soakRuns } from '../../../support/soak-runs';

const DAY = 86_400_000;

/** A store that removes expired rows when it is told to; the database does it sooner or later. */
interface ExpiringStore extends HistoryStore {
  sweep(): Promise<void>;
}
type Open = (now: () => number) => Promise<ExpiringStore>;

const inMemory: Open = async (now) => {
  const history = new InMemoryHistory(now);
  return {
    name: 'in memory',
    newRecorder: () => history.recorder(),
    reader: history.reader(),
    close: () => {},
    sweep: async () => {
      const { versions } = history.shelf(TARGET);
      for (const [id, rows] of versions)
        versions.set(
          id,
          rows.filter(({ expiresAt }) => expiresAt === undefined || toMs(expiresAt) > now()),
        );
    },
  };
};

const onEngine =
  (engine: Parameters<typeof createTestTable>[0]): Open =>
  async (now) => {
    const table = await createTestTable(engine);
    const { client, tableName: TableName } = table;
    return {
      name: TableName,
      newRecorder: () => createRecorder(client, TableName),
      reader: createReader(client, TableName, { now }),
      close: () => table.close(),
      sweep: async () => {
        const { pk } = range.versions(TARGET, 'a');
        const { Items = [] } = await client.send(
          new QueryCommand({
            TableName,
            KeyConditionExpression: 'pk = :pk',
            ExpressionAttributeValues: { ':pk': pk },
          }),
        );
        for (const item of Items)
          if (isExpired(item, now()))
            await client.send(
              new DeleteCommand({ TableName, Key: key.version(TARGET, 'a', item.observedAt as string) }),
            );
      },
    };
  };

interface Chapter {
  /** What the next run sees of the instance. */
  readonly status: string;
  /** Days that a superseded version is kept, as the run is told. */
  readonly retention: number | undefined;
  /** Days that pass after the run. */
  readonly days: number;
  /** The database removes what has expired. */
  readonly isSwept: boolean;
}
const story = fc.array(
  fc.record<Chapter>({
    status: fc.constantFrom('RUNNING', 'ERROR', 'FROZEN', 'RUNNING', 'ERROR', 'FROZEN', 'gone', 'unreadable'),
    // Long and short ones in turn: the older version outlives the newer.
    retention: fc.constantFrom(undefined, 1, 2, 60),
    days: fc.constantFrom(1, 1, 1, 2, 3, 40),
    isSwept: fc.boolean(),
  }),
  { minLength: 1, maxLength: 10, size: 'max' },
);
/** Places in the time that has passed, from 0 to 1. */
const place = fc.double({ min: 0, max: 1, noNaN: true });
const questions = fc.array(fc.record({ at: place, from: place, to: place }), { minLength: 2, maxLength: 4 });

async function checkStory(
  open: Open,
  chapters: readonly Chapter[],
  asked: readonly { readonly at: number; readonly from: number; readonly to: number }[],
): Promise<void> {
  let world: SyncWorld | undefined;
  const store = await open(() => world?.clock.now() ?? 0);
  world = new SyncWorld(store);
  const { clock } = world;
  const start = clock.now() - 5 * DAY;
  const truth: Version[] = [];
  world.put('other');
  for (const { status, retention, days, isSwept } of chapters) {
    if (status === 'gone') world.remove('a');
    else if (status === 'unreadable') world.spoil('a');
    else world.put('a', status);
    const { versions } = await world.run({
      intervalMs: 100 * DAY,
      ...(retention === undefined ? {} : { retentionMs: retention * DAY }),
    });
    truth.push(...versions.filter(({ id }) => id === 'a'));
    world.wait(days * DAY);
    if (isSwept) await store.sweep();
  }
  const timeOf = (share: number): string => toInstant(start + Math.round(share * (clock.now() - 1000 - start)));
  const edges = truth.flatMap(({ observedAt }) => [observedAt, plusMs(observedAt, -1)]);
  const spans: Span[] = asked.map(({ from, to }) => {
    const [first = '', last = ''] = [timeOf(from), timeOf(to)].toSorted();
    return { from: first, to: last < plusMs(first, 1000) ? plusMs(first, 1000) : last };
  });
  for (const [index, at] of [...asked.map((one) => timeOf(one.at)), ...edges].entries()) {
    const span = spans[index % spans.length] ?? { from: toInstant(start), to: at };
    await checkAnswers(store.reader, new Truth(truth), clock.now(), { at, span });
  }
  store.close();
}

const seed = Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 2 ** 31));
const check = async (open: Open, numRuns: number): Promise<void> => {
  process.stdout.write(`retention-changes property: seed ${seed}\n`);
  await fc.assert(
    fc.asyncProperty(story, questions, async (chapters, asked) => checkStory(open, chapters, asked)),
    { seed, numRuns },
  );
};
const NAME = 'whatever becomes of the retention, every answer of a reader is true or unobserved';

describe(NAME, () => {
  it('in memory', async () => check(inMemory, soakRuns(200)), 600_000);
});
onEachEngine(NAME, (engine) => {
  it('in DynamoDB', async () => check(onEngine(engine), soakRuns(4)), 600_000);
});
