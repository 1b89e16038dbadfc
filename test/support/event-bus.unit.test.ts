import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { PublishBatchCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BusEvent, type EventBus, startEventBus, toLines, toQueue, toWebhook } from './event-bus';

let bus: EventBus;
let eventBridge: EventBridgeClient;
let sns: SNSClient;
let sqs: SQSClient;
const time = { now: 0, slept: [] as number[] };
const clock = { now: () => time.now, sleep: async (ms: number) => time.slept.push(ms) };

beforeEach(async () => {
  time.now = Date.parse('2026-11-22T10:00:03.120Z');
  time.slept.length = 0;
  bus = await startEventBus({ clock });
  const config = { ...bus.clientConfig, maxAttempts: 1 };
  eventBridge = new EventBridgeClient(config);
  sns = new SNSClient(config);
  sqs = new SQSClient(config);
});
afterEach(async () => {
  for (const client of [eventBridge, sns, sqs]) client.destroy();
  await bus.stop();
});

const entry = (detail: object = { n: 1 }, more: PutEventsRequestEntry = {}): PutEventsRequestEntry => ({
  EventBusName: 'roma-instance-history',
  Source: 'roma.instance-history',
  DetailType: 'ROMA Instance Created',
  Detail: JSON.stringify(detail),
  ...more,
});
const put = async (...Entries: PutEventsRequestEntry[]) => eventBridge.send(new PutEventsCommand({ Entries }));

