// Over 300 lines, because all its tests look at one stack that has every option.
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { type Resource, resourcesOf, stackOf, templateOf } from '../support/stack';

const everything = {
  monitoring: 'full',
  export: { bucket: 'lake', prefix: 'roma/' },
  orderedFeed: true,
  subscriptions: [
    { name: 'ops', type: 'email', address: 'ops@example.com' },
    { name: 'changes', type: 'sqs' },
    { name: 'hook', type: 'webhook', url: 'https://hooks.example.com/roma' },
  ],
};

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: object;
}
const list = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);

describe.each([
  ['with the keys of AWS', everything],
  ['with a customer key', { ...everything, customerKey: true }],
  ['with nothing but a target', {}],
  [
    'without a key to keep',
    {
      discovery: 'daily',
      credentials: {
        type: 'oidc',
        providerUrn: 'iam::d78cbac186b744899480f25bd022f468:oidcProvider:aws',
        agencyUrn: 'iam::d78cbac186b744899480f25bd022f468:agency:roma-history',
        audience: 'roma-history',
      },
    },
  ],
  ['with discovery alone', { targets: [], discovery: 'daily', customerKey: true }],
])('the stack %s', (_name, config) => {
  const { app, stack } = stackOf(config);
  const template = Template.fromStack(stack);
  const statements = resourcesOf(template, 'AWS::IAM::Policy').flatMap(
    ({ Properties }) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement,
  );

  it('is clean by the AwsSolutions rules of cdk-nag', () => {
    const { violations } = new AwsSolutionsChecks(app).validateScope(stack);
    expect(violations).toEqual([]);
  });

  it('allows no action by wildcard, and no resource by wildcard but where AWS knows no other', () => {
    for (const { Action, Resource, Sid } of statements) {
      for (const action of list(Action)) expect(action).not.toContain('*');
      if (Sid === 'FindStream' || Sid === 'ListSchedules' || Sid === 'SignToken') continue;
      // Names of discovered schedules in the one group, and keys of exported days: the only names that are not known.
      expect(JSON.stringify(Resource).replace('/discovered.*"', '"').replace('/roma/*"', '"')).not.toMatch(/\*/);
    }
  });

  it('lets schedules of its own group alone take on the roles of the scheduler', () => {
    const [group] = resourcesOf(template, 'AWS::Scheduler::ScheduleGroup');
    const trusting = resourcesOf(template, 'AWS::IAM::Role')
      .map(({ Properties }) => (Properties.AssumeRolePolicyDocument as { Statement: Statement[] }).Statement)
      .filter((trust) => JSON.stringify(trust).includes('scheduler.amazonaws.com'));
    expect(trusting.length).toBeGreaterThan(0);
    for (const [{ Condition } = {} as Statement, ...others] of trusting) {
      expect(others).toEqual([]);
      expect(Condition).toEqual({ ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [group!.logicalId, 'Arn'] } } });
    }
  });

  it('attaches no policy that AWS manages', () => {
    for (const { Properties } of resourcesOf(template, 'AWS::IAM::Role')) {
      expect(Properties).not.toHaveProperty('ManagedPolicyArns');
    }
  });

  it('refuses queues and topics to whoever does not use TLS', () => {
    for (const [type, policyType, list] of [
      ['AWS::SQS::Queue', 'AWS::SQS::QueuePolicy', 'Queues'],
      ['AWS::SNS::Topic', 'AWS::SNS::TopicPolicy', 'Topics'],
    ] as const) {
      const guarded = resourcesOf(template, policyType)
        .filter(({ Properties }) => {
          const { Statement: all } = Properties.PolicyDocument as { Statement: Statement[] };
          return all.some(
            ({ Effect, Condition }) =>
              Effect === 'Deny' && JSON.stringify(Condition) === '{"Bool":{"aws:SecureTransport":"false"}}',
          );
        })
        .flatMap(({ Properties }) => Properties[list] as { Ref: string }[])
        .map(({ Ref }) => Ref);
      const ids = resourcesOf(template, type).map(({ logicalId }) => logicalId);
      expect(guarded.toSorted()).toEqual(ids.toSorted());
    }
  });

  it('lets the sync function alone open Huawei Cloud, and the discovery where there is one', () => {
    const [way, other] = ['secretsmanager:GetSecretValue', 'sts:GetWebIdentityToken'] as const;
    const isOidc = 'credentials' in config;
    const policies = resourcesOf(template, 'AWS::IAM::Policy');
    const allowing = (action: string) =>
      policies.filter(({ Properties }) => JSON.stringify(Properties).includes(action));
    expect(allowing(isOidc ? way : other)).toEqual([]);
    const readers = allowing(isOidc ? other : way);
    expect(
      readers.map(({ logicalId }) => String(/(Sync|Discover)RoleDefaultPolicy/.exec(logicalId)?.[1])).toSorted(),
    ).toEqual('discovery' in config ? ['Discover', 'Sync'] : ['Sync']);
  });

  it('gives the publisher no action on the table', () => {
    const [publisher] = resourcesOf(template, 'AWS::IAM::Policy').filter(({ logicalId }) =>
      logicalId.includes('ChangeFeedPublish'),
    );
    const { Statement: granted } = publisher!.Properties.PolicyDocument as { Statement: Statement[] };
    const onDynamodb = granted.filter(({ Action }) => list(Action).some((action) => action.startsWith('dynamodb:')));
    for (const { Sid, Resource } of onDynamodb) {
      if (Sid !== 'FindStream') expect(JSON.stringify(Resource)).toMatch(/"StreamArn"\]\}$/);
    }
    expect(onDynamodb.flatMap(({ Action }) => list(Action)).toSorted()).toEqual([
      'dynamodb:DescribeStream',
      'dynamodb:GetRecords',
      'dynamodb:GetShardIterator',
      'dynamodb:ListStreams',
    ]);
  });
});

