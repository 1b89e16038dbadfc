import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { type RomaSimulator, SEED_PROJECT, startRomaSimulator } from '../support/roma-simulator';
import { loopbackConfig } from '../../lambda/dynamodb/client';
import { systemPorts, wireSync } from '../../lambda/wire';
import { createTestTable, onEachEngine, type TestTable } from '../support/engines';

onEachEngine('the sync function', (engine) => {
  let simulator: RomaSimulator;
  let table: TestTable;
  let secret: string;
  let secretReads: number;
  let secretsManagerIsUp: boolean;
  let told: string[];
  /** The clock of both sides runs this much ahead of the machine's. */
  let ahead: number;
  const clock = { ...systemPorts.clock, now: () => Date.now() + ahead };

  const request = () => ({
    region: 'cn-north-4',
    projectId: SEED_PROJECT.id,
    intervalMs: 300_000,
    endpoint: simulator.endpoint,
  });
  const context = { getRemainingTimeInMillis: () => 60_000 };
  const keys = (secretKey: string) =>
    JSON.stringify({ HUAWEICLOUD_SDK_AK: simulator.account.accessKey, HUAWEICLOUD_SDK_SK: secretKey });
  const handler = () =>
    wireSync(
      {
        tableName: table.tableName,
        secretArn: 'arn:secret',
        brakeReleaseAfterMs: 86_400_000,
        safetyMarginMs: 5_000,
      },
      {
        aws: loopbackConfig(table.endpoint),
        ports: { ...systemPorts, clock },
        telemetry: { run: () => undefined, failure: (message) => void told.push(message) },
        readSecret: async () => {
          secretReads += 1;
          if (!secretsManagerIsUp) throw new Error('Secrets Manager is down');
          return secret;
        },
      },
    );

  beforeEach(async () => {
    ahead = 0;
    told = [];
    secretsManagerIsUp = true;
    simulator = await startRomaSimulator({ clock });
    table = await createTestTable(engine);
    secretReads = 0;
  });
  afterEach(async () => {
    await simulator.stop();
    table.close();
  });

  it('reads its secret once for many runs', async () => {
    secret = keys(simulator.account.secretKey);
    const run = handler();
    expect(await run(request(), context)).toMatchObject({ outcome: 'changed', baseline: 1 });
    expect(await run(request(), context)).toMatchObject({ outcome: 'unchanged' });
    expect(secretReads).toBe(1);
  });

  it('asks whose its key is once, and not in further runs', async () => {
    secret = keys(simulator.account.secretKey);
    const run = handler();
    await run(request(), context);
    simulator.clearRequests();
    expect(await run(request(), context)).toMatchObject({ outcome: 'unchanged' });
    expect(simulator.requests.map(({ path }) => path)).toEqual([`/v2/${SEED_PROJECT.id}/instances`]);
  });

  it('is the same view after its key was replaced by another one of the same user', async () => {
    secret = keys(simulator.account.secretKey);
    const run = handler();
    const [first, removed] = simulator.fleet.fill(SEED_PROJECT.id, 4);
    const { view } = await run(request(), context);
    const { fleet, account } = simulator;
    await simulator.stop();
    simulator = await startRomaSimulator({ clock, fleet, account: { ...account, accessKey: 'SIMULATEDACCESSKEY02' } });
    secret = keys(simulator.account.secretKey);
    fleet.remove(SEED_PROJECT.id, removed ?? '');
    ahead += 60_000;
    // An absence is judged, because the same user has seen the instance before.
    expect(await run(request(), context)).toMatchObject({ outcome: 'changed', deleted: 1, view });
    expect(first).toBeDefined();
  });

  it('reads its secret again after 15 minutes, and after every run that did not complete', async () => {
    secret = keys(simulator.account.secretKey);
    const run = handler();
    await run(request(), context);
    ahead += 14 * 60_000;
    await run(request(), context);
    expect(secretReads).toBe(1);
    ahead += 60_000;
    await run(request(), context);
    expect(secretReads).toBe(2);
    await run(request(), context);
    expect(secretReads).toBe(2);
    simulator.faults.inject({ fault: { kind: 'wrongTotal', by: 1 }, times: 'always' });
    await expect(run(request(), context)).rejects.toMatchObject({ result: { outcome: 'partial' } });
    simulator.faults.clear();
    await run(request(), context);
    expect(secretReads).toBe(3);
  });

  it('takes a replaced secret while the old key still works', async () => {
    secret = keys(simulator.account.secretKey);
    const run = handler();
    await run(request(), context);
    const { userName, password, domainName } = simulator.account;
    secret = JSON.stringify({ userName, password, domainName });
    ahead += 15 * 60_000;
    await run(request(), context);
    expect(simulator.requests.at(-2)?.path).toBe('/v3/auth/tokens');
  });

  it('goes on with the secret that it has while Secrets Manager is down, and says so', async () => {
    secret = keys(simulator.account.secretKey);
    const run = handler();
    await run(request(), context);
    secretsManagerIsUp = false;
    ahead += 15 * 60_000;
    expect(await run(request(), context)).toMatchObject({ outcome: 'unchanged' });
    expect(told).toEqual(['the secret could not be read again; the one that was read before stays in use']);
  });

  it('fails while its key is refused, shows the key to each service only once, and takes a replaced one', async () => {
    secret = keys('this-key-was-replaced');
    const run = handler();
    for (let n = 0; n < 6; n += 1) await expect(run(request(), context)).rejects.toThrow(/APIGW.0301/);
    expect(simulator.requests.map(({ path }) => path)).toEqual([
      '/v5/caller-identity',
      `/v2/${SEED_PROJECT.id}/instances`,
    ]);
    secret = keys(simulator.account.secretKey);
    expect(await run(request(), context)).toMatchObject({ outcome: 'changed' });
  });

  it('fails when it could not read the list to its end, though it records what it saw', async () => {
    secret = keys(simulator.account.secretKey);
    simulator.faults.inject({ fault: { kind: 'wrongTotal', by: 1 }, times: 'always' });
    await expect(handler()(request(), context)).rejects.toMatchObject({
      code: 'RUN_FAILED',
      result: { outcome: 'partial', instances: 1, changes: { baseline: 1 } },
    });
  });

  it('refuses a target that it cannot reach before it writes anything', async () => {
    secret = keys(simulator.account.secretKey);
    const unknown = { region: 'mars-1', projectId: SEED_PROJECT.id, intervalMs: 300_000 };
    await expect(handler()(unknown, context)).rejects.toMatchObject({ code: 'USAGE', message: /region "mars-1"/ });
    const { Count } = await table.client.send(new ScanCommand({ TableName: table.tableName }));
    expect(Count).toBe(0);
  });

  it('names what is wrong with an empty secret, and writes nothing', async () => {
    secret = '{}';
    await expect(handler()(request(), context)).rejects.toThrow(/holds no Huawei Cloud credentials/);
    expect(simulator.requests).toHaveLength(0);
  });
});
