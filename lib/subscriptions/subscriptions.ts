import { Annotations, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { CHANGE_KINDS, DETAIL_TYPE, EVENT_SOURCE } from '../../lambda/contract';
import { deadLetterQueue } from '../dead-letter-queue';
import type { Subscription } from './subscription';

export interface SubscriptionsProps {
  readonly bus: events.IEventBus;
  readonly encryptionKey: kms.IKey | undefined;
  readonly subscriptions: readonly Subscription[];
}

/** One rule on the bus for each subscription; what cannot be delivered within a day is kept in one queue. */
export class Subscriptions extends Construct {
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, props: SubscriptionsProps) {
    super(scope, id);
    this.deadLetters = deadLetterQueue(this, 'DeadLetters', props.encryptionKey);
    this.letRulesSetAside(props.bus);
    // As an imported queue, lest each rule adds a statement of its own.
    const deadLetterQueueOfRules = sqs.Queue.fromQueueArn(this, 'DeadLettersOfRules', this.deadLetters.queueArn);
    if (props.encryptionKey !== undefined) this.letEventBridgeUse(props.encryptionKey);
    for (const subscription of props.subscriptions) {
      const rule = new events.Rule(this, subscription.name, {
        eventBus: props.bus,
        description: `Changes of ROMA Connect instances for ${subscription.name}`,
        eventPattern: {
          source: [EVENT_SOURCE],
          detailType: (subscription.kinds ?? ALL_BUT_BASELINE).map((kind) => DETAIL_TYPE[kind]),
        },
      });
      rule.addTarget(
        subscription.bind(rule, { deadLetterQueue: deadLetterQueueOfRules, encryptionKey: props.encryptionKey }),
      );
    }
  }

  /** One statement for all rules of the bus: the policy of a queue may have 20 statements and 8 KB. */
  private letRulesSetAside(bus: events.IEventBus): void {
    const rules = Stack.of(this).formatArn({
      service: 'events',
      resource: 'rule',
      resourceName: `${bus.eventBusName}/*`,
    });
    this.deadLetters.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'RulesSetAside',
        principals: [new iam.ServicePrincipal('events.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [this.deadLetters.queueArn],
        conditions: { ArnLike: { 'aws:SourceArn': rules } },
      }),
    );
  }

  /** EventBridge writes to queues and topics that the key encrypts, for rules of this account only. */
  private letEventBridgeUse(key: kms.IKey): void {
    const { statementAdded } = key.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'EventBridgeWrites',
        principals: [new iam.ServicePrincipal('events.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': key.env.account } },
      }),
    );
    if (statementAdded) return;
    Annotations.of(this).addWarningV2(
      'roma-instance-history:policy-of-customer-key',
      'the policy of the customer key must let events.amazonaws.com use kms:Decrypt and kms:GenerateDataKey, or subscribers and the queue of what cannot be delivered get nothing; this stack cannot change the policy of a key that it does not own',
    );
  }
}

const ALL_BUT_BASELINE = CHANGE_KINDS.filter((kind) => kind !== 'baseline');
