import { QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { OVERLOADED } from '../support/cts-simulator/list-traces';
import { ACTORS, type SimulatedActor, TraceLog } from '../support/cts-simulator/trace-log';
import {
  type RomaSimulator,
  SEED_INSTANCE,
  SEED_PROJECT,
  seedFleet,
  startRomaSimulator,
} from '../support/roma-simulator';
import type { RunResult } from '../../lambda/core/sync/run-result';
import { loopbackConfig } from '../../lambda/dynamodb/client';
import { createReader } from '../../lambda/dynamodb/reader';
import type { SyncConfig } from '../../lambda/config';
import { systemPorts, wireSync } from '../../lambda/wire';
import { createTestTable, onEachEngine, type TestTable } from '../support/engines';

const TARGET = { region: 'cn-north-4', projectId: SEED_PROJECT.id };
const { id } = SEED_INSTANCE;
const [alice, bob] = ACTORS;
const MINUTE_MS = 60_000;

onEachEngine('the sync function that asks who made the changes', (engine) => {
  let simulator: RomaSimulator;
  let table: TestTable;
  let log: TraceLog;
  let told: string[];
  let results: RunResult[];
  let keyOfPseudonyms: () => Promise<string>;
  /** The clock of all sides runs this much ahead of the machine's. */
  let ahead: number;
  const clock = { ...systemPorts.clock, now: () => Date.now() + ahead };
  const context = { getRemainingTimeInMillis: () => 60_000 };

  const handler = (more: Partial<SyncConfig> = {}) => {
    const { accessKey, secretKey } = simulator.account;
    const run = wireSync(
      {
        tableName: table.tableName,
        secretArn: 'arn:secret',
        brakeReleaseAfterMs: 86_400_000,
        safetyMarginMs: 5_000,
        attribution: 'on',
        ...more,
      },
      {
        aws: loopbackConfig(table.endpoint),
        ports: { ...systemPorts, clock },
        telemetry: {
          run: () => undefined,
          failure: (message, error) => void told.push(`${message}: ${String(error)}`),
        },
        readSecret: async (arn) =>
          arn === 'arn:pseudonyms'
            ? keyOfPseudonyms()
            : JSON.stringify({ HUAWEICLOUD_SDK_AK: accessKey, HUAWEICLOUD_SDK_SK: secretKey }),
        onResult: (result) => void results.push(result),
      },
    );
    return async () => run({ ...TARGET, intervalMs: 300_000, endpoint: simulator.endpoint }, context);
  };
  const act = (actor: SimulatedActor | undefined, change: object): void => {
    const before = simulator.fleet.get(TARGET.projectId, id);
    simulator.fleet.change(TARGET.projectId, id, change);
    log.told({ projectId: TARGET.projectId, actor, before, after: simulator.fleet.get(TARGET.projectId, id) });
  };
  const asked = (): number => simulator.requests.filter(({ path }) => path.endsWith('/traces')).length;
  const attributions = async () => createReader(table.client, table.tableName, clock).attributions(TARGET, id);

  beforeEach(async () => {
    ahead = 0;
    told = [];
    results = [];
    keyOfPseudonyms = async () => 'a key of the stack';
    log = new TraceLog({ now: clock.now, lagMs: () => 0 });
    simulator = await startRomaSimulator({ clock, traces: log, fleet: seedFleet() });
    table = await createTestTable(engine);
  });
  afterEach(async () => {
    await simulator.stop();
    table.close();
  });

  it('asks only after a change, and a run without any costs two write units, no read and no request', async () => {
    const run = handler();
    await run();
    await run();
    ahead += 10 * MINUTE_MS;
    expect(await run()).toMatchObject({ outcome: 'unchanged' });
    expect(asked()).toBe(0);
    act(alice, { name: 'renamed' });
    await run();
    expect(asked()).toBe(1);
    expect(await attributions()).toMatchObject([
      { version: 2, confidence: 'likely', actors: [{ user: 'alice', sourceIp: '10.1.2.3' }] },
    ]);
    // Pending, but not yet due.
    await run();
    expect(asked()).toBe(1);
    ahead += 30 * MINUTE_MS;
    await run();
    expect(asked()).toBe(2);
    expect(await attributions()).toMatchObject([{ confidence: 'certain', decidedAt: expect.anything() }]);
    ahead += 24 * 60 * MINUTE_MS;
    await run();
    expect(asked()).toBe(3);
    ahead += 24 * 60 * MINUTE_MS;
    await run();
    await run();
    expect(asked()).toBe(3);
    // Neither the mark nor the asking is ever a part of a run.
    if (engine === 'dynoxide')
      expect(results.filter(({ outcome }) => outcome === 'unchanged').map(({ units }) => units)).toEqual(
        // Where the clock has leapt, a gap is closed, too.
        [2, 2, 2, 5, 5, 5, 2].map((write) => ({ write, read: 0 })),
      );
    expect(results.at(-1)).toMatchObject({ mark: 'on' });
    expect(told).toEqual([]);
  });

  it('hides by pseudonyms also those whom it kept by name shortly before', async () => {
    await handler()();
    ahead += 10 * MINUTE_MS;
    act(alice, { name: 'renamed' });
    await handler()();
    expect(JSON.stringify(await attributions())).toContain('alice');
    ahead += 30 * MINUTE_MS;
    await handler({ attribution: 'pseudonymous', pseudonymSecretArn: 'arn:pseudonyms' })();
    expect(await attributions()).toMatchObject([
      { confidence: 'certain', actors: [{ user: expect.stringMatching(/^p-/) }] },
    ]);
    const { Items } = await table.client.send(new ScanCommand({ TableName: table.tableName }));
    expect(JSON.stringify(Items)).not.toMatch(/alice|10\.1\.2\.3/);
  });

  it.each([
    [
      'does not answer',
      (): unknown =>
        simulator.faults.inject({ fault: { kind: 'answer', answer: OVERLOADED }, on: 'traces', times: 'always' }),
      /503/,
    ],
    ['is off', (): unknown => (log.isOn = false), /CTS.0214/],
    ['breaks off', () => simulator.faults.inject({ fault: { kind: 'truncated' }, on: 'traces', times: 'always' }), /./],
  ] as const)(
    'ends its runs as ever while the service %s, and says why',
    async (_, arrange: () => unknown, because) => {
      const run = handler();
      simulator.fleet.fill(TARGET.projectId, 3);
      await run();
      arrange();
      act(bob, { name: 'renamed' });
      expect(await run()).toMatchObject({ outcome: 'changed', updated: 1 });
      expect(told).toEqual([expect.stringMatching(because)]);
      simulator.fleet.remove(TARGET.projectId, id);
      expect(await run()).toMatchObject({ outcome: 'changed', deleted: 1 });
    },
  );

  it('is held up by a service that hangs for five seconds in a run with a deletion, and no longer', async () => {
    const run = handler();
    simulator.fleet.fill(TARGET.projectId, 3);
    await run();
    simulator.faults.inject({ fault: { kind: 'stall' }, on: 'traces', times: 1 });
    simulator.fleet.remove(TARGET.projectId, id);
    expect(await run()).toMatchObject({ outcome: 'changed', deleted: 1 });
  });

  it('keeps pseudonyms, and no name or address anywhere, when that is wanted', async () => {
    const run = handler({ attribution: 'pseudonymous', pseudonymSecretArn: 'arn:pseudonyms', retentionMs: 86_400_000 });
    await run();
    act(alice, { name: 'renamed' });
    await run();
    const { Items = [] } = await table.client.send(new ScanCommand({ TableName: table.tableName }));
    expect(JSON.stringify(Items)).not.toMatch(/alice|10\.1\.2\.3|a2e899190fcd/);
    expect(await attributions()).toMatchObject([
      { actors: [{ user: expect.stringMatching(/^p-/), sourceIp: expect.stringMatching(/^p-/) }] },
    ]);
    const personal = Items.filter(({ sk }) => /^(TRACE|ATTRIBUTION)#/.test(String(sk)));
    expect(personal.length).toBe(2);
    for (const item of personal) expect(item.expiresAt).toBeGreaterThan(Date.now() / 1000 + 86_000);
  });

  it('asks nobody while the key of the pseudonyms cannot be read', async () => {
    keyOfPseudonyms = async () => Promise.reject(new Error('no such secret'));
    const run = handler({ attribution: 'pseudonymous', pseudonymSecretArn: 'arn:pseudonyms' });
    await run();
    act(alice, { name: 'renamed' });
    expect(await run()).toMatchObject({ outcome: 'changed' });
    expect(asked()).toBe(0);
    expect(told.length).toBe(2);
    keyOfPseudonyms = async () => 'a key of the stack';
    await run();
    expect(await attributions()).toMatchObject([{ confidence: 'likely' }]);
  });

  it('keeps nothing of what was requested and answered, and no secret', async () => {
    const run = handler();
    await run();
    act(alice, { name: 'renamed', publicip_enable: false });
    await run();
    const { Items = [] } = await table.client.send(
      new QueryCommand({
        TableName: table.tableName,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': `INSTANCE#cn-north-4#${TARGET.projectId}#${id}` },
      }),
    );
    const traces = Items.filter(({ sk }) => String(sk).startsWith('TRACE#'));
    expect(traces.length).toBe(2);
    expect(new Set(traces.flatMap((item) => Object.keys(item)))).toEqual(
      new Set(
        'pk sk schemaVersion region projectId traceId at recordedAt name operation via rating code user userId principal account accessKeyId sourceIp resourceId resourceName'.split(
          ' ',
        ),
      ),
    );
    expect(JSON.stringify(Items)).not.toMatch(/password|Not-For-The-History|job-/);
  });
});
