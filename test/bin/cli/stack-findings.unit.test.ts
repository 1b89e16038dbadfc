import { CloudFormationClient, ListStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  type EventSourceMappingConfiguration,
} from '@aws-sdk/client-lambda';
import { DescribeConnectionCommand, EventBridgeClient, ListRulesCommand } from '@aws-sdk/client-eventbridge';
import { ListSchedulesCommand, SchedulerClient, type ScheduleState } from '@aws-sdk/client-scheduler';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ListSubscriptionsByTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import type { Finding } from '../../../bin/cli/doctor/finding';
import { stackFindings } from '../../../bin/cli/doctor/stack-findings';

const cloudformation = mockClient(CloudFormationClient);
const lambda = mockClient(LambdaClient);
const scheduler = mockClient(SchedulerClient);
const events = mockClient(EventBridgeClient);
const secrets = mockClient(SecretsManagerClient);
const sns = mockClient(SNSClient);

const resource = (ResourceType: string, PhysicalResourceId: string) => ({
  ResourceType,
  PhysicalResourceId,
  LogicalResourceId: PhysicalResourceId,
  LastUpdatedTimestamp: new Date(0),
  ResourceStatus: 'CREATE_COMPLETE' as const,
});

async function findings(schedule: ScheduleState, mapping: EventSourceMappingConfiguration): Promise<Finding[]> {
  cloudformation.on(ListStackResourcesCommand).resolves({
    StackResourceSummaries: [
      resource('AWS::Scheduler::ScheduleGroup', 'group'),
      resource('AWS::Lambda::Function', 'publish'),
      resource('AWS::DynamoDB::Table', 'table'),
    ],
  });
  scheduler
    .on(ListSchedulesCommand, { GroupName: 'group' })
    .resolves({ Schedules: [{ Name: 'one', State: schedule }] });
  lambda.on(GetFunctionConfigurationCommand).resolves({ State: 'Active', LastUpdateStatus: 'Successful' });
  lambda.on(ListEventSourceMappingsCommand, { FunctionName: 'publish' }).resolves({ EventSourceMappings: [mapping] });
  const result: Finding[] = [];
  for await (const finding of stackFindings('stack')) result.push(finding);
  return result;
}

beforeEach(() => {
  process.env.AWS_REGION = 'us-east-1';
  for (const client of [cloudformation, lambda, scheduler, events, secrets, sns]) client.reset();
});

it('finds nothing wrong with a stack whose schedules and stream are on', async () => {
  const found = await findings('ENABLED', { EventSourceArn: 'stream', State: 'Enabled' });
  expect(found.map(({ check, level }) => `${level} ${check}`)).toEqual([
    'ok schedule',
    'ok function publish',
    'ok event source',
  ]);
});

it('finds a schedule that is off and a stream that nobody reads', async () => {
  const found = await findings('DISABLED', { EventSourceArn: 'stream', State: 'Disabled' });
  expect(found.filter(({ level }) => level === 'bad').map(({ message }) => message)).toEqual([
    '1 disabled: one',
    'none is enabled: nothing is recorded',
    'stream is Disabled: changes are not published',
  ]);
});

it('tells a stack that cannot be read, and skips when none is named', async () => {
  cloudformation.on(ListStackResourcesCommand).rejects(new Error('Stack with id stack does not exist'));
  for await (const finding of stackFindings('stack')) expect(finding).toMatchObject({ check: 'stack', level: 'bad' });
  for await (const finding of stackFindings(undefined)) expect(finding.level).toBe('skipped');
});