describe('a customer key', () => {
  // Synthesis prints its warnings.
  beforeEach(() => void jest.spyOn(console, 'error').mockImplementation(() => {}));
  afterEach(() => jest.restoreAllMocks());

  const encrypted = (type: string, property: string, config: object): unknown[] =>
    resourcesOf(templateOf({ ...everything, ...config }), type).map(({ Properties }) => Properties[property]);

  it('encrypts queues, topics and secrets, each of them', () => {
    for (const [type, property] of [
      ['AWS::SQS::Queue', 'KmsMasterKeyId'],
      ['AWS::SNS::Topic', 'KmsMasterKeyId'],
      ['AWS::SecretsManager::Secret', 'KmsKeyId'],
    ] as const) {
      const keys = encrypted(type, property, { customerKey: true });
      expect(keys.length).toBeGreaterThan(0);
      expect(keys).not.toContain(undefined);
    }
  });

  it('may be one that exists', () => {
    const customerKey = 'arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000';
    expect(new Set(encrypted('AWS::SQS::Queue', 'KmsMasterKeyId', { customerKey }))).toEqual(new Set([customerKey]));
  });

  it('that exists must let EventBridge in by its own policy, which synth says; one that is made does', () => {
    const customerKey = 'arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000';
    const told = Match.stringLikeRegexp('must have this statement');
    const [warning] = Annotations.fromStack(stackOf({ customerKey }).stack).findWarning('*', told);
    const [, printed] = /(\{.*\})/.exec(warning!.entry.data as string)!;
    expect(JSON.parse(printed!)).toEqual({
      Sid: 'EventBridgeWrites',
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: '*',
      Condition: { ArnLike: { 'aws:SourceArn': 'arn:*:events:us-east-1:123456789012:rule/*' } },
    });
    expect(Annotations.fromStack(stackOf({ customerKey }).stack).findWarning('*', told)).toHaveLength(1);
    expect(Annotations.fromStack(stackOf({ customerKey: true }).stack).findWarning('*', told)).toEqual([]);
    const policy = JSON.stringify(
      resourcesOf(templateOf({ customerKey: true }), 'AWS::KMS::Key')[0]!.Properties.KeyPolicy,
    );
    expect(policy).toContain('"Principal":{"Service":"events.amazonaws.com"}');
  });
});

