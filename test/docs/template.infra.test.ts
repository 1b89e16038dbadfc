import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AwsFront, startAwsFront } from '../support/aws-front';
import { startFunction } from '../support/deployed-process';
import { readPage } from '../support/documents';
import {
  type KeptStack,
  LOOPBACK_REGION,
  type LoopbackAccount,
  startLoopbackAccount,
} from '../support/loopback-account';
import { resolver } from '../support/loopback-resources';

// Two archives and four runs of the AWS CLI, on a machine that may be busy.
jest.setTimeout(300_000);

const pathOf = (program: string): string =>
  spawnSync('sh', ['-c', `command -v ${program}`])
    .stdout.toString()
    .trim();
const aws = pathOf('aws');
if (aws === '' && process.env.REQUIRE_ALL_ENGINES !== undefined)
  throw new Error('the AWS CLI is missing, but REQUIRE_ALL_ENGINES is set');
if (aws === '') process.stderr.write('there is no AWS CLI here: the deployment without Node is not tested\n');
const where = aws === '' ? describe.skip : describe;

const STACK = 'RomaInstanceHistory';
const arnOf = (service: string, name: string): string => `arn:aws:${service}:${LOOPBACK_REGION}:123456789012:${name}`;
const target = { region: 'cn-north-4', projectId: '106506b9a92342df9a5025fc12351cfc' };
/** What adds a resource or a function, all at once. */
const EVERY_OPTION = {
  targets: [target],
  discovery: 'daily',
  retention: '400d',
  attribution: 'pseudonymous',
  orderedFeed: true,
  customerKey: true,
  monitoring: 'full',
  targetAlarms: true,
  alarmTopicArn: arnOf('sns', 'operations'),
  export: { bucket: 'lake' },
  vpc: { id: 'vpc-0123456789abcdef0', subnetIds: ['subnet-0123456789abcdef0'] },
  subscriptions: [
    { name: 'mail', type: 'email', address: 'ops@example.com' },
    { name: 'queue', type: 'sqs' },
    { name: 'hook', type: 'webhook', url: 'https://example.com/hook' },
    { name: 'chat', type: 'slack', channel: 'C0123456789', secretArn: arnOf('secretsmanager', 'secret:chat-AbCdEf') },
  ],
};

interface LambdaFunction {
  readonly Code: { readonly S3Bucket: string; readonly S3Key: string };
  readonly Handler: string;
  readonly Description?: string;
  readonly MemorySize?: number;
  readonly Timeout: number;
  readonly Environment?: { readonly Variables: Readonly<Record<string, unknown>> };
}

/**
 * The page's commands, word for word, by the real AWS CLI, in a shell that finds no Node. It asks AWS under its real names; a
 * proxy leads them to loopback. CloudFormation there makes no resources.
 */
