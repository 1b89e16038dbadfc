import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { HISTORY_TABLE, SCHEMA_VERSION } from '../../../lambda/contract';
import { describeError } from '../../../lambda/core/model/errors';
import type { Store } from '../store';
import { bad, type Finding, ok } from './finding';

/** Keys, indexes, stream and schema of the table. */
export async function* tableFindings({ raw, reader, tableName, describe }: Store): AsyncGenerator<Finding> {
  try {
    await reader.targets();
  } catch (error) {
    yield bad(
      'table',
      describe(error),
      'check --table, --stack, --dynamodb-endpoint and AWS_REGION; deploy the stack with "npx cdk deploy"',
    );
    return;
  }
  yield ok('table', `${tableName} answers`);
  try {
    const { Table } = await raw.send(new DescribeTableCommand({ TableName: tableName }));
    const indexes = new Set((Table?.GlobalSecondaryIndexes ?? []).map(({ IndexName }) => IndexName));
    const missing = HISTORY_TABLE.indexes.filter(({ name }) => !indexes.has(name)).map(({ name }) => name);
    yield missing.length === 0
      ? ok('indexes', `${HISTORY_TABLE.indexes.map(({ name }) => name).join(' and ')} are there`)
      : bad('indexes', `the table lacks ${missing.join(' and ')}`, 'deploy the stack again: "npx cdk deploy"');
    const { StreamEnabled, StreamViewType } = Table?.StreamSpecification ?? {};
    yield StreamEnabled === true && StreamViewType === 'NEW_AND_OLD_IMAGES'
      ? ok('stream', 'new and old images are streamed')
      : bad(
          'stream',
          `the stream is ${StreamEnabled === true ? `of type ${StreamViewType}` : 'off'}: no change is published`,
          'deploy the stack again, then "roma-history replay" for the time in between',
        );
  } catch (error) {
    yield bad('stream', describeError(error), 'allow the role that is used here to call dynamodb:DescribeTable');
  }
}

/** Whether the items are of the schema version that this code reads. */
export async function schemaFinding({ reader }: Store): Promise<Finding> {
  try {
    for (const target of await reader.targets()) await reader.head(target);
    return ok('schema', `version ${SCHEMA_VERSION}`);
  } catch (error) {
    return bad(
      'schema',
      describeError(error),
      'use the release of this program that wrote the table, or the right table',
    );
  }
}