describe('PutEvents', () => {
  it('accepts entries and delivers whole events to the rules that match, in order', async () => {
    const got: BusEvent[] = [];
    const all: unknown[] = [];
    bus.subscribe('even', { detail: { n: [2, 4] } }, (event) => void got.push(event));
    const remove = bus.subscribe('all', {}, (event) => void all.push(event.detail.n));
    const result = await put(...[1, 2, 3, 4].map((n) => entry({ n }, { Time: new Date('2026-11-22T10:00:00.900Z') })));
    expect(result).toMatchObject({ FailedEntryCount: 0 });
    expect(new Set(result.Entries?.map(({ EventId }) => EventId)).size).toBe(4);
    await bus.settled();
    expect(got.map(({ detail }) => detail.n)).toEqual([2, 4]);
    expect(got[0]).toEqual({
      version: '0',
      id: result.Entries?.[1]?.EventId,
      source: 'roma.instance-history',
      'detail-type': 'ROMA Instance Created',
      account: '000000000000',
      region: 'local-1',
      time: '2026-11-22T10:00:00Z',
      resources: [],
      detail: { n: 2 },
    });
    remove();
    await put(entry({ n: 5 }));
    await bus.settled();
    expect(all).toEqual([1, 2, 3, 4]);
    expect(bus.events).toHaveLength(5);
  });

  it('refuses more than ten entries, none, and more than 256 KiB together', async () => {
    await expect(put(...Array.from({ length: 11 }, () => entry()))).rejects.toThrow('less than or equal to 10');
    await expect(put()).rejects.toThrow('greater than or equal to 1');
    const size = 256 * 1024 - 'roma.instance-history'.length - 'ROMA Instance Created'.length;
    const fits = { text: 'x'.repeat(size - '{"text":""}'.length) };
    expect((await put(entry(fits))).FailedEntryCount).toBe(0);
    await expect(put(entry({ text: `${fits.text}x` }))).rejects.toThrow('over the limit');
    await expect(put(entry({ text: `${fits.text.slice(1)}é` }))).rejects.toThrow('over the limit');
    expect(bus.events).toHaveLength(1);
  });

  it('refuses single entries that are not events, and accepts the others', async () => {
    const result = await put(
      entry(),
      entry({}, { Detail: '[1]' }),
      entry({}, { DetailType: '' }),
      entry({}, { Source: 'aws.ec2' }),
      entry({}, { EventBusName: 'another' }),
      entry({}, { EventBusName: 'arn:aws:events:local-1:000000000000:event-bus/roma-instance-history' }),
    );
    expect(result.FailedEntryCount).toBe(4);
    expect(result.Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([
      undefined,
      'MalformedDetail',
      'InvalidArgument',
      'NotAuthorizedForSourceException',
      'InvalidArgument',
      undefined,
    ]);
  });
});

describe('faults', () => {
  it('refuse single entries', async () => {
    const injected = bus.inject({ kind: 'refuse', entries: ({ index }) => index === 1, code: 'ThrottlingException' });
    const result = await put(entry({ n: 1 }), entry({ n: 2 }), entry({ n: 3 }));
    expect(result.FailedEntryCount).toBe(1);
    expect(result.Entries?.[1]?.ErrorCode).toBe('ThrottlingException');
    expect(bus.events.map(({ detail }) => detail.n)).toEqual([1, 3]);
    expect(injected.hits()).toBe(1);
    expect((await put(entry())).FailedEntryCount).toBe(0);
  });

  it('throttle, fail and delay whole calls', async () => {
    bus.inject({ kind: 'throttle' });
    await expect(put(entry())).rejects.toMatchObject({ name: 'ThrottlingException' });
    bus.inject({ kind: 'serverError' });
    await expect(put(entry())).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
    bus.inject({ kind: 'latency', ms: 250 });
    await put(entry());
    expect(time.slept).toEqual([250]);
    expect(bus.calls.map(({ status }) => status)).toEqual([400, 500, 200]);
  });

  it('lose the call or only its answer', async () => {
    bus.inject({ kind: 'reset' });
    await expect(put(entry())).rejects.toThrow();
    expect(bus.events).toHaveLength(0);
    bus.inject({ kind: 'lostAnswer' });
    await expect(put(entry())).rejects.toThrow();
    expect(bus.events).toHaveLength(1);
  });

  it('deliver twice', async () => {
    const got: unknown[] = [];
    bus.subscribe('all', {}, (event) => void got.push(event.id));
    bus.inject({ kind: 'deliverTwice' });
    await put(entry());
    await bus.settled();
    expect(got).toHaveLength(2);
    expect(new Set(got).size).toBe(1);
  });
});

describe('subscribers', () => {
  it('print lines in which no name can move the cursor', async () => {
    const lines: string[] = [];
    bus.subscribe(
      'print',
      {},
      toLines((line) => lines.push(line)),
    );
    await put(entry({ instance: { id: 'a', name: 'x\u001b[2J' }, status: { from: 'RUNNING', to: 'ERROR' } }));
    await bus.settled();
    expect(lines).toEqual([String.raw`2026-11-22T10:00:03Z ROMA Instance Created "x\u001b[2J" RUNNING → ERROR`]);
  });

  it('are posted to, again after a 503, and are given up after a 400', async () => {
    const answers = [503, 200, 400];
    const bodies: BusEvent[] = [];
    const server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        bodies.push(JSON.parse(text));
        response.statusCode = answers.shift() ?? 500;
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    bus.subscribe('hook', {}, toWebhook(url, { sleep: async () => {} }));
    await put(entry({ n: 1 }), entry({ n: 2 }));
    await bus.settled();
    server.closeAllConnections();
    server.close();
    expect(bodies.map(({ detail }) => detail.n)).toEqual([1, 1, 2]);
    expect(bus.undelivered).toMatchObject([{ rule: 'hook', reason: `the webhook at ${url} answered 400` }]);
  });

  it('read a queue with the SDK of SQS; what is not deleted comes back, then goes to the dead letters', async () => {
    const deadLetters = bus.createQueue('dead');
    const queue = bus.createQueue('changes', {
      visibilityTimeoutMs: 1000,
      redrive: { maxReceiveCount: 2, deadLetters },
    });
    bus.subscribe('queue', {}, toQueue(queue));
    await put(entry({ n: 1 }), entry({ n: 2 }));
    await bus.settled();
    const receive = async () =>
      (await sqs.send(new ReceiveMessageCommand({ QueueUrl: queue.url, MaxNumberOfMessages: 10 }))).Messages ?? [];
    const [first, second] = await receive();
    expect(JSON.parse(first?.Body ?? '')).toMatchObject({ detail: { n: 1 } });
    await sqs.send(new DeleteMessageCommand({ QueueUrl: queue.url, ReceiptHandle: first?.ReceiptHandle }));
    expect(await receive()).toHaveLength(0);
    time.now += 1001;
    const [again] = await receive();
    expect(again?.MessageId).toBe(second?.MessageId);
    time.now += 1001;
    expect(await receive()).toHaveLength(0);
    expect(deadLetters.bodies()).toEqual([second?.Body]);
  });

  it('are given what is sent to a queue by the SDK; an unknown queue is refused', async () => {
    const queue = bus.createQueue('failures');
    await sqs.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: 'why' }));
    expect(queue.bodies()).toEqual(['why']);
    const unknown = new SendMessageCommand({ QueueUrl: `${bus.endpoint}/000000000000/none`, MessageBody: 'x' });
    await expect(sqs.send(unknown)).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
  });
});

