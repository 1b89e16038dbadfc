import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { SQSEvent } from 'aws-lambda';
import * as fc from 'fast-check';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type EventBus, type Queue, startEventBus, toQueue, toWebhook } from '../../support/event-bus';
import type { ChangeEvent } from '../../../lambda/core/publish/change-event';
import { eventBusSink } from '../../../lambda/events/event-bus';
import runningToError from '../../examples/running-to-error.rule.json';
import { orderedConsumer, type Progress } from '../../examples/sqs-consumer';
import { webhookReceiver } from '../../examples/webhook-receiver';
import { eventOf } from '../../support/changes';
import { SAMPLES } from './sample-history';

let bus: EventBus;
let clock: { time: number; now(): number; sleep(): Promise<void> };
beforeEach(async () => {
  clock = { time: 0, now: () => clock.time, sleep: async () => {} };
  bus = await startEventBus({ clock });
});
afterEach(async () => bus.stop());

async function publish(events: readonly ChangeEvent[]): Promise<void> {
  const sink = eventBusSink(new EventBridgeClient(bus.clientConfig), bus.busName);
  for (const event of events) await sink.send([event], { timeLimitMs: 5_000 });
  await bus.settled();
}

describe('the example of a rule', () => {
  it('lets through what goes from RUNNING to ERROR, and nothing else', async () => {
    const queue = bus.createQueue('alerts');
    bus.subscribe('running-to-error', runningToError, toQueue(queue));
    const { statusChanged, created, updated, deleted, reappeared } = SAMPLES as Record<string, ChangeEvent>;
    const frozen = { ...statusChanged, status: { from: 'RUNNING', to: 'FROZEN' } } as ChangeEvent;
    await publish([created, statusChanged, updated, deleted, reappeared, frozen] as ChangeEvent[]);
    expect(queue.bodies().map((body) => (JSON.parse(body) as { detail: unknown }).detail)).toEqual([statusChanged]);
  });
});

class Memory implements Progress {
  private readonly versions = new Map<string, number>();
  async newest(instance: string): Promise<number | undefined> {
    return this.versions.get(instance);
  }
  async advance(instance: string, _from: number | undefined, to: number): Promise<void> {
    this.versions.set(instance, to);
  }
}

/** Polls the queue as an event source mapping with ReportBatchItemFailures does, until it is empty. */
async function drain(queue: Queue, consume: ReturnType<typeof orderedConsumer>): Promise<void> {
  for (let rounds = 0; queue.bodies().length > 0 && rounds < 200; rounds += 1) {
    const messages = queue.receive();
    const event = {
      Records: messages.map(({ messageId, body, receiveCount }) => ({
        messageId,
        body,
        attributes: { ApproximateReceiveCount: String(receiveCount) },
      })),
    } as SQSEvent;
    const { batchItemFailures } = await consume(event);
    const again = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    for (const { messageId, receiptHandle } of messages) if (!again.has(messageId)) queue.delete(receiptHandle);
    if (messages.length === 0) clock.time += 30_000;
  }
}

describe('the example of an SQS consumer', () => {
  it('handles each change once and in version order, whatever the bus makes of them', async () => {
    const queue = bus.createQueue('changes');
    bus.subscribe('all', { source: ['roma.instance-history'] }, toQueue(queue));
    bus.inject({ kind: 'deliverTwice' }, { times: 3 });
    await publish([3, 1, 2, 2].map((version) => eventOf(version, { id: 'a' })));
    const handled: ChangeEvent[] = [];
    await drain(
      queue,
      orderedConsumer(async (event) => void handled.push(event), new Memory()),
    );
    expect(handled.map(({ version }) => version)).toEqual([1, 2, 3]);
  });

  it('does so for any order and any duplicates', async () => {
    const versions = fc.shuffledSubarray([1, 2, 3, 4, 5], { minLength: 5 });
    const duplicates = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(versions, duplicates, async (order, again) => {
        const queue = bus.createQueue('changes');
        for (const version of [...order, ...again]) queue.send(JSON.stringify(eventOf(version)));
        const handled: ChangeEvent[] = [];
        await drain(
          queue,
          orderedConsumer(async (event) => void handled.push(event), new Memory()),
        );
        expect(handled.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5]);
      }),
      { numRuns: 100 },
    );
  });

  it('waits for a version that is missing, but not for ever', async () => {
    const queue = bus.createQueue('changes');
    queue.send(JSON.stringify(eventOf(2)));
    queue.send(JSON.stringify(eventOf(4)));
    const handled: ChangeEvent[] = [];
    const consume = orderedConsumer(async (event) => void handled.push(event), new Memory());
    await drain(queue, consume);
    expect(handled.map(({ version }) => version)).toEqual([2, 4]);
    expect(clock.time).toBe(60_000);
  });

  it('leaves to the dead-letter queue what is no change, and what cannot be handled', async () => {
    const consume = orderedConsumer(async () => {}, new Memory());
    const attributes = { ApproximateReceiveCount: '1' };
    const Records = ['not JSON', '{"source":"aws.s3"}'].map((body, index) => ({
      messageId: `m${index}`,
      body,
      attributes,
    }));
    expect(await consume({ Records } as SQSEvent)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm0' }, { itemIdentifier: 'm1' }],
    });
  });
});

describe('the example of a webhook receiver', () => {
  let server: Server;
  let url: string;
  const handled: ChangeEvent[] = [];
  let failures = 0;
  beforeEach(async () => {
    handled.length = 0;
    server = webhookReceiver({
      header: 'X-Api-Key',
      key: 'the-shared-key',
      handle: async (event) => {
        if (failures > 0) {
          failures -= 1;
          throw new Error('the database is away');
        }
        handled.push(event);
      },
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const headers = { 'x-api-key': 'the-shared-key' };
  const post = async (body: string, more: object = {}) =>
    (await fetch(url, { method: 'POST', body, headers, ...more })).status;

  it('handles what the bus delivers, once', async () => {
    bus.subscribe('all', { source: ['roma.instance-history'] }, toWebhook(url, { headers }));
    bus.inject({ kind: 'deliverTwice' });
    await publish([eventOf(1), eventOf(2)]);
    expect(handled).toEqual([eventOf(1), eventOf(2)]);
    expect(bus.undelivered).toEqual([]);
  });

  it('asks for another try when the change could not be handled', async () => {
    failures = 2;
    bus.subscribe('all', { source: ['roma.instance-history'] }, toWebhook(url, { headers, sleep: async () => {} }));
    await publish([eventOf(1)]);
    expect(handled).toEqual([eventOf(1)]);
  });

  it.each([
    ['without the key', 401, '{}', { headers: {} }],
    ['with another key', 401, '{}', { headers: { 'x-api-key': 'the-shared-kez' } }],
    ['that is no JSON', 400, '<xml/>', {}],
    ['that is no change', 400, '{"source":"roma.instance-history","detail":{}}', {}],
    ['that is too large', 413, 'x'.repeat(1_100_000), {}],
  ])('refuses a request %s with %i', async (_, status, body, more) => {
    expect(await post(body, more)).toBe(status);
    expect(handled).toEqual([]);
  });

  it('takes nothing but POST', async () => {
    expect((await fetch(url, { headers })).status).toBe(405);
  });
});
