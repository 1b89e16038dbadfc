import type { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { Alarms } from './alarms';
import type { ChangeFeed } from './change-feed';
import { Dashboard } from './dashboard';
import type { Discovery } from './discovery';
import type { HistoryTable } from './history-table';
import type { ScheduledSync, SyncTarget } from './scheduled-sync';
import { TimelineWidget } from './timeline-widget';

/** How much watches over the stack: what somebody must be told, or whatever can be seen, or nothing. */
export type MonitoringLevel = 'minimal' | 'full' | 'off';

export interface MonitoringProps {
  readonly history: HistoryTable;
  readonly sync: ScheduledSync;
  readonly feed: ChangeFeed;
  readonly targets: readonly SyncTarget[];
  readonly discovery?: Discovery | undefined;
  /** Of the daily export, where there is one. */
  readonly exportFunction?: IFunction | undefined;
  readonly every: Duration;
  readonly level: MonitoringLevel;
  readonly dashboard: boolean;
  readonly runbookUrl: string;
  readonly alarmTopic?: sns.ITopic | undefined;
}

/** Alarms for when somebody must act, and a dashboard for when somebody wants to look. */
export class Monitoring extends Construct {
  readonly alarms: Alarms | undefined;
  readonly dashboard: Dashboard | undefined;

  constructor(scope: Construct, id: string, { alarmTopic, dashboard, level, ...props }: MonitoringProps) {
    super(scope, id);
    if (level !== 'off')
      this.alarms = new Alarms(this, 'Alarms', { ...props, isFull: level === 'full', topic: alarmTopic });
    if (!dashboard) return;
    const timeline = new TimelineWidget(this, 'Timeline', { history: props.history });
    const { sync, feed, discovery } = props;
    this.dashboard = new Dashboard(this, 'Dashboard', { alarms: this.alarms, sync, feed, discovery, timeline });
  }
}
