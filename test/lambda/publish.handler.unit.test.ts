import { marshall } from '@aws-sdk/util-dynamodb';
import { type EventBus, startEventBus } from '../support/event-bus';
import { EVENT_SOURCE } from '../../lambda/contract';
import { marshallOptions } from '../../lambda/dynamodb/client';
import { toCurrentItem } from '../../lambda/dynamodb/table';
import { type PublishOverrides, wirePublish } from '../../lambda/wire';
import { currentOf } from '../support/changes';
import { ManualClock } from '../support/manual-clock';

let bus: EventBus;
beforeEach(async () => {
  bus = await startEventBus();
});
afterEach(async () => bus.stop());

const inserted = (sequence: number, version: number, id = 'a') => {
  const item = toCurrentItem(currentOf(version, { id }));
  const old = version > 1 ? toCurrentItem(currentOf(version - 1, { id })) : undefined;
  return {
    eventName: old === undefined ? 'INSERT' : 'MODIFY',
    dynamodb: {
      SequenceNumber: String(sequence),
      Keys: marshall({ pk: item.pk, sk: item.sk }),
      NewImage: marshall(item, marshallOptions),
      ...(old && { OldImage: marshall(old, marshallOptions) }),
    },
  };
};
const context = { getRemainingTimeInMillis: () => 30_000 };
type Counts = Parameters<NonNullable<PublishOverrides['telemetry']>['batch']>[0];

function setUp() {
  const failures = bus.createQueue('failures');
  const topic = bus.createTopic('feed.fifo');
  const counts: Counts[] = [];
  const errors: string[] = [];
  const handler = wirePublish(
    { eventBusName: bus.busName, failureQueueUrl: failures.url, feedTopicArn: topic.arn, publishBaseline: false },
    {
      aws: bus.clientConfig,
      clock: new ManualClock(),
      telemetry: { batch: (each) => counts.push(each), failure: (message) => errors.push(message) },
    },
  );
  return { handler, failures, topic, counts, errors };
}

describe('the publishing function', () => {
  it('puts every change on the bus and on the feed, and has nothing to report', async () => {
    const { handler, counts, topic } = setUp();
    const answer = await handler({ Records: [inserted(1, 1), inserted(2, 2), inserted(3, 1, 'b')] }, context);
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(bus.events.map(({ source, detail }) => [source, (detail as { eventId: string }).eventId.slice(-3)])).toEqual(
      [
        [EVENT_SOURCE, 'a/1'],
        [EVENT_SOURCE, 'b/1'],
        [EVENT_SOURCE, 'a/2'],
      ],
    );
    expect(topic.published).toHaveLength(3);
    expect(counts).toMatchObject([{ published: 3, refused: 0, setAside: 0 }]);
  });

  it.each<[string, Parameters<EventBus['inject']>[0]]>([
    ['throttles', { kind: 'throttle' }],
    ['fails', { kind: 'serverError' }],
    ['breaks the connection', { kind: 'reset' }],
    ['takes the events but loses its answer', { kind: 'lostAnswer' }],
    ['refuses one entry', { kind: 'refuse', entries: ({ index }) => index === 0 }],
  ])('gets over a bus that %s', async (_, fault) => {
    const { handler } = setUp();
    const injected = bus.inject(fault, { times: 3 });
    const answer = await handler({ Records: [inserted(1, 1), inserted(2, 2), inserted(3, 1, 'b')] }, context);
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(injected.hits()).toBe(3);
    const firsts = [...new Set(bus.events.map(({ detail }) => (detail as { eventId: string }).eventId.slice(-3)))];
    expect(firsts.filter((id) => id.startsWith('a'))).toEqual(['a/1', 'a/2']);
    expect(firsts).toContain('b/1');
  });

  it('reports the first record from which the stream must be read again', async () => {
    const { handler, counts } = setUp();
    bus.inject({ kind: 'refuse', entries: ({ text }) => text.includes('/b/1"') }, { times: 'always' });
    const answer = await handler(
      { Records: [inserted(11, 1), inserted(12, 1, 'b'), inserted(13, 2, 'b'), inserted(14, 2)] },
      context,
    );
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '12' }] });
    expect(counts[0]?.problems.join()).toContain('/b/1 was not published: InternalFailure');
  });

  it('stops sending while there is time to say so', async () => {
    const { handler, counts } = setUp();
    bus.inject({ kind: 'refuse', entries: () => true }, { times: 'always', on: 'PutEvents' });
    const answer = await handler({ Records: [inserted(1, 1)] }, { getRemainingTimeInMillis: () => 2_000 });
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '1' }] });
    // At 0, 100, 300 and 700 ms: the next attempt would be later than half of what is left.
    expect(counts).toMatchObject([{ refused: 4 }]);
  });

  it('puts an unreadable record into the failure queue with its reason', async () => {
    const { handler, failures, counts } = setUp();
    await handler({ Records: [{ eventName: 'INSERT', dynamodb: { SequenceNumber: '7' } }, inserted(8, 1)] }, context);
    const [message] = failures.receive();
    expect(JSON.parse(message?.body ?? '')).toMatchObject({
      because: expect.stringMatching(/keys/),
      sequenceNumber: '7',
    });
    expect(bus.events).toHaveLength(1);
    expect(counts).toMatchObject([{ setAside: 1, published: 1 }]);
  });

  it('fails the invocation when it is not called with stream records', async () => {
    const { handler, errors } = setUp();
    await expect(handler({} as never, context)).rejects.toThrow(TypeError);
    expect(errors).toEqual(['the batch was not published']);
  });
});
