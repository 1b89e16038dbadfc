import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { type AwsRecorder, startAwsRecorder } from '../../support/aws-recorder';
import { type FunctionProcess, startFunction } from '../../support/deployed-process';
import { arn, type DeployedStack, deployStack } from '../../support/deployed-stack';
import { anyEngine, createTestTable, type TestTable } from '../../support/engines';

interface Assertion {
  readonly Type: string;
  readonly Properties: { readonly expected: string; readonly parameters: Readonly<Record<string, string>> };
}

const SECRET = arn('secretsmanager', 'secret:history-AbCdEf');
const out = mkdtempSync(join(tmpdir(), 'integ-'));
let table: TestTable;
let aws: AwsRecorder;
let stack: DeployedStack;
let sync: FunctionProcess;
afterAll(async () => {
  await Promise.all([sync?.stop(), aws?.stop()]);
  stack?.dispose();
  table?.close();
  rmSync(out, { recursive: true });
});

const assertionOf = (type: string): Assertion['Properties'] => {
  const file = readdirSync(out).find((name) => /DeployAssert.*\.template\.json$/.test(name))!;
  const { Resources } = JSON.parse(readFileSync(join(out, file), 'utf8')) as { Resources: Record<string, Assertion> };
  return Object.values(Resources).find(({ Type }) => Type.endsWith(type))!.Properties;
};

it('the app of the integration test is synthesized as integ-runner runs it', () => {
  const context = { 'aws:cdk:bundling-stacks': [] };
  const { status, stderr } = spawnSync(
    process.execPath,
    [require.resolve('tsx/cli'), 'test/infra/integ/integ.instance-history.ts'],
    { env: { ...process.env, CDK_CONTEXT_JSON: JSON.stringify(context), CDK_OUTDIR: out }, encoding: 'utf8' },
  );
  expect([status, stderr.replaceAll(/^.*WARN.*$/gm, '').trim()]).toEqual([0, '']);
  const { testCases } = JSON.parse(readFileSync(join(out, 'integ.json'), 'utf8')) as { testCases: object };
  expect(Object.values(testCases)).toEqual([expect.objectContaining({ stacks: ['RomaHistoryInteg'] })]);
}, 60_000);

it('what it asserts of a real account is what the bundled function does with an embedded table', async () => {
  const run = assertionOf('SdkCallLambdainvoke');
  const request = JSON.parse(JSON.parse(run.parameters.Payload!) as string) as {
    endpoint: string;
    iamEndpoint: string;
  };
  table = await createTestTable(anyEngine());
  const keys = { HUAWEICLOUD_SDK_AK: 'INTEGRATIONTESTKEY00', HUAWEICLOUD_SDK_SK: 'INTEGRATIONTESTKEY00' };
  aws = await startAwsRecorder({ dynamodb: table.endpoint, secrets: { [SECRET]: JSON.stringify(keys) } });
  stack = deployStack(
    { targets: [{ region: 'cn-north-4', projectId: 'integ-test-of-roma-instance-history' }], timeout: '1m' },
    {
      tableName: table.tableName,
      secretArn: SECRET,
      busName: 'history-bus',
      queueUrl: `${aws.url}/000000000000/history-failures`,
      queueArn: arn('sqs', 'history-failures'),
      topicArn: arn('sns', 'none'),
    },
  );
  sync = startFunction(stack.functionOf('sync'), aws.url);
  const { name, message } = await sync.invoke(request).then(
    () => ({ name: 'none', message: '' }),
    (error: Error) => error,
  );
  const { $ObjectLike: wanted } = JSON.parse(run.expected) as { $ObjectLike: { Payload: { $StringLike: string } } };
  expect(JSON.stringify({ errorType: name, errorMessage: message })).toMatch(new RegExp(wanted.Payload.$StringLike));

  const head = assertionOf('SdkCallDynamoDBgetItem');
  const Key = JSON.parse(head.parameters.Key!) as Record<string, { S: string }>;
  const found = await table.raw.send(new GetItemCommand({ TableName: table.tableName, Key }));
  expect(found).toMatchObject((JSON.parse(head.expected) as { $ObjectLike: object }).$ObjectLike);
}, 120_000);