where('the deployment without Node', () => {
  const folder = mkdtempSync(join(tmpdir(), 'without-node-'));
  const [packaging = '', removal = ''] = [...readPage('docs/template.md').matchAll(/```\n([^]*?)\n```/g)].map(
    ([, block = '']) => block,
  );
  let account: LoopbackAccount;
  let front: AwsFront;
  beforeAll(async () => {
    account = await startLoopbackAccount();
    front = await startAwsFront(account.url, LOOPBACK_REGION);
    // All that the shell finds. The CLI itself may be a script that needs more.
    mkdirSync(join(folder, 'bin'));
    for (const program of ['sh', 'tar', 'gzip']) symlinkSync(pathOf(program), join(folder, 'bin', program));
    const script = `#!/bin/sh\nPATH='${process.env.PATH}' exec '${aws}' "$@"\n`;
    writeFileSync(join(folder, 'bin', 'aws'), script, { mode: 0o755 });
  });
  afterAll(async () => {
    await front.stop();
    await account.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Makes the archive as a release does. */
  const release = (config?: object): void => {
    if (config !== undefined) writeFileSync(join(folder, 'my.json'), JSON.stringify(config));
    const options = config === undefined ? [] : [join(folder, 'my.json')];
    execFileSync(process.execPath, ['.ci/release-template.mjs', join(folder, 'template'), ...options], {
      stdio: 'pipe',
    });
    execFileSync('tar', ['-czf', 'roma-instance-history-template.tar.gz', 'template'], { cwd: folder });
    rmSync(join(folder, 'template'), { recursive: true });
  };
  const archive = join(folder, 'roma-instance-history-template.tar.gz');
  const shell = async (commands: string): Promise<string> => {
    const env = {
      ...front.environment,
      PATH: join(folder, 'bin'),
      HOME: folder,
      AWS_REGION: LOOPBACK_REGION,
      AWS_DEFAULT_REGION: LOOPBACK_REGION,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_REQUEST_CHECKSUM_CALCULATION: 'when_required',
      AWS_PAGER: '',
    };
    const child = spawn('/bin/sh', ['-ec', commands.replaceAll('BUCKET', 'artifacts')], { cwd: folder, env });
    let told = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (told += String(chunk)));
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`${commands}: ${told}`);
    return told;
  };
  const functions = (): [id: string, LambdaFunction][] =>
    Object.entries(account.stacks.get(STACK)!.template.Resources).flatMap(([id, { Type, Properties }]) =>
      Type === 'AWS::Lambda::Function' ? [[id, Properties as unknown as LambdaFunction]] : [],
    );
  const unpacked = (id: string, { Code }: LambdaFunction): string => {
    const uploaded = account.objects.get(`${Code.S3Bucket}/${Code.S3Key}`);
    if (uploaded === undefined) throw new Error(`${id}: ${Code.S3Bucket}/${Code.S3Key} was not uploaded`);
    const [zip, into] = [join(folder, `${id}.zip`), join(folder, 'code', id)];
    writeFileSync(zip, uploaded);
    rmSync(into, { recursive: true, force: true });
    execFileSync('/usr/bin/python3', ['-m', 'zipfile', '-e', zip, into]);
    return into;
  };
  /** What its code says to an event that holds nothing, with AWS on loopback. */
  const answerOf = async ({ Handler, Environment, MemorySize = 128, Timeout }: LambdaFunction, bundleDir: string) => {
    const module = readdirSync(bundleDir).join();
    if (module !== 'index.mjs') return `${module} for ${Handler}`;
    const environment = resolver(stack().template.Resources)(Environment?.Variables ?? {}) as Record<string, string>;
    const fn = { bundleDir, environment, policies: [], memorySize: MemorySize, timeoutSeconds: Timeout };
    const process = startFunction(fn, account.url);
    try {
      return JSON.stringify(await process.invoke({ Records: [] }));
    } catch (error) {
      return (error as Error).message;
    } finally {
      await process.stop();
    }
  };
  const stack = (): KeptStack => account.stacks.get(STACK)!;

  it('goes from a release to a stack, to all options, back, and away, as the page says', async () => {
    expect(packaging).toContain('aws cloudformation package');
    expect(await shell('command -v node npm npx cdk || echo none')).toBe('none\n');

    release();
    copyFileSync(archive, join(folder, 'kept.tar.gz'));
    const told = await shell(packaging);
    expect(told).toContain(`Successfully created/updated stack - ${STACK}`);
    expect(stack().status).toBe('CREATE_COMPLETE');
    expect(Object.keys(stack().outputs)).toContain('CredentialsSecretArn');
    const released = stack().template;
    expect(functions()).toHaveLength(4);
    // The same once more: the same archive gives the same code under the same keys.
    expect(await shell(packaging)).toContain('No changes to deploy');

    release(EVERY_OPTION);
    await shell(packaging);
    expect(stack().status).toBe('UPDATE_COMPLETE');
    expect(functions()).toHaveLength(6);
    const answers = await Promise.all(functions().map(async ([id, fn]) => answerOf(fn, unpacked(id, fn))));
    // Each tells what it lacks: an event of its own, credentials, or a table.
    expect(answers.toSorted()).toEqual(
      [
        '"<p>the event is not one of a CloudWatch dashboard',
        'DynamoDB_20120810.Query',
        'index.js for index.handler',
        'the event is not a sync request',
        'the secret holds no Huawei Cloud credentials',
        '{"batchItemFailures":[]}',
      ].map((text): unknown => expect.stringContaining(text)),
    );

    copyFileSync(join(folder, 'kept.tar.gz'), archive);
    await shell(packaging);
    expect(stack().template).toEqual(released);
    await shell(removal);
    expect([...account.stacks.keys()]).toEqual([]);
    expect(account.retained.toSorted()).toEqual(['AWS::DynamoDB::Table', 'AWS::SecretsManager::Secret']);
    expect([...front.asked].every((host) => host.endsWith('.amazonaws.com:443'))).toBe(true);
  });
});
