/** For use in other CDK apps. */
export type { AttributionMode, ChangeKind, ListApi, OidcTrust } from '../lambda/contract';
export { Alarms, type AlarmsProps } from './alarms';
export { ChangeFeed, type ChangeFeedProps } from './change-feed';
export type { Config } from './config';
export { Credentials, type CredentialsProps, type OidcCredentials } from './credentials';
export { Dashboard, type DashboardProps } from './dashboard';
export { Discovery, type DiscoveryProps } from './discovery';
export { type IInstanceHistory, InstanceHistoryBase } from './history-base';
export { HistoryTable, type HistoryTableProps } from './history-table';
export { InstanceHistory, type InstanceHistoryProps } from './instance-history';
export { InstanceHistoryStack, type InstanceHistoryStackProps } from './instance-history-stack';
export { Monitoring, type MonitoringLevel, type MonitoringProps } from './monitoring';
export { type FunctionPlace, NodeFunction, type NodeFunctionProps } from './node-function';
export { ConfigError, parseConfig, readConfig } from './read-config';
export { type ExportOptions, ScheduledExport } from './scheduled-export';
export { ScheduledSync, type ScheduledSyncProps, type SyncTarget } from './scheduled-sync';
export type {
  ChatSubscriptionOptions,
  PagerdutySubscriptionOptions,
  SlackSubscriptionOptions,
  TeamsSubscriptionOptions,
} from './subscriptions/chat';
export type { EmailSubscriptionOptions } from './subscriptions/email';
export type { SubscriptionFilter, SubscriptionKind } from './subscriptions/filter';
export type { QueueSubscriptionOptions } from './subscriptions/queue';
export { Subscription, type SubscriptionDelivery, type SubscriptionOptions } from './subscriptions/subscription';
export { Subscriptions, type SubscriptionsProps } from './subscriptions/subscriptions';
export type { WebhookSubscriptionOptions } from './subscriptions/webhook';
export { type TimelineOptions, TimelineWidget, type TimelineWidgetProps } from './timeline-widget';