describe('a deployed stack', () => {
  const secret = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:hook-AbCdEf';
  const described = `Changes of ROMA Connect instances, with the key in ${secret}`;
  const CREATED = new Date('2026-11-25T10:00:00Z');
  const LATER = new Date('2026-11-25T11:00:00Z');

  async function badOrNoted(...resources: ReturnType<typeof resource>[]): Promise<Finding[]> {
    cloudformation.on(ListStackResourcesCommand).resolves({ StackResourceSummaries: resources });
    lambda.on(GetFunctionConfigurationCommand).resolves({ State: 'Active' });
    lambda.on(ListEventSourceMappingsCommand).resolves({});
    const found: Finding[] = [];
    for await (const finding of stackFindings('stack'))
      if (finding.level !== 'ok' && !finding.message.startsWith('none is enabled')) found.push(finding);
    return found;
  }

  it('names the rules on its bus that it does not own, over pages', async () => {
    events
      .on(ListRulesCommand, { EventBusName: 'bus', NextToken: undefined })
      .resolves({ Rules: [{ Name: 'own' }, { Name: 'Events-Archive-x', ManagedBy: 'AWS' }], NextToken: 'more' })
      .on(ListRulesCommand, { EventBusName: 'bus', NextToken: 'more' })
      .resolves({ Rules: [{ Name: 'pager' }] });
    const bus = resource('AWS::Events::EventBus', 'bus');
    expect(await badOrNoted(bus, resource('AWS::Events::Rule', 'bus|own'))).toEqual([
      expect.objectContaining({ check: 'bus', level: 'note', message: 'bus also has pager' }),
    ]);
    expect(await badOrNoted(bus, ...['bus|own', 'bus|pager'].map((id) => resource('AWS::Events::Rule', id)))).toEqual(
      [],
    );
  });

  it('names the subscriptions that go with the ordered feed, over pages, and asks no other topic', async () => {
    const [feed, letters] = ['arn:aws:sns:us-east-1:123456789012:feed.fifo', 'arn:aws:sns:us-east-1:123456789012:mail'];
    const queue = (name: string) => ({ Protocol: 'sqs', Endpoint: `arn:aws:sqs:us-east-1:123456789012:${name}.fifo` });
    sns
      .on(ListSubscriptionsByTopicCommand, { TopicArn: feed, NextToken: undefined })
      .resolves({ Subscriptions: [queue('orders')], NextToken: 'more' })
      .on(ListSubscriptionsByTopicCommand, { TopicArn: feed, NextToken: 'more' })
      .resolves({ Subscriptions: [queue('billing')] });
    const topics = [feed, letters].map((arn) => resource('AWS::SNS::Topic', arn));
    cloudformation.on(ListStackResourcesCommand).resolves({ StackResourceSummaries: topics });
    const found: Finding[] = [];
    for await (const finding of stackFindings('stack')) if (finding.check === 'ordered feed') found.push(finding);
    expect(found).toEqual([
      expect.objectContaining({
        level: 'ok',
        message: `sqs ${queue('orders').Endpoint}, sqs ${queue('billing').Endpoint}; switching "orderedFeed" off deletes the topic and these`,
      }),
    ]);
  });

  it.each([
    ['is sent', CREATED, LATER, 'AUTHORIZED' as const, undefined],
    [
      'is older than its secret',
      LATER,
      CREATED,
      'AUTHORIZED' as const,
      /newer than the key.* 2026-11-25T11:00:00.000Z/,
    ],
    ['is gone', CREATED, LATER, 'DEAUTHORIZED' as const, /the connection is DEAUTHORIZED/],
  ])('tells whether the key of a webhook %s', async (_name, changed, copied, state, told) => {
    events.on(DescribeConnectionCommand, { Name: 'hook' }).resolves({
      Description: described,
      LastModifiedTime: copied,
      ConnectionState: state,
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'Authorization' } },
    });
    secrets.on(DescribeSecretCommand, { SecretId: secret }).resolves({ LastChangedDate: changed });
    const found = await badOrNoted(resource('AWS::Events::Connection', 'hook'));
    expect(found.map(({ message }) => message)).toEqual(told === undefined ? [] : [expect.stringMatching(told)]);
    if (changed > copied) expect(found[0]!.fix).toContain('ApiKeyName: "Authorization"');
  });

  it('names what a discovery has left behind that is off now', async () => {
    scheduler.on(ListSchedulesCommand).resolves({
      Schedules: [
        { Name: 'discovered.cn-north-4_x', State: 'ENABLED' },
        { Name: 'mine', State: 'ENABLED' },
      ],
    });
    const group = resource('AWS::Scheduler::ScheduleGroup', 'group');
    expect((await badOrNoted(group)).map(({ message, fix }) => [message, fix])).toEqual([
      [expect.stringContaining('1 that it made run on'), expect.stringContaining('--name discovered.cn-north-4_x')],
    ]);
    const discovery = { ...resource('AWS::Lambda::Function', 'f'), LogicalResourceId: 'DiscoveryDiscoverFunction' };
    expect(await badOrNoted(group, discovery)).toEqual([]);
  });
});
