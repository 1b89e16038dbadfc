import { runSimulation } from '@cloud-copilot/iam-simulate';
import type { AwsCall } from './aws-recorder';
import { ACCOUNT, arn, type PolicyDocument } from './deployed-stack';

/** What IAM is asked for one call: a call on several rows or tables needs several permissions. */
export interface Permission {
  readonly action: string;
  readonly resource: string;
  /** Values of condition keys. */
  readonly context?: Readonly<Record<string, string | string[]>>;
}

const TRANSACTED: Readonly<Record<string, string>> = {
  ConditionCheck: 'ConditionCheckItem',
  Delete: 'DeleteItem',
  Put: 'PutItem',
  Update: 'UpdateItem',
};
type Input = AwsCall['input'];

const tableArn = (name: unknown, index?: string): string =>
  arn('dynamodb', `table/${String(name)}${index === undefined ? '' : `/index/${index}`}`);

function onDynamodb(operation: string, input: Input): Permission[] {
  if (operation === 'TransactWriteItems') {
    return (input.TransactItems as Readonly<Record<string, { TableName: string }>>[]).flatMap((item) =>
      Object.entries(item).map(([kind, { TableName }]) => ({
        action: `dynamodb:${TRANSACTED[kind]}`,
        resource: tableArn(TableName),
      })),
    );
  }
  if (operation === 'BatchGetItem' || operation === 'BatchWriteItem') {
    return Object.keys(input.RequestItems as object).map((name) => ({
      action: `dynamodb:${operation}`,
      resource: tableArn(name),
    }));
  }
  return [
    { action: `dynamodb:${operation}`, resource: tableArn(input.TableName, input.IndexName as string | undefined) },
  ];
}

/** A role that is handed on with a schedule needs a permission of its own. */
function onScheduler(operation: string, input: Input): Permission[] {
  const action = `scheduler:${operation}`;
  if (operation === 'ListSchedules') return [{ action, resource: '*' }];
  const resource = arn('scheduler', `schedule/${String(input.GroupName ?? input.groupName)}/${String(input.Name)}`);
  const role = (input.Target as { RoleArn?: string } | undefined)?.RoleArn;
  if (role === undefined) return [{ action, resource }];
  const context = { 'iam:PassedToService': 'scheduler.amazonaws.com' };
  return [
    { action, resource },
    { action: 'iam:PassRole', resource: role, context },
  ];
}

export function permissionsOf({ service, operation, input }: AwsCall): Permission[] {
  switch (service) {
    case 'dynamodb':
      return onDynamodb(operation, input);
    case 'events':
      return (input.Entries as { EventBusName: string }[]).map(({ EventBusName }) => ({
        action: `events:${operation}`,
        resource: arn('events', `event-bus/${EventBusName}`),
      }));
    case 's3':
      return [{ action: `s3:${operation}`, resource: `arn:aws:s3:::${String(input.Bucket)}/${String(input.Key)}` }];
    case 'scheduler':
      return onScheduler(operation, input);
    case 'secretsmanager':
      return [{ action: `secretsmanager:${operation}`, resource: String(input.SecretId) }];
    case 'sns':
      // PublishBatch is allowed by the permission to publish.
      return [{ action: 'sns:Publish', resource: String(input.TopicArn) }];
    case 'sts':
      return [
        {
          action: `sts:${operation}`,
          resource: '*',
          context: {
            'sts:IdentityTokenAudience': [String(input['Audience.member.1'])],
            'sts:SigningAlgorithm': String(input.SigningAlgorithm),
            'sts:DurationSeconds': String(input.DurationSeconds),
          },
        },
      ];
    case 'sqs':
      return [
        {
          action: `sqs:${operation}`,
          resource: arn('sqs', new URL(String(input.QueueUrl)).pathname.split('/').pop() ?? ''),
        },
      ];
  }
  throw new Error(`no permission is known for ${String(service)}`);
}

/** What of the permissions the policies do not allow, by the rules of IAM. */
export async function denied(
  policies: readonly PolicyDocument[],
  permissions: readonly Permission[],
): Promise<Permission[]> {
  const refused: Permission[] = [];
  for (const permission of permissions) {
    const response = await runSimulation(
      {
        identityPolicies: policies.map((policy, index) => ({ name: `policy${index}`, policy })),
        serviceControlPolicies: [],
        resourceControlPolicies: [],
        request: {
          action: permission.action,
          principal: `arn:aws:iam::${ACCOUNT}:role/the-role`,
          resource: { accountId: ACCOUNT, resource: permission.resource },
          contextVariables: { ...permission.context },
        },
      },
      {},
    );
    if (response.resultType === 'error') throw new Error(JSON.stringify(response.errors));
    if (response.overallResult !== 'Allowed') refused.push(permission);
  }
  return refused;
}

const list = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);

/** Every action on every resource that the policies name. */
export const granted = (policies: readonly PolicyDocument[]): Permission[] =>
  policies
    .flatMap(({ Statement }) => Statement)
    .flatMap(({ Action, Resource }) =>
      list(Action).flatMap((action) => list(Resource).map((resource) => ({ action, resource }))),
    );

export const permissionText = ({ action, resource }: Permission): string => `${action} on ${resource}`;
/** The different ones, in order. */
export const distinct = (permissions: readonly Permission[]): string[] =>
  [...new Set(permissions.map(permissionText))].toSorted();
