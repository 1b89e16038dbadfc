import type { Duration } from 'aws-cdk-lib';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { Alarms } from './alarms';
import type { ChangeFeed } from './change-feed';
import { Dashboard } from './dashboard';
import type { Discovery } from './discovery';
import type { HistoryTable } from './history-table';
import type { ScheduledSync, SyncTarget } from './scheduled-sync';
import { TimelineWidget } from './timeline-widget';

export interface MonitoringProps {
  readonly history: HistoryTable;
  readonly sync: ScheduledSync;
  readonly feed: ChangeFeed;
  readonly targets: readonly SyncTarget[];
  readonly discovery?: Discovery | undefined;
  readonly every: Duration;
  readonly alarmTopic?: sns.ITopic | undefined;
}

/** Alarms for when somebody must act, and a dashboard for when somebody wants to look. */
export class Monitoring extends Construct {
  readonly alarms: Alarms;
  readonly dashboard: Dashboard;
  readonly timeline: TimelineWidget;

  constructor(scope: Construct, id: string, { alarmTopic, ...props }: MonitoringProps) {
    super(scope, id);
    this.alarms = new Alarms(this, 'Alarms', { ...props, topic: alarmTopic });
    this.timeline = new TimelineWidget(this, 'Timeline', { history: props.history });
    this.dashboard = new Dashboard(this, 'Dashboard', {
      alarms: this.alarms,
      sync: props.sync,
      feed: props.feed,
      discovery: props.discovery,
      timeline: this.timeline,
    });
  }
}
