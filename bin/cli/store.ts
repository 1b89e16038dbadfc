import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Command } from 'commander';
import { resolve } from 'node:path';
import { ENV, isLoopback as isLoopbackAddress, OUTPUT } from '../../lambda/contract';
import { describeError, NotFoundError, TableError, TableFaultError, UsageError } from '../../lambda/core/model/errors';
import { parseTarget, type Target, targetName } from '../../lambda/core/model/instance';
import type { Reader } from '../../lambda/core/history/reader';
import { documentClient, dynamodbClientConfig, loopbackConfig } from '../../lambda/dynamodb/client';
import { createReader } from '../../lambda/dynamodb/reader';
import { type History, historyFrom } from '../../lambda/history';
import type { Io } from './io';
import { createHistoryTable } from '../local-database/create-table';
import { startDatabase } from '../local-database/dynamodb-local';
import { regionProblem, stackOutput } from './stack';

const DEFAULT_TABLE = 'InstanceHistory';
export const DEFAULT_FOLDER = '.roma-history';

/** The options by which every command says where the history is. */
export interface StoreOptions {
  readonly table?: string;
  readonly stack?: string;
  readonly dynamodbEndpoint?: string;
  readonly local?: string;
  readonly json?: boolean;
}

export const withStoreOptions = (command: Command): Command =>
  command
    .option('--json', 'print one JSON object per line')
    .option('--table <name>', `the table (default: $${ENV.tableName}, else ${DEFAULT_TABLE})`)
    .option('--stack <name>', 'take the table from the outputs of this CloudFormation stack')
    .option(
      '--dynamodb-endpoint <url>',
      'a DynamoDB endpoint other than that of the AWS region; on loopback, the table is created',
    )
    .option(
      '--local [dir]',
      `use the embedded database in a folder, and create the table there (default: ${DEFAULT_FOLDER}; write a folder as ./dir or --local=dir)`,
    );

/** Options of the commands that can be limited to some targets. */
export interface TargetOptions extends StoreOptions {
  readonly target?: readonly Target[];
}

export const withTargetOptions = (command: Command): Command =>
  withStoreOptions(command.option('--target <region/project>', 'only this target (repeatable)', collectTargets));

/** An opened history. */
export interface Store {
  /** The questions of the public reader. */
  readonly history: History;
  /** The single queries behind them. */
  readonly reader: Reader;
  readonly client: DynamoDBDocumentClient;
  readonly raw: DynamoDBClient;
  readonly tableName: string;
  /** Describes an error of the database: where it happened and what to do. */
  readonly describe: (error: unknown) => string;
}

/** Opens the history, passes it to `use`, and closes it again. */
export async function withStore<T>(io: Io, options: StoreOptions, use: (store: Store) => Promise<T>): Promise<T> {
  if (options.local !== undefined && options.dynamodbEndpoint !== undefined)
    throw new UsageError('--local and --dynamodb-endpoint exclude each other: leave one out');
  if (options.stack !== undefined && (options.table !== undefined || options.local !== undefined))
    throw new UsageError('--stack already names the table: leave out --table and --local');
  const tableName =
    options.stack === undefined
      ? (options.table ?? (io.environment[ENV.tableName] || DEFAULT_TABLE))
      : await stackOutput(options.stack, OUTPUT.tableName);
  if (!/^[A-Za-z0-9_.-]{3,255}$/.test(tableName) && !tableName.startsWith('arn:'))
    throw new UsageError(`--table ${JSON.stringify(tableName.slice(0, 80))} is not the name of a DynamoDB table`);
  if (options.local === undefined) return useAt(io, options.dynamodbEndpoint, tableName, use);
  if (options.local === '') throw new UsageError('--local is empty: name a folder, or leave the value out');
  const folder = resolve(options.local);
  const database = await startDatabase({ folder, environment: io.environment });
  try {
    return await useAt(io, database.endpoint, tableName, use);
  } finally {
    await database.stop();
  }
}

async function useAt<T>(
  io: Io,
  endpoint: string | undefined,
  tableName: string,
  use: (store: Store) => Promise<T>,
): Promise<T> {
  const isLocal = endpoint !== undefined && isLoopback(endpoint);
  const raw = new DynamoDBClient(
    dynamodbClientConfig(isLocal ? loopbackConfig(endpoint) : endpoint === undefined ? {} : { endpoint }),
  );
  try {
    if (isLocal) await createHistoryTable(raw, tableName);
    const client = documentClient(raw);
    const history = historyFrom(createReader(client, tableName, io.clock), io.clock);
    return await use({
      client,
      raw,
      tableName,
      history,
      reader: history.reader,
      describe: (error) => describeError(connectionProblem(error, endpoint)),
    });
  } catch (error) {
    throw connectionProblem(error, endpoint);
  } finally {
    raw.destroy();
  }
}

/** The SDK has no clear message for network errors, nor for the answers of a server that is not DynamoDB. */
function connectionProblem(error: unknown, endpoint: string | undefined): unknown {
  if (error instanceof TableFaultError) return error;
  const text = `${(error as { code?: string }).code ?? ''} ${describeError(error)}`;
  const reason = /\b(ECONNREFUSED|ENOTFOUND|ECONNRESET|EHOSTUNREACH|EAI_AGAIN|ETIMEDOUT)\b/.exec(text)?.[1];
  if (reason !== undefined || (error as { name?: string }).name === 'TimeoutError')
    return new TableError(
      `DynamoDB does not answer at ${endpoint ?? 'the AWS endpoint'} (${reason ?? 'time-out'}): check the address and the network`,
      { cause: error },
    );
  if (/Deserialization error|^UnknownError$/.test(describeError(error)))
    return new TableError(
      `the server at ${endpoint ?? 'the AWS endpoint'} is not DynamoDB: check the address and any proxy in between`,
      { cause: error },
    );
  return regionProblem(error) ?? error;
}

/** @throws UsageError when the text is not an http address */
export function isLoopback(endpoint: string): boolean {
  if (!URL.canParse(endpoint) || !/^https?:/.test(endpoint))
    throw new UsageError(
      `--dynamodb-endpoint ${JSON.stringify(endpoint)} is not an address such as http://127.0.0.1:8000`,
    );
  return isLoopbackAddress(new URL(endpoint));
}

export const collectTargets = (text: string, before: readonly Target[] = []): readonly Target[] => [
  ...before,
  parseTarget(text),
];

/**
 * The recorded targets, or only those that the user asked for.
 * @throws NotFoundError when one of those is not recorded
 */
export async function chooseTargets(reader: Reader, wanted: readonly Target[] = []): Promise<readonly Target[]> {
  const recorded = await reader.targets();
  if (wanted.length === 0) return recorded;
  const names = new Set(recorded.map(targetName));
  const missing = wanted.find((target) => !names.has(targetName(target)));
  if (missing !== undefined)
    throw new NotFoundError(
      `target ${targetName(missing)} is not recorded in this table: "roma-history targets list" shows the recorded targets`,
    );
  return wanted;
}
