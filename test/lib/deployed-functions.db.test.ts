import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { type EventBus, startEventBus } from '../support/event-bus';
import { DEFAULT_ACCOUNT, Fleet, type RomaSimulator, startRomaSimulator } from '../support/roma-simulator';
import { startStreamPump } from '../support/stream-pump';
import { ENV } from '../../lambda/contract';
import { readPublishConfig, readSyncConfig, readWidgetConfig } from '../../lambda/config';
import { key } from '../../lambda/dynamodb/table';
import { loopbackConfig } from '../../lambda/dynamodb/client';
import { type AwsCall, type AwsRecorder, startAwsRecorder } from '../support/aws-recorder';
import { type FunctionProcess, startFunction } from '../support/deployed-process';
import { arn, type DeployedStack, deployStack, type Names } from '../support/deployed-stack';
import { anyEngine, createTestTable, type TestTable } from '../support/engines';
import { denied, distinct, granted, permissionsOf } from '../support/permissions';

const FIRST = { region: 'cn-north-4', projectId: '106506b9a92342df9a5025fc12351cfc' };
const SECOND = { region: 'eu-west-101', projectId: '206506b9a92342df9a5025fc12351cfc' };
const SECRET = arn('secretsmanager', 'secret:history-AbCdEf');
const OWN_SECRET = arn('secretsmanager', 'secret:second-GhIjKl');

let table: TestTable;
let roma: RomaSimulator;
let bus: EventBus;
let aws: AwsRecorder;
let stack: DeployedStack;
let names: Names;
let sync: FunctionProcess;
let publish: FunctionProcess;

beforeAll(async () => {
  table = await createTestTable(anyEngine());
  roma = await startRomaSimulator({
    fleet: new Fleet([
      { id: FIRST.projectId, name: FIRST.region, enabled: true },
      { id: SECOND.projectId, name: SECOND.region, enabled: true },
    ]),
  });
  bus = await startEventBus({ busName: 'history-bus' });
  bus.createQueue('history-failures');
  const topic = bus.createTopic('history-feed.fifo');
  const { accessKey, secretKey, userName, password, domainName } = DEFAULT_ACCOUNT;
  aws = await startAwsRecorder({
    dynamodb: table.endpoint,
    events: bus.endpoint,
    secrets: {
      [SECRET]: JSON.stringify({ HUAWEICLOUD_SDK_AK: accessKey, HUAWEICLOUD_SDK_SK: secretKey }),
      [OWN_SECRET]: JSON.stringify({
        HUAWEICLOUD_SDK_USERNAME: userName,
        HUAWEICLOUD_SDK_PASSWORD: password,
        HUAWEICLOUD_SDK_DOMAIN_NAME: domainName,
      }),
    },
  });
  names = {
    tableName: table.tableName,
    secretArn: SECRET,
    busName: 'history-bus',
    queueUrl: `${aws.url}/000000000000/history-failures`,
    queueArn: arn('sqs', 'history-failures'),
    topicArn: topic.arn,
  };
  const at = { endpoint: roma.endpoint, iamEndpoint: roma.endpoint };
  stack = deployStack(
    {
      targets: [
        { ...FIRST, ...at },
        { ...SECOND, ...at, every: '10m', secretArn: OWN_SECRET },
      ],
      retention: '400d',
      orderedFeed: true,
      dashboard: true,
    },
    names,
  );
  sync = startFunction(stack.functionOf('sync'), aws.url);
  publish = startFunction(stack.functionOf('publish'), aws.url);
}, 120_000);

afterAll(async () => {
  await Promise.all([sync?.stop(), publish?.stop(), aws?.stop(), bus?.stop(), roma?.stop()]);
  stack?.dispose();
  table?.close();
});

const [first, second] = [0, 1].map((index) => () => stack.requests[index]) as [() => unknown, () => unknown];
const tableArn = (): string => arn('dynamodb', `table/${table.tableName}`);
const callsOf = (services: readonly AwsCall['service'][]): AwsCall[] =>
  aws.calls.filter(({ service }) => services.includes(service));

/** Delivers what is in the stream to the publisher, filtered as the event source mapping does. */
async function pump(): Promise<void> {
  const { Table } = await table.raw.send(new DescribeTableCommand({ TableName: table.tableName }));
  const streams = new DynamoDBStreamsClient(loopbackConfig(table.endpoint));
  const streamPump = await startStreamPump({
    streams,
    streamArn: Table!.LatestStreamArn!,
    filters: stack.filters as never,
    handler: async (event) => (await publish.invoke(event)) as { batchItemFailures: { itemIdentifier: string }[] },
  });
  await streamPump.drained();
  await streamPump.stop();
  streams.destroy();
  await bus.settled();
}

