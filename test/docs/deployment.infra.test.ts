import { type ExecFileException, execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'shell-quote';
import { readPage, PAGE } from '../support/documents';
import { LOOPBACK_REGION, type LoopbackAccount, startLoopbackAccount } from '../support/loopback-account';

// Five runs of the CDK command, on a machine that may be busy.
jest.setTimeout(600_000);

/** What the section of a page shows as commands, and the file that it shows. */
function section(heading: string): { commands: string[]; file: string } {
  const [, text = ''] = new RegExp(`\n#+ ${heading}\n([^]*?)\n##+ `).exec(readPage(PAGE.start)) ?? [];
  const commands = [...text.matchAll(/`(npx cdk [^`]+)`|^npm ci && (npx cdk .+)$/gm)].map(([, a, b]) => a ?? b ?? '');
  return { commands, file: /```json\n\s*(\{.*\})\n/.exec(text)?.[1] ?? '' };
}

/**
 * The README's deployment, word for word, by the real CDK command. CloudFormation is one on loopback that makes no resources:
 * what is shown is that the commands exist, ask for nothing more, upload what the template names, and end as told.
 */
describe('the deployment of the README', () => {
  const folder = mkdtempSync(join(tmpdir(), 'readme-'));
  let account: LoopbackAccount;
  beforeAll(async () => (account = await startLoopbackAccount()));
  afterAll(async () => {
    await account.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Answers are given beforehand: nobody is at this terminal. */
  const run = (command: string): Promise<string> => {
    const [program = '', ...args] = parse(command.replace('my.json', join(folder, 'my.json'))) as string[];
    expect(program).toBe('npx');
    const { PATH, HOME } = process.env;
    const env = {
      PATH,
      HOME,
      AWS_ENDPOINT_URL: account.url,
      AWS_REGION: LOOPBACK_REGION,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      CDK_OUTDIR: undefined,
      CDK_OUTPUT: join(folder, 'cdk.out'),
      CDK_HOME: folder,
      CDK_REQUIRE_APPROVAL: 'never',
      CDK_FORCE: args[1] === 'destroy' ? 'true' : undefined,
      CDK_NOTICES: 'false',
      CDK_DISABLE_CLI_TELEMETRY: 'true',
    };
    return new Promise((resolve, reject) => {
      execFile(program, args, { env }, (error: ExecFileException | null, stdout, stderr) =>
        error === null ? resolve(stdout + stderr) : reject(new Error(`${command}: ${stdout}${stderr}`)),
      );
    });
  };

  it('goes from an empty account to a stack, an update and back, leaving what it says', async () => {
    const { commands: first, file } = section('Deploy in five steps');
    const { commands: update } = section('Update');
    const { commands: last } = section('Destroy');
    expect([...first, ...update.flatMap((line) => line.split(' && ')), ...last]).toEqual([
      'npx cdk bootstrap',
      'npx cdk deploy -c config=my.json',
      'npx cdk diff -c config=my.json',
      'npx cdk deploy -c config=my.json',
      'npx cdk destroy -c config=my.json',
    ]);
    writeFileSync(join(folder, 'my.json'), file);

    await run(first[0]!);
    expect([...account.stacks.keys()]).toEqual(['CDKToolkit']);
    const told = await run(first[1]!);
    expect(account.stacks.get('RomaInstanceHistory')?.status).toBe('CREATE_COMPLETE');
    for (const output of ['CredentialsSecretArn', 'HistoryTableName', 'EventBusName'])
      expect(told).toContain(`RomaInstanceHistory.${output} = `);
    expect(await run(update[0]!.split(' && ')[0]!)).toContain('There were no differences');
    expect(await run(update[0]!.split(' && ')[1]!)).toContain('(no changes)');
    await run(last[0]!);
    expect([...account.stacks.keys()]).toEqual(['CDKToolkit']);
    expect(account.retained.toSorted()).toEqual(['AWS::DynamoDB::Table', 'AWS::SecretsManager::Secret']);
  });
});
