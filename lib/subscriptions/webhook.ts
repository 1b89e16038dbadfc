import { RemovalPolicy } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { acknowledge } from '../acknowledge';
import { cloudEvent, type Message } from './messages';
import type { SubscriptionDelivery, SubscriptionOptions } from './subscription';

/** An address that takes changes by POST. */
export interface WebhookSubscriptionOptions extends SubscriptionOptions {
  /** Begins with `https://`. */
  readonly url: string;
  /** Header that carries the key. @default 'X-Api-Key' */
  readonly header?: string;
  /** The key as the receiver knows it. @default - one is generated */
  readonly key?: secretsmanager.ISecret | undefined;
  /** The most requests per second. @default 10 */
  readonly perSecond?: number;
  /** `event` posts what EventBridge delivers, `cloudevents` a CloudEvent in structured mode. @default 'event' */
  readonly format?: 'event' | 'cloudevents';
}

/** What is posted where; other services than a webhook of one's own need more. */
export interface Post extends WebhookSubscriptionOptions {
  /** @default - the event as it is */
  readonly message?: Message;
  readonly query?: Record<string, events.HttpParameter>;
  readonly body?: Record<string, events.HttpParameter>;
}

/** Placeholders that EventBridge fills in. */
export const field = (path: string): string => events.EventField.fromPath(path);

export function webhookTarget(
  scope: Construct,
  { deadLetterQueue, encryptionKey, role }: SubscriptionDelivery,
  { url, header = 'X-Api-Key', perSecond = 10, format, query, body, ...more }: Post,
): events.IRuleTarget {
  const secret = more.key ?? generatedKey(scope, encryptionKey);
  const connection = new events.Connection(scope, 'Connection', {
    // `doctor` looks for the ARN, to tell when the key is newer than its copy here.
    description: `Changes of ROMA Connect instances, with the key in ${secret.secretArn}`,
    authorization: events.Authorization.apiKey(header, secret.secretValue),
    queryStringParameters: query,
    bodyParameters: body,
  });
  const destination = new events.ApiDestination(scope, 'Destination', {
    connection,
    endpoint: url,
    httpMethod: events.HttpMethod.POST,
    rateLimitPerSecond: perSecond,
  });
  const isCloudEvent = format === 'cloudevents';
  const message = isCloudEvent ? cloudEvent(field) : more.message;
  return new targets.ApiDestination(destination, {
    deadLetterQueue,
    eventRole: role,
    event: message && events.RuleTargetInput.fromObject(message),
    headerParameters: isCloudEvent ? { 'Content-Type': 'application/cloudevents+json' } : undefined,
  });
}

function generatedKey(scope: Construct, encryptionKey: kms.IKey | undefined): secretsmanager.Secret {
  const secret = new secretsmanager.Secret(scope, 'Key', {
    description: 'The key that the webhook receives with every change',
    generateSecretString: { passwordLength: 48, excludePunctuation: true },
    removalPolicy: RemovalPolicy.DESTROY,
    encryptionKey,
  });
  acknowledge(
    secret,
    'AwsSolutions-SMG4',
    'the receiver of the webhook knows this key: a new one must be agreed with it, not made by a timer',
  );
  return secret;
}