describe('the environment of the template', () => {
  it('is what the functions parse, name by name', () => {
    const syncEnvironment = stack.functionOf('sync').environment;
    const publishEnvironment = stack.functionOf('publish').environment;
    expect(readSyncConfig(syncEnvironment)).toEqual({
      tableName: table.tableName,
      secretArn: SECRET,
      session: 'Deployed',
      retentionMs: 400 * 86_400_000,
      brakeReleaseAfterMs: 86_400_000,
      safetyMarginMs: 15_000,
    });
    expect(readPublishConfig(publishEnvironment)).toEqual({
      eventBusName: names.busName,
      failureQueueUrl: names.queueUrl,
      feedTopicArn: names.topicArn,
      publishBaseline: false,
      tableName: table.tableName,
    });
    expect(stack.functionOf('widget').environment).toEqual({ [ENV.tableName]: table.tableName });
    expect(readWidgetConfig(stack.functionOf('widget').environment)).toEqual({ tableName: table.tableName });
    // Nothing is given that nobody reads: without any one of its variables a function is configured otherwise, or not at all.
    const read = (parse: (environment: Readonly<Record<string, string>>) => unknown, environment: object): string => {
      try {
        return JSON.stringify(parse(environment as Record<string, string>));
      } catch (error) {
        return String(error);
      }
    };
    for (const [parse, environment] of [
      [readSyncConfig, syncEnvironment],
      [readPublishConfig, publishEnvironment],
    ] as const) {
      for (const name of Object.keys(environment)) {
        expect(Object.values(ENV)).toContain(name);
        const { [name]: _left, ...others } = environment;
        if (name === ENV.publishBaseline) continue; // Its absence means the same as `false`.
        expect(read(parse as never, others)).not.toBe(read(parse as never, environment));
      }
    }
  });
});

describe('the deployed functions', () => {
  it('record a first run of each target with its own credentials, and publish nothing of it', async () => {
    roma.fleet.fill(FIRST.projectId, 3);
    roma.fleet.fill(SECOND.projectId, 2);
    expect(await sync.invoke(first())).toMatchObject({ outcome: 'changed', instances: 3, baseline: 3 });
    expect(await sync.invoke(second())).toMatchObject({ outcome: 'changed', instances: 2, baseline: 2 });
    await pump();
    expect(bus.events).toEqual([]);
  });

  it('record what changed, and publish it to the bus and the ordered feed', async () => {
    const [changed, gone] = roma.fleet.fill(FIRST.projectId, 3);
    roma.fleet.change(FIRST.projectId, changed!, { status: 'ERROR' });
    roma.fleet.remove(FIRST.projectId, gone!);
    roma.fleet.fill(FIRST.projectId, 1, 10);
    expect(await sync.invoke(first())).toMatchObject({ outcome: 'changed', statusChanged: 1, deleted: 1, created: 1 });
    expect(await sync.invoke(first())).toMatchObject({ outcome: 'unchanged' });
    await pump();
    const kinds = ['created', 'deleted', 'statusChanged'];
    expect(bus.events.map(({ detail }) => (detail as { kind: string }).kind).toSorted()).toEqual(kinds);
    expect(callsOf(['sns']).flatMap(permissionsOf)[0]).toEqual({ action: 'sns:Publish', resource: names.topicArn });
  });

  it('set a bad record aside, keep the others, and take it back when it is good again', async () => {
    const [bad] = roma.fleet.fill(SECOND.projectId, 2);
    roma.fleet.change(SECOND.projectId, bad!, { status: 7 as never });
    expect(await sync.invoke(second())).toMatchObject({ rejected: 1 });
    roma.fleet.change(SECOND.projectId, bad!, { status: 'RUNNING' });
    expect(await sync.invoke(second())).toMatchObject({ rejected: 0 });
  });

  it('see a run through whose answers are lost', async () => {
    const id = roma.fleet.fill(FIRST.projectId, 1)[0]!;
    roma.fleet.change(FIRST.projectId, id, { name: 'renamed' });
    aws.loseAnswers(3, ({ operation }) => operation === 'TransactWriteItems');
    aws.loseAnswers(1, ({ operation }) => operation === 'UpdateItem');
    expect(await sync.invoke(first())).toMatchObject({ outcome: 'changed' });
    const { Items = [] } = await table.client.send(new ScanCommand({ TableName: table.tableName }));
    expect(Items.filter(({ sk, name }) => String(sk).startsWith('VERSION#') && name === 'renamed')).toHaveLength(1);
  });

  it('close a gap after a long silence', async () => {
    const longAgo = new Date(Date.now() - 86_400_000).toISOString();
    await table.client.send(
      new UpdateCommand({
        TableName: table.tableName,
        Key: key.head(SECOND),
        UpdateExpression: 'SET completedObservedAt = :then, completedAt = :then',
        ExpressionAttributeValues: { ':then': longAgo },
      }),
    );
    await sync.invoke(second());
    const { Items = [] } = await table.client.send(new ScanCommand({ TableName: table.tableName }));
    expect(Items.filter(({ sk }) => String(sk).startsWith('GAP#'))).not.toEqual([]);
  });

  it('put a stream record that cannot be read into the failure queue', async () => {
    const unreadable = {
      eventID: '1',
      eventName: 'INSERT',
      dynamodb: {
        SequenceNumber: '1',
        Keys: { pk: { S: 'TARGET#r#p' }, sk: { S: 'INSTANCE#1' } },
        NewImage: { pk: { S: 'TARGET#r#p' }, sk: { S: 'INSTANCE#1' }, schemaVersion: { N: '99' } },
      },
    };
    expect(await publish.invoke({ Records: [unreadable] })).toEqual({ batchItemFailures: [] });
    expect(callsOf(['sqs']).map(({ operation }) => operation)).toEqual(['SendMessage']);
  });

  it('draw the timeline for the dashboard, and need no more than to read for it', async () => {
    const widget = stack.functionOf('widget');
    const draw = startFunction(widget, aws.url);
    const before = aws.calls.length;
    try {
      const now = Date.now();
      const widgetContext = { timeRange: { start: now - 3_600_000, end: now }, theme: 'dark', width: 900 };
      expect(await draw.invoke({ widgetContext })).toMatch(/renamed/);
    } finally {
      await draw.stop();
    }
    const called = aws.calls.slice(before).flatMap(permissionsOf);
    expect(await denied(widget.policies, called)).toEqual([]);
    expect(new Set(called.map(({ resource }) => resource))).toEqual(new Set([tableArn()]));
    const writes = ['PutItem', 'UpdateItem', 'DeleteItem'].map((name) => ({
      action: `dynamodb:${name}`,
      resource: tableArn(),
    }));
    expect(await denied(widget.policies, writes)).toEqual(writes);
  });

  it('fail the invocation when a run fails, so that an alarm can rise', async () => {
    await expect(sync.invoke({ region: 'cn-north-4' })).rejects.toThrow(/not a sync request/);
  });

  it('write neither keys nor passwords nor tokens into their logs', () => {
    const { secretKey, password } = DEFAULT_ACCOUNT;
    expect(sync.log()).toMatch(/"ChangesUnpublished"/);
    for (const secret of [secretKey, password]) expect(sync.log() + publish.log()).not.toContain(secret);
    expect(sync.log()).not.toMatch(/X-Auth-Token|Signature=/i);
  });
});

