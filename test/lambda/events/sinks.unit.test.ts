import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import {
  asReplayed,
  type ChangeEvent,
  eventText,
  fitEvent,
  MAX_EVENT_BYTES,
} from '../../../lambda/core/publish/change-event';
import { utf8Bytes } from '../../../lambda/core/model/wire-text';
import { eventBusSink } from '../../../lambda/events/event-bus';
import { failureQueue } from '../../../lambda/events/failure-queue';
import { feedTopicSink } from '../../../lambda/events/feed-topic';
import { type AwsAnswer, awsEndpoint, type AwsRequest } from '../../support/aws-endpoint';
import { eventOf } from '../../support/changes';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(async (server) => server.close()));
});

const client = (endpoint: string) => ({
  endpoint,
  region: 'local-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  maxAttempts: 1,
});
async function serve(answer: (request: AwsRequest) => AwsAnswer | undefined) {
  const server = await awsEndpoint(answer);
  open.push(server);
  return server;
}
const events = ['a', 'b', 'c'].map((id) => eventOf(2, { id }));
const time = { timeLimitMs: 5_000 };

describe('the event bus', () => {
  it('sends source, detail type, time and the whole event, and looks at every result', async () => {
    const server = await serve(() => ({
      body: JSON.stringify({
        FailedEntryCount: 2,
        Entries: [
          { EventId: '1' },
          { ErrorCode: 'ThrottlingException', ErrorMessage: 'slow down' },
          { ErrorCode: 'MalformedDetail', ErrorMessage: 'bad number' },
        ],
      }),
    }));
    const sink = eventBusSink(new EventBridgeClient(client(server.endpoint)), 'history');
    expect(await sink.send(events, time)).toEqual([
      { accepted: true },
      { accepted: false, reason: 'ThrottlingException: slow down', final: false },
      { accepted: false, reason: 'MalformedDetail: bad number', final: true },
    ]);
    const [request] = server.requests;
    expect(request?.target).toBe('AWSEvents.PutEvents');
    const [entry] = (request?.body.Entries ?? []) as Record<string, string>[];
    expect(entry).toMatchObject({
      EventBusName: 'history',
      Source: 'roma.instance-history',
      DetailType: 'ROMA Instance Updated',
      Time: Date.parse(events[0]?.observedAt ?? '') / 1000,
    });
    expect(JSON.parse(entry?.Detail ?? '')).toEqual(events[0]);
  });

  it.each([
    ['InvalidArgument', 'Parameter Detail is not valid', true],
    ['InvalidArgument', 'Event bus history does not exist', false],
    ['AccessDeniedException', 'no rights', false],
    ['InternalFailure', 'later', false],
  ])('tells what no further attempt can change: %s, %s', async (ErrorCode, ErrorMessage, final) => {
    const server = await serve(() => ({ body: JSON.stringify({ Entries: [{ ErrorCode, ErrorMessage }] }) }));
    const sink = eventBusSink(new EventBridgeClient(client(server.endpoint)), 'history');
    expect(await sink.send(events.slice(0, 1), time)).toEqual([
      { accepted: false, reason: `${ErrorCode}: ${ErrorMessage}`, final },
    ]);
  });

  it('counts an entry as the service does', () => {
    const sink = eventBusSink(new EventBridgeClient(client('http://127.0.0.1:1')), 'history');
    const event = eventOf(2, { more: { description: 'ü漢😀' } });
    expect(sink.bytesOf(event)).toBe(
      14 + 'roma.instance-history'.length + 'ROMA Instance Updated'.length + Buffer.byteLength(JSON.stringify(event)),
    );
    expect(sink).toMatchObject({ maxEntries: 10 });
  });

  it.each([
    ['eu-central-1', 1_000_000],
    ['ap-southeast-3', 1_000_000],
    ['cn-north-1', 262_144],
    ['us-gov-west-1', 262_144],
    [undefined, 262_144],
  ])('takes as much as is documented for the region: %s', (region, maxBytes) => {
    const sink = eventBusSink(new EventBridgeClient(client('http://127.0.0.1:1')), 'history', region);
    const feed = feedTopicSink(new SNSClient(client('http://127.0.0.1:1')), `arn:aws:sns:${region ?? ''}:1:f.fifo`);
    expect([sink.maxBytes, feed.maxBytes]).toEqual([maxBytes, maxBytes]);
  });

  it.each([
    ['fewer results than entries', { Entries: [{ EventId: '1' }] }],
    ['no results', {}],
  ])('does not take %s for success', async (_, body) => {
    const server = await serve(() => ({ body: JSON.stringify(body) }));
    const sink = eventBusSink(new EventBridgeClient(client(server.endpoint)), 'history');
    await expect(sink.send(events, time)).rejects.toThrow(/results came back for 3 entries/);
  });

  it('does not take a result without an id for success', async () => {
    const server = await serve(() => ({ body: JSON.stringify({ Entries: [{}] }) }));
    const sink = eventBusSink(new EventBridgeClient(client(server.endpoint)), 'history');
    expect(await sink.send(events.slice(0, 1), time)).toMatchObject([{ accepted: false, final: false }]);
  });

  it('gives up on a server that does not answer when the time is over', async () => {
    const server = await serve(() => undefined);
    const sink = eventBusSink(new EventBridgeClient(client(server.endpoint)), 'history');
    await expect(sink.send(events, { timeLimitMs: 30 })).rejects.toThrow(/abort/i);
  });
});

