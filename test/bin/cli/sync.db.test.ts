// Over 300 lines, because all its tests type one command.
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Io } from '../../../bin/cli/io';
import { isAvailable } from '../../../bin/local-database/dynamodb-local';
import { makeInstance, type RomaSimulator, SEED_PROJECT, startRomaSimulator } from '../../support/roma-simulator';
import { ENV, OUTPUT } from '../../../lambda/contract';
import { toMs } from '../../../lambda/core/model/instant';
import { createReader } from '../../../lambda/dynamodb/reader';
import { systemClock } from '../../../lambda/wire';
import { parseConfig } from '../../../lib/read-config';
import { cli, type CliResult } from '../../support/cli';
import { createTestTable, onEachEngine, type TestTable } from '../../support/engines';
import { AGENCY_URN, PROVIDER_URN, startOidcProvider } from '../../support/roma/oidc-provider';

const TARGET = `cn-north-4/${SEED_PROJECT.id}`;

let simulator: RomaSimulator;
let ids: readonly string[];
const environment = (): Io['environment'] => ({
  HUAWEICLOUD_SDK_AK: simulator.account.accessKey,
  HUAWEICLOUD_SDK_SK: simulator.account.secretKey,
});
const run = async (args: readonly string[], overrides: Partial<Io> = {}): Promise<CliResult> =>
  cli(args, { environment: environment(), clock: systemClock, ...overrides });

beforeEach(async () => {
  simulator = await startRomaSimulator();
  ids = simulator.fleet.fill(SEED_PROJECT.id, 4);
});
afterEach(async () => simulator.stop());