describe('the policies of the template', () => {
  const services = {
    sync: ['dynamodb', 'secretsmanager'],
    publish: ['events', 'sns', 'sqs'],
  } as const satisfies Record<string, readonly AwsCall['service'][]>;
  /** Rights that are not used by the code of the function but by AWS in its name. */
  const used = /^(logs:|kms:|dynamodb:(DescribeStream|GetRecords|GetShardIterator|ListStreams) )/;

  it.each(['sync', 'publish'] as const)('allow all that the function %s has called above', async (entry) => {
    const { policies } = stack.functionOf(entry);
    const called = callsOf(services[entry]).flatMap(permissionsOf);
    const different = [...new Map(called.map((permission) => [JSON.stringify(permission), permission])).values()];
    expect(different.length).toBeGreaterThan(2);
    expect(await denied(policies, different)).toEqual([]);
  });

  it.each(['sync', 'publish'] as const)('allow the function %s nothing that it has not called', (entry) => {
    const { policies } = stack.functionOf(entry);
    const called = distinct(callsOf(services[entry]).flatMap(permissionsOf));
    expect(distinct(granted(policies)).filter((permission) => !used.test(permission))).toEqual(called);
  });

  it('refuse the publisher the table, and the sync function its indexes, the bus and the queue', async () => {
    const ofPublisher = ['GetItem', 'Query', 'PutItem'].map((name) => ({
      action: `dynamodb:${name}`,
      resource: tableArn(),
    }));
    expect(await denied(stack.functionOf('publish').policies, ofPublisher)).toEqual(ofPublisher);
    const ofSync = [
      { action: 'dynamodb:Query', resource: `${tableArn()}/index/changes-by-time` },
      { action: 'events:PutEvents', resource: arn('events', 'event-bus/history-bus') },
      { action: 'sqs:SendMessage', resource: names.queueArn },
      { action: 'secretsmanager:GetSecretValue', resource: arn('secretsmanager', 'secret:other-MnOpQr') },
    ];
    expect(await denied(stack.functionOf('sync').policies, ofSync)).toEqual(ofSync);
  });
});
