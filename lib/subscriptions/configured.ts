import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { SubscriptionConfig } from '../config';
import { nameOfSubscription } from './name';
import { Subscription } from './subscription';

/** The subscription that a configuration means. What exists already is looked up below `scope`. */
export function configuredSubscription(scope: Construct, config: SubscriptionConfig, index: number): Subscription {
  const name = nameOfSubscription(config, index);
  if (config.type === 'email') return Subscription.email(name, config);
  if (config.type === 'sqs') {
    const { queueArn } = config;
    const queue = queueArn === undefined ? undefined : Queue.fromQueueArn(scope, `Queue-${name}`, queueArn);
    return Subscription.sqs(name, { kinds: config.kinds, queue });
  }
  const { secretArn } = config;
  const key =
    secretArn === undefined ? undefined : Secret.fromSecretCompleteArn(scope, `WebhookKey-${name}`, secretArn);
  return Subscription.webhook(name, { ...config, key });
}
