import { type CfnElement, CfnParameter, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { Table } from 'aws-cdk-lib/aws-dynamodb';
import { AccountRootPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { METRIC, METRIC_DIMENSION, METRIC_NAMESPACE } from '../../lambda/contract';
import {
  type IInstanceHistory,
  InstanceHistory,
  type InstanceHistoryProps,
  Subscription,
  TimelineWidget,
  type TimelineWidgetProps,
} from '../../lib';
import { codeBlocks, PAGE } from '../support/documents';
import { appWithoutBundling, PROJECT, stackOf, TARGET } from '../support/stack';

/** The code in the docstring of the construct. */
function docstring(): string {
  const source = readFileSync('lib/instance-history.ts', 'utf8');
  const [, comment] = /@example\n([\s\S]*?)\n \*\//.exec(source) ?? [];
  return comment!.replaceAll(/^ \* ?/gm, '');
}

const examples = [
  ['docstring', docstring()],
  ...codeBlocks(PAGE.construct, 'ts').map((code) => [PAGE.construct, code] as const),
] as const;

describe('the construct in another app', () => {
  const history = (props: Partial<InstanceHistoryProps> = {}) => {
    const stack = new Stack(appWithoutBundling(), 'Platform');
    return { stack, roma: new InstanceHistory(stack, 'RomaHistory', { targets: [TARGET], ...props }) };
  };

  it.each(examples)('is imported by a name that the package exports: %s', (_place, example) => {
    const { name, exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string; exports: object };
    const [, path] = new RegExp(`from '${name}(/[a-z]+)?'`).exec(example)!;
    expect(Object.keys(exports)).toContain(`.${path ?? ''}`);
  });

  it.each(examples)('compiles as shown: %s', (_place, example) => {
    const dir = mkdtempSync(resolve('.example-'));
    try {
      writeFileSync(join(dir, 'example.ts'), example);
      const tsconfig = {
        extends: '../tsconfig.json',
        compilerOptions: { paths: { 'roma-instance-history/construct': ['../lib/index.ts'] }, noUnusedLocals: false },
        include: ['example.ts'],
      };
      writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify(tsconfig));
      execFileSync(join('node_modules', '.bin', 'tsc'), ['--noEmit', '-p', dir], { stdio: 'pipe' });
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('stands twice in one stack', () => {
    const { stack, roma } = history();
    const another = new InstanceHistory(stack, 'Another', { targets: [{ ...TARGET, region: 'cn-south-1' }] });
    expect(another.history.table.tableName).not.toBe(roma.history.table.tableName);
    expect(Object.keys(Template.fromStack(stack).findResources('AWS::DynamoDB::Table'))).toHaveLength(2);
  });

  it('has the outputs that --stack reads, the secret to fill among them', () => {
    const keys = Object.keys((Template.fromStack(history().stack).toJSON() as { Outputs: object }).Outputs);
    for (const name of ['HistoryTableName', 'CredentialsSecretArn', 'SyncFunctionName', 'EventBusName'])
      expect(keys).toContainEqual(expect.stringMatching(new RegExp(`^RomaHistory${name}[0-9A-F]{8}$`)));
  });

  it('reads secrets of any name, also two of the same', () => {
    const stack = new Stack(appWithoutBundling(), 'Platform');
    const secret = (scope: Construct, id: string) => Secret.fromSecretNameV2(scope, id, `roma/${scope.node.id}/${id}`);
    const { sync } = new InstanceHistory(stack, 'RomaHistory', {
      targets: [
        { ...TARGET, secret: secret(stack, 'Roma-Keys') },
        { ...TARGET, region: 'cn-south-1', secret: secret(new Construct(stack, 'One'), 'Secret') },
        { ...TARGET, region: 'cn-north-1', secret: secret(new Construct(stack, 'Another'), 'Secret') },
      ],
    });
    expect(sync.secret.node.id).toBe('Secret');
    const policies = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy')) as {
      Properties: { PolicyDocument: { Statement: { Sid?: string }[] } };
    }[];
    for (const { Properties } of policies) {
      const names = Properties.PolicyDocument.Statement.flatMap(({ Sid }) => (Sid === undefined ? [] : [Sid]));
      // What IAM accepts.
      expect(new Set(names).size).toBe(names.length);
      for (const name of names) expect(name).toMatch(/^[A-Za-z0-9]+$/);
    }
    const all = JSON.stringify(policies);
    for (const name of ['Platform/Roma-Keys', 'One/Secret', 'Another/Secret'])
      expect(all).toContain(`roma/${name}-??????`);
  });

  it('refuses targets that cannot be kept in sync, all of them in one message', () => {
    const targets = [TARGET, { region: 'cn-north-4', projectId: 'short', every: Duration.seconds(30) }, TARGET];
    expect(() => history({ targets })).toThrow(
      /properties of InstanceHistory has 3 problems:\n {2}targets\[1\]\.projectId: .*\n {2}targets\[1\]\.every: .*\n {2}targets\[2\]: /,
    );
    expect(() => history({ every: Duration.seconds(90) })).toThrow(/every: "90s" must be a multiple of 1m/);
  });

  it('takes what is known at deployment only, and lets the template name it', () => {
    const stack = new Stack(appWithoutBundling(), 'Platform');
    const parameter = (id: string) => new CfnParameter(stack, id).valueAsString;
    const [first, second] = [parameter('First'), parameter('Second')];
    const ids = (projects: readonly string[]) => {
      const platform = new Stack(appWithoutBundling(), 'Another');
      const value = (id: string) => new CfnParameter(platform, id).valueAsString;
      const targets = projects.map((id) => ({ region: 'cn-north-4', projectId: value(id) }));
      const roma = new InstanceHistory(platform, 'RomaHistory', { targets });
      return Object.keys(Template.fromStack(Stack.of(roma)).findResources('AWS::Scheduler::Schedule')).toSorted();
    };
    const { sync } = new InstanceHistory(stack, 'RomaHistory', {
      targets: [
        { region: 'cn-north-4', projectId: first, endpoint: parameter('Endpoint') },
        { region: parameter('Region'), projectId: second },
      ],
      discovery: 'daily',
      exclude: [parameter('Excluded'), 'cn-north-4/another-project-of-ours'],
      iamEndpoint: parameter('Identity'),
      proxy: parameter('Proxy'),
      credentials: {
        type: 'oidc',
        providerUrn: parameter('Provider'),
        agencyUrn: parameter('Agency'),
        audience: parameter('Audience'),
      },
      subscriptions: [Subscription.email('ops', { address: parameter('Address') })],
      alarmTopic: Topic.fromTopicArn(stack, 'Alarms', parameter('Topic')),
      export: { bucket: Bucket.fromBucketName(stack, 'Lake', parameter('Bucket')) },
      encryptionKey: Key.fromKeyArn(stack, 'Key', parameter('KeyArn')),
      existingTable: Table.fromTableAttributes(stack, 'Table', {
        tableArn: parameter('TableArn'),
        tableStreamArn: parameter('Stream'),
      }),
    });
    const [schedule] = Object.values(Template.fromStack(Stack.of(sync)).findResources('AWS::Scheduler::Schedule')) as {
      Properties: { Name: object };
    }[];
    expect(schedule!.Properties.Name).toEqual({ 'Fn::Join': ['', ['cn-north-4_', { Ref: 'First' }]] });
    // The ids do not depend on the order, lest a new order replaces schedules.
    expect(ids(['One', 'Two'])).toEqual(ids(['Two', 'One']));
  });

  it.each([
    ['that this app makes', (stack: Stack) => new InstanceHistory(stack, 'Roma', { targets: [TARGET] })],
    [
      'that is kept elsewhere',
      (stack: Stack) => InstanceHistory.fromHistoryTable(stack, 'Roma', Table.fromTableName(stack, 'Table', 'history')),
    ],
  ])('lets a role ask a history %s, on the table and its indexes, and nothing more', (_where, historyOf) => {
    const stack = new Stack(appWithoutBundling(), 'Platform');
    const roma: IInstanceHistory = historyOf(stack);
    const role = new Role(stack, 'Analyst', { assumedBy: new AccountRootPrincipal() });
    roma.grantRead(role).assertSuccess();
    const policies = Template.fromStack(stack).findResources('AWS::IAM::Policy', {
      Properties: { Roles: [stack.resolve(role.roleName)] },
    });
    const [{ Statement }] = Object.values(policies).map(({ Properties }) => Properties.PolicyDocument);
    expect(Statement).toEqual([
      {
        Effect: 'Allow',
        Action: ['dynamodb:GetItem', 'dynamodb:Query'],
        Resource: ['', '/index/changes-by-time', '/index/not-running'].map((suffix) =>
          stack.resolve(`${roma.table.tableArn}${suffix}`),
        ),
      },
    ]);
  });

  it('a role that may ask may use the customer key of the table, through DynamoDB only', () => {
    const stack = new Stack(appWithoutBundling(), 'Platform');
    const encryptionKey = new Key(stack, 'Key');
    const roma = new InstanceHistory(stack, 'Roma', { targets: [TARGET], encryptionKey });
    const role = new Role(stack, 'Analyst', { assumedBy: new AccountRootPrincipal() });
    roma.grantRead(role);
    const policies = Template.fromStack(stack).findResources('AWS::IAM::Policy', {
      Properties: { Roles: [stack.resolve(role.roleName)] },
    });
    expect(JSON.stringify(policies)).toMatch(
      /"kms:Decrypt","kms:DescribeKey".*"kms:ViaService":\{"Fn::Join".*dynamodb/,
    );
  });

  it('has a method for each metric that the functions emit, as the dashboards and alarms of others read it', () => {
    const { roma, stack } = history({ discovery: 'daily' });
    const metrics = [roma, roma.sync, roma.discovery!].flatMap((part) => {
      const prototypes = [Object.getPrototypeOf(part), Object.getPrototypeOf(Object.getPrototypeOf(part))] as object[];
      const names = prototypes.flatMap((prototype) => Object.getOwnPropertyNames(prototype));
      const methods = part as unknown as Record<string, (props?: MetricOptions) => Metric>;
      return names
        .filter((name) => name.startsWith('metric'))
        .map((name) => methods[name]!({ period: Duration.hours(1) }));
    });
    const { discovery, ...others } = METRIC;
    // A filter of the log makes that one, and only where each target has an alarm of its own.
    const emitted = [...Object.values(others), ...Object.values(discovery)].filter(
      (name) => name !== METRIC.intervalsOfTarget,
    );
    expect(metrics.map(({ metricName }) => metricName).toSorted()).toEqual(emitted.toSorted());
    for (const { namespace, dimensions, period } of metrics) {
      expect([namespace, period.toHours()]).toEqual([METRIC_NAMESPACE, 1]);
      expect(Object.keys(stack.resolve(dimensions) as object)).toEqual([METRIC_DIMENSION.service]);
    }
  });

  it('draws a timeline of some targets, for so many people, where that is asked for', () => {
    const { roma, stack } = history();
    const drawn = (props: Partial<TimelineWidgetProps>) =>
      new TimelineWidget(stack, `Team${stack.node.children.length}`, { history: roma.history, ...props });
    const { function: draw } = drawn({ targets: [`cn-north-4/${PROJECT}`], reservedConcurrentExecutions: 5 });
    const functions = Template.fromStack(stack).toJSON() as { Resources: Record<string, object> };
    expect(functions.Resources[stack.getLogicalId(draw.fn.node.defaultChild as CfnElement)]).toMatchObject({
      Properties: {
        ReservedConcurrentExecutions: 5,
        Environment: { Variables: { DRAWN_TARGETS: `cn-north-4/${PROJECT}` } },
      },
    });
    const none = Template.fromStack(stackOf({ dashboard: true }).stack);
    const own = Template.fromStack(
      stackOf({
        dashboard: true,
        timeline: { targets: [`cn-north-4/${PROJECT}`], reservedConcurrency: 5 },
      }).stack,
    );
    const drawing = { Description: Match.stringLikeRegexp('^Draws the timeline') };
    const bounded = {
      ...drawing,
      ReservedConcurrentExecutions: 5,
      Environment: { Variables: Match.objectLike({ DRAWN_TARGETS: `cn-north-4/${PROJECT}` }) },
    };
    own.hasResourceProperties('AWS::Lambda::Function', bounded);
    // A new account can reserve nothing, and draws all.
    none.hasResourceProperties('AWS::Lambda::Function', {
      ...drawing,
      ReservedConcurrentExecutions: Match.absent(),
      Environment: { Variables: { DRAWN_TARGETS: Match.absent() } },
    });
    expect(() => drawn({ targets: [] })).toThrow('a timeline must have a target');
  });
});
