import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { METRIC, METRIC_DIMENSION, METRIC_NAMESPACE } from '../lambda/contract';
import type { ChangeFeed } from './change-feed';
import type { Discovery } from './discovery';
import type { HistoryTable } from './history-table';
import type { ScheduledSync, SyncTarget } from './scheduled-sync';

export interface AlarmsProps {
  readonly history: HistoryTable;
  readonly sync: ScheduledSync;
  readonly feed: ChangeFeed;
  readonly targets: readonly SyncTarget[];
  readonly discovery?: Discovery | undefined;
  readonly every: Duration;
  /** @default - alarms notify nobody */
  readonly topic?: sns.ITopic | undefined;
}

const { GREATER_THAN_OR_EQUAL_TO_THRESHOLD: AT_LEAST, LESS_THAN_THRESHOLD: BELOW } = cloudwatch.ComparisonOperator;
const { BREACHING, NOT_BREACHING } = cloudwatch.TreatMissingData;
const FIVE_MINUTES = Duration.minutes(5);

const TWICE_IN_THREE = { threshold: 1, evaluationPeriods: 3, datapointsToAlarm: 2 };
const ONCE_IN_TWO = { threshold: 1, evaluationPeriods: 2, datapointsToAlarm: 1 };
/** No data point is what such an alarm is for: what does not run sends none. */
const NEVER = { comparisonOperator: BELOW, threshold: 1, treatMissingData: BREACHING };

/** A metric of the contract, as one function emits it. */
export const metricOf = (
  service: string,
  metricName: string,
  options: { readonly statistic: string; readonly period?: Duration; readonly target?: string },
): cloudwatch.Metric =>
  new cloudwatch.Metric({
    namespace: METRIC_NAMESPACE,
    metricName,
    dimensionsMap: {
      [METRIC_DIMENSION.service]: service,
      // A dimension without a value is refused.
      ...(options.target === undefined ? {} : { [METRIC_DIMENSION.target]: options.target }),
    },
    statistic: options.statistic,
    period: options.period,
  });

