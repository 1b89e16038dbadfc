import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { ACCOUNT, type BusEvent, REGION } from '../../bin/sandbox/event-bus';
import { listenOnLoopback } from '../../bin/sandbox/loopback-server';
import { type Call, type CallAnswer, CallError, type CallFault, errorAnswer, refusalOf } from './event-bus/calls';
import { checkPattern, matchesPattern, type Pattern } from './event-bus/pattern';
import { type BusLimits, putEvents } from './event-bus/put-events';
import { Queue, type QueueOptions } from './event-bus/queue';
import { type BusRule, callRules } from './event-bus/rule-calls';
import { callQueue } from './event-bus/sqs-calls';
import type { Subscriber } from './event-bus/subscribers';
import { callTopic, Topic } from './event-bus/topic';
import { FaultBoard, type FaultTiming, type InjectedFault } from './fault-board';

export type { BatchEntry, Call, CallFault } from './event-bus/calls';
export { matchesPattern, type Pattern, PatternError } from './event-bus/pattern';
export type { BusEvent } from '../../bin/sandbox/event-bus';
export { type Message, Queue, type QueueOptions } from './event-bus/queue';
export { type Subscriber, toLines, toQueue, toWebhook } from './event-bus/subscribers';
export { Topic, type TopicMessage } from './event-bus/topic';

export interface EventBusOptions {
  /** @default roma-instance-history */
  readonly busName?: string;
  readonly clock?: { now(): number; sleep(ms: number): Promise<unknown> };
  readonly limits?: Partial<BusLimits>;
}

