import { HISTORY_TABLE } from '../../lambda/contract';
import { resourcesOf, templateOf } from '../support/stack';
import { resourcesIn } from '../support/template-losses';

const table = (config?: object) => resourcesOf(templateOf(config), 'AWS::DynamoDB::Table')[0]!;
const step = (config?: object) => resourcesOf(templateOf(config), 'Custom::DeletionProtection');

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
    expect(DeletionPolicy).toBe('RetainExceptOnCreate');
    expect(Properties).toMatchObject({ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } });
    expect(step()).toHaveLength(1);
  });

  it('goes with its stack when the configuration says so', () => {
    const config = { onDestroy: 'delete' };
    const { DeletionPolicy, Properties } = table(config);
    expect(DeletionPolicy).toBe('Delete');
    expect(Properties.DeletionProtectionEnabled).toBe(false);
    expect(step(config)).toEqual([]);
  });

  it('goes, and whatever else a first deployment has made, when that fails: nothing is kept or protected before all is made', () => {
    const config = {
      monitoring: 'full',
      orderedFeed: true,
      discovery: 'daily',
      customerKey: true,
      attribution: 'pseudonymous',
      export: { bucket: 'lake' },
      subscriptions: [
        { name: 'ops', type: 'email', address: 'ops@example.com' },
        { name: 'changes', type: 'sqs' },
        { name: 'hook', type: 'webhook', url: 'https://hooks.example.com/roma' },
      ],
    };
    const resources = resourcesIn(templateOf(config));
    const kept = Object.values(resources).map(({ DeletionPolicy = 'Delete' }) => DeletionPolicy);
    expect([...new Set(kept)].toSorted()).toEqual(['Delete', 'RetainExceptOnCreate']);
    expect(table(config).Properties).not.toHaveProperty('DeletionProtectionEnabled');
    // The step that protects comes last: it waits for everything else, directly or not.
    const before = new Set<string>();
    const visit = (logicalId: string): void => {
      if (before.has(logicalId) || !(logicalId in resources)) return;
      before.add(logicalId);
      const { DependsOn = [] } = resources[logicalId] as { DependsOn?: string[] };
      DependsOn.forEach(visit);
      const uses = /"(?:Ref":"|Fn::GetAtt":\[")(\w+)/g;
      for (const [, used] of JSON.stringify(resources[logicalId]).matchAll(uses)) visit(used!);
    };
    visit(step(config)[0]!.logicalId);
    expect(Object.keys(resources).filter((logicalId) => !before.has(logicalId))).toEqual([]);
  });

  it('may be one that exists, which the stack then neither changes nor deletes', () => {
    const arn = 'arn:aws:dynamodb:us-east-1:123456789012:table/restored';
    const streamArn = `${arn}/stream/2026-11-25T10:00:00.000`;
    const keyArn = 'arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000';
    const template = templateOf({ existingTable: { arn, streamArn, keyArn } });
    expect(resourcesOf(template, 'AWS::DynamoDB::Table')).toEqual([]);
    expect(resourcesOf(template, 'Custom::DeletionProtection')).toEqual([]);
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
