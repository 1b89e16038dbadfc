import { Duration } from 'aws-cdk-lib';
import type * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { queueEncryption } from '../dead-letter-queue';
import type { SubscriptionDelivery, SubscriptionOptions } from './subscription';

/** A queue that is there, or a new one. */
export interface QueueSubscriptionOptions extends SubscriptionOptions {
  /** Where the events go. @default - a new queue */
  readonly queue?: sqs.IQueue | undefined;
}

/** Lets rules, and nothing else of EventBridge, send to a queue. */
export function allowRule(queue: sqs.Queue, sid: string, rules: string): void {
  queue.addToResourcePolicy(
    new iam.PolicyStatement({
      sid,
      principals: [new iam.ServicePrincipal('events.amazonaws.com')],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: { ArnLike: { 'aws:SourceArn': rules } },
    }),
  );
}

export function queueTarget(
  scope: Construct,
  { deadLetterQueue, encryptionKey }: SubscriptionDelivery,
  { queue }: QueueSubscriptionOptions,
): events.IRuleTarget {
  if (queue !== undefined) return new targets.SqsQueue(queue, { deadLetterQueue });
  const made = new sqs.Queue(scope, 'Queue', {
    retentionPeriod: Duration.days(14),
    ...queueEncryption(encryptionKey),
    deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount: 5 },
  });
  allowRule(made, 'RuleSends', (scope as events.Rule).ruleArn);
  // As an imported queue: where there is a key, the target's own statement would let all rules of all accounts in.
  return new targets.SqsQueue(sqs.Queue.fromQueueArn(scope, 'QueueOfRule', made.queueArn), { deadLetterQueue });
}
