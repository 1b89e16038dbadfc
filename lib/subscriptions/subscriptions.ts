import { Annotations, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { subscriptionRule } from '../../lambda/contract';
import { deadLetterQueue } from '../dead-letter-queue';
import { patternOf } from './filter';
import { allowRule } from './queue';
import type { Subscription } from './subscription';

/** Who is told, and from which bus. */
export interface SubscriptionsProps {
  /** The bus that has the changes. */
  readonly bus: events.IEventBus;
  /** Encrypts what the subscriptions create. @default - keys that AWS owns */
  readonly encryptionKey: kms.IKey | undefined;
  /** Who is told; each has a name of its own. */
  readonly subscriptions: readonly Subscription[];
}

/** One rule on the bus for each subscription; what cannot be delivered within a day is kept in one queue. */
export class Subscriptions extends Construct {
  /** What no rule could deliver within a day. */
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, props: SubscriptionsProps) {
    super(scope, id);
    const { bus, encryptionKey } = props;
    this.deadLetters = deadLetterQueue(this, 'DeadLetters', encryptionKey);
    const resourceName = `${bus.eventBusName}/*`;
    const rules = Stack.of(this).formatArn({ service: 'events', resource: 'rule', resourceName });
    // One statement for all rules: the policy of a queue may have 20 statements and 8 KB.
    allowRule(this.deadLetters, 'RulesSetAside', rules);
    // As an imported queue, lest each rule adds a statement of its own.
    const deadLetterQueueOfRules = sqs.Queue.fromQueueArn(this, 'DeadLettersOfRules', this.deadLetters.queueArn);
    if (encryptionKey !== undefined) this.letEventBridgeUse(encryptionKey);
    if (props.subscriptions.length === 0) return;
    // What EventBridge delivers with, and only for rules of the bus.
    const role = new iam.Role(this, 'Role', {
      description: 'Lets the rules of subscriptions reach their topics and destinations',
      assumedBy: new iam.ServicePrincipal('events.amazonaws.com', {
        conditions: { ArnLike: { 'aws:SourceArn': rules } },
      }),
    });
    const delivery = { bus, deadLetterQueue: deadLetterQueueOfRules, encryptionKey, role };
    for (const subscription of props.subscriptions) {
      const rule = new events.Rule(this, subscription.name, {
        eventBus: bus,
        description: subscriptionRule(subscription.name),
        eventPattern: patternOf(subscription.filter, subscription.name),
      });
      // What is imported has no environment that is known, and a queue of another account may let EventBridge in itself.
      Annotations.of(rule).acknowledgeWarning('@aws-cdk/aws-events:ruleUnresolvedEnvironment');
      rule.addTarget(subscription.bind(rule, delivery));
    }
  }

  /**
   * EventBridge writes to queues that the key encrypts, for rules of this account only. The bus is not named, because
   * the key may belong to a stack that this one depends on.
   */
  private letEventBridgeUse(key: kms.IKey): void {
    const { region, account } = key.env;
    const statement = new iam.PolicyStatement({
      sid: 'EventBridgeWrites',
      principals: [new iam.ServicePrincipal('events.amazonaws.com')],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['*'],
      conditions: { ArnLike: { 'aws:SourceArn': `arn:*:events:${region}:${account}:rule/*` } },
    });
    if (key.addToResourcePolicy(statement).statementAdded) return;
    Annotations.of(this).addWarningV2(
      'roma-instance-history:policy-of-customer-key',
      `the policy of the customer key must have this statement, or queues of subscribers and the queue of what cannot be delivered get nothing; this stack cannot change the policy of a key that it does not own: ${JSON.stringify(Stack.of(this).resolve(statement.toStatementJson()))}`,
    );
  }
}
