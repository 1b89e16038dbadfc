import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { createHistoryTable } from '../../bin/local-database/create-table';
import type { Reader } from '../../lambda/core/history/reader';
import type { Clock } from '../../lambda/core/model/clock';
import { DEFAULT_BRAKE_RELEASE_AFTER_MS } from '../../lambda/core/sync/brake';
import { documentClient, dynamodbClientConfig, loopbackConfig } from '../../lambda/dynamodb/client';
import { createReader } from '../../lambda/dynamodb/reader';
import type { Telemetry } from '../../lambda/telemetry';
import { systemPorts, wirePublish, wireSync } from '../../lambda/wire';
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
import { startStreamPump } from './stream-pump';

export const SYSTEM_TARGET = { region: 'cn-north-4', projectId: SEED_PROJECT.id };
const INSTANCES = 6;
const context = { getRemainingTimeInMillis: () => 60_000 };

export interface LoopbackSystemOptions {
  /** Endpoint of a database. */
  readonly database: string;
  readonly tableName: string;
  readonly telemetry: Pick<Telemetry, 'run' | 'batch' | 'failure'>;
  readonly account: Partial<Account>;
  /** Whom the simulated STS lets in. */
  readonly trust: Trust | undefined;
  /** What the secret of the sync function holds. */
  readonly secret: (account: Account) => Readonly<Record<string, string>>;
}

/** Both functions between the test doubles of their clouds: everything that a secret could leave by. */
export interface LoopbackSystem {
  readonly database: string;
  readonly tableName: string;
  /** The clock of all its parts. Nobody waits: a sleep moves the clock instead. */
  readonly clock: Clock;
  readonly simulator: RomaSimulator;
  readonly fleet: Fleet;
  readonly bus: EventBus;
  readonly failures: Queue;
  readonly reader: Reader;
  sync(): Promise<void>;
  /** Resolves when every change so far has been published. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export async function startLoopbackSystem(options: LoopbackSystemOptions): Promise<LoopbackSystem> {
  const { database, tableName, telemetry, account, trust, secret } = options;
  const aws = loopbackConfig(database);
  let ahead = 0;
  const clock = { now: () => Date.now() + ahead, sleep: async (ms: number) => void (ahead += ms) };
  const raw = new DynamoDBClient(dynamodbClientConfig(aws));
  await createHistoryTable(raw, tableName);
  const fleet = seedFleet();
  fleet.fill(SYSTEM_TARGET.projectId, INSTANCES);
  const simulator = await startRomaSimulator({ fleet, clock, account, trust });
  const bus = await startEventBus();
  const failures = bus.createQueue('failures');
  const publish = wirePublish(
    { eventBusName: bus.busName, failureQueueUrl: failures.url, publishBaseline: false },
    { aws: bus.clientConfig, clock, telemetry },
  );
  const { Table } = await raw.send(new DescribeTableCommand({ TableName: tableName }));
  const pump = await startStreamPump({
    streams: new DynamoDBStreamsClient(aws),
    streamArn: Table?.LatestStreamArn ?? '',
    handler: async (event) => publish(event, context),
    pollMs: 5,
  });
  const invokeSync = wireSync(
    {
      tableName,
      secretArn: 'loopback',
      brakeReleaseAfterMs: DEFAULT_BRAKE_RELEASE_AFTER_MS,
      safetyMarginMs: 10_000,
    },
    {
      aws,
      telemetry,
      ports: { ...systemPorts, clock },
      readSecret: async () => JSON.stringify(secret(simulator.account)),
    },
  );
  const { endpoint } = simulator;
  return {
    database,
    tableName,
    clock,
    simulator,
    fleet,
    bus,
    failures,
    reader: createReader(documentClient(raw), tableName, clock),
    sync: async () => {
      await invokeSync({ ...SYSTEM_TARGET, intervalMs: 60_000, endpoint, iamEndpoint: endpoint }, context);
    },
    settled: async () => {
      await pump.drained();
      await bus.settled();
    },
    stop: async () => {
      await pump.stop();
      await Promise.all([bus.stop(), simulator.stop()]);
      raw.destroy();
    },
  };
}
