import { Construct } from 'constructs';
import { Alarms, type AlarmsProps } from './alarms';
import { Dashboard } from './dashboard';
import { type TimelineOptions, TimelineWidget } from './timeline-widget';

/** How much watches over the stack: what somebody must be told, or whatever can be seen, or nothing. */
export type MonitoringLevel = 'minimal' | 'full' | 'off';

/** What is watched, and how much of it. */
export interface MonitoringProps extends Omit<AlarmsProps, 'isFull'> {
  /** How much watches over it. */
  readonly level: MonitoringLevel;
  /** Whether there is a dashboard. */
  readonly dashboard: boolean;
  /** Of the dashboard. @default - all targets, without a bound */
  readonly timeline?: TimelineOptions | undefined;
}

/** Alarms for when somebody must act, and a dashboard for when somebody wants to look. */
export class Monitoring extends Construct {
  /** The alarms, unless the level is `off`. */
  readonly alarms: Alarms | undefined;
  /** The dashboard, if one is asked for. */
  readonly dashboard: Dashboard | undefined;

  constructor(scope: Construct, id: string, { dashboard, level, ...props }: MonitoringProps) {
    super(scope, id);
    if (level !== 'off') this.alarms = new Alarms(this, 'Alarms', { ...props, isFull: level === 'full' });
    // No alarm looks at a metric, and each is paid for.
    else
      for (const part of [props.sync, props.feed, props.discovery])
        part?.function.addEnvironment('POWERTOOLS_METRICS_DISABLED', 'true');
    if (!dashboard) return;
    const timeline = new TimelineWidget(this, 'Timeline', { ...props.timeline, history: props.history });
    const { sync, feed, discovery } = props;
    this.dashboard = new Dashboard(this, 'Dashboard', { alarms: this.alarms, sync, feed, discovery, timeline });
  }
}
