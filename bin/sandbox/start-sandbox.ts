import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { Reader } from '../../lambda/core/history/reader';
import type { RunResult } from '../../lambda/core/sync/run-result';
import { connect, dynamodbClientConfig, loopbackConfig } from '../../lambda/dynamodb/client';
import { createReader } from '../../lambda/dynamodb/reader';
import { DEFAULT_BRAKE_RELEASE_AFTER_MS } from '../../lambda/core/sync/brake';
import type { Telemetry } from '../../lambda/telemetry';
import { systemPorts, wirePublish, wireSync } from '../../lambda/wire';
import { createHistoryTable } from '../local-database/create-table';
import { type Database, startDatabase } from '../local-database/dynamodb-local';
import { type EventBus, type Queue, startEventBus } from './event-bus';
import {
  type Account,
  type Fleet,
  type RomaSimulator,
  SEED_PROJECT,
  seedFleet,
  startRomaSimulator,
  type Trust,
} from './roma-simulator';
import { startStreamPump, type StreamPump } from './stream-pump';

export const SANDBOX_TARGET = { region: 'cn-north-4', projectId: SEED_PROJECT.id };
const INTERVAL_MS = 60_000;
const INVOCATION_MS = 60_000;

/** Everything of a deployment that runs on one machine without an account. Only the cloud around it is simulated. */
export interface Sandbox {
  readonly database: Database;
  readonly tableName: string;
  readonly simulator: RomaSimulator;
  readonly fleet: Fleet;
  readonly bus: EventBus;
  /** The queue of changes that could not be published. */
  readonly failures: Queue;
  readonly reader: Reader;
  /** Invokes the sync function as a schedule would. */
  sync(): Promise<RunResult>;
  /** Resolves when every change so far has reached the subscribers. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export interface SandboxOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** @default InstanceHistory */
  readonly tableName?: string;
  readonly telemetry?: Pick<Telemetry, 'run' | 'batch' | 'failure'>;
  /** Instances besides the documented example. @default 6 */
  readonly instances?: number;
  /** The account of the simulated API. @default an example account */
  readonly account?: Partial<Account>;
  /** Whom the simulated STS lets in. @default nobody */
  readonly trust?: Trust | undefined;
  /** What the secret of the sync function holds. @default name and password of the account */
  readonly secret?: (account: Account) => Readonly<Record<string, string>>;
}

const SILENT: Pick<Telemetry, 'run' | 'batch' | 'failure'> = { run: () => {}, batch: () => {}, failure: () => {} };

/** Starts database, API, bus, stream and both functions on loopback. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { telemetry = SILENT, tableName = 'InstanceHistory' } = options;
  const database = await startDatabase({ environment: options.environment });
  const aws = loopbackConfig(database.endpoint);
  const raw = new DynamoDBClient(dynamodbClientConfig(aws));
  await createHistoryTable(raw, tableName);
  const fleet = seedFleet();
  fleet.fill(SANDBOX_TARGET.projectId, options.instances ?? 6);
  const simulator = await startRomaSimulator({ fleet, account: options.account ?? {}, trust: options.trust });
  const bus = await startEventBus();
  const failures = bus.createQueue('failures');
  const publish = wirePublish(
    { eventBusName: bus.busName, failureQueueUrl: failures.url, publishBaseline: false },
    { aws: bus.clientConfig, telemetry },
  );
  const pump = await pumpOf(raw, tableName, database.endpoint, async (event) => publish(event, lambdaContext));

  const { account } = simulator;
  const { userName, password, domainName } = account;
  const secret = options.secret?.(account) ?? { userName, password, domainName };
  let last: RunResult | undefined;
  const sync = wireSync(
    {
      tableName,
      secretArn: 'sandbox',
      brakeReleaseAfterMs: DEFAULT_BRAKE_RELEASE_AFTER_MS,
      safetyMarginMs: 10_000,
    },
    {
      aws,
      telemetry,
      ports: systemPorts,
      readSecret: async () => JSON.stringify(secret),
      onResult: (result) => (last = result),
    },
  );
  const client = connect(aws);
  return {
    database,
    tableName,
    simulator,
    fleet,
    bus,
    failures,
    reader: createReader(client, tableName, { now: Date.now }),
    sync: async () => {
      last = undefined;
      const { endpoint } = simulator;
      await sync({ ...SANDBOX_TARGET, intervalMs: INTERVAL_MS, endpoint, iamEndpoint: endpoint }, lambdaContext);
      if (last === undefined) throw new Error('the run told nothing');
      return last;
    },
    settled: async () => {
      await pump.drained();
      await bus.settled();
    },
    stop: async () => {
      await pump.stop();
      await Promise.all([bus.stop(), simulator.stop()]);
      raw.destroy();
      client.destroy();
      await database.stop();
    },
  };
}

const lambdaContext = { getRemainingTimeInMillis: () => INVOCATION_MS };

async function pumpOf(
  raw: DynamoDBClient,
  tableName: string,
  endpoint: string,
  handler: Parameters<typeof startStreamPump>[0]['handler'],
): Promise<StreamPump> {
  const { Table } = await raw.send(new DescribeTableCommand({ TableName: tableName }));
  const streamArn = Table?.LatestStreamArn;
  if (streamArn === undefined) throw new Error('the table has no stream');
  return startStreamPump({ streams: new DynamoDBStreamsClient(loopbackConfig(endpoint)), streamArn, handler });
}
