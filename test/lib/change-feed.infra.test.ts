import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ATTRIBUTION_ITEM_PREFIX,
  CURRENT_ITEM_PREFIX,
  DETAIL_TYPE,
  ENV,
  EVENT_SOURCE,
  TEST_EVENT,
} from '../../lambda/contract';
import { key } from '../../lambda/dynamodb/table';
import { InstanceHistory } from '../../lib';
import { resourcesOf, TARGET, templateOf } from '../support/stack';

const PREFIXES = [CURRENT_ITEM_PREFIX, ATTRIBUTION_ITEM_PREFIX];
const everything = {
  monitoring: 'full',
  orderedFeed: true,
  subscriptions: [
    { name: 'ops', type: 'email', address: 'ops@example.com', kinds: ['deleted'] },
    { name: 'changes', type: 'sqs' },
    { name: 'hook', type: 'webhook', url: 'https://hooks.example.com/roma' },
  ],
};
const one = (type: string, config?: object): Record<string, unknown> => {
  const [resource, ...others] = resourcesOf(templateOf(config), type);
  expect(others).toEqual([]);
  return resource!.Properties;
};

describe('the publisher', () => {
  it('reads the stream from its beginning, in order, and sets aside what never succeeds', () => {
    expect(one('AWS::Lambda::EventSourceMapping')).toMatchObject({
      StartingPosition: 'TRIM_HORIZON',
      ParallelizationFactor: 1,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      MaximumRetryAttempts: 50,
      DestinationConfig: { OnFailure: { Destination: expect.anything() } },
    });
  });

  it('is woken by current items, by who made a change, and by nothing else', () => {
    const { FilterCriteria } = one('AWS::Lambda::EventSourceMapping') as {
      FilterCriteria: { Filters: { Pattern: string }[] };
    };
    expect(FilterCriteria.Filters.map(({ Pattern }) => JSON.parse(Pattern) as object)).toEqual(
      PREFIXES.map(({ partitionKey, sortKey }) => ({
        eventName: ['INSERT', 'MODIFY'],
        dynamodb: { Keys: { pk: { S: [{ prefix: partitionKey }] }, sk: { S: [{ prefix: sortKey }] } } },
      })),
    );
    const passes = ({ pk, sk }: { pk: string; sk: string }): boolean =>
      PREFIXES.some(({ partitionKey, sortKey }) => pk.startsWith(partitionKey) && sk.startsWith(sortKey));
    const at = '2026-11-22T10:00:00.000Z' as Parameters<typeof key.version>[2];
    expect(passes(key.current(TARGET, 'any id #/'))).toBe(true);
    expect(passes(key.attribution(TARGET, 'any id #/', at))).toBe(true);
    const others = [
      key.head(TARGET),
      key.gap(TARGET, at),
      key.rejected(TARGET, 'x'),
      key.version(TARGET, 'x', at),
      key.trace(TARGET, 'x', at, 't'),
    ];
    expect([...others, key.ownGap(TARGET, 'x', at), key.registration(TARGET)].map(passes)).not.toContain(true);
  });

  it('is told of the ordered feed only when there is one', () => {
    const variables = (config?: object): string[] => {
      const publisher = resourcesOf(templateOf(config), 'AWS::Lambda::Function').find(({ logicalId }) =>
        logicalId.includes('Publish'),
      )!.Properties as { Environment: { Variables: object } };
      return Object.keys(publisher.Environment.Variables).toSorted();
    };
    const always = [ENV.eventBusName, ENV.failureQueueUrl, ENV.publishBaseline, ENV.tableName];
    expect(variables()).toEqual(always.toSorted());
    expect(variables({ orderedFeed: true })).toEqual([...always, ENV.feedTopicArn].toSorted());
  });
});

