import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { grantKey } from '../encryption';
import { letter } from './messages';
import { field } from './webhook';
import type { SubscriptionDelivery, SubscriptionOptions } from './subscription';

/** Somebody who gets letters. */
export interface EmailSubscriptionOptions extends SubscriptionOptions {
  /** Where the letters go; its owner must confirm once. */
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
  return new targets.SnsTopic(topicOfRule, {
    deadLetterQueue,
    message: events.RuleTargetInput.fromMultilineText(letter(field)),
    authorizeUsingRole: true,
    role,
  });
}
