import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { randomUUID } from 'node:crypto';
import { createHistoryTable } from '../../bin/local-database/create-table';
import { ENGINES, type Engine } from '../../bin/local-database/dynamodb-local';
import { documentClient, dynamodbClientConfig, loopbackConfig } from '../../lambda/dynamodb/client';

/** The global set-up starts the engines that this machine can run and leaves their endpoints here. */
const endpointVariable = (engine: Engine): string => `TEST_ENDPOINT_${engine.toUpperCase().replaceAll('-', '_')}`;

export const announce = (engine: Engine, endpoint: string): void => {
  process.env[endpointVariable(engine)] = endpoint;
};

export const endpointOf = (engine: Engine): string | undefined => process.env[endpointVariable(engine)];

/** Runs the same tests on each engine; an engine that cannot run here is reported as skipped. */
export function onEachEngine(name: string, tests: (engine: Engine) => void): void {
  for (const engine of ENGINES) {
    const available = endpointOf(engine) !== undefined;
    const title = available ? `${name} (${engine})` : `${name} (${engine} cannot run on this machine: skipped)`;
    (available ? describe : describe.skip)(title, () => tests(engine));
  }
}

/** The first engine that runs here, for tests that need only one. */
export function anyEngine(): Engine {
  const engine = ENGINES.find((candidate) => endpointOf(candidate) !== undefined);
  if (engine === undefined) throw new Error('no database engine runs on this machine; install Java 17');
  return engine;
}

export interface TestTable {
  readonly tableName: string;
  readonly endpoint: string;
  readonly raw: DynamoDBClient;
  readonly client: DynamoDBDocumentClient;
  close(): void;
}

/** A fresh history table with a name of its own; `through` puts something (a fault proxy) in between. */
export async function createTestTable(
  engine: Engine,
  options: { readonly through?: (endpoint: string) => Promise<string>; readonly requestTimeout?: number } = {},
): Promise<TestTable> {
  const endpoint = endpointOf(engine);
  if (endpoint === undefined) throw new Error(`${engine} does not run on this machine`);
  const tableName = `test-${randomUUID()}`;
  const direct = new DynamoDBClient(dynamodbClientConfig(loopbackConfig(endpoint)));
  await createHistoryTable(direct, tableName);
  const via = options.through === undefined ? endpoint : await options.through(endpoint);
  const { requestTimeout = 10_000 } = options;
  const raw = new DynamoDBClient(
    dynamodbClientConfig({
      ...loopbackConfig(via),
      requestHandler: { connectionTimeout: 3_000, requestTimeout, throwOnRequestTimeout: true },
    }),
  );
  return {
    tableName,
    endpoint: via,
    raw,
    client: documentClient(raw),
    close: () => {
      raw.destroy();
      direct.destroy();
    },
  };
}
