import * as events from 'aws-cdk-lib/aws-events';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { DETAIL_TYPE, EVENT_SOURCE, subscriptionRule } from '../../lambda/contract';
import { pagerdutyEvent, slackMessage, teamsMessage } from './messages';
import type { SubscriptionDelivery, SubscriptionOptions } from './subscription';
import { field, type Post, webhookTarget } from './webhook';

/** The secret of the service: for Slack `Bearer` and a bot's token, for Teams `sig`, for PagerDuty an integration key. */
export interface ChatSubscriptionOptions extends SubscriptionOptions {
  /** Its text is what the service expects. */
  readonly key: secretsmanager.ISecret;
}

/** A channel of Slack. */
export interface SlackSubscriptionOptions extends ChatSubscriptionOptions {
  /** The id of the channel, such as `C0123456789`. The bot must be a member, and have the scope `chat:write`. */
  readonly channel: string;
}

/** A workflow of Microsoft Teams. */
export interface TeamsSubscriptionOptions extends ChatSubscriptionOptions {
  /** The address of a Teams workflow, without its parameter `sig`. */
  readonly url: string;
}

/** A service of PagerDuty. */
export type PagerdutySubscriptionOptions = ChatSubscriptionOptions;

/** The statuses that begin an incident, unless the subscription names others. */
export const INCIDENT_STATUSES = ['ERROR', 'CREATE_FAILED', 'DELETE_FAILED'];

export const toSlack = ({ channel, key }: SlackSubscriptionOptions): Post => ({
  url: 'https://slack.com/api/chat.postMessage',
  header: 'Authorization',
  key,
  perSecond: 1,
  message: slackMessage(field, channel),
});

export const toTeams = ({ url, key }: TeamsSubscriptionOptions): Post => ({
  url,
  key,
  perSecond: 4,
  message: teamsMessage(field),
  query: { sig: events.HttpParameter.fromSecret(key.secretValue) },
});

const toPagerduty = (key: secretsmanager.ISecret, action: 'trigger' | 'resolve'): Post => ({
  url: 'https://events.pagerduty.com/v2/enqueue',
  key,
  message: pagerdutyEvent(field, action),
  body: { routing_key: events.HttpParameter.fromSecret(key.secretValue) },
});

/** The rule of the subscription triggers; a second one resolves when the instance leaves these statuses. */
export function pagerdutyTarget(
  scope: Construct,
  delivery: SubscriptionDelivery,
  { key, statuses = INCIDENT_STATUSES }: PagerdutySubscriptionOptions,
): events.IRuleTarget {
  const resolve = new events.Rule(scope, 'Resolve', {
    eventBus: delivery.bus,
    description: subscriptionRule(scope.node.id),
    eventPattern: {
      source: [EVENT_SOURCE],
      detailType: [DETAIL_TYPE.statusChanged, DETAIL_TYPE.deleted],
      detail: { status: { from: statuses, to: [{ 'anything-but': statuses }] } },
    },
  });
  resolve.addTarget(webhookTarget(resolve, delivery, toPagerduty(key, 'resolve')));
  return webhookTarget(scope, delivery, toPagerduty(key, 'trigger'));
}
