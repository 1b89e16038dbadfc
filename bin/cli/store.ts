import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Command } from 'commander';
import { ENV, isLoopback as isLoopbackAddress } from '../../lambda/contract';
import { NotFoundError, UsageError } from '../../lambda/core/model/errors';
import { parseTarget, type Target, targetName } from '../../lambda/core/model/instance';
import type { Reader } from '../../lambda/core/history/reader';
import type { History } from '../../lambda/history';
import type { Io } from './io';

export const DEFAULT_TABLE = 'InstanceHistory';
export const DEFAULT_FOLDER = '.roma-history';

/** The options by which every command says where the history is. */
export interface StoreOptions {
  readonly table?: string;
  readonly stack?: string;
  readonly dynamodbEndpoint?: string;
  readonly local?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly env?: string;
  readonly json?: boolean;
}

export const withStoreOptions = (command: Command): Command =>
  withStackOptions(
    command
      .option('--json', 'print one JSON object per line')
      .option('--table <name>', `the table (default: $${ENV.tableName}, else ${DEFAULT_TABLE})`),
    'the table',
  )
    .option(
      '--dynamodb-endpoint <url>',
      'a DynamoDB endpoint other than that of the AWS region; on loopback, sync creates the table',
    )
    .option(
      '--local [dir]',
      `use the embedded database in a folder; sync creates it (default: ${DEFAULT_FOLDER}; write a folder as ./dir or --local=dir)`,
    );

export const withStackOptions = (command: Command, what: string): Command =>
  command
    .option(
      '--stack <name>',
      `take ${what} from the outputs of this CloudFormation stack (default: $ROMA_HISTORY_STACK)`,
    )
    .option('--region <name>', 'the AWS region (default: AWS_REGION, AWS_DEFAULT_REGION, then that of the profile)')
    .option('--profile <name>', 'the AWS profile (default: AWS_PROFILE)')
    .option('--env <name>', 'take these options from an environment of the config file');

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
  /** Absent: that of the AWS region. */
  readonly endpoint?: string;
  /** Describes an error of the database: where it happened and what to do. */
  readonly describe: (error: unknown) => string;
}

/** The options that open the same history again. */
export const placeOf = ({ tableName, endpoint }: Store): string[] => [
  `--table=${tableName}`,
  ...(endpoint === undefined ? [] : [`--dynamodb-endpoint=${endpoint}`]),
];

/** What a command does with the history. Only `write` creates what is missing; `rehearse` is a run that writes nothing. */
export type Purpose = 'read' | 'write' | 'rehearse';

/** Opens the history, passes it to `use`, and closes it again. */
export async function withStore<T>(
  io: Io,
  options: StoreOptions & { readonly purpose?: Purpose },
  use: (store: Store) => Promise<T>,
): Promise<T> {
  // The AWS SDK takes most of the time of a start, and help does without it.
  const { openStore } = await import('./open-store');
  return openStore(io, options, use);
}

/** @throws UsageError when the text is not an http address */
export function isLoopback(endpoint: string, option: string, port: number): boolean {
  if (!URL.canParse(endpoint) || !/^https?:/.test(endpoint))
    throw new UsageError(`${option} ${JSON.stringify(endpoint)} is not an address such as http://127.0.0.1:${port}`);
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
