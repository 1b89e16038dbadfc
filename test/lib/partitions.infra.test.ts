import { AwsSolutionsChecks } from 'cdk-nag';
import { resourcesOf, stackOf, templateOf } from '../support/stack';

const everything = {
  orderedFeed: true,
  discovery: 'daily',
  customerKey: true,
  subscriptions: [
    { name: 'ops', type: 'email', address: 'ops@example.com' },
    { name: 'changes', type: 'sqs' },
    { name: 'hook', type: 'webhook', url: 'https://hooks.example.com/roma' },
  ],
};

describe.each([
  ['aws', 'eu-central-1'],
  ['aws-cn', 'cn-north-1'],
  ['aws-us-gov', 'us-gov-west-1'],
])('in the partition %s', (partition, region) => {
  // The rules with which the CDK validates a template know no API destinations in GovCloud: synthesis refuses them there.
  const subscriptions = everything.subscriptions.filter(({ name }) => name !== 'hook' || partition !== 'aws-us-gov');
  const config = { ...everything, subscriptions, env: { account: '123456789012', region } };

  it('every ARN and address is of the partition', () => {
    const text = JSON.stringify((templateOf(config).toJSON() as { Resources: object }).Resources);
    const arns = [...text.matchAll(/arn:(aws[a-z-]*):/g)].map(([, of]) => of);
    expect(new Set(arns)).toEqual(new Set([partition]));
    // Principals of services have this name in every partition. What the CDK itself says of Secrets Manager in the policy
    // of a key is needless, because the key lets the account decide.
    const addresses = [...text.matchAll(/[a-z0-9.-]+\.amazonaws\.com(\.cn)?/g)].map(([address]) => address);
    expect(
      addresses.filter(
        (address) => !/^(events|lambda|scheduler|secretsmanager\.[a-z0-9-]+)\.amazonaws\.com$/.test(address),
      ),
    ).toEqual([]);
    expect(text).not.toContain('aws.amazon.com/');
  });

  it('the stack is clean by the AwsSolutions rules of cdk-nag', () => {
    const { app, stack } = stackOf(config);
    expect(new AwsSolutionsChecks(app).validateScope(stack).violations).toEqual([]);
  });
});

it('the address of the dashboard is that of the console of the partition, also where that is not known yet', () => {
  const { Mappings, Outputs } = templateOf().toJSON() as { Mappings: object; Outputs: { DashboardUrl: object } };
  expect(Object.values(Mappings)).toContainEqual({
    aws: { host: 'console.aws.amazon.com' },
    'aws-cn': { host: 'console.amazonaws.cn' },
    'aws-us-gov': { host: 'console.amazonaws-us-gov.com' },
  });
  expect(JSON.stringify(Outputs.DashboardUrl)).toMatch(/"Fn::FindInMap":\["\w+",\{"Ref":"AWS::Partition"\},"host"\]/);
});

it.each([
  [undefined, 'arm64'],
  ['x86_64', 'x86_64'],
])('with the architecture %s, every function runs on %s', (architecture, expected) => {
  const functions = resourcesOf(templateOf({ ...everything, architecture }), 'AWS::Lambda::Function');
  expect(functions).toHaveLength(4);
  for (const { Properties } of functions) expect(Properties.Architectures).toEqual([expected]);
});

it('pins, protection against deletion and tags reach the stack', () => {
  const { stack } = stackOf({
    env: { account: '123456789012', region: 'eu-central-1' },
    terminationProtection: true,
    tags: { team: 'platform' },
  });
  expect([stack.account, stack.region, stack.terminationProtection]).toEqual(['123456789012', 'eu-central-1', true]);
  expect(stack.tags.tagValues()).toEqual({ team: 'platform' });
});