describe('the ordered feed', () => {
  const message = (Id: string, group: string, deduplicationId = Id) => ({
    Id,
    Message: `<message> "${Id}" & é`,
    MessageGroupId: group,
    MessageDeduplicationId: deduplicationId,
  });

  it('delivers in order within a group and each deduplication id once in five minutes', async () => {
    const topic = bus.createTopic('feed.fifo');
    const queue = bus.createQueue('feed.fifo', { fifo: true, visibilityTimeoutMs: 1000 });
    topic.subscribe(queue);
    const publish = async (...entries: ReturnType<typeof message>[]) =>
      sns.send(new PublishBatchCommand({ TopicArn: topic.arn, PublishBatchRequestEntries: entries }));
    const first = await publish(message('1', 'a'), message('2', 'b'), message('3', 'a'));
    expect(first.Failed).toEqual([]);
    expect(first.Successful?.map(({ Id }) => Id)).toEqual(['1', '2', '3']);
    const numbers = first.Successful?.map(({ SequenceNumber }) => BigInt(SequenceNumber ?? 0)) ?? [];
    expect(numbers).toEqual(numbers.toSorted((a, b) => (a < b ? -1 : 1)));
    const again = await publish(message('x', 'a', '1'));
    expect(again.Successful?.[0]?.MessageId).toBe(first.Successful?.[0]?.MessageId);
    expect(topic.published.map(({ deduplicationId }) => deduplicationId)).toEqual(['1', '2', '3']);
    expect(topic.published[0]?.message).toBe('<message> "1" & é');

    const [one] = queue.receive(1);
    expect(queue.receive().map(({ deduplicationId }) => deduplicationId)).toEqual(['2']);
    queue.delete(one?.receiptHandle ?? '');
    expect(queue.receive().map(({ deduplicationId }) => deduplicationId)).toEqual(['3']);

    time.now += 5 * 60_000;
    await publish(message('x', 'a', '1'));
    expect(topic.published).toHaveLength(4);
  });

  it('takes a single message with attributes, and refuses what a FIFO topic refuses', async () => {
    const topic = bus.createTopic('feed.fifo');
    const single = { TopicArn: topic.arn, Message: 'hello', MessageGroupId: 'a', MessageDeduplicationId: 'd' };
    await sns.send(
      new PublishCommand({ ...single, MessageAttributes: { kind: { DataType: 'String', StringValue: 'created' } } }),
    );
    expect(topic.published).toMatchObject([{ message: 'hello', group: 'a', attributes: { kind: 'created' } }]);
    for (const [change, name] of [
      [{ MessageGroupId: undefined }, 'InvalidParameterException'],
      [{ MessageDeduplicationId: undefined }, 'InvalidParameterException'],
      [{ MessageDeduplicationId: 'x'.repeat(129) }, 'InvalidParameterException'],
      [{ Message: 'x'.repeat(256 * 1024 + 1) }, 'InvalidParameterException'],
      [{ TopicArn: `${topic.arn}x` }, 'NotFoundException'],
    ] as const) {
      await expect(sns.send(new PublishCommand({ ...single, ...change }))).rejects.toMatchObject({ name });
    }
    const eleven = Array.from({ length: 11 }, (_, n) => message(String(n), 'a'));
    await expect(
      sns.send(new PublishBatchCommand({ TopicArn: topic.arn, PublishBatchRequestEntries: eleven })),
    ).rejects.toMatchObject({ name: 'TooManyEntriesInBatchRequestException' });
    expect(topic.published).toHaveLength(1);
  });

  it('refuses single messages and whole calls on demand', async () => {
    const topic = bus.createTopic('feed.fifo');
    const publish = async () =>
      sns.send(
        new PublishBatchCommand({
          TopicArn: topic.arn,
          PublishBatchRequestEntries: [message('1', 'a'), message('2', 'b')],
        }),
      );
    bus.inject({ kind: 'refuse', entries: ({ index }) => index === 0 }, { on: 'PublishBatch' });
    expect(await publish()).toMatchObject({ Failed: [{ Id: '1', SenderFault: false }], Successful: [{ Id: '2' }] });
    bus.inject({ kind: 'throttle' }, { on: 'PublishBatch' });
    await expect(publish()).rejects.toMatchObject({ name: 'ThrottledException' });
  });
});
