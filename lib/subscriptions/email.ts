import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { grantKey } from '../encryption';
import type { SubscriptionDelivery, SubscriptionOptions } from './subscription';

export interface EmailSubscriptionOptions extends SubscriptionOptions {
  readonly address: string;
}

export function emailTarget(
  scope: Construct,
  { deadLetterQueue, encryptionKey, role }: SubscriptionDelivery,
  { address }: EmailSubscriptionOptions,
): events.IRuleTarget {
  const topic = new sns.Topic(scope, 'Topic', {
    displayName: 'ROMA Connect changes',
    enforceSSL: true,
    masterKey: encryptionKey,
  });
  topic.addSubscription(new EmailSubscription(address));
  // By a role, because EventBridge tells the policy of an encrypted topic nothing by which it could be limited. The topic
  // as an imported one: the target's own grant would allow kms:GenerateDataKey*.
  grantKey(encryptionKey, role, 'send', 'sns');
  const topicOfRule = sns.Topic.fromTopicArn(scope, 'TopicOfRule', topic.topicArn);
  return new targets.SnsTopic(topicOfRule, { deadLetterQueue, message: LETTER, authorizeUsingRole: true, role });
}

const field = (path: string): string => events.EventField.fromPath(path);
const LETTER = events.RuleTargetInput.fromMultilineText(
  `${field('$.detail-type')}: ${field('$.detail.instance.name')} (${field('$.detail.instance.id')}) in ${field('$.detail.instance.region')}
Status: ${field('$.detail.status.to')}, before: ${field('$.detail.status.from')}
Observed at ${field('$.detail.observedAt')}, happened after ${field('$.detail.changedAfter')}
Event ${field('$.detail.eventId')}`,
);
