import { type ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Io } from '../../../bin/cli/io';
import { DEFAULT_ACCOUNT, SEED_PROJECT } from '../../support/roma-simulator';
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
  server = await startScriptedServer((_, response) => void answer(response));
};
const sync = async (overrides: Partial<Io>, ...args: readonly string[]): Promise<CliResult> => {
  const what = ['--target', `${target.region}/${target.projectId}`, '--table', table.tableName];
  const at = ['--endpoint', server.origin, '--dynamodb-endpoint', table.endpoint];
  return cli(['sync', ...what, ...at, ...args], { environment: KEY, clock: systemClock, ...overrides });
};
/** What a run says, in one line, and how long it took in seconds. */
const timed = async (run: Promise<CliResult>): Promise<{ exitCode: number; said: string; seconds: number }> => {
  const from = performance.now();
  const { exitCode, out, err } = await run;
  return { exitCode, said: (out + err).replaceAll(/\s+/g, ' '), seconds: (performance.now() - from) / 1000 };
};

beforeEach(async () => {
  table = await createTestTable(anyEngine());
});
afterEach(async () => {
  await server.stop();
  table.close();
});

describe.each(WAYS)('a run against a server that %s', (_, answer) => {
  it('ends when its time is over, and says what it waited for and how to give it more', async () => {
    await start(answer);
    const { exitCode, said, seconds } = await timed(sync({}, '--timeout', '2s'));
    expect(exitCode).toBe(1);
    expect(said).toMatch(/ failed; .*GET http:\S+ had no whole answer after \d s.*; give it more time with --timeout;/);
    expect(seconds).toBeLessThan(8);
    const reader = createReader(table.client, table.tableName, { now: Date.now });
    expect(await reader.head(target)).toMatchObject({ outcome: 'failed', dirty: false });
  });

  it('ends when its time is over, also where nothing is written, and where IAM is that server', async () => {
    await start(answer);
    const runs = [sync({}, '--timeout', '2', '--dry-run'), sync({ environment: PASSWORD }, '--timeout', '2')];
    const [rehearsal, iam] = await Promise.all(runs.map(timed));
    expect(rehearsal).toMatchObject({ exitCode: 1, said: /GET http:\S+ had no whole answer after \d s.*--timeout/ });
    expect(iam).toMatchObject({ exitCode: 1, said: /IAM had given no token .*--timeout/ });
    expect(Math.max(rehearsal?.seconds ?? 0, iam?.seconds ?? 0)).toBeLessThan(8);
  });

  it('ends within the time of the function', async () => {
    await start(answer);
    const run = wireSync(
      { tableName: table.tableName, secretArn: 'arn', brakeReleaseAfterMs: 0, safetyMarginMs: 500 },
      {
        aws: loopbackConfig(table.endpoint),
        ports: systemPorts,
        telemetry: { run: () => undefined, failure: () => undefined },
        readSecret: async () => JSON.stringify(KEY),
      },
    );
    const until = performance.now() + 2000;
    const request = { ...target, intervalMs: 300_000, endpoint: server.origin };
    await expect(run(request, { getRemainingTimeInMillis: () => 2000 })).rejects.toMatchObject({
      code: 'RUN_FAILED',
      message: /ended failed: .*GET http:\S+ had no whole answer/,
    });
    expect(performance.now()).toBeLessThan(until + 2000);
  });
});

it('a run ends within 120 seconds when nothing else is said', async () => {
  // Each failure asks for 40 seconds, which pass at once.
  await start((response) => response.writeHead(503, { 'retry-after': '40' }).end());
  let ahead = 0;
  const clock = { now: () => Date.now() + ahead, sleep: async (ms: number) => void (ahead += ms) };
  const { said } = await timed(sync({ clock }, '--dry-run'));
  expect(server.requests).toHaveLength(3);
  expect(ahead).toBeGreaterThan(79_000);
  expect(ahead).toBeLessThan(120_000);
  expect(said).toMatch(/answered 503/);
});

it.each(['0', '1', '1ms', 'soon', '-5', '2d', ''])('a time of %j is refused', async (time) => {
  await start(() => {});
  const { exitCode, err } = await sync({}, `--timeout=${time}`);
  expect(exitCode).toBe(2);
  expect(err).toContain('it must be a time from 2 seconds to a day, such as 90, 90s or 5m');
});
