import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { NO_RIGHT } from '../../support/cts-simulator/list-traces';
import { ACTORS, type SimulatedActor, TraceLog } from '../../support/cts-simulator/trace-log';
import {
  type RomaSimulator,
  seedFleet,
  SEED_INSTANCE,
  SEED_PROJECT,
  startRomaSimulator,
} from '../../support/roma-simulator';
import type { Io } from '../../../bin/cli/io';
import { cli, type CliResult } from '../../support/cli';
import { createTestTable, onEachEngine, type TestTable } from '../../support/engines';

const TARGET = `cn-north-4/${SEED_PROJECT.id}`;
const { id } = SEED_INSTANCE;
const [alice, bob] = ACTORS;
const MINUTE_MS = 60_000;

onEachEngine('who changed it, on the command line', (engine) => {
  let table: TestTable;
  let simulator: RomaSimulator;
  let log: TraceLog;
  let now: number;

  const run = async (args: readonly string[], overrides: Partial<Io> = {}): Promise<CliResult> =>
    cli([...args, '--dynamodb-endpoint', table.endpoint, '--table', table.tableName], {
      clock: { now: () => now, sleep: async (ms: number) => void (now += ms) },
      environment: { HUAWEICLOUD_SDK_AK: simulator.account.accessKey, HUAWEICLOUD_SDK_SK: simulator.account.secretKey },
      width: Infinity,
      ...overrides,
    });
  const sync = async (...more: string[]): Promise<CliResult> =>
    run(['sync', '--target', TARGET, '--endpoint', simulator.endpoint, '--attribution', 'on', ...more]);
  const act = (actor: SimulatedActor | undefined, change: object): void => {
    const before = simulator.fleet.get(SEED_PROJECT.id, id);
    simulator.fleet.change(SEED_PROJECT.id, id, change);
    log.told({ projectId: SEED_PROJECT.id, actor, before, after: simulator.fleet.get(SEED_PROJECT.id, id) });
  };

  beforeEach(async () => {
    now = Date.now();
    table = await createTestTable(engine);
    log = new TraceLog({ now: () => now, lagMs: () => 0 });
    simulator = await startRomaSimulator({
      fleet: seedFleet(),
      traces: log,
      clock: { now: () => now, sleep: async (ms: number) => void (now += ms) },
    });
  });
  afterEach(async () => {
    await simulator.stop();
    table.close();
  });

  /** A rename by alice that is certain by now, and an error some minutes ago, just when bob did something else. */
  const story = async (): Promise<void> => {
    await sync();
    now += 30 * MINUTE_MS;
    await sync();
    now += 5 * MINUTE_MS;
    act(alice, { name: 'roma-prod' });
    now += MINUTE_MS;
    await sync();
    now += 40 * MINUTE_MS;
    await sync();
    now += MINUTE_MS;
    log.add({ projectId: SEED_PROJECT.id, before: SEED_INSTANCE, after: undefined }, 'updateRomaInstanceDesc', {
      actor: bob,
    });
    simulator.fleet.change(SEED_PROJECT.id, id, { status: 'ERROR' });
    now += MINUTE_MS;
    await sync();
  };
  const CERTAIN = 'by alice (console, 10.1.2.3)';
  const LIKELY = 'likely by bob (api, 10.1.2.40)';

  it('log, show and changes end with whoever did it, and say how sure that is', async () => {
    await story();
    const logged = (await run(['log', 'roma-prod'])).out.split('\n').filter((text) => !text.includes('unobserved'));
    expect(logged[1]).toMatch(new RegExp(`^v3 .*  ${LIKELY.replaceAll(/[()]/g, '\\$&')}$`));
    expect(logged[2]).toMatch(new RegExp(`^v2 .*  ${CERTAIN.replaceAll(/[()]/g, '\\$&')}$`));
    expect(logged[3]).toMatch(/^v1 .* ago$/);
    expect((await run(['show', 'roma-prod'])).out).toContain(LIKELY);
    expect((await run(['show', 'roma-prod', '--version', '2'])).out).toContain(CERTAIN);
    const changed = (await run(['changes'])).out.split('\n');
    expect(changed).toEqual([expect.stringContaining(CERTAIN), expect.stringContaining(LIKELY)]);
  });

  it('has a stable shape in JSON, which is left out where nobody was asked', async () => {
    await story();
    const attribution = {
      confidence: 'certain',
      actors: [
        {
          user: 'alice',
          principal: null,
          via: 'console',
          sourceIp: '10.1.2.3',
          at: expect.any(String),
          operation: 'updateName',
          traceId: expect.any(String),
        },
      ],
    };
    const lines = (await run(['log', 'roma-prod', '--json'])).json().filter(({ type }) => type !== 'gap');
    expect(lines.map((line) => line.attribution)).toEqual([
      expect.objectContaining({ confidence: 'likely' }),
      attribution,
      undefined,
    ]);
    expect(lines[2]).not.toHaveProperty('attribution');
    expect((await run(['show', 'roma-prod', '--version', '2', '--json'])).json()[0]).toMatchObject({ attribution });
    expect((await run(['changes', '--json'])).json()[0]).toMatchObject({ kind: 'updated', attribution });
  });

  it('changes are filtered by whoever may have made them', async () => {
    await story();
    const by = async (who: string): Promise<unknown[]> =>
      (await run(['changes', '--json', '--by', who])).json().map(({ version }) => version);
    expect([await by('alice'), await by('bob'), await by('10.1.2.40'), await by('mallory')]).toEqual([
      [2],
      [3],
      [3],
      [],
    ]);
    expect((await run(['changes', '--by', 'mallory'])).out).toBe('no change in this time');
    expect(await run(['changes', '--by', 'alice', '--follow'])).toMatchObject({
      exitCode: 2,
      err: expect.stringMatching(/leave out --by or --follow/),
    });
  });

  it('who tells every operation that was kept, with what it led to', async () => {
    await story();
    const { out } = await run(['who', 'roma-prod']);
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/^TIME .* CHANGES$/),
      expect.stringMatching(/updateRomaInstanceDesc {2}done {5}bob \(api, 10\.1\.2\.40\) {7}v3 \(likely\)$/),
      expect.stringMatching(/updateRomaInstanceName {2}done {5}alice \(console, 10\.1\.2\.3\) {2}v2 \(certain\)$/),
    ]);
    expect((await run(['who', 'roma-prod', '--json'])).json()).toMatchObject([
      {
        operation: 'updateDescription',
        outcome: 'done',
        actors: [{ user: 'bob' }],
        versions: [{ version: 3, confidence: 'likely' }],
      },
      {
        operation: 'updateName',
        traces: [{ name: 'updateRomaInstanceName', code: '200', rating: 'normal' }],
        versions: [{ version: 2, confidence: 'certain' }],
      },
    ]);
    expect((await run(['who', 'roma-prod', '--since', '10m'])).out.split('\n')).toHaveLength(2);
  });

  it('who calls the actor likely where only the name is that of the instance', async () => {
    await story();
    log.add(
      { projectId: SEED_PROJECT.id, before: { ...SEED_INSTANCE, name: 'roma-prod' }, after: undefined },
      'createRomaInstance',
      {
        actor: alice,
        more: { resource_id: '' },
      },
    );
    act(bob, { description: 'more' });
    now += MINUTE_MS;
    await sync();
    expect((await run(['who', 'roma-prod'])).out).toMatch(
      /createRomaInstance  .*  likely alice \(console, 10\.1\.2\.3\)/,
    );
  });

  it('who says so when nothing was kept, and a name from outside moves nothing on the terminal', async () => {
    await run(['sync', '--target', TARGET, '--endpoint', simulator.endpoint]);
    expect((await run(['who', id])).out).toMatch(/no trace was kept/);
    act({ ...alice!, name: '\u001b[2Jmallory' }, { name: 'x' });
    now += MINUTE_MS;
    await sync();
    for (const command of ['who', 'log', 'show']) expect((await run([command, id])).out).not.toContain('\u001b');
  });

  it('the page of the timeline names them in its table', async () => {
    await story();
    const file = join(mkdtempSync(join(tmpdir(), 'who-')), 'report.html');
    await run(['report', '-o', file]);
    const page = readFileSync(file, 'utf8');
    rmSync(dirname(file), { recursive: true });
    expect(page).toContain(`, ${CERTAIN}`);
    expect(page).toContain(`, ${LIKELY}`);
  });

  it('sync says why it could not ask, and records all the same', async () => {
    await sync();
    now += 5 * MINUTE_MS;
    simulator.faults.inject({ fault: { kind: 'answer', answer: NO_RIGHT }, on: 'traces' });
    act(alice, { name: 'roma-prod' });
    expect(await sync()).toMatchObject({
      exitCode: 0,
      err: expect.stringMatching(/cn-north-4.*: who made the changes could not be asked: .*cts:trace:list/),
    });
    expect((await run(['log', 'roma-prod', '-n', '1'])).out).toMatch(
      /by nobody known: the identity may not list traces/,
    );
  });

  it('sync asks at another address, keeps pseudonyms with a key of its own, and stops when it is told', async () => {
    await sync('--cts-endpoint', simulator.endpoint);
    now += 5 * MINUTE_MS;
    act(alice, { name: 'roma-prod' });
    now += MINUTE_MS;
    expect(await sync('--attribution', 'pseudonymous')).toMatchObject({
      exitCode: 2,
      err: expect.stringMatching(/ROMA_HISTORY_PSEUDONYM_KEY/),
    });
    const environment = {
      HUAWEICLOUD_SDK_AK: simulator.account.accessKey,
      HUAWEICLOUD_SDK_SK: simulator.account.secretKey,
      ROMA_HISTORY_PSEUDONYM_KEY: 'a key of sixteen+',
    };
    await run(['sync', '--endpoint', simulator.endpoint, '--attribution', 'pseudonymous'], { environment });
    expect((await run(['log', 'roma-prod', '-n', '1'])).out).toMatch(
      /likely by p-[0-9a-f]{16} \(console, p-[0-9a-f]{16}\)$/,
    );
    await sync('--attribution', 'off');
    act(bob, { name: 'roma-next' });
    const before = simulator.requests.filter(({ path }) => path.endsWith('/traces')).length;
    await run(['sync', '--endpoint', simulator.endpoint]);
    expect(simulator.requests.filter(({ path }) => path.endsWith('/traces')).length).toBe(before);
  });

  it('sync of another cloud asks for the address before it does anything', async () => {
    const elsewhere = [
      'sync',
      '--target',
      `mars-1/${SEED_PROJECT.id}`,
      '--endpoint',
      'https://roma.mars-1.example',
      '--iam-endpoint',
      'https://iam.mars-1.example',
    ];
    expect(await run([...elsewhere, '--attribution', 'on'])).toMatchObject({
      exitCode: 2,
      err: expect.stringMatching(/ctsEndpoint/),
    });
  });

  it('doctor tells of the service where it is asked, and how far back it goes', async () => {
    const finding = async () =>
      (await run(['doctor', '--json', '--endpoint', simulator.endpoint]))
        .json()
        .find(({ check }) => String(check).startsWith('traces of'));
    await run(['sync', '--target', TARGET, '--endpoint', simulator.endpoint]);
    expect(await finding()).toBeUndefined();
    await sync();
    expect(await finding()).toMatchObject({ level: 'note', message: expect.stringMatching(/no trace/) });
    act(alice, { name: 'roma-prod' });
    now += 3 * 24 * 60 * MINUTE_MS;
    act(bob, { name: 'roma-next' });
    now += MINUTE_MS;
    expect(await finding()).toMatchObject({
      level: 'ok',
      message: expect.stringMatching(/^2 of instances, the oldest 3 d/),
    });
    simulator.faults.inject({ fault: { kind: 'answer', answer: NO_RIGHT }, on: 'traces' });
    expect(await finding()).toMatchObject({
      level: 'bad',
      message: expect.stringMatching(/may not list traces.*cts:trace:list/),
      fix: expect.stringMatching(/attribution/),
    });
    log.isOn = false;
    expect(await finding()).toMatchObject({
      level: 'bad',
      message: expect.stringMatching(/is off.*enable/),
      fix: expect.stringMatching(/attribution/),
    });
  });
});
