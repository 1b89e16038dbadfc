import * as dynamodb from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import * as secretsmanager from '@aws-sdk/client-secrets-manager';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'shell-quote';
import { dynamodbClientConfig, loopbackConfig } from '../../lambda/dynamodb/client';
import { type FunctionProcess, startFunction } from '../support/deployed-process';
import { readPage, PAGE } from '../support/documents';
import { anyEngine, endpointOf } from '../support/engines';
import { type EventBus, startEventBus } from '../support/event-bus';
import { type LoopbackAccount, startLoopbackAccount } from '../support/loopback-account';
import { runOnLoopback } from '../support/loopback-commands';
import {
  type RomaSimulator,
  SEED_INSTANCE,
  SEED_PROJECT,
  seedFleet,
  startRomaSimulator,
} from '../support/roma-simulator';
import { startStreamPump } from '../support/stream-pump';

// Six runs of the CDK command, on a machine that may be busy.
jest.setTimeout(600_000);

/** The one of Debian 12, 2.9, is older than protection against deletion, and does not read AWS_ENDPOINT_URL. */
const hasAwsCli = /^aws-cli\/(?:1\.(?:29|[3-9]\d)|2\.(?:1[3-9]|[2-9]\d))\./.test(
  String(spawnSync('aws', ['--version']).stdout),
);

/** What the command line of AWS would send, where it is not installed. */
async function sendAs([service, operation = '', ...options]: readonly string[], endpoint: string): Promise<string> {
  const inCapitals = (words: string): string =>
    words.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const input: Record<string, string | boolean> = {};
  for (const [index, option] of options.entries()) {
    const [, no, name] = /^--(no-)?(.+)$/.exec(option) ?? [];
    const value = options[index + 1] ?? '';
    if (no !== undefined) input[inCapitals(name!)] = false;
    else if (name !== undefined)
      input[inCapitals(name)] = value.startsWith('file://') ? readFileSync(value.slice(7), 'utf8') : value;
  }
  const sdk = (service === 'dynamodb' ? dynamodb : secretsmanager) as unknown as Readonly<
    Record<string, new (input: object) => { send(command: object): Promise<object> }>
  >;
  const client = new sdk[service === 'dynamodb' ? 'DynamoDBClient' : 'SecretsManagerClient']!({
    ...loopbackConfig(endpoint),
  });
  return JSON.stringify(await client.send(new sdk[`${inCapitals(operation)}Command`]!(input)));
}

/** What the section of a page shows as commands, in order, and the file that it shows. */
function section(heading: string): { commands: string[]; file: string } {
  const [, text = ''] = new RegExp(`\n#+ ${heading}\n([^]*?)\n##+ `).exec(readPage(PAGE.start)) ?? [];
  const commands = [...text.matchAll(/`((?:npx cdk|npm run) [^`]+)`|^ *((?:npm ci|aws) (?:[^\n]*\\\n)*.*)$/gm)];
  return {
    commands: commands.map(([, inline, block = '']) => inline ?? block.replaceAll(/\\\n\s*/g, '')),
    file: /```json\n\s*(\{.*\})\n/.exec(text)?.[1] ?? '',
  };
}

/**
 * The README's deployment, word for word, by the real commands: those of the CDK, of this project, and of AWS where a command line
 * of it that is new enough is installed. CloudFormation is one on loopback. The table that it makes is one of the embedded database, the
 * functions are those that were uploaded, and ROMA Connect is the simulator.
 *
 * Left out: `npm ci`, because it would replace the packages from which this test runs; the deletion of a key that this
 * configuration does not have; and the time until a schedule starts the first run, which the test starts itself. EventBridge Scheduler would
 * give the run no other address of ROMA Connect than the public one, so the test does.
 */
