import { Annotations } from 'aws-cdk-lib';
import type * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { queueEncryption } from '../dead-letter-queue';
import type { SubscriptionDelivery, SubscriptionOptions } from './subscription';

export interface QueueSubscriptionOptions extends SubscriptionOptions {
  /** @default - a new queue */
  readonly queue?: sqs.IQueue | undefined;
}

export function queueTarget(
  scope: Construct,
  { deadLetterQueue, encryptionKey }: SubscriptionDelivery,
  { queue }: QueueSubscriptionOptions,
): events.IRuleTarget {
  // A queue of another account is reached, too, when its own policy lets EventBridge in.
  if (queue !== undefined) Annotations.of(scope).acknowledgeWarning('@aws-cdk/aws-events:ruleUnresolvedEnvironment');
  const made = (): sqs.Queue =>
    new sqs.Queue(scope, 'Queue', {
      ...queueEncryption(encryptionKey),
      deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount: 5 },
    });
  return new targets.SqsQueue(queue ?? made(), { deadLetterQueue });
}
