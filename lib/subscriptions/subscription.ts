import type * as events from 'aws-cdk-lib/aws-events';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import {
  INCIDENT_STATUSES,
  type PagerdutySubscriptionOptions,
  pagerdutyTarget,
  type SlackSubscriptionOptions,
  type TeamsSubscriptionOptions,
  toSlack,
  toTeams,
} from './chat';
import type { SubscriptionFilter } from './filter';
import { NO_SUBSCRIPTION_NAME, SUBSCRIPTION_NAME } from './name';
import { emailTarget, type EmailSubscriptionOptions } from './email';
import { queueTarget, type QueueSubscriptionOptions } from './queue';
import { webhookTarget, type WebhookSubscriptionOptions } from './webhook';

/** What any subscription may say. */
export type SubscriptionOptions = SubscriptionFilter;

/** What every subscription shares with the others. */
export interface SubscriptionDelivery {
  /** The bus that the rule listens to. */
  readonly bus: events.IEventBus;
  /** What EventBridge could not deliver within a day, and what a consumer has failed on too often. */
  readonly deadLetterQueue: sqs.IQueue;
  /** EventBridge takes it on where a topic or an API destination is the target. */
  readonly role: iam.IRole;
  /** Encrypts what a subscription creates. @default - keys that AWS owns */
  readonly encryptionKey?: kms.IKey | undefined;
}

/**
 * Someone who is told of changes. The logical ids of its resources come from its name alone: a new name makes new
 * resources, and nothing else about the list of subscriptions does.
 */
export abstract class Subscription {
  /** A short text by SNS, to an address whose owner must confirm once. */
  static email(name: string, options: EmailSubscriptionOptions): Subscription {
    return new BuiltIn(name, options, (scope, delivery) => emailTarget(scope, delivery, options));
  }

  /** Whole events to a queue. */
  static sqs(name: string, options: QueueSubscriptionOptions = {}): Subscription {
    return new BuiltIn(name, options, (scope, delivery) => queueTarget(scope, delivery, options));
  }

  /** Whole events by POST, with a key in a header. */
  static webhook(name: string, options: WebhookSubscriptionOptions): Subscription {
    return new BuiltIn(name, options, (scope, delivery) => webhookTarget(scope, delivery, options));
  }

  /** One message per change to a channel. */
  static slack(name: string, options: SlackSubscriptionOptions): Subscription {
    return new BuiltIn(name, options, (scope, delivery) => webhookTarget(scope, delivery, toSlack(options)));
  }

  /** One card per change to a workflow of Teams. */
  static teams(name: string, options: TeamsSubscriptionOptions): Subscription {
    return new BuiltIn(name, options, (scope, delivery) => webhookTarget(scope, delivery, toTeams(options)));
  }

  /** An incident per instance: triggered when its status becomes one of `statuses`, resolved when it leaves them. */
  static pagerduty(name: string, options: PagerdutySubscriptionOptions): Subscription {
    const filter = { statuses: INCIDENT_STATUSES, ...options };
    return new BuiltIn(name, filter, (scope, delivery) => pagerdutyTarget(scope, delivery, options));
  }

  /** Tells it apart; the logical ids of its resources come from it. */
  readonly name: string;
  /** Which changes it gets. */
  readonly filter: SubscriptionFilter;

  /** @throws Error if the name is none */
  protected constructor(name: string, options: SubscriptionOptions) {
    if (!SUBSCRIPTION_NAME.test(name))
      throw new Error(`the name of a subscription, ${JSON.stringify(name)}, ${NO_SUBSCRIPTION_NAME}`);
    this.name = name;
    this.filter = options;
  }

  /** Makes what the subscription needs below `scope`, which is its rule. Called once. */
  abstract bind(scope: Construct, delivery: SubscriptionDelivery): events.IRuleTarget;
}

class BuiltIn extends Subscription {
  constructor(
    name: string,
    options: SubscriptionOptions,
    override readonly bind: Subscription['bind'],
  ) {
    super(name, options);
  }
}
