import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type PublishConfig, readSyncRequest, type SyncConfig, type WidgetConfig } from './config';
import type { SyncRequest } from './contract';
import type { Timing } from './core/attribution/confidence';
import type { Alarm, Clock } from './core/model/clock';
import { targetName } from './core/model/instance';
import { publishBatch, type PublisherOptions } from './core/publish/batch';
import { RunFailedError, type RunResult, toRunLine } from './core/sync/run-result';
import { syncTarget } from './core/sync/run';
import type { SyncOptions, SyncPorts } from './core/sync/sync-options';
import { connect } from './dynamodb/client';
import { createReader } from './dynamodb/reader';
import { createRecorder } from './dynamodb/recorder';
import { type RawStreamRecord, readStreamRecord } from './dynamodb/stream-record';
import { eventBusSink } from './events/event-bus';
import { failureQueue } from './events/failure-queue';
import { feedTopicSink } from './events/feed-topic';
import { createRomaSource, type RomaSource, type RomaSourceOptions } from './roma/list/source';
import { systemClock } from './system-clock';
import { createTelemetry, type Telemetry, telling } from './telemetry';
import { answerWidget, type WidgetAnswer } from './timeline/widget';
import { type Attributing, createAttributing } from './wire-attribution';
import { credentialsReader } from './wire-credentials';

export { systemClock };