it('a former key may be used by whoever reads the table or its stream, to read, through DynamoDB only', () => {
  const former = 'arn:aws:kms:us-east-1:123456789012:key/11111111-1111-1111-1111-111111111111';
  const grants = resourcesOf(
    templateOf({ discovery: 'daily', customerKey: true, formerKeys: [former], monitoring: 'full' }),
    'AWS::IAM::Policy',
  ).flatMap(({ logicalId, Properties }) =>
    (Properties.PolicyDocument as { Statement: Statement[] }).Statement.filter(({ Resource }) =>
      list(Resource).includes(former),
    ).map(({ Action, Condition }) => [/(Sync|Publish|Draw)Role/.exec(logicalId)?.[1], Action, Condition]),
  );
  const parts = [{ Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }];
  const through = { StringEquals: { 'kms:ViaService': { 'Fn::Join': ['', ['dynamodb.', ...parts]] } } };
  const actions = ['kms:Decrypt', 'kms:DescribeKey'];
  expect(new Set(grants)).toEqual(new Set(['Draw', 'Publish', 'Sync'].map((name) => [name, actions, through])));
});

describe('EventBridge', () => {
  const config = { ...everything, customerKey: true };

  it('reaches queues from rules of the bus alone, and topics by a role that these rules alone take on', () => {
    const template = templateOf(config);
    const allowing = [
      ...resourcesOf(template, 'AWS::SQS::QueuePolicy'),
      ...resourcesOf(template, 'AWS::SNS::TopicPolicy'),
    ]
      .flatMap(({ Properties }) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement)
      .filter(({ Effect }) => Effect === 'Allow');
    expect(allowing).toHaveLength(2);
    const [role] = resourcesOf(template, 'AWS::IAM::Role').filter(({ logicalId }) =>
      logicalId.includes('SubscriptionsRole'),
    );
    const { Statement: trust } = role!.Properties.AssumeRolePolicyDocument as { Statement: Statement[] };
    for (const { Condition } of [...allowing, ...trust])
      expect(Condition).toEqual({ ArnLike: { 'aws:SourceArn': expect.anything() } });
    for (const { Properties } of resourcesOf(template, 'AWS::Events::Rule'))
      if (!JSON.stringify(Properties.Targets).includes('Queue')) expect(Properties).toHaveProperty('Targets.0.RoleArn');
  });

  it('has roles that use the key through one service each', () => {
    const template = templateOf(config);
    const statements = resourcesOf(template, 'AWS::IAM::Policy')
      .flatMap(({ Properties }) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement)
      .filter(({ Action }) => list(Action).some((action) => action.startsWith('kms:')));
    expect(statements.length).toBeGreaterThan(0);
    const services = statements.map(({ Condition }) => {
      const [, service] =
        /^\{"StringEquals":\{"kms:ViaService":\{"Fn::Join":\["",\["(\w+)\.",/.exec(JSON.stringify(Condition)) ?? [];
      return service;
    });
    expect(new Set(services)).toEqual(new Set(['dynamodb', 'secretsmanager', 'sns', 'sqs']));
  });

  it('refuses events of this source from anybody but the publisher and who is named', () => {
    const writer = 'arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/*_Operators_*';
    expect(resourcesOf(templateOf(), 'AWS::Events::EventBusPolicy')).toEqual([]);
    const [policy, ...more] = resourcesOf(templateOf({ eventWriters: [writer] }), 'AWS::Events::EventBusPolicy');
    expect(more).toEqual([]);
    expect(policy!.Properties.Statement).toMatchObject({
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: 'events:PutEvents',
      Condition: {
        // Whoever could send tests could send words of his own.
        StringEquals: { 'events:source': ['roma.instance-history', 'roma.instance-history.test'] },
        ArnNotLike: {
          'aws:PrincipalArn': [{ 'Fn::GetAtt': [expect.stringContaining('ChangeFeedPublishRole'), 'Arn'] }, writer],
        },
      },
    });
  });
});

describe('a stack', () => {
  it.each([
    [
      'keeps its table, its secret and its key',
      {},
      ['AWS::DynamoDB::Table', 'AWS::KMS::Key', 'AWS::SecretsManager::Secret'],
    ],
    [
      'keeps its secret and its key where the table may go',
      { onDestroy: 'delete' },
      ['AWS::KMS::Key', 'AWS::SecretsManager::Secret'],
    ],
  ])('%s when it is destroyed, and nothing else', (_name, config, kept) => {
    const { Resources } = templateOf({ ...everything, discovery: 'daily', customerKey: true, ...config }).toJSON() as {
      Resources: Readonly<Record<string, Resource>>;
    };
    const retained = Object.values(Resources).filter(({ DeletionPolicy = 'Delete' }) => DeletionPolicy !== 'Delete');
    expect(retained.map(({ Type }) => Type).toSorted()).toEqual(kept);
  });

  it('of more is refused before anything is made, with the sum and what it is made of', () => {
    const targets = Array.from({ length: 200 }, (_, index) => ({
      region: 'cn-north-4',
      projectId: `project-number-${String(index).padStart(3, '0')}`,
    }));
    const subscriptions = Array.from({ length: 100 }, (_, index) => ({ name: `q-${index}`, type: 'sqs' }));
    const made = (config: object): number => {
      const { Resources } = templateOf(config).toJSON() as { Resources: object };
      return Object.keys(Resources).length;
    };
    // One more target or subscription adds what the others add.
    const one = { targets: targets.slice(0, 1) };
    const perTarget = made({ targets: targets.slice(0, 2) }) - made(one);
    const perQueue =
      made({ ...one, subscriptions: subscriptions.slice(0, 2) }) -
      made({ ...one, subscriptions: subscriptions.slice(0, 1) });
    const sum = made({ ...one, subscriptions: subscriptions.slice(0, 1) }) + 199 * perTarget + 99 * perQueue;
    expect(() => stackOf({ targets, subscriptions })).toThrow(
      new RegExp(`targets: 200 and subscriptions: 100 make ${sum} resources, \\d+ of them`),
    );
    expect(() => stackOf({ targets: targets.slice(0, 50), subscriptions })).not.toThrow();
  });

  it('of as many targets as it may have stays within the 500 resources of CloudFormation', () => {
    const targets = Array.from({ length: 200 }, (_, index) => ({
      region: 'cn-north-4',
      projectId: `project-number-${String(index).padStart(3, '0')}`,
    }));
    const { Resources } = templateOf({ ...everything, discovery: 'daily', customerKey: true, targets }).toJSON() as {
      Resources: object;
    };
    expect(Object.keys(Resources).length).toBeLessThanOrEqual(500);
  });

  it('of as many targets, each with a secret of its own, stays within what IAM takes for a role', () => {
    const targets = Array.from({ length: 200 }, (_, index) => ({
      region: 'cn-north-4',
      projectId: `project-number-${String(index).padStart(3, '0')}`,
      secretArn: `arn:aws:secretsmanager:eu-central-1:123456789012:secret:platform/roma/project-number-${index}-AbCdEf`,
    }));
    const template = templateOf({ targets });
    const size = ({ Properties }: Resource) => JSON.stringify(Properties.PolicyDocument).length;
    const inline = resourcesOf(template, 'AWS::IAM::Policy').map(size);
    const managed = resourcesOf(template, 'AWS::IAM::ManagedPolicy');
    expect(Math.max(...inline)).toBeLessThanOrEqual(10_240);
    expect(Math.max(0, ...managed.map(size))).toBeLessThanOrEqual(6144);
    expect(managed.length).toBeLessThanOrEqual(10);
    const policies = JSON.stringify([...resourcesOf(template, 'AWS::IAM::Policy'), ...managed]);
    for (const { secretArn } of targets) expect(policies).toContain(secretArn);
  });
});
