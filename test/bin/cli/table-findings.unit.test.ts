import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { tableFindings } from '../../../bin/cli/doctor/table-findings';
import type { Store } from '../../../bin/cli/store';
import { toIndex } from '../../../bin/local-database/create-table';
import { HISTORY_TABLE } from '../../../lambda/contract';

const dynamodb = mockClient(DynamoDBClient);
const KEYS = ['pk', 'sk'].map((AttributeName) => ({ AttributeName, KeyType: 'HASH' as const }));

async function problems(
  keys: typeof KEYS,
  expiry: object,
  recovery = 'ENABLED',
  DeletionProtectionEnabled = true,
): Promise<string[]> {
  dynamodb.on(DescribeTableCommand).resolves({
    Table: {
      TableArn: 'arn:aws:dynamodb:eu-central-1:123456789012:table/history',
      KeySchema: keys,
      DeletionProtectionEnabled,
      GlobalSecondaryIndexes: HISTORY_TABLE.indexes.map(toIndex),
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    },
  });
  dynamodb.on(DescribeTimeToLiveCommand).resolves({ TimeToLiveDescription: expiry });
  dynamodb.on(DescribeContinuousBackupsCommand).resolves({
    ContinuousBackupsDescription: {
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: recovery as 'ENABLED' | 'DISABLED' },
    },
  });
  const reader = { targets: async () => Promise.resolve([]) };
  const raw = new DynamoDBClient({ region: 'eu-central-1' });
  const found: string[] = [];
  for await (const { level, check, fix } of tableFindings({ raw, reader, tableName: 'history' } as unknown as Store))
    if (level !== 'ok') found.push(`${check}: ${fix}`);
  return found;
}

it('tells of a table on AWS whether rows expire, with the command that makes them', async () => {
  expect(await problems(KEYS, { TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAt' })).toEqual([]);
  expect(await problems(KEYS, { TimeToLiveStatus: 'ENABLING', AttributeName: 'expiresAt' })).toEqual([]);
  for (const expiry of [{ TimeToLiveStatus: 'DISABLED' }, { TimeToLiveStatus: 'ENABLED', AttributeName: 'ttl' }])
    expect(await problems(KEYS, expiry)).toEqual([
      expect.stringMatching(
        /^expiry: .*aws dynamodb update-time-to-live --table-name history --time-to-live-specification Enabled=true,AttributeName=expiresAt$/,
      ),
    ]);
});

it('tells that point-in-time recovery is off, with the command that switches it on', async () => {
  expect(await problems(KEYS, { TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAt' }, 'DISABLED')).toEqual([
    expect.stringMatching(
      /^recovery: .*aws dynamodb update-continuous-backups --table-name history --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true$/,
    ),
  ]);
});

it('tells that the table is not protected against deletion, with the command that protects it', async () => {
  expect(await problems(KEYS, { TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAt' }, 'ENABLED', false)).toEqual([
    'protection: unless "onDestroy" is "delete": aws dynamodb update-table --table-name history --deletion-protection-enabled',
  ]);
});

it('tells a table that is no history', async () => {
  const other = [{ AttributeName: 'id', KeyType: 'HASH' as const }];
  expect(await problems(other, { TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAt' })).toEqual([
    'keys: no table can be given other keys: name the table of a history',
  ]);
});