const snsAnswer = (
  successful: readonly number[],
  failed: readonly number[],
  { code = 'InternalError', senderFault = false } = {},
): string =>
  `<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult>
   <Successful>${successful.map((id) => `<member><Id>${id}</Id><MessageId>m${id}</MessageId></member>`).join('')}</Successful>
   <Failed>${failed.map((id) => `<member><Id>${id}</Id><Code>${code}</Code><Message>later</Message><SenderFault>${senderFault}</SenderFault></member>`).join('')}</Failed>
   </PublishBatchResult></PublishBatchResponse>`;

describe('the ordered feed', () => {
  const field = (request: AwsRequest | undefined, index: number, name: string): string =>
    String(request?.body[`PublishBatchRequestEntries.member.${index}.${name}`]);

  it('gives each instance a group and each event an id of 64 digits, and looks at every result', async () => {
    const server = await serve(() => ({ body: snsAnswer([0], [1]) }));
    const sink = feedTopicSink(new SNSClient(client(server.endpoint)), 'arn:aws:sns:local-1:1:feed.fifo');
    expect(await sink.send(events, time)).toEqual([
      { accepted: true },
      { accepted: false, reason: 'InternalError: later', final: false },
      { accepted: false, reason: 'no result: the topic gave no reason', final: false },
    ]);
    const [request] = server.requests;
    expect(JSON.parse(field(request, 1, 'Message'))).toEqual(events[0]);
    const groups = [1, 2, 3].map((index) => field(request, index, 'MessageGroupId'));
    const ids = [1, 2, 3].map((index) => field(request, index, 'MessageDeduplicationId'));
    for (const digest of [...groups, ...ids]) expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set([...groups, ...ids]).size).toBe(6);
  });

  it.each([
    ['InvalidParameter', true, true],
    ['InvalidParameter', false, false],
    ['AuthorizationError', true, false],
  ])('tells what no further attempt can change: %s, fault of the sender: %s', async (code, senderFault, final) => {
    const server = await serve(() => ({ body: snsAnswer([], [0], { code, senderFault }) }));
    const sink = feedTopicSink(new SNSClient(client(server.endpoint)), 'arn:aws:sns:local-1:1:feed.fifo');
    expect(await sink.send(events.slice(0, 1), time)).toMatchObject([{ accepted: false, final }]);
  });

  it('keeps the group of an instance, and the id of an event but for a replay', async () => {
    const server = await serve(() => ({ body: snsAnswer([0], []) }));
    const sns = new SNSClient(client(server.endpoint));
    await feedTopicSink(sns, 'arn').send([eventOf(2)], time);
    await feedTopicSink(sns, 'arn').send([eventOf(2)], time);
    await feedTopicSink(sns, 'arn').send([eventOf(3)], time);
    await feedTopicSink(sns, 'arn', 'replay-1').send([eventOf(2)], time);
    const ids = server.requests.map((request) => field(request, 1, 'MessageDeduplicationId'));
    const groups = server.requests.map((request) => field(request, 1, 'MessageGroupId'));
    expect(ids[0]).toBe(ids[1]);
    expect(new Set(ids).size).toBe(3);
    expect(new Set(groups).size).toBe(1);
  });
});

