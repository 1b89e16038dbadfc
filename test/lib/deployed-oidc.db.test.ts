import { type RomaSimulator, SEED_PROJECT, startRomaSimulator } from '../support/roma-simulator';
import { readSyncConfig } from '../../lambda/config';
import { ENV } from '../../lambda/contract';
import { type AwsRecorder, startAwsRecorder } from '../support/aws-recorder';
import { type FunctionProcess, startFunction } from '../support/deployed-process';
import { arn, type DeployedStack, deployStack } from '../support/deployed-stack';
import { anyEngine, createTestTable, type TestTable } from '../support/engines';
import { denied, granted, type Permission, permissionsOf } from '../support/permissions';
import {
  AGENCY_URN,
  AUDIENCE,
  type OidcProvider,
  PROVIDER_URN,
  startOidcProvider,
} from '../support/roma/oidc-provider';

const TARGET = { region: 'cn-north-4', projectId: SEED_PROJECT.id };
const credentials = { type: 'oidc', providerUrn: PROVIDER_URN, agencyUrn: AGENCY_URN, audience: AUDIENCE };

let table: TestTable;
let provider: OidcProvider;
let roma: RomaSimulator;
let aws: AwsRecorder;
let stack: DeployedStack;
let sync: FunctionProcess;

beforeAll(async () => {
  table = await createTestTable(anyEngine());
  provider = await startOidcProvider(Date.now);
  roma = await startRomaSimulator({ trust: provider.trust });
  aws = await startAwsRecorder({
    dynamodb: table.endpoint,
    secrets: {},
    sign: async (audience) => provider.sign({ aud: audience }),
  });
  stack = deployStack(
    { targets: [{ ...TARGET, endpoint: roma.endpoint }], discovery: 'daily', credentials },
    {
      tableName: table.tableName,
      secretArn: 'there is none',
      busName: 'history-bus',
      queueUrl: `${aws.url}/000000000000/history-failures`,
      queueArn: arn('sqs', 'history-failures'),
      topicArn: arn('sns', 'none'),
    },
  );
  sync = startFunction(stack.functionOf('sync'), aws.url);
}, 120_000);

afterAll(async () => {
  await Promise.all([sync?.stop(), aws?.stop(), roma?.stop()]);
  stack?.dispose();
  table?.close();
});

const signing = (entry: 'sync' | 'discovery'): Permission[] =>
  granted(stack.functionOf(entry).policies).filter(({ action }) => action.startsWith('sts:'));

describe('a deployed stack without a key', () => {
  it('records with the tokens that AWS signs for its role, and reads no secret', async () => {
    expect(await sync.invoke(stack.requests[0])).toMatchObject({ outcome: 'changed', baseline: 1 });
    expect(await sync.invoke(stack.requests[0])).toMatchObject({ outcome: 'unchanged' });
    expect(aws.calls.filter(({ service }) => service === 'sts')).toHaveLength(1);
    expect(aws.calls.some(({ service }) => service === 'secretsmanager')).toBe(false);
    const [exchange] = roma.requests;
    expect(exchange?.path).toBe('/v5/agencies/assume-with-oidc');
    for (const secret of [...provider.tokens, ...roma.issuedSecrets()]) expect(sync.log()).not.toContain(secret);
  });

  it('has roles that allow exactly this call', async () => {
    const { policies } = stack.functionOf('sync');
    const called = aws.calls.flatMap(permissionsOf);
    expect(await denied(policies, called)).toEqual([]);
    expect(signing('sync')).toEqual([{ action: 'sts:GetWebIdentityToken', resource: '*' }]);
    expect(signing('discovery')).toEqual(signing('sync'));
  });

  it.each([
    ['for another audience', { 'sts:IdentityTokenAudience': ['someone-else'] }],
    ['for another audience beside its own', { 'sts:IdentityTokenAudience': [AUDIENCE, 'someone-else'] }],
    ['for no audience', { 'sts:IdentityTokenAudience': undefined }],
    ['of another algorithm', { 'sts:SigningAlgorithm': 'ES384' }],
    ['that lives for longer', { 'sts:DurationSeconds': '301' }],
  ])('is refused a token %s', async (_, changed) => {
    const context = {
      'sts:IdentityTokenAudience': [AUDIENCE],
      'sts:SigningAlgorithm': 'RS256',
      'sts:DurationSeconds': '300',
    };
    const asked = (changes: object): Permission => ({
      action: 'sts:GetWebIdentityToken',
      resource: '*',
      context: JSON.parse(JSON.stringify({ ...context, ...changes })) as Record<string, string | string[]>,
    });
    const { policies } = stack.functionOf('discovery');
    expect(await denied(policies, [asked({})])).toEqual([]);
    expect(await denied(policies, [asked(changed)])).toHaveLength(1);
  });

  it('tells its functions what they parse, name by name', () => {
    const { environment } = stack.functionOf('sync');
    const { type: _type, ...trust } = credentials;
    expect(readSyncConfig(environment)).toMatchObject({ trust, session: 'Deployed' });
    expect(environment).not.toHaveProperty(ENV.secretArn);
    const { [ENV.trust]: _left, ...others } = environment;
    expect(() => readSyncConfig(others)).toThrow(/CREDENTIALS_SECRET_ARN or OIDC_TRUST is needed/);
    expect(() => readSyncConfig({ ...others, [ENV.trust]: '{}' })).toThrow(/OIDC_TRUST: must be the trust/);
  });
});
