import { createHash } from 'node:crypto';
import { Annotations, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { CHANGE_KINDS, type ChangeKind, DETAIL_TYPE, EVENT_SOURCE } from '../lambda/contract';
import { acknowledge } from './acknowledge';
import { deadLetterQueue, queueEncryption } from './dead-letter-queue';

/** Someone who is told of changes. */
export type Subscription = { readonly kinds?: readonly ChangeKind[] | undefined } & (
  | { readonly type: 'email'; readonly address: string }
  /** Left out: a queue is made. */
  | { readonly type: 'sqs'; readonly queue?: sqs.IQueue | undefined }
  | {
      readonly type: 'webhook';
      readonly url: string;
      /** Header that carries the key. */
      readonly header: string;
      /** The key as the receiver knows it. Left out: one is generated. */
      readonly key?: secretsmanager.ISecret | undefined;
      readonly perSecond: number;
    }
);

export interface SubscriptionsProps {
  readonly bus: events.IEventBus;
  readonly encryptionKey: kms.IKey | undefined;
  readonly subscriptions: readonly Subscription[];
}

/** One rule on the bus for each subscription; what cannot be delivered within a day is kept in one queue. */
export class Subscriptions extends Construct {
  readonly deadLetters: sqs.Queue;
  private readonly encryptionKey: kms.IKey | undefined;

  constructor(scope: Construct, id: string, props: SubscriptionsProps) {
    super(scope, id);
    this.encryptionKey = props.encryptionKey;
    this.deadLetters = deadLetterQueue(this, 'DeadLetters', props.encryptionKey);
    this.letRulesSetAside(props.bus);
    // As an imported queue, lest each rule adds a statement of its own.
    const deadLetterQueueOfRules = sqs.Queue.fromQueueArn(this, 'DeadLettersOfRules', this.deadLetters.queueArn);
    if (props.encryptionKey !== undefined) this.letEventBridgeUse(props.encryptionKey);
    const taken = new Map<string, number>();
    props.subscriptions.forEach((subscription) => {
      const { type } = subscription;
      const name = nameOf(subscription);
      const count = (taken.get(name) ?? 0) + 1;
      taken.set(name, count);
      const rule = new events.Rule(this, count === 1 ? name : `${name}-${count}`, {
        eventBus: props.bus,
        description: `Changes of ROMA Connect instances by ${type}`,
        eventPattern: {
          source: [EVENT_SOURCE],
          detailType: (subscription.kinds ?? ALL_BUT_BASELINE).map((kind) => DETAIL_TYPE[kind]),
        },
      });
      rule.addTarget(this.target(rule, subscription, { deadLetterQueue: deadLetterQueueOfRules }));
    });
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

  private target(
    rule: events.Rule,
    subscription: Subscription,
    deadLetters: { readonly deadLetterQueue: sqs.IQueue },
  ): events.IRuleTarget {
    if (subscription.type === 'email') {
      return new targets.SnsTopic(this.emailTopic(rule, subscription.address), { ...deadLetters, message: LETTER });
    }
    if (subscription.type === 'sqs') {
      if (subscription.queue !== undefined) {
        // A queue of another account is reached, too, when its own policy lets EventBridge in.
        Annotations.of(rule).acknowledgeWarning('@aws-cdk/aws-events:ruleUnresolvedEnvironment');
      }
      return new targets.SqsQueue(subscription.queue ?? this.queue(rule), deadLetters);
    }
    return new targets.ApiDestination(this.destination(rule, subscription), deadLetters);
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

  private emailTopic(scope: Construct, address: string): sns.Topic {
    const topic = new sns.Topic(scope, 'Topic', {
      displayName: 'ROMA Connect changes',
      enforceSSL: true,
      masterKey: this.encryptionKey,
    });
    topic.addSubscription(new EmailSubscription(address));
    return topic;
  }

  private queue(scope: Construct): sqs.Queue {
    return new sqs.Queue(scope, 'Queue', {
      ...queueEncryption(this.encryptionKey),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 5 },
    });
  }

  private destination(
    scope: Construct,
    { url, header, key, perSecond }: Extract<Subscription, { type: 'webhook' }>,
  ): events.ApiDestination {
    const connection = new events.Connection(scope, 'Connection', {
      description: 'How changes of ROMA Connect instances prove where they come from',
      authorization: events.Authorization.apiKey(header, (key ?? this.webhookKey(scope)).secretValue),
    });
    return new events.ApiDestination(scope, 'Destination', {
      connection,
      endpoint: url,
      httpMethod: events.HttpMethod.POST,
      rateLimitPerSecond: perSecond,
    });
  }

  private webhookKey(scope: Construct): secretsmanager.Secret {
    const secret = new secretsmanager.Secret(scope, 'Key', {
      description: 'The key that the webhook receives with every change',
      generateSecretString: { passwordLength: 48, excludePunctuation: true },
      removalPolicy: RemovalPolicy.DESTROY,
      encryptionKey: this.encryptionKey,
    });
    acknowledge(
      secret,
      'AwsSolutions-SMG4',
      'the receiver of the webhook knows this key: a new one must be agreed with it, not made by a timer',
    );
    return secret;
  }
}

/** By whom it tells, not by its place in the list: taking one out must not replace the queue or topic of another. */
function nameOf(subscription: Subscription): string {
  if (subscription.type === 'email') return `email-${subscription.address}`;
  if (subscription.type === 'webhook') {
    // Some receivers have a secret in their address.
    return `webhook-${createHash('sha256').update(subscription.url).digest('hex').slice(0, 12)}`;
  }
  return subscription.queue === undefined ? 'sqs' : `sqs-${subscription.queue.node.addr}`;
}

const ALL_BUT_BASELINE = CHANGE_KINDS.filter((kind) => kind !== 'baseline');

const field = (path: string): string => events.EventField.fromPath(path);
const LETTER = events.RuleTargetInput.fromMultilineText(
  `${field('$.detail-type')}: ${field('$.detail.instance.name')} (${field('$.detail.instance.id')}) in ${field('$.detail.instance.region')}
Status: ${field('$.detail.status.to')}, before: ${field('$.detail.status.from')}
Observed at ${field('$.detail.observedAt')}, happened after ${field('$.detail.changedAfter')}
Event ${field('$.detail.eventId')}`,
);
