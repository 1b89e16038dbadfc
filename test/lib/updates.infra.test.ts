import { configSchema } from '../../lib/config';
import { templateOf } from '../support/stack';
import { lossesBetween, resourcesIn } from '../support/template-losses';

const tableArn = 'arn:aws:dynamodb:us-east-1:123456789012:table/restored';
const secretArn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:roma-AbCdEf';

/** Each option as it may be switched on, and what goes when it is switched on or off, by type. */
const OPTIONS: Readonly<Record<string, { value: unknown; on?: readonly string[]; off?: readonly string[] }>> = {
  orderedFeed: { value: true, off: ['AWS::SNS::Topic'] },
  discovery: { value: 'daily', off: ['AWS::Logs::LogGroup'] },
  // The function that draws into the dashboard, and what it logged.
  monitoring: { value: 'full', off: ['AWS::Logs::LogGroup'] },
  tracing: { value: true },
  targetAlarms: { value: true },
  timeline: { value: { targets: ['cn-north-4/106506b9a92342df9a5025fc12351cfc'], reservedConcurrency: 5 } },
  runbookUrl: { value: 'https://wiki.example.com/roma-runbook' },
  customerKey: { value: true, off: ['AWS::KMS::Key'] },
  formerKeys: { value: ['arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000'] },
  eventWriters: { value: [] },
  // What the function has logged.
  export: { value: { bucket: 'lake' }, off: ['AWS::Logs::LogGroup'] },
  architecture: { value: 'x86_64' },
  proxy: { value: 'http://proxy.example.com:3128' },
  vpc: { value: { id: 'vpc-0123456789abcdef0', subnetIds: ['subnet-0123456789abcdef0'] } },
  retention: { value: '400d' },
  archiveRetention: { value: '90d' },
  publishBaseline: { value: true },
  env: { value: { account: '123456789012', region: 'us-east-1' } },
  terminationProtection: { value: true },
  tags: { value: { team: 'platform' } },
  onDestroy: { value: 'delete' },
  // What the stack made until now is kept beside it.
  secretArn: { value: secretArn, on: ['AWS::SecretsManager::Secret'] },
  existingTable: {
    value: { arn: tableArn, streamArn: `${tableArn}/stream/2026-11-25T10:00:00.000` },
    // The mapping starts anew, at the beginning of the other stream.
    on: ['AWS::DynamoDB::Table', 'AWS::Lambda::EventSourceMapping'],
    off: ['AWS::Lambda::EventSourceMapping'],
  },
};
/** Options that say how much or where, switched together. */
const MEASURES = {
  every: '1h',
  memory: 1024,
  timeout: '10m',
  reservedConcurrency: 10,
  brakeReleaseAfter: '2d',
  logRetentionDays: 30,
  alarmTopicArn: 'arn:aws:sns:us-east-1:123456789012:operations',
  dashboard: true,
  attribution: 'pseudonymous',
  credentials: {
    type: 'oidc',
    providerUrn: 'iam::d78cbac186b744899480f25bd022f468:oidcProvider:aws',
    agencyUrn: 'iam::d78cbac186b744899480f25bd022f468:agency:roma-history',
    audience: 'roma-history',
  },
  extraCaFile: 'test/support/roma/loopback-certificate.pem',
  discovery: 'daily',
  exclude: ['cn-north-4/another-project-of-ours'],
  iamEndpoint: 'https://iam.example.com',
};
const subscriptions = [
  { name: 'ops', type: 'email', address: 'ops@example.com' },
  { name: 'changes', type: 'sqs' },
  { name: 'hook', type: 'webhook', url: 'https://hooks.example.com/roma' },
];
const resourcesOf = (config: object) => resourcesIn(templateOf({ subscriptions, ...config }));
const everything = Object.fromEntries(Object.entries(OPTIONS).map(([name, { value }]) => [name, value]));

/** The types of what an update costs. Nobody misses what the step that protects the table has logged. */
function lost(before: ReturnType<typeof resourcesOf>, after: ReturnType<typeof resourcesOf>): string[] {
  return lossesBetween(before, after)
    .filter((id) => !id.includes('ProtectionLog'))
    .map((id) => before[id]!.Type)
    .toSorted();
}

describe.each(Object.entries(OPTIONS))('the option %s', (name, { value, on = [], off = [] }) => {
  it('costs nothing but its own when it is switched on and off, alone', () => {
    expect(lost(resourcesOf({}), resourcesOf({ [name]: value }))).toEqual(on);
    expect(lost(resourcesOf({ [name]: value }), resourcesOf({}))).toEqual(off);
  });

  it('costs nothing but its own when it is switched on and off beside all others', () => {
    const { [name]: _without, ...others } = everything;
    expect(lost(resourcesOf(others), resourcesOf(everything))).toEqual(on);
    expect(lost(resourcesOf(everything), resourcesOf(others))).toEqual(off);
  });
});

it('options that say how much or where cost nothing but what they take the place of', () => {
  expect(lost(resourcesOf({}), resourcesOf(MEASURES))).toEqual(['AWS::SecretsManager::Secret']);
  // Logs of the discovery and the dashboard, and the key of pseudonyms, which is kept beside the stack.
  expect(lost(resourcesOf(MEASURES), resourcesOf({}))).toEqual([
    'AWS::Logs::LogGroup',
    'AWS::Logs::LogGroup',
    'AWS::SecretsManager::Secret',
  ]);
});

it('every option is switched here, but the name of the stack, and targets and subscriptions, which have tests of their own', () => {
  const switched = [...Object.keys(OPTIONS), ...Object.keys(MEASURES), 'stackName', 'targets', 'subscriptions'];
  expect(Object.keys(configSchema.shape).filter((name) => !switched.includes(name))).toEqual([]);
});

it('what an update takes out of the stack and cannot be made again is kept', () => {
  const before = resourcesOf({ customerKey: true });
  const after = resourcesOf({ secretArn, existingTable: OPTIONS.existingTable!.value });
  const kept = lossesBetween(before, after)
    .map((id) => before[id]!)
    .filter(({ Type }) => !['AWS::Lambda::EventSourceMapping', 'AWS::Logs::LogGroup'].includes(Type));
  // Not after a first deployment that failed: then nothing is worth keeping.
  expect(kept.map(({ Type, DeletionPolicy }) => `${Type} ${DeletionPolicy}`).toSorted()).toEqual([
    'AWS::DynamoDB::Table RetainExceptOnCreate',
    'AWS::KMS::Key RetainExceptOnCreate',
    'AWS::SecretsManager::Secret RetainExceptOnCreate',
  ]);
});
