import { App } from 'aws-cdk-lib';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InstanceHistoryStack } from '../../lib/instance-history-stack';
import { parseConfig } from '../../lib/read-config';

export const REGION = 'eu-central-1';
export const ACCOUNT = '123456789012';

interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly Metadata?: Readonly<Record<string, unknown>>;
}
type Physical = Readonly<Record<string, string>>;

export interface PolicyDocument {
  readonly Version: string;
  readonly Statement: readonly {
    readonly Sid?: string;
    readonly Action: string | readonly string[];
    readonly Resource: string | readonly string[];
  }[];
}

export interface DeployedFunction {
  /** Where the bundle lies that would be uploaded. */
  readonly bundleDir: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly policies: readonly PolicyDocument[];
  readonly memorySize: number;
  readonly timeoutSeconds: number;
}

/** A stack synthesized with its real bundles, and its references resolved as a deployment would. */
export interface DeployedStack {
  functionOf(entry: 'sync' | 'publish' | 'widget' | 'discovery' | 'export'): DeployedFunction;
  readonly schedules: readonly Readonly<Record<string, unknown>>[];
  /** Inputs of the schedules of targets. */
  readonly requests: readonly Readonly<Record<string, unknown>>[];
  /** Filter patterns of the event source mapping. */
  readonly filters: readonly Readonly<Record<string, unknown>>[];
  dispose(): void;
}

export interface Names {
  readonly tableName: string;
  readonly secretArn: string;
  readonly busName: string;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly topicArn: string;
}

export const arn = (service: string, resource: string): string => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;

function physicalOf(logicalId: string, { Type }: Resource, names: Names): Physical {
  switch (Type) {
    case 'AWS::DynamoDB::Table': {
      const Arn = arn('dynamodb', `table/${names.tableName}`);
      return { Ref: names.tableName, Arn, StreamArn: `${Arn}/stream/2026-11-22T10:00:00.000` };
    }
    case 'AWS::SecretsManager::Secret':
      return { Ref: names.secretArn };
    case 'AWS::Events::EventBus':
      return { Ref: names.busName, Arn: arn('events', `event-bus/${names.busName}`) };
    case 'AWS::SQS::Queue':
      if (logicalId.includes('ChangeFeedFailures')) return { Ref: names.queueUrl, Arn: names.queueArn };
      return { Ref: `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${logicalId}`, Arn: arn('sqs', logicalId) };
    case 'AWS::SNS::Topic':
      return { Ref: names.topicArn, TopicArn: names.topicArn };
    case 'AWS::IAM::Role':
      return { Ref: logicalId, Arn: `arn:aws:iam::${ACCOUNT}:role/${logicalId}` };
    case 'AWS::Logs::LogGroup':
      return { Ref: logicalId, Arn: arn('logs', `log-group:${logicalId}:*`) };
    default:
      return { Ref: logicalId, Arn: arn('lambda', `function:${logicalId}`) };
  }
}

/** Resolves the intrinsic functions that the templates use. */
function resolver(resources: Readonly<Record<string, Resource>>, names: Names): (value: unknown) => unknown {
  const attribute = (logicalId: string, name: string): string => {
    const resource = resources[logicalId];
    const value = resource === undefined ? undefined : physicalOf(logicalId, resource, names)[name];
    if (value === undefined) throw new Error(`the test does not know ${name} of ${logicalId}`);
    return value;
  };
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::Partition': 'aws',
    'AWS::Region': REGION,
    'AWS::AccountId': ACCOUNT,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [name, operand] = entries.length === 1 ? entries[0]! : [undefined, undefined];
    if (name === 'Ref') return pseudo[operand as string] ?? attribute(operand as string, 'Ref');
    if (name === 'Fn::GetAtt') return attribute(...(operand as [string, string]));
    if (name === 'Fn::Join') {
      const [separator, parts] = operand as [string, unknown[]];
      return parts.map(resolve).join(separator);
    }
    return Object.fromEntries(entries.map(([key, inner]) => [key, resolve(inner)]));
  };
  return resolve;
}

export function deployStack(config: object, names: Names): DeployedStack {
  const outdir = mkdtempSync(join(tmpdir(), 'cdk-out-'));
  const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };
  const app = new App({ context: { ...context, 'aws:cdk:enable-asset-metadata': true }, outdir });
  const stack = new InstanceHistoryStack(app, 'Deployed', { config: parseConfig(config, 'the test') });
  const { template } = app.synth().getStackByName(stack.stackName) as { template: { Resources: object } };
  const resources = template.Resources as Readonly<Record<string, Resource>>;
  const resolve = resolver(resources, names);
  const ofType = (type: string) => Object.entries(resources).filter(([, { Type }]) => Type === type);

  return {
    functionOf(entry) {
      const part = {
        sync: 'ScheduledSync',
        publish: 'ChangeFeedPublish',
        widget: 'MonitoringTimeline',
        discovery: 'DiscoveryDiscover',
        export: 'ExportWrite',
      }[entry];
      const [, found] = ofType('AWS::Lambda::Function').find(([id]) => id.includes(part))!;
      const { Environment, Role, MemorySize, Timeout } = found.Properties as {
        Environment: { Variables: object };
        Role: { 'Fn::GetAtt': [string, string] };
        MemorySize: number;
        Timeout: number;
      };
      const policies = ofType('AWS::IAM::Policy')
        .filter(([, { Properties }]) =>
          (Properties.Roles as { Ref: string }[]).some(({ Ref }) => Ref === Role['Fn::GetAtt'][0]),
        )
        .map(([, { Properties }]) => resolve(Properties.PolicyDocument) as PolicyDocument);
      return {
        bundleDir: join(outdir, String(found.Metadata?.['aws:asset:path'])),
        environment: resolve(Environment.Variables) as Record<string, string>,
        policies,
        memorySize: MemorySize,
        timeoutSeconds: Timeout,
      };
    },
    requests: ofType('AWS::Scheduler::Schedule').flatMap(([, { Properties }]) => {
      const { Input } = Properties.Target as { Input?: string };
      return Input === undefined ? [] : [JSON.parse(Input) as Record<string, unknown>];
    }),
    schedules: ofType('AWS::Scheduler::Schedule').map(
      ([, { Properties }]) => resolve(Properties) as Readonly<Record<string, unknown>>,
    ),
    filters: ofType('AWS::Lambda::EventSourceMapping').flatMap(([, { Properties }]) =>
      (Properties.FilterCriteria as { Filters: { Pattern: string }[] }).Filters.map(
        ({ Pattern }) => JSON.parse(Pattern) as Record<string, unknown>,
      ),
    ),
    dispose: () => rmSync(outdir, { recursive: true, force: true }),
  };
}