onEachEngine('roma-history sync', (engine) => {
  let table: TestTable;
  beforeEach(async () => {
    table = await createTestTable(engine);
  });
  afterEach(() => table.close());
  const sync = async (...args: string[]) =>
    run([
      'sync',
      '--endpoint',
      simulator.endpoint,
      '--dynamodb-endpoint',
      table.endpoint,
      '--table',
      table.tableName,
      '--json',
      ...args,
    ]);

  it('records with the token file of a CI system, and no key', async () => {
    const provider = await startOidcProvider(Date.now);
    await simulator.stop();
    simulator = await startRomaSimulator({ trust: provider.trust });
    const folder = mkdtempSync(join(tmpdir(), 'id-token-'));
    try {
      const file = join(folder, 'token');
      writeFileSync(file, await provider.sign());
      const { exitCode, err, json } = await run(
        [
          'sync',
          '--json',
          `--endpoint=${simulator.endpoint}`,
          `--sts-endpoint=${simulator.endpoint}`,
          `--dynamodb-endpoint=${table.endpoint}`,
          `--table=${table.tableName}`,
          `--target=${TARGET}`,
        ],
        {
          environment: {
            HUAWEICLOUD_SDK_ID_TOKEN_FILE: file,
            HUAWEICLOUD_STS_PROVIDER_URN: PROVIDER_URN,
            HUAWEICLOUD_STS_AGENCY_URN: AGENCY_URN,
          },
        },
      );
      expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
      expect(json().at(-1)).toMatchObject({ type: 'run', outcome: 'changed', baseline: 1 });
      expect(simulator.requests[0]?.path).toBe('/v5/agencies/assume-with-oidc');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('asks a recorded target as its schedule does, so that no other list makes instances look deleted', async () => {
    const newer = makeInstance(SEED_PROJECT.id, 99);
    simulator.fleet.put(SEED_PROJECT.id, newer, { onlyV3: true });
    await sync('--target', TARGET, '--api', 'v3');
    expect((await sync()).json()).toMatchObject([{ type: 'run', outcome: 'unchanged', instances: 6 }]);
    // Said otherwise on purpose: the older list does not show it, and nothing is deleted for that.
    expect((await sync('--api', 'v2')).json().at(-1)).toMatchObject({ type: 'run', instances: 5, deleted: 0 });
  });

  it('records a first listing, then nothing, then what changed', async () => {
    const first = await sync('--target', TARGET);
    expect(first).toMatchObject({ exitCode: 0, err: '' });
    const lines = first.json();
    expect(lines.slice(0, -1).every(({ type, kind }) => type === 'change' && kind === 'baseline')).toBe(true);
    expect(lines.at(-1)).toEqual({
      type: 'run',
      target: TARGET,
      outcome: 'changed',
      instances: 5,
      baseline: 5,
      created: 0,
      statusChanged: 0,
      updated: 0,
      deleted: 0,
      reappeared: 0,
      rejected: 0,
      observedAt: expect.stringMatching(/Z$/),
      because: null,
      view: { api: 'v2', statusFilter: null, identity: expect.stringMatching(/^[0-9a-f]{16}$/) },
    });
    // The target is known now and need not be named.
    expect((await sync()).json()).toMatchObject([{ type: 'run', outcome: 'unchanged', instances: 5 }]);
    simulator.fleet.change(SEED_PROJECT.id, ids[0] ?? '', { status: 'ERROR' });
    expect((await sync()).json()).toMatchObject([
      { type: 'change', kind: 'statusChanged', instance: { id: ids[0] }, status: { to: 'ERROR' } },
      { type: 'run', outcome: 'changed', statusChanged: 1 },
    ]);
  });

  it('lets superseded versions go after the retention that is named, and keeps them for ever without one', async () => {
    await sync('--target', TARGET);
    simulator.fleet.change(SEED_PROJECT.id, ids[0] ?? '', { status: 'ERROR' });
    simulator.fleet.change(SEED_PROJECT.id, ids[1] ?? '', { status: 'ERROR' });
    const [changed] = (await sync('--retention', '30')).json();
    simulator.fleet.change(SEED_PROJECT.id, ids[0] ?? '', { status: 'RUNNING' });
    await sync();
    const reader = createReader(table.client, table.tableName, { now: Date.now });
    const kept: (string | undefined)[] = [];
    for await (const version of reader.versions({ region: 'cn-north-4', projectId: SEED_PROJECT.id }, ids[0] ?? ''))
      kept.push(version.expiresAt);
    const days = kept.map((time) => (toMs(time ?? '') - toMs(String(changed?.observedAt))) / 86_400_000);
    // The database expires by whole seconds.
    expect(days).toEqual([expect.closeTo(30, 4), NaN, NaN]);
    expect(await sync('--retention', '0')).toMatchObject({ exitCode: 2, out: '' });
  });

  it('does as the function of the stack does with --stack', async () => {
    const cloudformation = mockClient(CloudFormationClient);
    const lambda = mockClient(LambdaClient);
    process.env.AWS_REGION ??= 'eu-west-1';
    cloudformation.on(DescribeStacksCommand).resolves({
      Stacks: [
        {
          StackName: 'history',
          CreationTime: new Date(0),
          StackStatus: 'CREATE_COMPLETE',
          Outputs: [
            { OutputKey: OUTPUT.tableName, OutputValue: table.tableName },
            { OutputKey: OUTPUT.syncFunctionName, OutputValue: 'the-function' },
          ],
        },
      ],
    });
    const variables = { [ENV.tableName]: 'T', [ENV.secretArn]: 'arn', [ENV.brakeReleaseAfterMs]: '0' };
    lambda.on(GetFunctionConfigurationCommand, { FunctionName: 'the-function' }).resolves({
      Environment: { Variables: { ...variables, [ENV.safetyMarginMs]: '0', [ENV.retentionDays]: '30' } },
    });
    try {
      await sync('--target', TARGET);
      simulator.fleet.change(SEED_PROJECT.id, ids[0] ?? '', { status: 'ERROR' });
      const from = ['--endpoint', simulator.endpoint, '--dynamodb-endpoint', table.endpoint];
      expect(await run(['sync', '--stack', 'history', ...from])).toMatchObject({ exitCode: 0, err: '' });
      const reader = createReader(table.client, table.tableName, { now: Date.now });
      const target = { region: 'cn-north-4', projectId: SEED_PROJECT.id };
      for await (const { expiresAt } of reader.versions(target, ids[0] ?? '', { limit: 1 }))
        expect(expiresAt).toMatch(/Z$/);
      expect.assertions(2);
    } finally {
      cloudformation.restore();
      lambda.restore();
    }
  });

  it('keeps to the status it was told to follow, says so, and follows all instances again when told', async () => {
    await sync('--target', TARGET);
    simulator.fleet.change(SEED_PROJECT.id, ids[0] ?? '', { status: 'ERROR' });
    expect((await sync('--status', 'running')).json()).toMatchObject([{ type: 'run', instances: 4 }]);
    const database = ['--dynamodb-endpoint', table.endpoint, '--table', table.tableName];
    const { out } = await run(['sync', '--endpoint', simulator.endpoint, ...database]);
    expect(out.replaceAll(/\s+/g, ' ')).toContain(
      '4 instances; only instances with status RUNNING are followed (--no-status follows all again)',
    );
    expect((await sync('--no-status')).json()).toMatchObject([
      { type: 'change', kind: 'statusChanged', instance: { id: ids[0] } },
      { type: 'run', instances: 5 },
    ]);
    expect((await sync()).json()).toMatchObject([{ type: 'run', outcome: 'unchanged', instances: 5 }]);
  });

  it('keeps to the fields it was told to ignore, until it is told otherwise', async () => {
    await sync('--target', TARGET, '--ignore-field', 'description');
    simulator.fleet.change(SEED_PROJECT.id, ids[0] ?? '', { description: 'ticks' });
    expect((await sync()).json()).toMatchObject([{ type: 'run', outcome: 'unchanged' }]);
    expect((await sync('--no-ignore-field')).json()).toMatchObject([
      { type: 'change', kind: 'updated', instance: { id: ids[0] } },
      { type: 'run', outcome: 'changed' },
    ]);
  });

  it('refuses to follow a status that is none', async () => {
    const refused = await sync('--target', TARGET, '--status', '');
    expect(refused.exitCode).toBe(2);
    expect(refused.err).toContain('it must be a status such as RUNNING');
  });

  it('shows what a dry run would record and writes nothing', async () => {
    const rehearsal = await sync('--target', TARGET, '--dry-run');
    expect(rehearsal.json().at(-1)).toMatchObject({ type: 'run', outcome: 'changed', baseline: 5, dryRun: true });
    expect(await createReader(table.client, table.tableName, { now: Date.now }).targets()).toEqual([]);
  });

  it('holds a mass deletion with exit code 1 until it is allowed', async () => {
    await sync('--target', TARGET);
    simulator.fleet.clear(SEED_PROJECT.id);
    const held = await sync();
    expect(held.exitCode).toBe(1);
    expect(held.json()).toMatchObject([{ type: 'run', outcome: 'brake', deleted: 0, because: expect.any(String) }]);
    const allowed = await sync('--allow-mass-deletion');
    expect(allowed.exitCode).toBe(0);
    expect(allowed.json().at(-1)).toMatchObject({ outcome: 'changed', deleted: 5 });
  });

  it('ends with 1 and says why when the API refuses, without telling a secret', async () => {
    const wrong = 'AnotherSecretKey';
    const result = await run(
      [
        'sync',
        '--target',
        TARGET,
        '--endpoint',
        simulator.endpoint,
        '--dynamodb-endpoint',
        table.endpoint,
        '--table',
        table.tableName,
      ],
      { environment: { ...environment(), HUAWEICLOUD_SDK_SK: wrong } },
    );
    expect(result.exitCode).toBe(1);
    expect(result.out).toMatch(/ {2}failed; GET\s[^]* is kept$/);
    expect(result.out).not.toContain('0 instances');
    expect(result.out + result.err).not.toContain(wrong);
  });

  it('says in one line what is wrong with the call, and writes nothing', async () => {
    const at = ['--dynamodb-endpoint', table.endpoint, '--table', table.tableName];
    const noCredentials = await run(['sync', '--target', TARGET, ...at], { environment: {} });
    expect(noCredentials).toMatchObject({ exitCode: 1, out: '' });
    expect(noCredentials.err).toMatch(/holds no Huawei Cloud credentials: set HUAWEICLOUD_SDK_AK/);
    const noRegion = await run(['sync', '--target', `mars-1/${SEED_PROJECT.id}`, ...at]);
    expect(noRegion).toMatchObject({ exitCode: 2, out: '' });
    expect(noRegion.err).toContain('mars-1');
    const noTarget = await run(['sync', ...at]);
    expect(noTarget.exitCode).toBe(2);
    expect(noTarget.err).toContain('name one with --target');
    for (const { err } of [noCredentials, noRegion, noTarget]) expect(err).not.toContain('\n');
    expect(await createReader(table.client, table.tableName, { now: Date.now }).targets()).toEqual([]);
  });

  it('tells how fresh each target is, and what the account could keep in sync', async () => {
    await sync('--target', TARGET);
    const list = await run([
      'targets',
      'list',
      '--dynamodb-endpoint',
      table.endpoint,
      '--table',
      table.tableName,
      '--json',
    ]);
    expect(list.json()).toMatchObject([{ target: TARGET, outcome: 'changed', instances: 5, isObserved: true }]);
    const discovered = await run(['targets', 'discover', '--endpoint', simulator.endpoint, '--json']);
    expect(discovered.json()).toContainEqual(
      expect.objectContaining({ type: 'target', region: 'cn-north-4', projectId: SEED_PROJECT.id }),
    );
  });

  it('prints the projects of the account as a configuration that can be deployed', async () => {
    const { out } = await run(['targets', 'discover', '--endpoint', simulator.endpoint]);
    const config = parseConfig(JSON.parse(out.slice(out.indexOf('{'))), 'what was printed');
    expect(config.targets).toContainEqual({ region: 'cn-north-4', projectId: SEED_PROJECT.id });
  });
});

(isAvailable('dynoxide') ? it : it.skip)('keeps the history in a folder with --local', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'roma-history-'));
  try {
    const here = ['--local', folder];
    const first = await run(['sync', '--target', TARGET, '--endpoint', simulator.endpoint, ...here]);
    expect(first).toMatchObject({ exitCode: 0, err: '' });
    expect(first.out).toContain('5 baseline');
    expect((await run(['list', '--json', ...here])).json()).toHaveLength(5);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
