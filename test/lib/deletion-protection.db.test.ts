import { DeleteTableCommand, DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { EventEmitter } from 'node:events';
import https from 'node:https';
import { dirname, join } from 'node:path';
import { onEachEngine, createTestTable, type TestTable } from '../support/engines';
import { resourcesOf, templateOf } from '../support/stack';

const cdk = dirname(require.resolve('aws-cdk-lib/package.json'));
/** What the CDK uploads for the step, with the SDK of this checkout in place of Lambda's. */
const { handler } = require(
  join(cdk, 'custom-resource-handlers/dist/custom-resources/aws-custom-resource-handler/index.js'),
) as { readonly handler: (event: object, context: object) => Promise<void> };

onEachEngine('the step that protects the table', (engine) => {
  let table: TestTable;
  const environment = { ...process.env };
  beforeAll(async () => {
    table = await createTestTable(engine);
    const aws = { AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
    Object.assign(process.env, { ...aws, AWS_ENDPOINT_URL_DYNAMODB: table.endpoint });
  });
  afterAll(() => {
    process.env = environment;
    table.close();
  });
  afterEach(() => jest.restoreAllMocks());

  /** What CloudFormation is told: its answers go to a bucket of its own, which cannot be had here. */
  async function told(RequestType: string, name = table.tableName): Promise<{ Status: string; Reason: string }> {
    let answer = '';
    jest.spyOn(console, 'log').mockReturnValue();
    jest.spyOn(https, 'request').mockImplementation(((_options: object, done: () => void) =>
      Object.assign(new EventEmitter(), {
        write: (text: string) => (answer += text),
        end: () => done(),
      })) as unknown as typeof https.request);
    const [step] = resourcesOf(templateOf(), 'Custom::DeletionProtection');
    const resolved = Object.entries(step!.Properties).map(([property, value]) => {
      const join = (value as { 'Fn::Join'?: [string, (string | object)[]] })['Fn::Join'];
      return [property, join?.[1].map((part) => (typeof part === 'string' ? part : name)).join('') ?? String(value)];
    });
    const ids = { StackId: 's', RequestId: 'r', LogicalResourceId: 'l', PhysicalResourceId: 'deletion-protection' };
    const event = {
      RequestType,
      ...ids,
      ResponseURL: 'https://answers.example.com/',
      ResourceProperties: Object.fromEntries(resolved) as object,
    };
    await handler(event, { logStreamName: 'log' });
    return JSON.parse(answer) as { Status: string; Reason: string };
  }
  const isProtected = async (): Promise<unknown> =>
    (await table.raw.send(new DescribeTableCommand({ TableName: table.tableName }))).Table?.DeletionProtectionEnabled;

  it('protects it when the stack is made, or updated from a release that protected it from the start', async () => {
    expect(await isProtected()).toBe(false);
    expect(await told('Create')).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'deletion-protection' });
    expect(await isProtected()).toBe(true);
    await expect(table.raw.send(new DeleteTableCommand({ TableName: table.tableName }))).rejects.toThrow(/protect/i);
    expect(await told('Create')).toMatchObject({ Status: 'SUCCESS' });
    expect(await isProtected()).toBe(true);
  });

  it('leaves it protected when it goes with its stack', async () => {
    expect(await told('Delete')).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'deletion-protection' });
    expect(await isProtected()).toBe(true);
  });

  it('fails the deployment when the table cannot be protected', async () => {
    expect(await told('Create', 'no-such-table')).toMatchObject({ Status: 'FAILED' });
  });
});
