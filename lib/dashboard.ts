import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { METRIC, METRIC_DIMENSION, METRIC_NAMESPACE } from '../lambda/contract';
import { type Alarms, metricOf } from './alarms';
import { consoleHost } from './aws-partition';
import type { ChangeFeed } from './change-feed';
import type { Discovery } from './discovery';
import type { ScheduledSync } from './scheduled-sync';
import type { TimelineWidget } from './timeline-widget';

export interface DashboardProps {
  readonly alarms: Alarms;
  readonly sync: ScheduledSync;
  readonly feed: ChangeFeed;
  readonly discovery?: Discovery | undefined;
  readonly timeline: TimelineWidget;
}

const FIVE_MINUTES = Duration.minutes(5);

/** CloudWatch refuses a dashboard with more alarms in one widget. */
const ALARMS_A_WIDGET = 100;

/** Is it running, what changed, do subscribers know, what does it cost: one row each. */
export class Dashboard extends Construct {
  readonly dashboard: cloudwatch.Dashboard;

  constructor(scope: Construct, id: string, { alarms, sync, feed, timeline, discovery }: DashboardProps) {
    super(scope, id);
    this.dashboard = new cloudwatch.Dashboard(this, 'Dashboard', { defaultInterval: Duration.days(1) });
    for (let from = 0; from < alarms.all.length; from += ALARMS_A_WIDGET) {
      const title = from === 0 ? 'Alarms' : 'More alarms';
      const some = alarms.all.slice(from, from + ALARMS_A_WIDGET);
      this.dashboard.addWidgets(new cloudwatch.AlarmStatusWidget({ title, alarms: some, width: 24, height: 4 }));
    }
    this.dashboard.addWidgets(timeline.widget);
    this.addRuns(sync.function.fn.functionName);
    this.addChanges(sync.function.fn.functionName);
    this.addFeed(feed, sync);
    this.addCost(sync.function.fn.functionName);
    if (discovery !== undefined) this.addDiscovery(discovery.function.fn.functionName);
  }

  private addRuns(service: string): void {
    this.dashboard.addWidgets(
      graph('Runs by outcome', sums(service, METRIC.runs), { stacked: true }),
      new cloudwatch.GraphWidget({
        title: 'Seconds since the last completed run, by target',
        width: 8,
        left: [byTarget(service, METRIC.ageOfLastCompletedRun)],
        leftYAxis: { min: 0 },
      }),
      graph('Requests to the API', [
        ...sums(service, { requests: METRIC.apiRequests, retries: METRIC.apiRetries }),
        ...sums(service, METRIC.apiErrors),
      ]),
    );
  }

  private addChanges(service: string): void {
    const maximum = (label: string, name: string): cloudwatch.IMetric =>
      metricOf(service, name, { statistic: 'Maximum', period: FIVE_MINUTES }).with({ label });
    this.dashboard.addWidgets(
      graph('Changes by kind', sums(service, METRIC.changes), { stacked: true }),
      graph('Instances in one listing, at most', [maximum('instances', METRIC.instancesSeen)]),
      graph('Not understood, in one listing', [
        maximum('rejected records', METRIC.recordsRejected),
        maximum('unknown statuses', METRIC.unknownStatuses),
      ]),
    );
  }

  private addFeed(feed: ChangeFeed, sync: ScheduledSync): void {
    const service = feed.function.fn.functionName;
    const latency = (statistic: string): cloudwatch.IMetric =>
      metricOf(service, METRIC.eventLatency, { statistic, period: FIVE_MINUTES }).with({ label: statistic });
    const visible = { statistic: 'Maximum', period: FIVE_MINUTES };
    this.dashboard.addWidgets(
      graph(
        'Events',
        sums(service, {
          published: METRIC.eventsPublished,
          refused: METRIC.eventsRefused,
          'set aside': METRIC.streamRecordsSetAside,
        }),
      ),
      graph('Milliseconds from observation to the bus', [latency('p50'), latency('p99'), latency('Maximum')]),
      graph('Messages in failure queues', [
        sync.deadLetters.metricApproximateNumberOfMessagesVisible({ ...visible, label: 'schedules' }),
        feed.failures.metricApproximateNumberOfMessagesVisible({ ...visible, label: 'publisher' }),
        feed.subscriptions.deadLetters.metricApproximateNumberOfMessagesVisible({ ...visible, label: 'subscribers' }),
      ]),
    );
  }

  private addCost(service: string): void {
    const duration = (statistic: string): cloudwatch.IMetric =>
      metricOf(service, METRIC.runDuration, { statistic, period: FIVE_MINUTES }).with({ label: statistic });
    this.dashboard.addWidgets(
      graph('Milliseconds of a run', [duration('p50'), duration('p99'), duration('Maximum')]),
      graph('Request units of the table', sums(service, { write: METRIC.writeUnits, read: METRIC.readUnits })),
    );
  }

  private addDiscovery(service: string): void {
    const { discovery } = METRIC;
    const daily = Object.entries(discovery).map(([label, name]) =>
      metricOf(service, name, { statistic: 'Maximum', period: Duration.days(1) }).with({ label }),
    );
    this.dashboard.addWidgets(graph('Discovery of targets, by day', daily));
  }

  /** Address in the AWS console. Made when it is asked for, because a template should have no mapping that it does not use. */
  get url(): string {
    const { region } = Stack.of(this);
    const host = `${region}.${consoleHost(this)}`;
    return `https://${host}/cloudwatch/home?region=${region}#dashboards/dashboard/${this.dashboard.dashboardName}`;
  }
}

const graph = (
  title: string,
  left: cloudwatch.IMetric[],
  more: Partial<cloudwatch.GraphWidgetProps> = {},
): cloudwatch.GraphWidget => new cloudwatch.GraphWidget({ title, width: 8, left, leftYAxis: { min: 0 }, ...more });

const sums = (service: string, names: Readonly<Record<string, string>>): cloudwatch.IMetric[] =>
  Object.entries(names).map(([label, name]) =>
    metricOf(service, name, { statistic: 'Sum', period: FIVE_MINUTES }).with({ label }),
  );

/** One line a target, also for targets that come later. */
const byTarget = (service: string, metric: string): cloudwatch.IMetric =>
  new cloudwatch.MathExpression({
    expression: `SEARCH('{${METRIC_NAMESPACE},${METRIC_DIMENSION.service},${METRIC_DIMENSION.target}} MetricName="${metric}" ${METRIC_DIMENSION.service}="${service}"', 'Maximum', 300)`,
    label: '',
    period: FIVE_MINUTES,
  });
