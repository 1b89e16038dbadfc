import { Template } from 'aws-cdk-lib/assertions';
import { ManagedPolicy, PermissionsBoundary } from 'aws-cdk-lib/aws-iam';
import { AwsSolutionsChecks } from 'cdk-nag';
import { resourcesOf, stackOf, templateOf } from '../support/stack';

const everything = {
  monitoring: 'full',
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
  const { Mappings, Outputs } = templateOf({ dashboard: true }).toJSON() as {
    Mappings: object;
    Outputs: { DashboardUrl: object };
  };
  expect(Object.values(Mappings)).toContainEqual({
    aws: { host: 'console.aws.amazon.com' },
    'aws-cn': { host: 'console.amazonaws.cn' },
    'aws-us-gov': { host: 'console.amazonaws-us-gov.com' },
  });
  expect(JSON.stringify(Outputs.DashboardUrl)).toMatch(/"Fn::FindInMap":\["\w+",\{"Ref":"AWS::Partition"\},"host"\]/);
});

/** All but the CDK's, which protects the table once, talks to AWS only, and is in no network of ours. */
const ownFunctions = (template: Template) =>
  resourcesOf(template, 'AWS::Lambda::Function').filter(({ logicalId }) => !logicalId.startsWith('AWS679f53fa'));

it.each([
  [undefined, 'arm64'],
  ['x86_64', 'x86_64'],
])('with the architecture %s, every function of the history runs on %s', (architecture, expected) => {
  const functions = ownFunctions(templateOf({ ...everything, architecture }));
  expect(functions).toHaveLength(4);
  for (const { Properties } of functions) expect(Properties.Architectures).toEqual([expected]);
});

describe('the network of the functions', () => {
  const network = {
    vpc: { id: 'vpc-0123456789abcdef0', subnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'] },
    proxy: 'http://proxy.example.com:3128',
  };

  it('is a VPC, which they may join, and a proxy, where both are given', () => {
    const { app, stack } = stackOf({ ...everything, ...network });
    const functions = ownFunctions(templateOf({ ...everything, ...network }));
    expect(functions).toHaveLength(4);
    for (const { Properties } of functions) {
      expect(Properties.VpcConfig).toMatchObject({ SubnetIds: network.vpc.subnetIds });
      expect(Properties).toMatchObject({ Environment: { Variables: { HTTPS_PROXY: network.proxy } } });
    }
    const policies = resourcesOf(templateOf({ ...everything, ...network }), 'AWS::IAM::Policy');
    expect(policies.filter(({ Properties }) => JSON.stringify(Properties).includes('JoinNetwork'))).toHaveLength(4);
    expect(
      resourcesOf(templateOf({ ...everything, ...network }), 'AWS::IAM::Role').flatMap(
        ({ Properties }) => Properties.ManagedPolicyArns ?? [],
      ),
    ).toEqual([]);
    expect(new AwsSolutionsChecks(app).validateScope(stack).violations).toEqual([]);
  });

  it('has the security groups that are named, and makes none beside them', () => {
    const vpc = { ...network.vpc, securityGroupIds: ['sg-0123456789abcdef0'] };
    const template = templateOf({ vpc });
    expect(resourcesOf(template, 'AWS::EC2::SecurityGroup')).toEqual([]);
    for (const { Properties } of ownFunctions(template))
      expect(Properties.VpcConfig).toMatchObject({ SecurityGroupIds: vpc.securityGroupIds });
  });
});

it('a permissions boundary of the app is on every role', () => {
  const arn = 'arn:aws:iam::123456789012:policy/boundary';
  const { app, stack } = stackOf({ discovery: 'daily' });
  PermissionsBoundary.of(app).apply(ManagedPolicy.fromManagedPolicyArn(stack, 'Boundary', arn));
  const roles = resourcesOf(Template.fromStack(stack), 'AWS::IAM::Role');
  expect(roles.length).toBeGreaterThan(4);
  for (const { Properties } of roles) expect(Properties.PermissionsBoundary).toBe(arn);
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
