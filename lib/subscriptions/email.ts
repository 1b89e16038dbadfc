import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { SubscriptionDelivery, SubscriptionOptions } from './subscription';

export interface EmailSubscriptionOptions extends SubscriptionOptions {
  readonly address: string;
}

export function emailTarget(
  scope: Construct,
  { deadLetterQueue, encryptionKey }: SubscriptionDelivery,
  { address }: EmailSubscriptionOptions,
): events.IRuleTarget {
  const topic = new sns.Topic(scope, 'Topic', {
    displayName: 'ROMA Connect changes',
    enforceSSL: true,
    masterKey: encryptionKey,
  });
  topic.addSubscription(new EmailSubscription(address));
  return new targets.SnsTopic(topic, { deadLetterQueue, message: LETTER });
}

const field = (path: string): string => events.EventField.fromPath(path);
const LETTER = events.RuleTargetInput.fromMultilineText(
  `${field('$.detail-type')}: ${field('$.detail.instance.name')} (${field('$.detail.instance.id')}) in ${field('$.detail.instance.region')}
Status: ${field('$.detail.status.to')}, before: ${field('$.detail.status.from')}
Observed at ${field('$.detail.observedAt')}, happened after ${field('$.detail.changedAfter')}
Event ${field('$.detail.eventId')}`,
);
