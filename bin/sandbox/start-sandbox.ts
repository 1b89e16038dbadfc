import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { DEFAULT_BRAKE_RELEASE_AFTER_MS } from '../../lambda/core/sync/brake';
import type { RunResult } from '../../lambda/core/sync/run-result';
import { documentClient, dynamodbClientConfig, loopbackConfig } from '../../lambda/dynamodb/client';
import { createReader } from '../../lambda/dynamodb/reader';
import { systemClock, wirePublish, wireSync } from '../../lambda/wire';
import { createHistoryTable } from '../local-database/create-table';
import { startDatabase } from '../local-database/dynamodb-local';
import { type BusEvent, startEventBus } from './event-bus';
import { SEED_INSTANCE, seedFleet } from './fleet';
import { SIMULATED_KEY, startRomaSimulator } from './roma-simulator';
import { Traces } from './traces';
import { CONTEXT, startStreamPump } from './stream-pump';

export const SANDBOX_TARGET = { region: 'cn-north-4', projectId: SEED_INSTANCE.project_id };
const TABLE_NAME = 'InstanceHistory';
const INTERVAL_MS = 60_000;
/** Instances besides the documented example. */
const INSTANCES = 6;

export type Sandbox = Awaited<ReturnType<typeof startSandbox>>;

export interface SandboxOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The subscriber of the event bus. */
  readonly onEvent?: (event: BusEvent) => void;
  /** Told when the stream cannot be read or a batch cannot be published. It is tried again. */
  readonly onError?: (error: unknown) => void;
}

const SILENT = { run: () => {}, batch: () => {}, failure: () => {} };

/**
 * A whole deployment on one machine, on loopback: the database, the API, the bus, the stream and both functions. Only the
 * clouds around it are simulated.
 */
export async function startSandbox(options: SandboxOptions) {
  const { environment, onEvent = () => {}, onError = () => {} } = options;
  const database = await startDatabase({ environment });
  const aws = loopbackConfig(database.endpoint);
  const raw = new DynamoDBClient(dynamodbClientConfig(aws));
  await createHistoryTable(raw, TABLE_NAME);
  const fleet = seedFleet(INSTANCES);
  const traces = new Traces();
  const api = await startRomaSimulator({ projectId: SANDBOX_TARGET.projectId, fleet, traces });
  const bus = await startEventBus(onEvent);
  const publish = wirePublish(
    { eventBusName: 'roma-instance-history', failureQueueUrl: `${bus.endpoint}/failures`, publishBaseline: false },
    { aws: loopbackConfig(bus.endpoint), telemetry: SILENT },
  );
  const { Table } = await raw.send(new DescribeTableCommand({ TableName: TABLE_NAME }));
  const pump = startStreamPump(new DynamoDBStreamsClient(aws), Table?.LatestStreamArn ?? '', publish, onError);

  let last: RunResult | undefined;
  const invokeSync = wireSync(
    {
      tableName: TABLE_NAME,
      secretArn: 'sandbox',
      brakeReleaseAfterMs: DEFAULT_BRAKE_RELEASE_AFTER_MS,
      safetyMarginMs: 10_000,
      attribution: 'on',
    },
    {
      aws,
      telemetry: SILENT,
      // There is one clock, and a trace is there at once.
      timing: { clockErrorMs: 0, lagMs: 0, firstPauseMs: 1 },
      readSecret: async () => JSON.stringify(SIMULATED_KEY),
      onResult: (result) => (last = result),
    },
  );
  const { endpoint } = api;
  return {
    database,
    tableName: TABLE_NAME,
    /** Address of the simulated ROMA API. */
    endpoint,
    fleet,
    traces,
    reader: createReader(documentClient(raw), TABLE_NAME, systemClock),
    /** Invokes the sync function as a schedule would. */
    sync: async (): Promise<RunResult> => {
      last = undefined;
      await invokeSync({ ...SANDBOX_TARGET, intervalMs: INTERVAL_MS, endpoint, iamEndpoint: endpoint }, CONTEXT);
      if (last === undefined) throw new Error('the run told nothing');
      return last;
    },
    /** Resolves when every change so far has reached the subscriber. */
    settled: async () => pump.drained(),
    stop: async () => {
      await pump.stop();
      await Promise.all([bus.stop(), api.stop()]);
      raw.destroy();
      await database.stop();
    },
  };
}
