import { DescribeConnectionCommand, type EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { DescribeSecretCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { paginateListSubscriptionsByTopic, type SNSClient } from '@aws-sdk/client-sns';
import { rulesOn } from '../bus';
import { bad, type Finding, note, ok } from './finding';

/** Rules that are not of the stack: they get events as they should, but CloudFormation cannot delete a bus with rules. */
export async function ruleFinding(client: EventBridgeClient, bus: string, own: readonly string[]): Promise<Finding> {
  // CloudFormation names a rule on a bus `bus|rule`.
  const known = new Set(own.map((id) => id.split('|').at(-1)));
  // A rule with `ManagedBy` belongs to AWS, such as that of the archive, and goes with what made it.
  const others = (await rulesOn(client, bus)).flatMap(({ Name, ManagedBy }) =>
    Name === undefined || ManagedBy !== undefined || known.has(Name) ? [] : [Name],
  );
  return others.length === 0
    ? ok('bus', `${bus} has the rules of the stack only`)
    : note(
        'bus',
        `${bus} also has ${others.slice(0, 5).join(', ')}${others.length > 5 ? ` and ${others.length - 5} more` : ''}`,
        'before "cdk destroy", delete these rules or the stacks that own them: a bus with rules cannot be deleted',
      );
}

/** Subscribers of the ordered feed: the stack does not know them, and they go with its topic. */
export async function feedFinding(client: SNSClient, topic: string): Promise<Finding> {
  const subscribers: string[] = [];
  for await (const { Subscriptions } of paginateListSubscriptionsByTopic({ client }, { TopicArn: topic }))
    for (const { Protocol, Endpoint } of Subscriptions ?? []) subscribers.push(`${Protocol} ${Endpoint}`);
  const gone = 'switching "orderedFeed" off deletes the topic';
  return ok(
    'ordered feed',
    subscribers.length === 0 ? `nobody; ${gone}` : `${subscribers.join(', ')}; ${gone} and these`,
  );
}

/** EventBridge copies the key of a webhook when the connection is deployed, and does not look again. */
export async function webhookFinding(
  clients: { readonly events: EventBridgeClient; readonly secrets: SecretsManagerClient },
  name: string,
): Promise<Finding> {
  const check = `webhook ${name}`;
  const connection = await clients.events.send(new DescribeConnectionCommand({ Name: name }));
  const { LastModifiedTime: copied, ConnectionState: state, StateReason: because } = connection;
  if (state !== undefined && state !== 'AUTHORIZED')
    return bad(
      check,
      `the connection is ${state}${because === undefined ? '' : `: ${because}`}`,
      'deploy the stack again',
    );
  const arn = / with the key in (arn:\S+)$/.exec(connection.Description ?? '')?.[1];
  if (arn === undefined) return ok(check, 'authorized');
  const { LastChangedDate: changed } = await clients.secrets.send(new DescribeSecretCommand({ SecretId: arn }));
  if (changed === undefined || copied === undefined || changed <= copied) return ok(check, 'has the key of its secret');
  const header = connection.AuthParameters?.ApiKeyAuthParameters?.ApiKeyName ?? 'X-Api-Key';
  return bad(
    check,
    `the secret is newer than the key that is sent: ${changed.toISOString()} after ${copied.toISOString()}`,
    `aws secretsmanager get-secret-value --secret-id ${arn} --query SecretString --output text | jq -R '{Name: "${name}", AuthorizationType: "API_KEY", AuthParameters: {ApiKeyAuthParameters: {ApiKeyName: "${header}", ApiKeyValue: .}}}' | aws events update-connection --cli-input-json file:///dev/stdin`,
  );
}