export interface EventBus {
  readonly endpoint: string;
  readonly busName: string;
  /** For the clients of EventBridge, SNS and SQS alike. */
  readonly clientConfig: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** Every event that the bus accepted, in order. */
  readonly events: readonly BusEvent[];
  /** Every call so far, also those that were refused or cut off. */
  readonly calls: readonly (Call & { readonly status: number | undefined })[];
  /** Events that a subscriber did not take, with the reason. */
  readonly undelivered: readonly { readonly rule: string; readonly event: BusEvent; readonly reason: string }[];
  /**
   * Adds a rule. @returns removes it
   * @throws PatternError when EventBridge would refuse the pattern
   */
  subscribe(rule: string, pattern: Pattern, subscriber: Subscriber, description?: string): () => void;
  createQueue(name: string, options?: QueueOptions): Queue;
  /** A FIFO topic; its name ends in `.fifo`. */
  createTopic(name: string): Topic;
  inject(fault: CallFault, timing?: FaultTiming<Call> & { readonly on?: string }): InjectedFault;
  clearFaults(): void;
  /** Resolves when every event that was accepted has been offered to its subscribers. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

interface Rule extends BusRule {
  readonly subscriber: Subscriber;
  deliveries: Promise<void>;
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function callOf(request: IncomingMessage, body: string): Call {
  const [prefix = '', operation] = String(request.headers['x-amz-target'] ?? '').split('.');
  if (operation === undefined) return { service: 'sns', operation: new URLSearchParams(body).get('Action') ?? '' };
  return { service: prefix === 'AmazonSQS' ? 'sqs' : 'events', operation };
}

/**
 * A loopback server for the parts of EventBridge, SNS and SQS that the publisher and its consumers use: PutEvents with
 * rules, subscribers and an archive, FIFO topics, and queues. It speaks the protocols of the AWS SDK and enforces the limits of the
 * services.
 */
export async function startEventBus(options: EventBusOptions = {}): Promise<EventBus> {
  const busName = options.busName ?? 'roma-instance-history';
  const clock = options.clock ?? {
    now: Date.now,
    sleep: async (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
  const limits = { maxEntries: 10, maxBytes: 256 * 1024, ...options.limits };
  const now = () => clock.now();
  const faults = new FaultBoard<CallFault, Call>();
  const rules = new Set<Rule>();
  const queues = new Map<string, Queue>();
  const topics = new Map<string, Topic>();
  const events: BusEvent[] = [];
  const calls: { service: Call['service']; operation: string; status: number | undefined }[] = [];
  const undelivered: { rule: string; event: BusEvent; reason: string }[] = [];

  const deliver = async (rule: Rule, event: BusEvent): Promise<void> => {
    try {
      await rule.subscriber(event);
    } catch (error) {
      undelivered.push({ rule: rule.name, event, reason: error instanceof Error ? error.message : String(error) });
    }
  };
  const queueFor = (rule: Rule, event: BusEvent): void => {
    rule.deliveries = rule.deliveries.then(async () => deliver(rule, event));
  };
  const accept = (event: BusEvent, times: number): void => {
    events.push(event);
    for (const rule of rules) {
      if (!matchesPattern(rule.pattern, event)) continue;
      for (let n = 0; n < times; n += 1) queueFor(rule, event);
    }
  };

  const perform = (call: Call, body: string, struck: readonly CallFault[]): CallAnswer => {
    const refusal = refusalOf(call.service, struck);
    if (refusal !== undefined) throw refusal;
    if (call.service === 'sns') return callTopic(new URLSearchParams(body), topics, struck);
    if (call.service === 'sqs') return callQueue(call.operation, body, queues);
    if (call.operation !== 'PutEvents')
      return callRules(call.operation, body, { busName, rules, events, deliver: queueFor });
    const times = struck.some(({ kind }) => kind === 'deliverTwice') ? 2 : 1;
    return putEvents(body, { busName, limits, now: now() }, struck, (event) => accept(event, times));
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readText(request);
    const call = callOf(request, body);
    const struck = faults.take(call);
    const entry = { ...call, status: undefined as number | undefined };
    calls.push(entry);
    for (const fault of struck) if (fault.kind === 'latency') await clock.sleep(fault.ms);
    if (struck.some(({ kind }) => kind === 'reset')) {
      response.destroy();
      return;
    }
    let answer: CallAnswer;
    try {
      answer = perform(call, body, struck);
    } catch (error) {
      const refusal = error instanceof CallError ? error : new CallError('SerializationException', String(error));
      answer = errorAnswer(call.service, refusal);
    }
    if (struck.some(({ kind }) => kind === 'lostAnswer')) {
      response.destroy();
      return;
    }
    entry.status = answer.status;
    response.writeHead(answer.status, { 'content-type': answer.contentType });
    response.end(answer.body);
  };

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  const { endpoint, stop } = await listenOnLoopback(server);

  return {
    endpoint,
    busName,
    clientConfig: { endpoint, region: REGION, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } },
    events,
    calls,
    undelivered,
    subscribe: (name, pattern, subscriber, description) => {
      // A bad pattern is refused when the rule is made, not when the first event comes.
      checkPattern(pattern);
      const rule: Rule = { name, pattern, subscriber, description, deliveries: Promise.resolve() };
      rules.add(rule);
      return () => rules.delete(rule);
    },
    createQueue: (name, queueOptions) => {
      const arn = `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`;
      const queue = new Queue(name, `${endpoint}/${ACCOUNT}/${name}`, arn, now, queueOptions);
      queues.set(name, queue);
      return queue;
    },
    createTopic: (name) => {
      const topic = new Topic(`arn:aws:sns:${REGION}:${ACCOUNT}:${name}`, now);
      topics.set(topic.arn, topic);
      return topic;
    },
    inject: (fault, timing = {}) => {
      const { on = 'PutEvents', matching } = timing;
      return faults.put(fault, {
        ...timing,
        matching: (call) => call.operation === on && (matching === undefined || matching(call)),
      });
    },
    clearFaults: () => faults.clear(),
    settled: async () => {
      await Promise.all([...rules].map(async (rule) => rule.deliveries));
    },
    stop,
  };
}
