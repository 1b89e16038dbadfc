import { type ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Io } from '../../../bin/cli/io';
import { DEFAULT_ACCOUNT, SEED_PROJECT } from '../../support/roma-simulator';
import { describeError } from '../../../lambda/core/model/errors';
import { type Target, targetName } from '../../../lambda/core/model/instance';
import { loopbackConfig } from '../../../lambda/dynamodb/client';
import { createReader } from '../../../lambda/dynamodb/reader';
import { systemClock } from '../../../lambda/system-clock';
import { systemPorts, wireSync } from '../../../lambda/wire';
import { cli, type CliResult } from '../../support/cli';
import { anyEngine, createTestTable, type TestTable } from '../../support/engines';
import { type ScriptedServer, startScriptedServer } from '../../support/roma/scripted-server';

const { accessKey, secretKey, userName, password, domainName } = DEFAULT_ACCOUNT;
const KEY = { HUAWEICLOUD_SDK_AK: accessKey, HUAWEICLOUD_SDK_SK: secretKey };
const PASSWORD = {
  HUAWEICLOUD_SDK_USERNAME: userName,
  HUAWEICLOUD_SDK_PASSWORD: password,
  HUAWEICLOUD_SDK_DOMAIN_NAME: domainName,
};
const target = { region: 'cn-north-4', projectId: SEED_PROJECT.id };

/** Sends one byte after another, and never the last. */
const drip = async (response: ServerResponse): Promise<void> => {
  response.writeHead(200, { 'content-length': '1000000' });
  while (!response.destroyed) {
    response.write(' ');
    await wait(20, undefined, { ref: false });
  }
};
const WAYS: readonly (readonly [string, (response: ServerResponse) => unknown])[] = [
  ['never sends a header', () => {}],
  ['sends the body byte by byte', drip],
];

let server: ScriptedServer;
let table: TestTable;
const start = async (answer: (response: ServerResponse) => unknown): Promise<void> => {
  table = await createTestTable(anyEngine());
  server = await startScriptedServer((_, response) => void answer(response));
};
const stop = async (): Promise<void> => {
  await server.stop();
  table.close();
};
/** Each run has a target of its own, so that none waits for another. */
const targetOf = (run: number): Target => ({ ...target, projectId: target.projectId.replace(/^./, String(run)) });
const sync = async (overrides: Partial<Io>, run: number, ...args: readonly string[]): Promise<CliResult> => {
  const what = ['--target', targetName(targetOf(run)), '--table', table.tableName];
  const at = ['--endpoint', server.origin, '--dynamodb-endpoint', table.endpoint];
  return cli(['sync', ...what, ...at, ...args], { environment: KEY, clock: systemClock, ...overrides });
};

interface Timed {
  readonly exitCode: number;
  /** What the run says, in one line. */
  readonly said: string;
  readonly seconds: number;
}
const timed = async (run: Promise<CliResult>): Promise<Timed> => {
  const from = performance.now();
  const { exitCode, out, err } = await run;
  return { exitCode, said: (out + err).replaceAll(/\s+/g, ' '), seconds: (performance.now() - from) / 1000 };
};

async function runFunction(run: number): Promise<Timed> {
  const invoke = wireSync(
    { tableName: table.tableName, secretArn: 'arn', brakeReleaseAfterMs: 0, safetyMarginMs: 500 },
    {
      aws: loopbackConfig(table.endpoint),
      ports: systemPorts,
      telemetry: { run: () => undefined, failure: () => undefined },
      readSecret: async () => JSON.stringify(KEY),
    },
  );
  const from = performance.now();
  const request = { ...targetOf(run), intervalMs: 300_000, endpoint: server.origin };
  const context = { getRemainingTimeInMillis: () => 2000 };
  const error: unknown = await invoke(request, context).catch((failure: unknown) => failure);
  return { exitCode: 1, said: describeError(error), seconds: (performance.now() - from) / 1000 };
}

describe.each(WAYS)('against a server that %s', (_, answer) => {
  let recorded: Timed;
  let dry: Timed;
  let iam: Timed;
  let deployed: Timed;
  // All four wait at the same time.
  beforeAll(async () => {
    await start(answer);
    [recorded, dry, iam, deployed] = await Promise.all([
      timed(sync({}, 1, '--timeout', '2s')),
      timed(sync({}, 2, '--timeout', '2', '--dry-run')),
      timed(sync({ environment: PASSWORD }, 3, '--timeout', '2')),
      runFunction(4),
    ]);
  });
  afterAll(stop);

  it('a run ends when its time is over, and says what it waited for and how to give it more', async () => {
    const { exitCode, said, seconds } = recorded;
    expect(exitCode).toBe(1);
    expect(said).toMatch(/ failed; .*GET http:\S+ had no whole answer after \d s.*; give it more time with --timeout;/);
    expect(seconds).toBeLessThan(8);
    const reader = createReader(table.client, table.tableName, { now: Date.now });
    expect(await reader.head(targetOf(1))).toMatchObject({ outcome: 'failed', dirty: false });
  });

  it('a dry run ends when its time is over', () => {
    expect(dry).toMatchObject({ exitCode: 1, said: /GET http:\S+ had no whole answer after \d s.*--timeout/ });
    expect(dry.seconds).toBeLessThan(8);
  });

  it('a run whose IAM is that server ends when its time is over', () => {
    expect(iam).toMatchObject({ exitCode: 1, said: /IAM had given no token .*--timeout/ });
    expect(iam.seconds).toBeLessThan(8);
  });

  it('a run of the deployed function ends within the time of the function', () => {
    expect(deployed.said).toMatch(/ended failed: .*GET http:\S+ had no whole answer/);
    expect(deployed.seconds).toBeLessThan(4);
  });
});

describe('the time of a run', () => {
  afterEach(stop);

  it('is 120 seconds when nothing else is said', async () => {
    // Each failure asks for 40 seconds, which pass at once.
    await start((response) => response.writeHead(503, { 'retry-after': '40' }).end());
    let ahead = 0;
    const clock = { now: () => Date.now() + ahead, sleep: async (ms: number) => void (ahead += ms) };
    const { said } = await timed(sync({ clock }, 1, '--dry-run'));
    expect(server.requests).toHaveLength(3);
    expect(ahead).toBeGreaterThan(79_000);
    expect(ahead).toBeLessThan(120_000);
    expect(said).toMatch(/answered 503/);
  });

  it.each(['0', '1', '1ms', 'soon', '-5', '2d', ''])('cannot be %j', async (time) => {
    await start(() => {});
    const { exitCode, err } = await sync({}, 1, `--timeout=${time}`);
    expect(exitCode).toBe(2);
    expect(err).toContain('it must be a time from 2 seconds to a day, such as 90, 90s or 5m');
  });
});
