import {
  type AttributeDefinition,
  CreateTableCommand,
  type DynamoDBClient,
  type GlobalSecondaryIndex,
  type KeySchemaElement,
  ResourceInUseException,
} from '@aws-sdk/client-dynamodb';
import { HISTORY_TABLE } from '../../lambda/contract';

const keySchema = (hash: string, sort: string): KeySchemaElement[] => [
  { AttributeName: hash, KeyType: 'HASH' },
  { AttributeName: sort, KeyType: 'RANGE' },
];

type HistoryIndex = (typeof HISTORY_TABLE.indexes)[number];

/** Attributes of keys, as a request must define them. */
export const attributesOf = (
  ...schemas: readonly { readonly partitionKey: string; readonly sortKey: string }[]
): AttributeDefinition[] =>
  [...new Set(schemas.flatMap(({ partitionKey, sortKey }) => [partitionKey, sortKey]))].map((name) => ({
    AttributeName: name,
    AttributeType: 'S',
  }));

/** An index of the contract, as a request describes it. */
export const toIndex = (index: HistoryIndex): GlobalSecondaryIndex => ({
  IndexName: index.name,
  KeySchema: keySchema(index.partitionKey, index.sortKey),
  Projection: {
    ProjectionType: index.projection,
    NonKeyAttributes: index.nonKeyAttributes.length > 0 ? index.nonKeyAttributes : undefined,
  },
});

/**
 * Creates the history table on an embedded database, from the same definition that the construct deploys.
 * Time to live stays off: neither engine's expiry behaves like the service's. An existing table is left as it is.
 * @param options.stream whether the table gets a stream of its changes. @default true
 * @returns true when the table was created now
 */
export async function createHistoryTable(
  client: DynamoDBClient,
  tableName: string,
  { stream = true }: { readonly stream?: boolean } = {},
): Promise<boolean> {
  const { partitionKey, sortKey, indexes } = HISTORY_TABLE;
  try {
    await client.send(
      new CreateTableCommand({
        TableName: tableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: attributesOf(HISTORY_TABLE, ...indexes),
        KeySchema: keySchema(partitionKey, sortKey),
        GlobalSecondaryIndexes: indexes.map(toIndex),
        StreamSpecification: stream ? { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } : undefined,
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ResourceInUseException) return false;
    throw error;
  }
}