describe('the largest event that is not truncated', () => {
  const ofSize = (bytes: number): ChangeEvent => {
    const event = { ...eventOf(2), after: { pad: '' } };
    return { ...event, after: { pad: 'x'.repeat(bytes - utf8Bytes(eventText(event))) } };
  };

  it('fits into the bus, the feed and the envelope of a subscriber, also when it is replayed', () => {
    const event = ofSize(MAX_EVENT_BYTES);
    expect(fitEvent(event)).toBe(event);
    expect(fitEvent(ofSize(MAX_EVENT_BYTES + 1))).toMatchObject({ truncated: true });
    const bus = eventBusSink(new EventBridgeClient(client('http://127.0.0.1:1')), 'history', 'eu-central-1');
    const feed = feedTopicSink(new SNSClient(client('http://127.0.0.1:1')), 'arn:aws:sns:eu-central-1:1:f.fifo');
    const replayed = asReplayed(event);
    for (const sink of [bus, feed]) expect(sink.bytesOf(replayed)).toBeLessThanOrEqual(sink.maxBytes);
    const envelope = {
      version: '0',
      id: '00000000-0000-0000-0000-000000000000',
      'detail-type': 'ROMA Instance Status Changed',
      source: 'roma.instance-history',
      account: '123456789012',
      time: '2026-11-22T10:00:03Z',
      region: 'ap-southeast-3',
      resources: [],
      'replay-name': 'x'.repeat(64),
      detail: replayed,
    };
    expect(utf8Bytes(JSON.stringify(envelope))).toBeLessThanOrEqual(1_000_000);
  });
});

describe('the failure queue', () => {
  const put = async (record: unknown): Promise<Record<string, unknown>> => {
    const server = await serve(() => ({ body: JSON.stringify({ MessageId: 'm' }) }));
    await failureQueue(new SQSClient({ ...client(server.endpoint), md5: false }), `${server.endpoint}/1/failures`).put({
      because: 'no keys',
      sequenceNumber: '7',
      record,
    });
    const body = String(server.requests[0]?.body.MessageBody);
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(262_144);
    return JSON.parse(body) as Record<string, unknown>;
  };

  it('holds the reason and the record as it came', async () => {
    const record = { eventID: 'e', dynamodb: { Keys: { pk: { S: 'x' } }, NewImage: { a: { S: 'b' } } } };
    expect(await put(record)).toEqual({ because: 'no keys', sequenceNumber: '7', record });
  });

  it('holds the keys of a record that is too large for a message', async () => {
    const record = {
      eventID: 'e',
      dynamodb: { Keys: { pk: { S: 'x' } }, NewImage: { a: { S: 'b'.repeat(300_000) } } },
    };
    expect(await put(record)).toMatchObject({
      record: { eventID: 'e', dynamodb: { Keys: { pk: { S: 'x' } } }, imagesLeftOut: true },
    });
  });

  it('says so when the queue does not take the message', async () => {
    const server = await serve(() => ({
      status: 403,
      body: JSON.stringify({ __type: 'AccessDenied', message: 'no' }),
    }));
    const queue = failureQueue(new SQSClient(client(server.endpoint)), `${server.endpoint}/1/failures`);
    await expect(queue.put({ because: 'x', sequenceNumber: '1', record: {} })).rejects.toThrow();
  });
});
