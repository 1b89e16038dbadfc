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

  it('uses a customer key when there is one', () => {
    expect(table({ customerKey: true }).Properties.SSESpecification).toMatchObject({
      SSEEnabled: true,
      SSEType: 'KMS',
    });
  });
});