describe('the bus', () => {
  it('keeps its events for a replay', () => {
    expect(one('AWS::Events::Archive', { archiveRetention: '90d' })).toMatchObject({
      RetentionDays: 90,
      EventPattern: { source: [EVENT_SOURCE] },
    });
  });

  it('has one rule a subscription, with a queue for what cannot be delivered', () => {
    const rules = resourcesOf(templateOf(everything), 'AWS::Events::Rule').map(
      ({ Properties }) =>
        Properties as { EventPattern: object; Targets: { DeadLetterConfig?: object; InputTransformer?: object }[] },
    );
    const { baseline: _baseline, ...kinds } = DETAIL_TYPE;
    const detailTypes = [[DETAIL_TYPE.deleted], Object.values(kinds), Object.values(kinds)];
    // What else lets a test of a subscription through is tested with test events.
    expect(rules.map(({ EventPattern }) => EventPattern)).toEqual(
      detailTypes.map((types) => ({
        source: [EVENT_SOURCE, TEST_EVENT.source],
        'detail-type': [...types, TEST_EVENT.detailType],
        detail: { $or: [{ test: [{ exists: false }] }, { test: [expect.any(String)] }] },
      })),
    );
    for (const { Targets } of rules)
      expect(Targets).toEqual([expect.objectContaining({ DeadLetterConfig: expect.anything() })]);
  });

  it('lets every rule set aside, within what the policy of a queue may hold', () => {
    const kinds = ['created', 'deleted'];
    const subscriptions = Array.from({ length: 100 }, (_, index) => ({
      name: `person-${index}`,
      type: 'email',
      address: `person-${index}@example.com`,
      kinds,
    }));
    const template = templateOf({ subscriptions });
    const rules = resourcesOf(template, 'AWS::Events::Rule').map(
      ({ Properties }) => Properties.Targets as { DeadLetterConfig: { Arn: { 'Fn::GetAtt': [string] } } }[],
    );
    expect(rules).toHaveLength(100);
    const queues = new Set(rules.flat().map(({ DeadLetterConfig }) => DeadLetterConfig.Arn['Fn::GetAtt'][0]));
    expect(queues.size).toBe(1);
    const [queue] = queues;
    const policies = resourcesOf(template, 'AWS::SQS::QueuePolicy');
    for (const { Properties } of policies) {
      const { Statement } = Properties.PolicyDocument as { Statement: unknown[] };
      expect(Statement.length).toBeLessThanOrEqual(10);
    }
    const policy = policies.find(({ Properties }) => JSON.stringify(Properties.Queues) === `[{"Ref":"${queue}"}]`);
    expect(policy?.Properties.PolicyDocument).toMatchObject({
      Statement: expect.arrayContaining([
        expect.objectContaining({
          Effect: 'Allow',
          Action: 'sqs:SendMessage',
          Principal: { Service: 'events.amazonaws.com' },
          Condition: {
            ArnLike: {
              'aws:SourceArn': {
                'Fn::Join': [
                  '',
                  expect.arrayContaining([':rule/', { Ref: expect.stringContaining('ChangeFeedBus') }, '/*']),
                ],
              },
            },
          },
        }),
      ]),
    });
  });

  it('writes a letter that a person can read', () => {
    const rule = resourcesOf(templateOf(everything), 'AWS::Events::Rule')[0]!.Properties as {
      Targets: { InputTransformer: { InputTemplate: string } }[];
    };
    expect(rule.Targets[0]!.InputTransformer.InputTemplate.split('\n')[2]).toBe('"Change: <detail-summary-change>"');
  });

  it('proves to a webhook where events come from, with a key of the receiver or a generated one', () => {
    expect(one('AWS::Events::ApiDestination', everything)).toMatchObject({
      InvocationEndpoint: 'https://hooks.example.com/roma',
      HttpMethod: 'POST',
      InvocationRateLimitPerSecond: 10,
    });
    // By this, `doctor` finds the secret of a connection.
    expect(JSON.stringify(one('AWS::Events::Connection', everything).Description)).toMatch(
      /with the key in ",\{"Ref":"\w+Key\w+"\}/,
    );
    expect(one('AWS::Events::Connection', everything)).toMatchObject({
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'X-Api-Key' } },
    });
    const secretArn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:hook-AbCdEf';
    const own = {
      subscriptions: [
        { name: 'hook', type: 'webhook', url: 'https://hooks.example.com', header: 'Authorization', secretArn },
      ],
    };
    expect(JSON.stringify(one('AWS::Events::Connection', own))).toContain(`{{resolve:secretsmanager:${secretArn}:`);
  });

  it('sends to a queue that exists already without making another', () => {
    const queueArn = 'arn:aws:sqs:us-east-1:123456789012:ours';
    const template = templateOf({ subscriptions: [{ name: 'ours', type: 'sqs', queueArn }] });
    expect(JSON.stringify(resourcesOf(template, 'AWS::Events::Rule'))).toContain(queueArn);
    expect(resourcesOf(template, 'AWS::SQS::Queue')).toHaveLength(3);
  });
});

describe('the ordered feed', () => {
  it('is a FIFO topic whose order is per instance', () => {
    const topics = resourcesOf(templateOf({ orderedFeed: true }), 'AWS::SNS::Topic');
    expect(topics.map(({ Properties }) => Properties)).toEqual([
      expect.objectContaining({
        FifoTopic: true,
        FifoThroughputScope: 'MessageGroup',
        // In the partition `aws` alone; elsewhere the default stays.
        MaximumMessageSize: { 'Fn::If': [expect.stringContaining('Commercial'), 1_048_576, { Ref: 'AWS::NoValue' }] },
      }),
    ]);
  });

  it('that goes is named at synthesis, with the subscriptions of the app, where an earlier synthesis shows it', () => {
    const outdir = mkdtempSync(join(tmpdir(), 'feed-'));
    const warnings = (orderedFeed: boolean, subscribed = orderedFeed): string[] => {
      const app = new App({ outdir, context: { 'aws:cdk:bundling-stacks': [] } });
      const stack = new Stack(app, 'Platform');
      const { feed } = new InstanceHistory(stack, 'Roma', { targets: [TARGET], orderedFeed });
      if (subscribed) feed.topic!.addSubscription(new SqsSubscription(new Queue(stack, 'Orders', { fifo: true })));
      app.synth();
      const found = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('"orderedFeed" is off'));
      return found.map(({ entry }) => JSON.stringify(entry.data));
    };
    try {
      expect(warnings(false)).toEqual([]);
      expect(warnings(true)).toEqual([]);
      const [warning] = warnings(false);
      expect(warning).toMatch(/deletes its topic with every .* of this stack: OrdersPlatform\w+\./);
      expect(warnings(false)).toEqual([]);
      expect(warnings(true, false)).toEqual([]);
      expect(warnings(false)).toEqual([expect.not.stringContaining('of this stack')]);
    } finally {
      rmSync(outdir, { recursive: true });
    }
  });
});
