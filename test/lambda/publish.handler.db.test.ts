import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { PutCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventBus, startEventBus } from '../support/event-bus';
import { startStreamPump, type StreamPump } from '../support/stream-pump';
import { type ChangeEvent, toChangeEvent } from '../../lambda/core/publish/change-event';
import type { Current } from '../../lambda/core/model/record';
import { loopbackConfig } from '../../lambda/dynamodb/client';
import { toCurrentItem, toVersionItem } from '../../lambda/dynamodb/table';
import { type PublishHandler, wirePublish } from '../../lambda/wire';
import { currentOf, FIRST_OBSERVED_AT } from '../support/changes';
import { createTestTable, onEachEngine, type TestTable } from '../support/engines';

onEachEngine('from the table to the bus', (engine) => {
  let table: TestTable;
  let streams: DynamoDBStreamsClient;
  let bus: EventBus;
  let folder: string;
  let streamArn: string;
  const pumps: StreamPump[] = [];
  const problems: string[] = [];

  beforeEach(async () => {
    table = await createTestTable(engine);
    streams = new DynamoDBStreamsClient(loopbackConfig(table.endpoint));
    bus = await startEventBus();
    folder = mkdtempSync(join(tmpdir(), 'publish-'));
    const { Table } = await table.raw.send(new DescribeTableCommand({ TableName: table.tableName }));
    streamArn = Table?.LatestStreamArn ?? '';
  });
  afterEach(async () => {
    await Promise.all(pumps.splice(0).map(async (pump) => pump.stop()));
    streams.destroy();
    table.close();
    await bus.stop();
    rmSync(folder, { recursive: true, force: true });
    problems.length = 0;
  });

  /** As the recorder does: current and version in one transaction. */
  const record = async (current: Current) => {
    await table.client.send(
      new TransactWriteCommand({
        TransactItems: [toCurrentItem(current), toVersionItem(current)].map((Item) => ({
          Put: { TableName: table.tableName, Item },
        })),
      }),
    );
  };
  const put = async (Item: Record<string, unknown>) =>
    table.client.send(new PutCommand({ TableName: table.tableName, Item }));

  const publisher = (publishBaseline = false): PublishHandler =>
    wirePublish(
      {
        eventBusName: bus.busName,
        failureQueueUrl: bus.createQueue('failures').url,
        feedTopicArn: bus.createTopic('feed.fifo').arn,
        publishBaseline,
      },
      {
        aws: bus.clientConfig,
        telemetry: { batch: (counts) => void problems.push(...counts.problems), failure: () => {} },
      },
    );
  const startPump = async (publish: PublishHandler, batchSize = 100): Promise<StreamPump> => {
    const pump = await startStreamPump({
      streams,
      streamArn,
      batchSize,
      handler: async (event) => publish(event, { getRemainingTimeInMillis: () => 10_000 }),
      checkpointFile: join(folder, 'checkpoint.json'),
      pollMs: 10,
      backoffMs: () => 1,
    });
    pumps.push(pump);
    return pump;
  };
  const details = (): ChangeEvent[] => bus.events.map(({ detail }) => detail as unknown as ChangeEvent);
  const short = ({ instance, version }: ChangeEvent): string => `${instance.id}${version}`;

  it('publishes what was recorded, whole and in order, and is silent about everything else', async () => {
    const first = currentOf(1, { id: 'a', kind: 'baseline' });
    await record(first);
    await record(currentOf(2, { id: 'a' }));
    await put(toCurrentItem({ ...currentOf(2, { id: 'a' }), unobservedSince: FIRST_OBSERVED_AT }));
    await put({ pk: 'TARGETS', sk: 'cn-north-4#x' });
    const large = currentOf(3, { id: 'a', more: { tags: Array.from({ length: 40 }, (_, n) => `ü${n}`) } });
    await record(large);
    const pump = await startPump(publisher());
    await pump.drained();
    expect(details()).toEqual([toChangeEvent(currentOf(2, { id: 'a' })), toChangeEvent(large)]);
    expect(problems).toEqual([]);
  });

  it('publishes the baseline when it is asked for', async () => {
    await record(currentOf(1, { kind: 'baseline' }));
    const pump = await startPump(publisher(true));
    await pump.drained();
    expect(details()).toMatchObject([{ kind: 'baseline', version: 1 }]);
  });

  it('sets an entry that the bus will never take aside at once, and delays nothing else', async () => {
    bus.inject({ kind: 'refuse', entries: ({ text }) => text.includes('poison'), code: 'InvalidArgument' });
    const publish = publisher();
    const failures = bus.createQueue('failures');
    await record(currentOf(1, { id: 'a' }));
    await record(currentOf(1, { id: 'b', more: { description: 'poison' } }));
    await record(currentOf(2, { id: 'b' }));
    await record(currentOf(2, { id: 'a' }));
    const pump = await startPump(publish);
    await pump.drained();
    // Once each: a batch that failed would have come again.
    expect(details().map(short).toSorted()).toEqual(['a1', 'a2', 'b2']);
    const messages = failures.receive().map(({ body }) => JSON.parse(body) as Record<string, unknown>);
    expect(messages).toMatchObject([{ because: expect.stringMatching(/^InvalidArgument: /) }]);
    expect(messages[0]?.eventId).toMatch(/\/b\/1$/);
  });

  it('loses nothing and keeps first arrivals in order when the bus refuses and the reader is killed', async () => {
    const publish = publisher();
    bus.inject({ kind: 'refuse', entries: ({ index }) => index % 2 === 0 }, { times: 4 });
    bus.inject({ kind: 'lostAnswer' }, { times: 2, after: 2 });
    bus.inject({ kind: 'refuse', entries: ({ index }) => index === 0 }, { times: 3, on: 'PublishBatch' });
    const first = await startPump(publish, 3);
    for (const version of [1, 2, 3, 4]) for (const id of ['a', 'b', 'c']) await record(currentOf(version, { id }));
    first.kill();
    await record(currentOf(5, { id: 'a' }));
    const second = await startPump(publish, 3);
    await second.drained();
    const wanted = ['a', 'b', 'c'].flatMap((id) => [1, 2, 3, 4].map((version) => `${id}${version}`)).concat('a5');
    const firsts = [...new Set(details().map(short))];
    expect(firsts.toSorted()).toEqual(wanted.toSorted());
    for (const id of ['a', 'b', 'c']) {
      const arrivals = firsts.filter((name) => name.startsWith(id));
      expect(arrivals).toEqual(arrivals.toSorted());
    }
  });
});
