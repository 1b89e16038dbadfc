import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { attributesOf, toIndex } from '../../local-database/create-table';
import { HISTORY_TABLE, SCHEMA_VERSION } from '../../../lambda/contract';
import { describeError } from '../../../lambda/core/model/errors';
import type { Store } from '../store';
import { bad, type Finding, note, ok } from './finding';

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
    const { Table = {} } = await raw.send(new DescribeTableCommand({ TableName: tableName }));
    const keys = (Table.KeySchema ?? []).map(({ AttributeName }) => AttributeName).join(' and ');
    const wanted = `${HISTORY_TABLE.partitionKey} and ${HISTORY_TABLE.sortKey}`;
    if (keys !== wanted)
      yield bad(
        'keys',
        `they are ${keys}, not ${wanted}`,
        'no table can be given other keys: name the table of a history',
      );
    const update = `aws dynamodb update-table --table-name ${tableName}`;
    const indexes = new Set((Table.GlobalSecondaryIndexes ?? []).map(({ IndexName }) => IndexName));
    const missing = HISTORY_TABLE.indexes.filter(({ name }) => !indexes.has(name));
    for (const index of missing)
      yield bad(
        'indexes',
        `the table lacks ${index.name}`,
        `deploy the stack again; for a table that no stack owns: ${update} --attribute-definitions '${JSON.stringify(attributesOf(index))}' --global-secondary-index-updates '${JSON.stringify([{ Create: toIndex(index) }])}'`,
      );
    if (missing.length === 0)
      yield ok('indexes', `${HISTORY_TABLE.indexes.map(({ name }) => name).join(' and ')} are there`);
    const { StreamEnabled, StreamViewType } = Table.StreamSpecification ?? {};
    yield StreamEnabled === true && StreamViewType === 'NEW_AND_OLD_IMAGES'
      ? ok('stream', 'new and old images are streamed')
      : bad(
          'stream',
          `the stream is ${StreamEnabled === true ? `of type ${StreamViewType}` : 'off'}: no change is published`,
          `deploy the stack again; for a table that no stack owns: ${update} --stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES. Then "roma-history replay" for the time in between`,
        );
    // An embedded database never lets rows expire.
    if (Table.TableArn?.includes(':000000000000:') === true) return;
    if (Table.DeletionProtectionEnabled !== true)
      yield note(
        'protection',
        'the table can be deleted by mistake',
        `unless "onDestroy" is "delete": ${update} --deletion-protection-enabled`,
      );
    const { TimeToLiveDescription: expiry } = await raw.send(new DescribeTimeToLiveCommand({ TableName: tableName }));
    if (expiry?.AttributeName !== HISTORY_TABLE.timeToLive || expiry.TimeToLiveStatus?.startsWith('ENABL') !== true)
      yield bad(
        'expiry',
        'rows past their retention are not deleted, and are charged',
        `deploy the stack again; for a table that no stack owns: aws dynamodb update-time-to-live --table-name ${tableName} --time-to-live-specification Enabled=true,AttributeName=${HISTORY_TABLE.timeToLive}`,
      );
    const { ContinuousBackupsDescription: backups } = await raw.send(
      new DescribeContinuousBackupsCommand({ TableName: tableName }),
    );
    if (backups?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus !== 'ENABLED')
      yield bad(
        'recovery',
        'point-in-time recovery is off: what is deleted by mistake is lost',
        `deploy the stack again; for a table that no stack owns: aws dynamodb update-continuous-backups --table-name ${tableName} --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true`,
      );
  } catch (error) {
    yield bad(
      'stream',
      describeError(error),
      'allow the role that is used here to call dynamodb:DescribeTable, DescribeTimeToLive and DescribeContinuousBackups',
    );
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
