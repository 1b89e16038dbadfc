import { CloudEvent } from 'cloudevents';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { spawnWithParent } from '../../../bin/local-database/dynamodb-local';
import { startSandbox, type Sandbox } from '../../../bin/sandbox/start-sandbox';
import { tryIt, tryItText } from '../../../bin/sandbox/try-it';
import { systemClock } from '../../../lambda/wire';
import { cli, type CliResult } from '../../support/cli';
import { onEachEngine } from '../../support/engines';

onEachEngine('the commands that the sandbox shows', (engine) => {
  let sandbox: Sandbox;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sandbox-commands-'));
    sandbox = await startSandbox({ environment: { DYNAMODB_ENGINE: engine } });
    await sandbox.sync();
  });
  afterAll(async () => {
    await sandbox.stop();
    rmSync(folder, { recursive: true });
  });
  const typed = async (command: string, environment = {}): Promise<CliResult> =>
    cli(command.replace('--follow ', '').replace('--local', `--local ${folder}`).split(' '), {
      environment: { DYNAMODB_ENGINE: engine, ...environment },
      clock: systemClock,
    });

  it('answer as they are written', async () => {
    const { ask, environment, keep } = tryIt(sandbox);
    // The scenario renames instances as it goes on, those of the first fleet too.
    for (const [id, instance] of sandbox.fleet) sandbox.fleet.set(id, { ...instance, name: `renamed-${id}` });
    await sandbox.sync();
    for (const command of ask) {
      expect(tryItText(tryIt(sandbox))).toContain(`npm run cli -- ${command}`);
      expect(await typed(command)).toMatchObject({ exitCode: 0, err: '' });
    }
    expect((await typed(ask[0] ?? '')).out).toContain('7 instances');
    const kept = [];
    for (const command of keep) kept.push(await typed(command, environment));
    expect(kept).toMatchObject([
      { exitCode: 0, err: '' },
      { exitCode: 0, err: '', out: expect.stringContaining('7 instances') },
    ]);
  });

  it.each([
    ['that is a file', (file: string) => file, 2, 'a file is in its place'],
    ['inside of a file', (file: string) => join(file, 'folder'), 2, 'a file is in its place'],
    ['that the system does not let anyone make', () => '/proc/history', 1, 'ENOENT'],
  ])('say what is wrong with a folder %s', async (_, folderOf, exitCode, reason) => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    const named = folderOf(file);
    const { environment, keep } = tryIt(sandbox);
    // Only a command that writes makes a folder.
    const sync = [...(keep[0] ?? '').split(' '), named];
    expect(await cli(sync, { environment: { DYNAMODB_ENGINE: engine, ...environment } })).toMatchObject({
      exitCode,
      err: `roma-history: the folder ${named} of the database cannot be used (${reason}): choose another with --local`,
    });
  });
});

it('Ctrl-C in a terminal does not reach the database, which a command still reads', async () => {
  const child = spawnWithParent(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  try {
    // Signal 0 asks whether there is such a group: one that the child leads.
    expect(() => process.kill(-(child.pid ?? 0), 0)).not.toThrow();
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

/** Starts a program of `bin` in a process of its own, whose reader goes away after the first output. */
async function readOnce(file: string, args: readonly string[]): Promise<{ exitCode: number | null; err: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  child.stdout.once('data', () => child.stdout.destroy());
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, err };
}

describe('npm start', () => {
  it('ends quietly when its reader goes away', async () => {
    expect(await readOnce('bin/sandbox/main.ts', [])).toEqual({ exitCode: 0, err: '' });
  });

  it('shows with --watch what a chat and a receiver of CloudEvents get, and ends with whoever reads it', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'bin/sandbox/main.ts', '--watch'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const closed = once(child, 'close');
    try {
      const lines: string[] = [];
      const shown = (kind: string): string[] =>
        lines.flatMap((line) => new RegExp(`^  ${kind} +(.*)`).exec(line)?.[1] ?? []);
      for await (const line of createInterface(child.stdout)) {
        lines.push(line);
        if (shown('cloud').length >= 2) break;
      }
      expect(lines.find((line) => line.startsWith('the timeline, live:'))).toMatch(/http:\/\/127\.0\.0\.1:\d+\/$/);
      // The third run of the scenario finds a failure and a new instance.
      const [created, failed] = shown('slack').toSorted();
      expect(failed).toMatch(
        /^ROMA Instance Status Changed: roma-\S+ {2}RUNNING → ERROR; error_code: .* → ROMA\.00010021; error_msg: .* {2}after .*, no later than .* \(listed\)\. roma-history log [\da-f-]{36}$/,
      );
      expect(created).toMatch(/^ROMA Instance Created: \S+ {2}new: CREATING {2}after /);
      const events = shown('cloud').map((text) => new CloudEvent(JSON.parse(text) as Partial<CloudEvent>));
      expect(events.map((event) => `${event.type} ${String(event.sequence)} ${event.validate()}`).toSorted()).toEqual([
        'ROMA Instance Created 1 true',
        'ROMA Instance Status Changed 2 true',
      ]);
      child.stdout.destroy();
      expect(await closed).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  }, 60_000);

  it('takes no option that it does not know', async () => {
    expect(await readOnce('bin/sandbox/main.ts', ['--wathc'])).toEqual({
      exitCode: 2,
      err: 'npm start failed: there is no option "--wathc", only --watch\n',
    });
  });
});
