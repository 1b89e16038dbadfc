import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { ENV, OUTPUT } from '../../lambda/contract';
import { describeError, NotFoundError, TableError, TableFaultError, UsageError } from '../../lambda/core/model/errors';
import { documentClient, dynamodbClientConfig, loopbackConfig } from '../../lambda/dynamodb/client';
import { createReader } from '../../lambda/dynamodb/reader';
import { historyFrom } from '../../lambda/history';
import type { Io } from './io';
import { createHistoryTable } from '../local-database/create-table';
import { startDatabase } from '../local-database/dynamodb-local';
import { regionProblem, stackOutput } from './stack';
import { DEFAULT_TABLE, isLoopback, type Purpose, type Store, type StoreOptions } from './store';

/** Opens the history, passes it to `use`, and closes it again. Only this file and `stack` need the AWS SDK. */
export async function openStore<T>(
  io: Io,
  { purpose = 'read', ...options }: StoreOptions & { readonly purpose?: Purpose },
  use: (store: Store) => Promise<T>,
): Promise<T> {
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
  if (options.local === undefined)
    return useAt(io, options.dynamodbEndpoint, { tableName, mayCreate: purpose === 'write' }, use);
  if (options.local === '') throw new UsageError('--local is empty: name a folder, or leave the value out');
  const folder = resolve(options.local);
  const isNew = !existsSync(folder) || !isDatabase(folder);
  if (isNew && purpose === 'read')
    throw new NotFoundError(
      `the folder ${folder} holds no history: "roma-history sync --target region/projectId" begins one there`,
    );
  // A rehearsal leaves no folder behind: what is not there yet is empty.
  const isRehearsal = isNew && purpose === 'rehearse';
  const database = await startDatabase(
    isRehearsal
      ? { environment: { ...io.environment, DYNAMODB_ENDPOINT: '' } }
      : { folder, environment: io.environment },
  );
  try {
    return await useAt(io, database.endpoint, { tableName, mayCreate: purpose === 'write' || isRehearsal }, use);
  } finally {
    await database.stop();
  }
}

/** A file in its place is not empty either; opening it says what is wrong. */
function isDatabase(folder: string): boolean {
  try {
    return readdirSync(folder).some((name) => name.endsWith('.db'));
  } catch {
    return true;
  }
}

async function useAt<T>(
  io: Io,
  endpoint: string | undefined,
  { tableName, mayCreate }: { readonly tableName: string; readonly mayCreate: boolean },
  use: (store: Store) => Promise<T>,
): Promise<T> {
  const isLocal = endpoint !== undefined && isLoopback(endpoint, '--dynamodb-endpoint', 8000);
  const raw = new DynamoDBClient(
    dynamodbClientConfig(isLocal ? loopbackConfig(endpoint) : endpoint === undefined ? {} : { endpoint }),
  );
  try {
    if (isLocal && mayCreate) await createHistoryTable(raw, tableName);
    const client = documentClient(raw);
    const history = historyFrom(createReader(client, tableName, io.clock), io.clock);
    return await use({
      client,
      raw,
      tableName,
      endpoint,
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

const NETWORK: Readonly<Record<string, (address: string) => string>> = {
  ECONNREFUSED: (address) => `nothing listens at ${address}`,
  ENOTFOUND: (address) => `the host of ${address} is not known`,
  EAI_AGAIN: (address) => `the host of ${address} cannot be looked up`,
};

/** The SDK has no clear message for network errors, nor for the answers of a server that is not DynamoDB. */
function connectionProblem(error: unknown, endpoint: string | undefined): unknown {
  const problem = (text: string): TableError => new TableError(text, { cause: error });
  const address = endpoint ?? 'the AWS endpoint';
  const text = `${(error as { code?: string }).code ?? ''} ${describeError(error)}`;
  const reason = /\b(ECONNREFUSED|ENOTFOUND|ECONNRESET|EHOSTUNREACH|EAI_AGAIN|ETIMEDOUT)\b/.exec(text)?.[1];
  const named = NETWORK[reason ?? ''];
  if (named !== undefined)
    return problem(`${named(address)} (${reason}): check the address, and that the database runs and can be reached`);
  if (error instanceof TableFaultError) return error;
  if (reason !== undefined || (error as { name?: string }).name === 'TimeoutError')
    return problem(
      `DynamoDB does not answer at ${address} (${reason ?? 'time-out'}): check the address and the network`,
    );
  if (/Deserialization error|^UnknownError$/.test(describeError(error)))
    return problem(`the server at ${address} is not DynamoDB: check the address and any proxy in between`);
  return regionProblem(error) ?? error;
}
