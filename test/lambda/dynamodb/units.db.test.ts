import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { randomUUID } from 'node:crypto';
import { type RomaSimulator, seedFleet, SEED_PROJECT, startRomaSimulator } from '../../support/roma-simulator';
import { markText } from '../../../lambda/core/model/attribution';
import { toInstant } from '../../../lambda/core/model/instant';
import { parseTarget, targetName } from '../../../lambda/core/model/instance';
import type { RunEnd } from '../../../lambda/core/sync/recorder';
import type { RunResult } from '../../../lambda/core/sync/run-result';
import { createRecorder } from '../../../lambda/dynamodb/recorder';
import { key } from '../../../lambda/dynamodb/table';
import { createRomaSource, type RomaSource } from '../../../lambda/roma/list/source';
import { syncTarget } from '../../../lambda/core/sync/run';
import { systemPorts } from '../../../lambda/wire';
import { createTestTable, endpointOf, type TestTable } from '../../support/engines';

// Only this engine counts units as the service documents them.
const onDynoxide = endpointOf('dynoxide') === undefined ? describe.skip : describe;
const TARGET = { region: 'cn-north-4', projectId: SEED_PROJECT.id };

onDynoxide('request units of a run over HTTP', () => {
  let table: TestTable;
  let simulator: RomaSimulator;
  let source: RomaSource;

  const open = async (instances: number): Promise<void> => {
    table = await createTestTable('dynoxide');
    const fleet = seedFleet();
    fleet.clear(TARGET.projectId);
    fleet.fill(TARGET.projectId, instances);
    simulator = await startRomaSimulator({ fleet, maxOffset: null });
    const { endpoint, account } = simulator;
    source = createRomaSource({
      ...systemPorts,
      credentials: {
        kind: 'password',
        userName: account.userName,
        password: account.password,
        domainName: account.domainName,
      },
      endpoint,
      iamEndpoint: endpoint,
      requestsPerSecond: 1000,
    });
  };
  const run = async (): Promise<RunResult> =>
    syncTarget(
      { ...systemPorts, source, recorder: createRecorder(table.client, table.tableName) },
      { target: TARGET, brakeReleaseAfterMs: 86_400_000, intervalMs: 300_000 },
    );

  afterEach(async () => {
    await source.close();
    await simulator.stop();
    table.close();
  });

  it.each([1, 100, 1000])('an unchanged run of %d instances costs two write units and no read', async (instances) => {
    await open(instances);
    expect(await run()).toMatchObject({ outcome: 'changed', changes: { baseline: instances } });
    const result = await run();
    expect(result).toMatchObject({ outcome: 'unchanged', instances });
    expect(result.units).toEqual({ write: 2, read: 0 });
  });

  it.each([
    [0, 1],
    [1, 1],
    [99, 1],
    // One more where the last page is full: more may lie behind it than the API announces.
    [100, 2],
    [101, 2],
    [199, 2],
    [200, 3],
    [1000, 11],
  ])('an unchanged run of %d instances asks the API %d times, and for no new token', async (instances, requests) => {
    await open(instances);
    await run();
    simulator.clearRequests();
    expect(await run()).toMatchObject({ outcome: 'unchanged', instances });
    expect(simulator.requests.map(({ path }) => path)).toEqual(
      Array.from({ length: requests }, () => `/v2/${TARGET.projectId}/instances`),
    );
  });

  it('the head costs one unit a write, also with the longest names, all attributes and a long reason', async () => {
    await open(0);
    const target = { region: 'r'.repeat(32), projectId: 'p'.repeat(128) };
    expect(parseTarget(targetName(target))).toEqual(target);
    const at = toInstant(0);
    const recorder = createRecorder(table.client, table.tableName);
    const unitsOf = async (write: Promise<unknown>): Promise<number> => {
      const before = recorder.units().write;
      await write;
      return recorder.units().write - before;
    };
    const lease = (runId: string) => ({ runId, now: at, until: at });
    const [first, second] = [randomUUID(), randomUUID()];
    await recorder.takeLease(target, lease(first));
    const state = {
      view: 'v'.repeat(10),
      observedAt: at,
      listedFrom: at,
      fingerprint: 'f'.repeat(39),
      newcomersSince: at,
    };
    const end: RunEnd = {
      runId: first,
      outcome: 'unchanged',
      because: 'é'.repeat(500),
      endedAt: at,
      observedAt: at,
      completed: {
        listedFrom: at,
        observedAt: at,
        instances: 99_999,
        listedWith: { api: 'v3', statusFilter: 'S'.repeat(32), identity: 'f'.repeat(16) },
        newcomersSince: at,
        unjudged: 99_999,
      },
      otherViews: [state, state],
      fingerprint: { store: 'f'.repeat(39) },
      intervalMs: 86_400_000,
      retentionMs: 36_500 * 86_400_000,
      brakeReleaseAfterMs: 86_400_000,
    };
    expect(await unitsOf(recorder.end(target, end))).toBe(1);
    // Who died left a lease behind, and everything else as well.
    await recorder.takeLease(target, lease(randomUUID()));
    expect(await unitsOf(recorder.takeLease(target, lease(second)))).toBe(1);
    expect(await unitsOf(recorder.renewLease(target, lease(second)))).toBe(1);
    const head = await recorder.readHead(target);
    // A reason of which a few characters would be left is left out.
    expect(head).toMatchObject({ dirty: true, newcomersSince: at });
    expect(head).not.toHaveProperty('because');
    expect(Object.values(head ?? {}).filter((value) => value !== undefined).length).toBe(20);
    // What is to be asked has its place even then.
    const mark = markText({ from: '2026-11-22T10:00:03.000Z', askAt: '2026-11-22T10:16:03.000Z' });
    expect(await unitsOf(recorder.end(target, { ...end, runId: second, attribution: mark }))).toBe(1);
    expect(await recorder.readHead(target)).toMatchObject({ attribution: mark, newcomersSince: at });
    expect(await unitsOf(recorder.takeLease(target, lease(first)))).toBe(1);
    // Shorter names leave room for the views that were there before.
    const usual = { region: 'cn-north-4', projectId: 'p'.repeat(32) };
    const others = [1, 2].map((n) => ({ ...state, view: `view-${n}`, newcomersSince: undefined, unjudged: undefined }));
    const completed = {
      listedFrom: at,
      observedAt: at,
      instances: 100,
      listedWith: { api: 'v2', identity: 'f'.repeat(16) },
    };
    await recorder.takeLease(usual, lease(first));
    expect(await unitsOf(recorder.end(usual, { ...end, completed, otherViews: others, attribution: mark }))).toBe(1);
    expect(await recorder.readHead(usual)).toMatchObject({
      otherViews: others,
      attribution: mark,
      because: expect.stringMatching(/^é{15,}…$/),
    });
    expect(await unitsOf(recorder.takeLease(usual, lease(second)))).toBe(1);
  });

  it('a change costs four units a KB and its index entry, and two a batch for the fence', async () => {
    await open(20);
    await run();
    const [id] = simulator.fleet.list(TARGET.projectId).map((instance) => instance.id);
    simulator.fleet.change(TARGET.projectId, id ?? '', { status: 'ERROR' });
    const { units, changes } = await run();
    expect(changes.statusChanged).toBe(1);
    // Lease and end 2, fence 2; rows of 1 to 2 KB: current and version 4 each, each with one index entry of up to 2.
    expect(units.write).toBeLessThanOrEqual(2 + 2 + 2 * 4 + 2 + 2);
    const known = await table.client.send(
      new GetCommand({ TableName: table.tableName, Key: key.current(TARGET, id ?? '') }),
    );
    expect(Buffer.byteLength(JSON.stringify(known.Item))).toBeLessThan(2048);
  });
});