/** Where AWS clients find their service; the sandbox names its own. */
export interface AwsClientConfig {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Delivery has its own retries, which know the time left; one quick one is for the connection that went stale. */
const functionClientConfig = (config: AwsClientConfig) => ({
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
  ...config,
});

/** What is left of an invocation's time for setting records aside, for the metrics and for the answer. */
const ANSWER_MS = 5_000;

/** What a handler works with in place of the real parts. */
export interface Overrides<T extends keyof Telemetry = 'failure'> {
  readonly aws?: AwsClientConfig;
  readonly clock?: Clock;
  readonly telemetry?: Pick<Telemetry, T | 'failure'>;
}

interface Context {
  getRemainingTimeInMillis(): number;
}

/** As Lambda calls the publisher; the sandbox and the tests can call it just so. */
export type PublishHandler = (
  event: { readonly Records: readonly RawStreamRecord[] },
  context: Context,
) => Promise<{ batchItemFailures: { itemIdentifier: string }[] }>;
export type PublishOverrides = Overrides<'batch'>;

/** The bus first, then the ordered feed where there is one. */
export const eventSinks = (
  config: Pick<PublishConfig, 'eventBusName' | 'feedTopicArn'>,
  aws: AwsClientConfig = {},
  replayId?: string,
): PublisherOptions['sinks'] => [
  eventBusSink(
    new EventBridgeClient(functionClientConfig(aws)),
    config.eventBusName,
    aws.region ?? process.env.AWS_REGION,
  ),
  ...(config.feedTopicArn === undefined
    ? []
    : [feedTopicSink(new SNSClient(functionClientConfig(aws)), config.feedTopicArn, replayId)]),
];

/** The publisher of the table's stream. The clients live as long as the process, over all its invocations. */
export function wirePublish(config: PublishConfig, overrides: PublishOverrides = {}): PublishHandler {
  const { aws = {}, clock = systemClock, telemetry = createTelemetry(config) } = overrides;
  const options: PublisherOptions = {
    sinks: eventSinks(config, aws),
    failureQueue: failureQueue(new SQSClient(functionClientConfig(aws)), config.failureQueueUrl),
    clock,
    publishBaseline: config.publishBaseline,
  };
  return telling(telemetry, 'the batch was not published', async (event, context) => {
    const remaining = context.getRemainingTimeInMillis();
    const deadline = clock.now() + remaining - Math.min(ANSWER_MS, remaining / 2);
    const report = await publishBatch(event.Records.map(readStreamRecord), options, deadline);
    telemetry.batch(report);
    return { batchItemFailures: report.resumeFrom === undefined ? [] : [{ itemIdentifier: report.resumeFrom }] };
  });
}

/** Rings when the system's clock reads `at`; a timer lasts 24 days at most, and may wake up early. */
const systemAlarm: Alarm = async (at, signal) => {
  while (!signal.aborted && systemClock.now() < at) {
    await systemClock.sleep(Math.min(at - systemClock.now(), 2 ** 31 - 1), signal);
  }
};

export const systemPorts: Pick<SyncPorts, 'clock' | 'alarm' | 'random' | 'newRunId'> = {
  clock: systemClock,
  alarm: systemAlarm,
  random: Math.random,
  newRunId: randomUUID,
};

export type SyncHandler = (event: unknown, context: Context) => Promise<Record<string, unknown>>;

export interface SyncOverrides extends Pick<Overrides<'run'>, 'aws' | 'telemetry'> {
  readonly ports?: typeof systemPorts;
  /** JSON text of a secret. @default from Secrets Manager */
  readonly readSecret?: (arn: string) => Promise<string>;
  /** When it is asked who made the changes. */
  readonly timing?: Timing;
  /** Told of every run; the sandbox prints it. */
  readonly onResult?: (result: RunResult) => void;
}

type SourceOptions = Pick<RomaSourceOptions, 'api' | 'endpoint' | 'iamEndpoint' | 'ctsEndpoint'>;

interface KnownSource {
  readonly source: RomaSource;
  readonly secret: string;
  /** In ms since the epoch. */
  readAt: number;
  /** The last run did not complete: the secret may be why. */
  suspect: boolean;
}

/** A secret that was read so long ago is read again, though its key still works: the old key may end at any time. */
const SECRET_MAX_AGE_MS = 15 * 60_000;

/**
 * The sync function: one run of the target that the event names. Sources live as long as the process, so that tokens
 * and connections serve many runs. The secret is read again after a run that did not complete, and when it is old,
 * because it may have been replaced. Where it was not, the source stays, and with it what it knows: which key was
 * refused, and that the API asked for a pause.
 */
export function wireSync(config: SyncConfig, overrides: SyncOverrides = {}): SyncHandler {
  const { aws = {}, ports = systemPorts, telemetry = createTelemetry(config) } = overrides;
  const client = connect(aws);
  const reader = credentialsReader(config, functionClientConfig(aws), overrides.readSecret);
  const extraCa = config.extraCaFile === undefined ? undefined : readFileSync(config.extraCaFile, 'utf8');
  const sources = new Map<string, KnownSource>();

  const sourceOf = async (key: string, secretArn: string | undefined, where: SourceOptions): Promise<RomaSource> => {
    const known = sources.get(key);
    const readAt = ports.clock.now();
    if (known?.suspect === false && readAt < known.readAt + SECRET_MAX_AGE_MS) return known.source;
    let secret: string;
    try {
      secret = await reader.read(secretArn);
    } catch (error) {
      // Age alone makes no key wrong: while Secrets Manager is down, the runs go on.
      if (known?.suspect !== false) throw error;
      telemetry.failure('the secret could not be read again; the one that was read before stays in use', error);
      return known.source;
    }
    if (known?.secret === secret) {
      Object.assign(known, { readAt, suspect: false });
      return known.source;
    }
    const { clock, random } = ports;
    const source = createRomaSource({ ...reader.options(secret), ...where, clock, random, extraCa });
    sources.set(key, { source, secret, readAt, suspect: false });
    await known?.source.close();
    return source;
  };

  let pseudonymKey: string | undefined;
  /** Where its key cannot be read, nobody is asked: a run must not fail because of that, and no name must be kept. */
  const attributingWith = async ({ traces }: RomaSource): Promise<Attributing | undefined> => {
    const { attribution = 'off', pseudonymSecretArn, tableName } = config;
    if (attribution === 'off') return undefined;
    try {
      if (attribution === 'pseudonymous') pseudonymKey ??= await reader.read(pseudonymSecretArn);
    } catch (error) {
      telemetry.failure('the key of the pseudonyms cannot be read: nobody is asked who made the changes', error);
      return undefined;
    }
    return createAttributing({ traces, client, tableName, clock: ports.clock, pseudonymKey, timing: overrides.timing });
  };

  return telling(telemetry, 'the run could not be made', async (event, context) => {
    const request = readSyncRequest(event);
    const { secretArn, endpoint, iamEndpoint, ctsEndpoint, api } = request;
    const where = { endpoint, iamEndpoint, ctsEndpoint, api };
    const key = JSON.stringify([secretArn, where]);
    const source = await sourceOf(key, secretArn, where);
    source.check(request);
    const before = source.stats();
    const recorder = createRecorder(client, config.tableName);
    const deadline = ports.clock.now() + context.getRemainingTimeInMillis();
    const identity = await source.principal(request, { deadline });
    const attributing = await attributingWith(source);
    const result = await syncTarget(
      { ...ports, source, recorder, tracedDeletions: attributing?.tracedDeletions },
      { ...syncOptions(config, request), identity, deadline },
    );
    telemetry.run(result, useSince(before, source.stats()));
    overrides.onResult?.(result);
    const problem = await attributing?.after(result, { deadline, retentionMs: config.retentionMs });
    if (problem !== undefined)
      telemetry.failure(`${targetName(result.target)}: who made the changes could not be asked`, new Error(problem));
    const isIncomplete = result.outcome === 'failed' || result.outcome === 'partial';
    const known = sources.get(key);
    if (known !== undefined) known.suspect = isIncomplete;
    if (isIncomplete) throw new RunFailedError(result);
    return toRunLine(result);
  });
}

const syncOptions = (config: SyncConfig, request: SyncRequest): SyncOptions => ({
  target: { region: request.region, projectId: request.projectId },
  intervalMs: request.intervalMs,
  brakeReleaseAfterMs: config.brakeReleaseAfterMs,
  safetyMarginMs: config.safetyMarginMs,
  retentionMs: config.retentionMs ?? null,
  isDeployed: true,
  attribution: (config.attribution ?? 'off') !== 'off',
  statusFilter: request.statusFilter,
  ignoreFields: request.ignoreFields,
  api: request.api,
});

type ApiCounts = ReturnType<RomaSource['stats']>;

/** What one run asked of a source that serves many. */
const useSince = (before: ApiCounts, after: ApiCounts): ApiCounts => ({
  requests: after.requests - before.requests,
  retries: after.retries - before.retries,
  errors: Object.fromEntries(
    Object.entries(after.errors).map(([name, count]) => [
      name,
      count - before.errors[name as keyof ApiCounts['errors']],
    ]),
  ) as ApiCounts['errors'],
});

/** The timeline in a CloudWatch dashboard. It only reads. */
export function wireWidget(config: WidgetConfig, overrides: Overrides = {}): (event: unknown) => Promise<WidgetAnswer> {
  const { aws = {}, clock = systemClock, telemetry = createTelemetry() } = overrides;
  const reader = createReader(connect(aws), config.tableName, clock);
  return telling(telemetry, 'the timeline could not be drawn', async (event) =>
    answerWidget(event, { reader, clock, drawn: config.drawnTargets }),
  );
}
