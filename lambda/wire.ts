import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PublishConfig } from './config';
import type { Clock } from './core/ports';
import { publishBatch, type PublisherOptions } from './core/publish';
import { type RawStreamRecord, readStreamRecord } from './dynamodb/stream-record';
import { eventBusSink } from './events/event-bus';
import { failureQueue } from './events/failure-queue';
import { feedTopicSink } from './events/feed-topic';
import { createTelemetry, type Telemetry } from './telemetry';

export const systemClock: Clock = {
  now: Date.now,
  // An aborted sleep is over; it is for the sleeper to look at the signal.
  sleep: async (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {}),
};

/** Where AWS clients find their service; the sandbox names its own. */
export interface AwsClientConfig {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Delivery has its own retries, which know the time left; one quick one is for the connection that went stale. */
const publisherClientConfig = (config: AwsClientConfig) => ({
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
  ...config,
});

/** What is left of an invocation's time for setting records aside, for the metrics and for the answer. */
const ANSWER_MS = 5_000;

/** As Lambda calls the publisher; the sandbox and the tests can call it just so. */
export interface StreamEvent {
  readonly Records: readonly RawStreamRecord[];
}
export interface StreamAnswer {
  batchItemFailures: { itemIdentifier: string }[];
}
export type PublishHandler = (
  event: StreamEvent,
  context: { getRemainingTimeInMillis(): number },
) => Promise<StreamAnswer>;

export interface PublishOverrides {
  readonly aws?: AwsClientConfig;
  readonly clock?: Clock;
  readonly telemetry?: Pick<Telemetry, 'batch' | 'failure'>;
}

/** The bus first, then the ordered feed where there is one. */
export const eventSinks = (
  config: Pick<PublishConfig, 'eventBusName' | 'feedTopicArn'>,
  aws: AwsClientConfig = {},
  replayId?: string,
): PublisherOptions['sinks'] => [
  eventBusSink(new EventBridgeClient(publisherClientConfig(aws)), config.eventBusName),
  ...(config.feedTopicArn === undefined
    ? []
    : [feedTopicSink(new SNSClient(publisherClientConfig(aws)), config.feedTopicArn, replayId)]),
];

/** The publisher of the table's stream. The clients live as long as the process, over all its invocations. */
export function wirePublish(config: PublishConfig, overrides: PublishOverrides = {}): PublishHandler {
  const { aws = {}, clock = systemClock, telemetry = createTelemetry() } = overrides;
  const options: PublisherOptions = {
    sinks: eventSinks(config, aws),
    failureQueue: failureQueue(new SQSClient(publisherClientConfig(aws)), config.failureQueueUrl),
    clock,
    publishBaseline: config.publishBaseline,
  };
  return async (event, context) => {
    try {
      const remaining = context.getRemainingTimeInMillis();
      const deadline = clock.now() + remaining - Math.min(ANSWER_MS, remaining / 2);
      const report = await publishBatch(event.Records.map(readStreamRecord), options, deadline);
      telemetry.batch(report);
      return { batchItemFailures: report.resumeFrom === undefined ? [] : [{ itemIdentifier: report.resumeFrom }] };
    } catch (error) {
      telemetry.failure('the batch was not published', error);
      throw error;
    }
  };
}
