import { type AwsRecorder, startAwsRecorder } from '../support/aws-recorder';
import { type FunctionProcess, startFunction } from '../support/deployed-process';
import { arn, type DeployedFunction, type DeployedStack, deployStack } from '../support/deployed-stack';
import { anyEngine, createTestTable, type TestTable } from '../support/engines';
import { headItems, itemsOf, TARGET, versionsOf, writeItems } from '../support/history-rows';
import { denied, distinct, granted, permissionsOf } from '../support/permissions';
import { startS3 } from '../support/s3';

const SECRET = arn('secretsmanager', 'secret:history-AbCdEf');
const DAY = 86_400_000;
/** The function has the clock of the machine. */
const at = (days: number): string => new Date(Date.now() - days * DAY).toISOString();

let table: TestTable;
let s3: Awaited<ReturnType<typeof startS3>>;
let aws: AwsRecorder;
let stack: DeployedStack;
let fn: DeployedFunction;
let exporter: FunctionProcess;

beforeAll(async () => {
  [table, s3] = await Promise.all([createTestTable(anyEngine()), startS3()]);
  const snapshot = { id: 'e346', name: 'roma-prod' };
  await writeItems(table, [
    ...headItems({ completedObservedAt: at(0) }, TARGET),
    ...itemsOf(
      versionsOf([
        { at: at(9), snapshot: { ...snapshot, status: 'RUNNING' } },
        { at: at(2), snapshot: { ...snapshot, status: 'ERROR' } },
      ]),
    ),
  ]);
  const config = { targets: [TARGET], export: { bucket: 'lake', prefix: 'roma/' } };
  const names = { busName: 'b', queueUrl: 'q', queueArn: 'q', topicArn: 't', secretArn: SECRET };
  stack = deployStack(config, { ...names, tableName: table.tableName });
  fn = stack.functionOf('export');
  aws = await startAwsRecorder({ dynamodb: table.endpoint, s3: s3.endpoint, secrets: {} });
  exporter = startFunction(fn, aws.url);
}, 120_000);

afterAll(async () => {
  await Promise.all([exporter?.stop(), aws?.stop(), s3?.stop()]);
  stack?.dispose();
  table?.close();
});

it('the deployed export writes Parquet below its prefix', async () => {
  const { keys } = (await exporter.invoke({})) as { keys: string[] };
  expect(keys).toHaveLength(9);
  expect([...s3.objects.keys()]).toEqual(keys.map((key) => `lake/${key}`));
  for (const [key, bytes] of s3.objects) {
    expect(key).toMatch(/^lake\/roma\/(changes|spans|fleet)\/date=\d{4}-\d\d-\d\d\/\1\.parquet$/);
    expect(bytes.subarray(0, 4).toString()).toBe('PAR1');
  }
});

it('the deployed export may do what it has done, and nothing else', async () => {
  const called = aws.calls.flatMap(permissionsOf);
  expect(await denied(fn.policies, called)).toEqual([]);
  const actionsOf = (texts: readonly string[]): string[] =>
    [...new Set(texts.map((text) => text.split(' ')[0]!))].filter((action) => !action.startsWith('logs:')).toSorted();
  expect(actionsOf(distinct(granted(fn.policies)))).toEqual(actionsOf(distinct(called)));
  const forbidden = [
    { action: 's3:PutObject', resource: 'arn:aws:s3:::lake/other/x' },
    { action: 's3:PutObject', resource: 'arn:aws:s3:::another/roma/x' },
    { action: 's3:GetObject', resource: 'arn:aws:s3:::lake/roma/x' },
    { action: 's3:DeleteObject', resource: 'arn:aws:s3:::lake/roma/x' },
    { action: 'dynamodb:PutItem', resource: arn('dynamodb', `table/${table.tableName}`) },
  ];
  expect(await denied(fn.policies, forbidden)).toEqual(forbidden);
});
