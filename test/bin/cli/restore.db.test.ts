import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  UpdateTableCommand,
  type UpdateTableCommandInput,
} from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, paginateScan } from '@aws-sdk/lib-dynamodb';
import { randomUUID } from 'node:crypto';
import { parse } from 'shell-quote';
import { attributesOf, toIndex } from '../../../bin/local-database/create-table';
import { HISTORY_TABLE } from '../../../lambda/contract';
import { createReader } from '../../../lambda/dynamodb/reader';
import { createRecorder } from '../../../lambda/dynamodb/recorder';
import { cli } from '../../support/cli';
import { createTestTable, onEachEngine, type TestTable } from '../../support/engines';
import { startEventBus } from '../../support/event-bus';
import { SyncWorld } from '../../support/sync-world';

/** As AWS restores a table: keys, rows and some indexes, but neither stream nor expiry. */
async function restoreOf({ raw, client, tableName }: TestTable): Promise<string> {
  const restored = `restored-${randomUUID()}`;
  const [index] = HISTORY_TABLE.indexes;
  await raw.send(
    new CreateTableCommand({
      TableName: restored,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: attributesOf(HISTORY_TABLE, index),
      KeySchema: [
        { AttributeName: HISTORY_TABLE.partitionKey, KeyType: 'HASH' },
        { AttributeName: HISTORY_TABLE.sortKey, KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [toIndex(index)],
    }),
  );
  for await (const { Items = [] } of paginateScan({ client }, { TableName: tableName, ConsistentRead: true }))
    for (let from = 0; from < Items.length; from += 25) {
      const puts = Items.slice(from, from + 25).map((Item) => ({ PutRequest: { Item } }));
      await client.send(new BatchWriteCommand({ RequestItems: { [restored]: puts } }));
    }
  return restored;
}

/** What a shell would do with a command that `doctor` printed. */
async function execute(raw: DynamoDBClient, fix: string): Promise<void> {
  const [, command] = /(aws dynamodb update-table .*?)(?:\. Then |$)/.exec(fix)!;
  const words = parse(command!).map(String);
  const option = (name: string): string | undefined => words[words.indexOf(name) + 1];
  const given = (name: string): unknown => (words.includes(name) ? JSON.parse(option(name)!) : undefined);
  const stream = words.includes('--stream-specification')
    ? Object.fromEntries(
        option('--stream-specification')!
          .split(',')
          .map((pair) => pair.split('=')),
      )
    : undefined;
  await raw.send(
    new UpdateTableCommand({
      TableName: option('--table-name'),
      AttributeDefinitions: given('--attribute-definitions'),
      GlobalSecondaryIndexUpdates: given('--global-secondary-index-updates'),
      StreamSpecification: stream && { ...stream, StreamEnabled: stream.StreamEnabled === 'true' },
    } as UpdateTableCommandInput),
  );
  for (;;) {
    const { Table } = await raw.send(new DescribeTableCommand({ TableName: option('--table-name') }));
    const building = (Table?.GlobalSecondaryIndexes ?? []).some(({ IndexStatus }) => IndexStatus !== 'ACTIVE');
    if (Table?.TableStatus === 'ACTIVE' && !building) return;
  }
}

onEachEngine('a history that was restored', (engine) => {
  it('is made fit by what doctor prints, goes on without a false change, and publishes what was missed', async () => {
    const table = await createTestTable(engine);
    const bus = await startEventBus();
    try {
      let { tableName } = table;
      const world: SyncWorld = new SyncWorld({
        name: engine,
        newRecorder: () => createRecorder(table.client, tableName),
        get reader() {
          return createReader(table.client, tableName, { now: () => world.clock.now() });
        },
        close: () => {},
      });
      world.fill(4);
      await world.tick();
      await world.tick();
      const published = new Date(world.clock.now()).toISOString();
      world.put('i-0001', 'ERROR');
      await world.tick();
      // The stack is destroyed, its table lost, and a backup of this time restored; meanwhile the world goes on.
      tableName = await restoreOf(table);
      world.wait(6 * 60 * 60_000);
      world.remove('i-0002');
      world.put('i-0004');

      const places = ['--dynamodb-endpoint', table.endpoint, '--table', tableName];
      const tableProblems = async (): Promise<Record<string, unknown>[]> => {
        const { json } = await cli(['doctor', '--json', ...places], { clock: world.clock });
        return json().filter(({ check, level }) => level === 'bad' && /^(keys|indexes|stream)$/.test(String(check)));
      };
      const problems = await tableProblems();
      expect(problems.map(({ check }) => check)).toEqual(['indexes', 'stream']);
      for (const { fix } of problems) await execute(table.raw, String(fix));
      expect(await tableProblems()).toEqual([]);

      expect((await world.tick()).outcome).toBe('changed');
      expect((await world.tick()).outcome).toBe('unchanged');
      expect(await Promise.all(['i-0000', 'i-0001', 'i-0002', 'i-0003', 'i-0004'].map(world.kinds))).toEqual([
        ['baseline'],
        ['baseline', 'statusChanged'],
        ['baseline', 'deleted'],
        ['baseline'],
        ['created'],
      ]);
      // Nobody looked in between, and the history says so.
      expect(await world.gaps()).toHaveLength(1);

      const events = ['--events-endpoint', bus.endpoint];
      const { exitCode } = await cli(['replay', '--since', published, ...places, ...events], {
        environment: { EVENT_BUS_NAME: bus.busName },
        clock: world.clock,
      });
      expect(exitCode).toBe(0);
      const told = bus.events.map(({ detail }) => (detail as { instance: { id: string } }).instance.id);
      expect(told.toSorted()).toEqual(['i-0001', 'i-0002', 'i-0004']);
    } finally {
      table.close();
      await bus.stop();
    }
  });
});
