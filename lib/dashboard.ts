import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { Alarms } from './alarms';
import { consoleHost } from './aws-partition';
import type { ChangeFeed } from './change-feed';
import type { Discovery } from './discovery';
import type { ScheduledSync } from './scheduled-sync';
import type { TimelineWidget } from './timeline-widget';

/** What the dashboard shows. */
export interface DashboardProps {
  /** Alarms whose state it shows. @default - none */
  readonly alarms?: Alarms | undefined;
  /** The runs that it counts. */
  readonly sync: ScheduledSync;
  /** The publisher that it watches. */
  readonly feed: ChangeFeed;
  /** The discovery that it counts. @default - none */
  readonly discovery?: Discovery | undefined;
  /** The timeline that it draws. */
  readonly timeline: TimelineWidget;
}

/** CloudWatch refuses a dashboard with more alarms in one widget. */
const ALARMS_PER_WIDGET = 100;

/**
 * Is it running, what changed, do subscribers know, what does it cost. All numbers come from the log lines, which are
 * there anyway, while a metric is paid for by the series.
 */
export class Dashboard extends Construct {
  /** The dashboard in CloudWatch. */
  readonly dashboard: cloudwatch.Dashboard;

  constructor(scope: Construct, id: string, { alarms, sync, feed, timeline, discovery }: DashboardProps) {
    super(scope, id);
    this.dashboard = new cloudwatch.Dashboard(this, 'Dashboard', { defaultInterval: Duration.days(1) });
    const all = alarms?.all ?? [];
    for (let from = 0; from < all.length; from += ALARMS_PER_WIDGET) {
      const some = all.slice(from, from + ALARMS_PER_WIDGET);
      this.dashboard.addWidgets(new cloudwatch.AlarmStatusWidget({ title: 'Alarms', alarms: some, width: 24 }));
    }
    this.dashboard.addWidgets(timeline.widget);
    const { LINE, STACKEDAREA, TABLE } = cloudwatch.LogQueryVisualizationType;
    const runs = (title: string, view: cloudwatch.LogQueryVisualizationType, query: string): cloudwatch.IWidget =>
      fromLog(title, sync.function.logGroup.logGroupName, view, `filter type = "run" | ${query}`);
    this.dashboard.addWidgets(
      runs('Runs by outcome', STACKEDAREA, 'stats count(*) by bin(5m), outcome'),
      runs(
        'Stalest targets, in intervals since the last completed run',
        TABLE,
        'stats latest(intervals) as behind by target | sort behind desc | limit 20',
      ),
      runs(
        'Requests to the API',
        LINE,
        'stats sum(api.requests) as requests, sum(api.retries) as retries, sum(api.errors.throttled) as throttled, sum(api.errors.unauthorized) as unauthorized, sum(api.errors.client) as client, sum(api.errors.server) as server, sum(api.errors.network) as network by bin(5m)',
      ),
      runs(
        'Changes by kind',
        STACKEDAREA,
        'stats sum(baseline), sum(created), sum(statusChanged), sum(updated), sum(deleted), sum(reappeared) by bin(5m)',
      ),
      runs(
        'Instances of one target, and what was not understood',
        LINE,
        'stats max(instances), max(rejected), max(unknownStatuses) by bin(5m)',
      ),
      runs(
        'Milliseconds of a run',
        LINE,
        'stats pct(durationMs, 50) as p50, pct(durationMs, 99) as p99, max(durationMs) as most by bin(5m)',
      ),
      runs('Request units of the table', LINE, 'stats sum(units.write) as write, sum(units.read) as read by bin(5m)'),
      fromLog(
        'Events, and milliseconds from observation to the bus',
        feed.function.logGroup.logGroupName,
        LINE,
        'filter message = "batch published" | stats sum(published), sum(refused), sum(setAside), max(latencyMs) by bin(5m)',
      ),
      new cloudwatch.GraphWidget({
        title: 'Messages in failure queues',
        width: 8,
        left: [sync.deadLetters, feed.failures, feed.subscriptions.deadLetters].map((queue) =>
          queue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum' }),
        ),
      }),
    );
    if (discovery === undefined) return;
    this.dashboard.addWidgets(
      fromLog(
        'Discovery of targets, by day',
        discovery.function.logGroup.logGroupName,
        LINE,
        'filter message = "discovery" | stats max(discovered), sum(added), sum(updated) by bin(1d)',
      ),
    );
  }

  /** Address in the AWS console. Made when it is asked for, because a template should have no mapping that it does not use. */
  get url(): string {
    const { region } = Stack.of(this);
    const host = `${region}.${consoleHost(this)}`;
    return `https://${host}/cloudwatch/home?region=${region}#dashboards/dashboard/${this.dashboard.dashboardName}`;
  }
}

const fromLog = (
  title: string,
  logGroup: string,
  view: cloudwatch.LogQueryVisualizationType,
  query: string,
): cloudwatch.IWidget =>
  new cloudwatch.LogQueryWidget({
    title,
    logGroupNames: [logGroup],
    view,
    width: 8,
    queryLines: query.split(' | '),
  });
