import { DeleteCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { Reader } from '../../../../../lambda/core/history/reader';
import { createReader } from '../../../../../lambda/dynamodb/reader';
import { createRecorder } from '../../../../../lambda/dynamodb/recorder';
import { isExpired, key } from '../../../../../lambda/dynamodb/table';
import { anyEngine, createTestTable } from '../../../../support/engines';
import { TARGET } from '../../../../support/fleet';
import type { HistoryStore } from '../../../../support/history-stores';
import { InMemoryHistory } from '../../../../support/in-memory-history';

/** A table with what can happen to it from outside. Its own reader sees expired rows, too, as long as they are there. */
export interface ModelStore extends HistoryStore {
  /** A reader with a clock of its own. */
  readerAt(now: () => number): Reader;
  loseHead(): Promise<void>;
  /** Deletes expired rows, as the database does up to two days later. */
  sweep(nowMs: number): Promise<void>;
  /** How the commands reach it, if they can. */
  readonly commandOptions?: readonly string[];
}

const BEFORE_EVERYTHING = (): number => 0;

export async function inMemory(): Promise<ModelStore> {
  const history = new InMemoryHistory(BEFORE_EVERYTHING);
  return {
    name: 'in memory',
    newRecorder: () => history.recorder(),
    reader: history.reader(),
    readerAt: (now) => history.reader(now),
    loseHead: async () => {
      history.shelf(TARGET).head = undefined;
    },
    // Its reader does not show them anyway.
    sweep: async () => {},
    close: () => {},
  };
}

export async function onEngine(): Promise<ModelStore> {
  const table = await createTestTable(anyEngine());
  const { client, tableName: TableName } = table;
  return {
    name: TableName,
    newRecorder: () => createRecorder(client, TableName),
    reader: createReader(client, TableName, { now: BEFORE_EVERYTHING }),
    readerAt: (now) => createReader(client, TableName, { now }),
    loseHead: async () => {
      await client.send(new DeleteCommand({ TableName, Key: key.head(TARGET) }));
    },
    sweep: async (nowMs) => {
      const { Items = [] } = await client.send(new ScanCommand({ TableName }));
      for (const { pk, sk, ...item } of Items)
        if (isExpired(item, nowMs)) await client.send(new DeleteCommand({ TableName, Key: { pk, sk } }));
    },
    commandOptions: ['--dynamodb-endpoint', table.endpoint, '--table', TableName],
    close: () => table.close(),
  };
}
