import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
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
    const { queueArn, ...filter } = config;
    const queue = queueArn === undefined ? undefined : Queue.fromQueueArn(scope, `Queue-${name}`, queueArn);
    return Subscription.sqs(name, { ...filter, queue });
  }
  const keyOf = (arn: string): ISecret => Secret.fromSecretCompleteArn(scope, `WebhookKey-${name}`, arn);
  if (config.type === 'webhook') {
    const key = config.secretArn === undefined ? undefined : keyOf(config.secretArn);
    return Subscription.webhook(name, { ...config, key });
  }
  const key = keyOf(config.secretArn);
  if (config.type === 'slack') return Subscription.slack(name, { ...config, key });
  if (config.type === 'teams') return Subscription.teams(name, { ...config, key });
  return Subscription.pagerduty(name, { ...config, key });
}
