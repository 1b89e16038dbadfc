import { HISTORY_TABLE } from '../../lambda/contract';
import { resourcesOf, templateOf } from '../support/stack';

const table = (config?: object) => resourcesOf(templateOf(config), 'AWS::DynamoDB::Table')[0]!;

describe('the history table', () => {
  it('is the table of the contract', () => {
    const { KeySchema, GlobalSecondaryIndexes, TimeToLiveSpecification, StreamSpecification, BillingMode } =
      table().Properties;
    const keys = (hash: string, range: string) => [
      { AttributeName: hash, KeyType: 'HASH' },
      { AttributeName: range, KeyType: 'RANGE' },
    ];
    expect(KeySchema).toEqual(keys(HISTORY_TABLE.partitionKey, HISTORY_TABLE.sortKey));
    expect(GlobalSecondaryIndexes).toEqual(
      HISTORY_TABLE.indexes.map((index) => ({
        IndexName: index.name,
        KeySchema: keys(index.partitionKey, index.sortKey),
        Projection: {
          ProjectionType: index.projection,
          ...(index.projection === 'INCLUDE' ? { NonKeyAttributes: index.nonKeyAttributes } : {}),
        },
      })),
    );
    expect(TimeToLiveSpecification).toEqual({ AttributeName: 'expiresAt', Enabled: true });
    expect(StreamSpecification).toMatchObject({ StreamViewType: 'NEW_AND_OLD_IMAGES' });
    expect(BillingMode).toBe('PAY_PER_REQUEST');
  });

  it('outlives its stack, protected, with point-in-time recovery', () => {
    const { DeletionPolicy, Properties } = table();
    expect(DeletionPolicy).toBe('Retain');
    expect(Properties).toMatchObject({
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
  });

  it('goes with its stack when the configuration says so', () => {
    const { DeletionPolicy, Properties } = table({ onDestroy: 'delete' });
    expect(DeletionPolicy).toBe('Delete');
    expect(Properties.DeletionProtectionEnabled).toBe(false);
  });

  it('may be one that exists, which the stack then neither changes nor deletes', () => {
    const arn = 'arn:aws:dynamodb:us-east-1:123456789012:table/restored';
    const streamArn = `${arn}/stream/2026-11-25T10:00:00.000`;
    const keyArn = 'arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000';
    const template = templateOf({ existingTable: { arn, streamArn, keyArn } });
    expect(resourcesOf(template, 'AWS::DynamoDB::Table')).toEqual([]);
    expect(resourcesOf(template, 'AWS::Lambda::EventSourceMapping')[0]!.Properties.EventSourceArn).toBe(streamArn);
    const policies = JSON.stringify(resourcesOf(template, 'AWS::IAM::Policy'));
    expect(policies).toContain(`"${arn}"`);
    expect(policies).toContain(`"${streamArn}"`);
    // Its key, through DynamoDB; what the stack makes itself has none.
    expect(policies).toContain(`"${keyArn}"`);
    expect(resourcesOf(template, 'AWS::SQS::Queue')[0]!.Properties).not.toHaveProperty('KmsMasterKeyId');
    expect(template.toJSON()).toMatchObject({ Outputs: { HistoryTableName: { Value: 'restored' } } });
  });

  it('uses a customer key when there is one', () => {
    expect(table({ customerKey: true }).Properties.SSESpecification).toMatchObject({
      SSEEnabled: true,
      SSEType: 'KMS',
    });
  });
});
