import { type DynamoDBDocumentClient, paginateQuery, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import { TableError } from '../core/model/errors';
import { isExpired, type Item, type KeyRange } from './table';
import { tableProblem } from './table-problem';
import type { UnitMeter } from './units';

/** What a query needs beside its range. */
export interface QueryOptions {
  readonly newestFirst?: boolean;
  /** Items to yield at most; expired ones do not count. */
  readonly limit?: number;
  /** Items of the first page, where fewer than `limit` are likely to do. */
  readonly pageSize?: number;
  /** For a caller that must know what lies at the end of the range, expired or not. */
  readonly keepExpired?: boolean;
  /** Reads at twice the cost what was written up to now. @default eventually consistent */
  readonly isConsistent?: boolean;
  readonly index?: { readonly name: string; readonly partitionKey: string; readonly sortKey: string };
}

export interface Source {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
  readonly meter: UnitMeter;
  /** Milliseconds since the epoch; expired rows are told by it. */
  readonly now: () => number;
}

/**
 * Pages through a range. A page may hold nothing but expired items, and DynamoDB may stop anywhere: only the missing
 * LastEvaluatedKey is the end.
 */
export async function* query(
  { client, tableName, meter, now }: Source,
  range: KeyRange,
  options: QueryOptions = {},
): AsyncGenerator<Item> {
  const { limit = Infinity, pageSize = Infinity, newestFirst = false, keepExpired, isConsistent, index } = options;
  if (range.first > range.last || limit <= 0) return;
  const size = Math.min(limit, pageSize);
  const input: QueryCommandInput = {
    TableName: tableName,
    ReturnConsumedCapacity: 'TOTAL',
    KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :first AND :last',
    ExpressionAttributeNames: { '#pk': index?.partitionKey ?? 'pk', '#sk': index?.sortKey ?? 'sk' },
    ExpressionAttributeValues: { ':pk': range.pk, ':first': range.first, ':last': range.last },
    ScanIndexForward: !newestFirst,
    ConsistentRead: isConsistent,
    IndexName: index?.name,
    Limit: Number.isFinite(size) ? size : undefined,
  };
  let left = limit;
  try {
    for await (const { Items = [], ConsumedCapacity } of paginateQuery({ client }, input)) {
      meter.read(ConsumedCapacity);
      for (const item of Items) {
        if (keepExpired !== true && isExpired(item, now())) continue;
        yield item;
        left -= 1;
        if (left === 0) return;
      }
    }
  } catch (error) {
    throw await queryProblem(error, client, tableName);
  }
}

/** The service tells a table with other keys or without our indexes only as invalid input. */
export async function queryProblem(
  error: unknown,
  client: DynamoDBDocumentClient,
  tableName: string,
): Promise<unknown> {
  if (
    error instanceof Error &&
    error.name === 'ValidationException' &&
    /\b(keys?|index|schema)\b/i.test(error.message)
  ) {
    return new TableError(`table ${tableName} is not a table of instance histories: check --table`, { cause: error });
  }
  return tableProblem(error, client, tableName);
}