/** One alarm for each way in which the system can fail its users. Each has a heading in RUNBOOK.md. */
export class Alarms extends Construct {
  readonly all: cloudwatch.Alarm[] = [];
  private readonly topic: sns.ITopic | undefined;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.topic = props.topic;
    const periods = props.targets.map((target) => (target.every ?? props.every).toMinutes());
    if (props.discovery !== undefined) periods.push(props.every.toMinutes());
    const longest = Duration.minutes(Math.max(...periods));
    const shortest = Duration.minutes(Math.max(Math.min(...periods), 5));
    this.watchRuns(props, longest, shortest);
    if (props.discovery !== undefined) this.watchDiscovery(props.discovery, props.sync, longest);
    this.watchPublisher(props.feed);
    this.watchQueue('SchedulesUndelivered', 'Schedules could not reach the sync function', props.sync.deadLetters);
    this.watchQueue('EventsSetAside', 'Changes could not be published', props.feed.failures);
    this.watchQueue(
      'SubscriberUnreachable',
      'Events could not be delivered to a subscriber',
      props.feed.subscriptions.deadLetters,
    );
    this.alarm('TableThrottled', 'The history table refuses writes for their rate', {
      metric: props.history.table.metric('WriteThrottleEvents', { statistic: 'Sum', period: FIVE_MINUTES }),
      ...TWICE_IN_THREE,
    });
    // Last, for there may be hundreds, and the dashboard shows alarms in this order.
    for (const target of props.targets) this.watchTarget(props.sync, target, target.every ?? props.every);
  }

  private watchRuns({ sync }: AlarmsProps, longest: Duration, shortest: Duration): void {
    const { fn } = sync.function;
    const run = (name: string): cloudwatch.Metric =>
      metricOf(fn.functionName, name, { statistic: 'Sum', period: longest });
    this.alarm('SyncNotRunning', 'The sync function is not invoked at all', {
      metric: fn.metricInvocations({ statistic: 'Sum', period: shortest }),
      ...NEVER,
      evaluationPeriods: 3,
    });
    this.alarm('SyncFailing', 'Runs end with an error', {
      metric: fn.metricErrors({ statistic: 'Sum', period: longest }),
      ...TWICE_IN_THREE,
    });
    this.alarm('SyncThrottled', 'Lambda refuses invocations of the sync function', {
      metric: fn.metricThrottles({ statistic: 'Sum', period: longest }),
      ...TWICE_IN_THREE,
    });
    // Two periods, because the flexible window of a schedule can leave one of them without a run.
    this.alarm(
      'BrakeHeld',
      'Most instances of a target, or all of one enterprise project, are missing together; their deletion is held back',
      {
        metric: run(METRIC.runs.brake),
        ...ONCE_IN_TWO,
      },
    );
    this.alarm('RecordsRejected', 'The API sent instances that cannot be understood', {
      metric: run(METRIC.recordsRejected),
      ...ONCE_IN_TWO,
    });
  }

  private watchTarget(sync: ScheduledSync, { region, projectId }: SyncTarget, every: Duration): void {
    const target = `${region}/${projectId}`;
    this.alarm(`StaleTarget-${region}-${projectId}`, `No run of ${target} completed in three intervals`, {
      metric: metricOf(sync.function.fn.functionName, METRIC.runsCompleted, {
        statistic: 'Sum',
        period: every,
        target,
      }),
      ...NEVER,
      evaluationPeriods: 3,
    });
  }

  /** Targets that the stack does not know have no alarm of their own: one looks at the oldest of all. */
  private watchDiscovery(discovery: Discovery, sync: ScheduledSync, longest: Duration): void {
    const metric = (name: string): cloudwatch.Metric =>
      metricOf(discovery.function.fn.functionName, name, { statistic: 'Sum', period: Duration.days(1) });
    this.alarm('StaleTargets', 'Some target has had no completed run in three intervals', {
      metric: metricOf(sync.function.fn.functionName, METRIC.ageOfLastCompletedRun, {
        statistic: 'Maximum',
        period: longest,
      }),
      threshold: longest.toSeconds() * 3,
      evaluationPeriods: 1,
    });
    this.alarm('DiscoveryNotCompleted', 'Projects have not been looked for in two days', {
      metric: metric(METRIC.discovery.completed),
      ...NEVER,
      evaluationPeriods: 2,
    });
    this.alarm('ProjectsVanished', 'The account no longer shows projects that were kept in sync', {
      metric: metricOf(discovery.function.fn.functionName, METRIC.discovery.vanished, {
        statistic: 'Maximum',
        period: Duration.days(1),
      }),
      ...ONCE_IN_TWO,
    });
  }

  private watchPublisher({ function: { fn } }: ChangeFeed): void {
    this.alarm('PublisherBehind', 'Changes wait over ten minutes to be published', {
      metric: fn.metric('IteratorAge', { statistic: 'Maximum', period: FIVE_MINUTES }),
      threshold: Duration.minutes(10).toMilliseconds(),
      evaluationPeriods: 2,
    });
    this.alarm('PublisherFailing', 'The publisher ends with an error', {
      metric: fn.metricErrors({ statistic: 'Sum', period: FIVE_MINUTES }),
      ...TWICE_IN_THREE,
    });
    this.alarm('PublisherThrottled', 'Lambda refuses invocations of the publisher', {
      metric: fn.metricThrottles({ statistic: 'Sum', period: FIVE_MINUTES }),
      ...TWICE_IN_THREE,
    });
  }

  /** Visible messages only: one that a consumer holds is being looked at. Two periods: a metric of SQS comes late. */
  private watchQueue(id: string, meaning: string, queue: sqs.Queue): void {
    this.alarm(id, meaning, {
      metric: queue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', period: FIVE_MINUTES }),
      threshold: 1,
      evaluationPeriods: 2,
    });
  }

  private alarm(id: string, meaning: string, props: Partial<cloudwatch.AlarmProps> & Required<Common>): void {
    const [kind = id] = id.split('-');
    const alarm = new cloudwatch.Alarm(this, id, {
      alarmDescription: `${meaning}. See RUNBOOK.md#${anchorOf(kind)}`,
      comparisonOperator: AT_LEAST,
      treatMissingData: NOT_BREACHING,
      ...props,
    });
    if (this.topic !== undefined) {
      alarm.addAlarmAction(new SnsAction(this.topic));
      alarm.addOkAction(new SnsAction(this.topic));
    }
    this.all.push(alarm);
  }
}

type Common = Pick<cloudwatch.AlarmProps, 'metric' | 'threshold' | 'evaluationPeriods'>;

/** `SyncNotRunning` becomes `sync-not-running`, the anchor of the heading "Sync not running". */
const anchorOf = (kind: string): string => kind.replaceAll(/(?<!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
