import type { Duration } from 'aws-cdk-lib';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { Alarms } from './alarms';
import type { ChangeFeed } from './change-feed';
import { Dashboard } from './dashboard';
import type { HistoryTable } from './history-table';
import type { ScheduledSync, SyncTarget } from './scheduled-sync';

export interface MonitoringProps {
  readonly history: HistoryTable;
  readonly sync: ScheduledSync;
  readonly feed: ChangeFeed;
  readonly targets: readonly SyncTarget[];
  readonly every: Duration;
  readonly alarmTopic?: sns.ITopic | undefined;
}

/** Alarms for when somebody must act, and a dashboard for when somebody wants to look. */
export class Monitoring extends Construct {
  readonly alarms: Alarms;
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, { alarmTopic, ...props }: MonitoringProps) {
    super(scope, id);
    this.alarms = new Alarms(this, 'Alarms', { ...props, topic: alarmTopic });
    this.dashboard = new Dashboard(this, 'Dashboard', { alarms: this.alarms, sync: props.sync, feed: props.feed });
  }
}
