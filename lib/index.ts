/** For use in other CDK apps. */
export type { ChangeKind } from '../lambda/contract';
export { ChangeFeed } from './change-feed';
export type { OidcCredentials } from './credentials';
export { Discovery } from './discovery';
export { HistoryTable } from './history-table';
export { InstanceHistory, type InstanceHistoryProps } from './instance-history';
export { InstanceHistoryStack, type InstanceHistoryStackProps } from './instance-history-stack';
export type { MonitoringLevel } from './monitoring';
export { ConfigError, parseConfig, readConfig } from './read-config';
export { ScheduledSync, type SyncTarget } from './scheduled-sync';
export type {
  PagerdutySubscriptionOptions,
  SlackSubscriptionOptions,
  TeamsSubscriptionOptions,
} from './subscriptions/chat';
export type { EmailSubscriptionOptions } from './subscriptions/email';
export type { SubscriptionFilter } from './subscriptions/filter';
export type { QueueSubscriptionOptions } from './subscriptions/queue';
export { Subscription, type SubscriptionDelivery, type SubscriptionOptions } from './subscriptions/subscription';
export type { WebhookSubscriptionOptions } from './subscriptions/webhook';