describe('the deployment of the README', () => {
  const folder = mkdtempSync(join(tmpdir(), 'readme-'));
  const fleet = seedFleet();
  const functions: FunctionProcess[] = [];
  const database = endpointOf(anyEngine())!;
  let account: LoopbackAccount;
  let roma: RomaSimulator;
  let bus: EventBus;
  beforeAll(async () => {
    [account, roma] = await Promise.all([startLoopbackAccount(database), startRomaSimulator({ fleet })]);
  });
  afterAll(async () => {
    await Promise.all([...functions.map(async (fn) => fn.stop()), account.stop(), roma.stop(), bus?.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  const run = async (command: string): Promise<string> => {
    const words = parse(command.replace('my.json', join(folder, 'my.json')).replace('file://', `file://${folder}/`));
    const [program = '', ...args] = words.filter((word) => typeof word === 'string');
    if (program === 'aws' && !hasAwsCli) return sendAs(args, account.url);
    return runOnLoopback([program, ...args], { url: account.url, folder });
  };

  /** A function as it was uploaded, with the environment of the template. */
  function deployed(output: string): FunctionProcess {
    const { outputs, template } = account.stacks.get('RomaInstanceHistory')!;
    const id = outputs[output]!;
    const [properties] = account.resources
      .all('AWS::Lambda::Function')
      .flatMap((made) => (made.id === id ? [made.properties] : []));
    const { Environment, MemorySize, Timeout } = properties as {
      Environment: { Variables: Record<string, string> };
      MemorySize: number;
      Timeout: number;
    };
    const bundleDir = join(folder, 'cdk.out', String(template.Resources[id]!.Metadata!['aws:asset:path']));
    const about = { policies: [], memorySize: MemorySize, timeoutSeconds: Timeout };
    const fn = startFunction({ bundleDir, environment: Environment.Variables, ...about }, account.url);
    functions.push(fn);
    return fn;
  }

  /** What EventBridge Scheduler would invoke the function with. */
  function firstRun(): object {
    const [schedule] = account.resources.all('AWS::Scheduler::Schedule');
    const { Input } = schedule!.properties.Target as { Input: string };
    return { ...(JSON.parse(Input) as object), endpoint: roma.endpoint, iamEndpoint: roma.endpoint };
  }

  /** The tables of the stack, in a database that other tests use as well. */
  async function tables(): Promise<string[]> {
    const client = new dynamodb.DynamoDBClient(dynamodbClientConfig(loopbackConfig(database)));
    const found: string[] = [];
    for await (const { TableNames = [] } of dynamodb.paginateListTables({ client }, {})) found.push(...TableNames);
    client.destroy();
    return found.filter((name) => name.startsWith('InstanceHistory'));
  }

  /** Delivers what is in the stream of the table to the publisher. */
  async function publish(tableName: string, publisher: FunctionProcess): Promise<void> {
    const streams = new DynamoDBStreamsClient(loopbackConfig(database));
    const client = new dynamodb.DynamoDBClient(dynamodbClientConfig(loopbackConfig(database)));
    const { Table } = await client.send(new dynamodb.DescribeTableCommand({ TableName: tableName }));
    const [mapping] = account.resources.all('AWS::Lambda::EventSourceMapping');
    const { Filters } = mapping!.properties.FilterCriteria as { Filters: { Pattern: string }[] };
    const pump = await startStreamPump({
      streams,
      streamArn: Table!.LatestStreamArn!,
      filters: Filters.map(({ Pattern }) => JSON.parse(Pattern) as never),
      handler: async (event) => (await publisher.invoke(event)) as never,
    });
    await pump.drained();
    await pump.stop();
    streams.destroy();
    client.destroy();
  }

  it('goes from an empty account to a stack that records, an update and back, leaving what it says', async () => {
    const { commands: first, file } = section('Deploy in five steps');
    const { commands: update } = section('Update');
    const { commands: last } = section('Destroy');
    const [bootstrap, deploy, fill, doctor] = first as [string, string, string, string];
    const [npmCi, diff, deployAgain] = update.flatMap((line) => line.split(' && '));
    const [destroy, unprotect, deleteTable, deleteSecret, deleteKey] = last as [string, string, string, string, string];
    expect([bootstrap, deploy, npmCi, diff, deployAgain, destroy]).toEqual([
      'npx cdk bootstrap',
      'npx cdk deploy -c config=my.json',
      'npm ci',
      'npx cdk diff -c config=my.json',
      'npx cdk deploy -c config=my.json',
      'npx cdk destroy -c config=my.json',
    ]);
    expect(deleteKey).toMatch(/^aws kms .* only with "customerKey"/);
    expect([first.length, update.length, last.length]).toEqual([4, 1, 5]);

    // 1. Bootstrap
    await run(bootstrap);
    expect([...account.stacks.keys()]).toEqual(['CDKToolkit']);

    // 2. Configure, 3. Deploy. A first deployment that fails leaves nothing, and is repeated with the same command.
    writeFileSync(join(folder, 'my.json'), file);
    account.resources.failing = 'AWS::CloudWatch::Alarm';
    await expect(run(deploy)).rejects.toThrow(/ROLLBACK_COMPLETE/);
    expect([account.retained, await tables(), account.resources.secrets.size]).toEqual([[], [], 0]);
    account.resources.failing = undefined;
    const told = await run(deploy);
    expect(account.stacks.get('RomaInstanceHistory')?.status).toBe('CREATE_COMPLETE');
    const output = (name: string): string => new RegExp(`RomaInstanceHistory\\.${name} = (\\S+)`).exec(told)![1]!;
    const withOutputs = (command: string): string => command.replace(/<(\w+)>/, (_, name: string) => output(name));
    bus = await startEventBus({ busName: output('EventBusName') });
    account.resources.bus = bus.endpoint;

    // 4. Fill the secret. Until then every run fails and says why.
    const sync = deployed('SyncFunctionName');
    await expect(sync.invoke(firstRun())).rejects.toThrow(/HUAWEICLOUD_SDK_AK/);
    const [, names] = /# (\{.*\}); then delete the file$/.exec(fill)!;
    const { accessKey, secretKey } = roma.account;
    const secret = join(folder, 'secret.json');
    writeFileSync(secret, names!.replace('…', accessKey).replace('…', secretKey));
    await run(withOutputs(fill));
    rmSync(secret);

    // 5. Watch the first run.
    const before = await run(doctor);
    expect(before).toMatch(/targets: none is recorded yet\n +fix: /);
    await sync.invoke(firstRun());
    const after = await run(doctor);
    expect(after).toMatch(/completed \d+ s ago[^]*nothing is wrong/);
    const publisher = deployed('PublishFunctionName');
    await publish(output('HistoryTableName'), publisher);
    const log = `npm run cli -- log ${SEED_INSTANCE.id} --stack RomaInstanceHistory`;
    expect(await run(log)).toMatch(/v1 +baseline +RUNNING/);
    expect(bus.events).toEqual([]);
    // What changes later is published.
    fleet.change(SEED_PROJECT.id, SEED_INSTANCE.id, { status: 'ERROR' });
    await sync.invoke(firstRun());
    await publish(output('HistoryTableName'), publisher);
    expect(bus.events).toHaveLength(1);

    // Update
    expect(await run(diff!)).toContain('There were no differences');
    expect(await run(deployAgain!)).toContain('(no changes)');

    // Destroy
    await run(destroy);
    expect([...account.stacks.keys()]).toEqual(['CDKToolkit']);
    expect(account.retained.toSorted()).toEqual(['AWS::DynamoDB::Table', 'AWS::SecretsManager::Secret']);
    await run(withOutputs(deleteTable)).then(
      () => expect('the table').toBe('protected'),
      (error: Error) => expect(error.message).toMatch(/protect/i),
    );
    for (const command of [unprotect, deleteTable, deleteSecret]) await run(withOutputs(command));
    expect([await tables(), account.resources.secrets.size]).toEqual([[], 0]);
  });
});
