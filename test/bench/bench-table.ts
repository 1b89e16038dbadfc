import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createHistoryTable } from '../../bin/local-database/create-table';
import { documentClient, dynamodbClientConfig, loopbackConfig } from '../../lambda/dynamodb/client';

export interface BenchTable {
  readonly tableName: string;
  readonly client: DynamoDBDocumentClient;
  readonly close: () => void;
}

let tables = 0;

function open(endpoint: string): { raw: DynamoDBClient; tableName: string; opened: BenchTable } {
  const raw = new DynamoDBClient(dynamodbClientConfig(loopbackConfig(endpoint)));
  tables += 1;
  const tableName = `bench-${tables}`;
  return { raw, tableName, opened: { tableName, client: documentClient(raw), close: () => raw.destroy() } };
}

/** The history table. Its stream is off: it costs no units, and this engine gets slower with it. */
export async function historyTable(endpoint: string): Promise<BenchTable> {
  const { raw, tableName, opened } = open(endpoint);
  await createHistoryTable(raw, tableName, { stream: false });
  return opened;
}

/** What a script would make: one key, no index. */
export async function plainTable(endpoint: string): Promise<BenchTable> {
  const { raw, tableName, opened } = open(endpoint);
  await raw.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'id', AttributeType: 'S' },
        { AttributeName: 'at', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'id', KeyType: 'HASH' },
        { AttributeName: 'at', KeyType: 'RANGE' },
      ],
    }),
  );
  return opened;
}
