import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { HISTORY_TABLE, METRIC, METRIC_DIMENSION, METRIC_NAMESPACE, STALE_INTERVALS } from '../lambda/contract';
import type { ChangeFeed } from './change-feed';
import type { Discovery } from './discovery';
import type { HistoryTable } from './history-table';
import { metricOf } from './metric-of';
import { type ScheduledSync, type SyncTarget, targetId } from './scheduled-sync';

export interface AlarmsProps {
  readonly history: HistoryTable;
  readonly sync: ScheduledSync;
  readonly feed: ChangeFeed;
  readonly targets: readonly SyncTarget[];
  readonly discovery?: Discovery | undefined;
  /** Of the daily export, where there is one. */
  readonly exportFunction?: IFunction | undefined;
  readonly every: Duration;
  /** Also alarms that name a cause or come before harm is done. */
  readonly isFull: boolean;
  /** Also one alarm per target. */
  readonly targetAlarms: boolean;
  /** Where RUNBOOK.md can be read. */
  readonly runbookUrl: string;
  /** @default - alarms notify nobody */
  readonly alarmTopic?: sns.ITopic | undefined;
}

const { GREATER_THAN_OR_EQUAL_TO_THRESHOLD: AT_LEAST, LESS_THAN_THRESHOLD: BELOW } = cloudwatch.ComparisonOperator;
const { BREACHING, NOT_BREACHING } = cloudwatch.TreatMissingData;
const FIVE_MINUTES = Duration.minutes(5);

const TWICE_IN_THREE = { threshold: 1, evaluationPeriods: 3, datapointsToAlarm: 2 };
/** No data point is what such an alarm is for: what does not run sends none. */
const NEVER = { comparisonOperator: BELOW, threshold: 1, treatMissingData: BREACHING };

/** Queues of the stack keep messages for 14 days. */
const HALF_OF_KEPT = Duration.days(7);

/** One alarm for each way in which the system can fail its users. Each has a heading in RUNBOOK.md. */
export class Alarms extends Construct {
  readonly all: cloudwatch.Alarm[] = [];

  constructor(
    scope: Construct,
    id: string,
    private readonly props: AlarmsProps,
  ) {
    super(scope, id);
    const periods = props.targets.map((target) => (target.every ?? props.every).toMinutes());
    if (props.discovery !== undefined) periods.push(props.every.toMinutes());
    this.watchRuns(Math.min(...periods), Math.max(...periods));
    if (props.discovery !== undefined) this.watchDiscovery(props.discovery);
    this.alarm('ChangesUnpublished', 'Changes were recorded, and ten minutes later not published', {
      metric: metricOf(props.history.table.tableName, METRIC.changesUnpublished, {
        statistic: 'Sum',
        period: FIVE_MINUTES,
      }),
      threshold: 1,
      evaluationPeriods: 12,
      datapointsToAlarm: 1,
    });
    if (props.exportFunction !== undefined)
      this.alarm('ExportFailing', 'A daily export to S3 has failed with all its attempts', {
        metric: props.exportFunction.metricErrors({ statistic: 'Sum', period: Duration.days(1) }),
        threshold: 3,
        evaluationPeriods: 1,
      });
    this.watchQueue('EventsSetAside', 'Changes could not be published', props.feed.failures);
    if (props.targetAlarms) this.watchTargets(Math.min(...periods));
    if (props.isFull) this.watchEverything(Duration.minutes(Math.max(...periods)));
  }

  /** @param shortest interval of a target in minutes, and the longest one */
  private watchRuns(shortest: number, longest: number): void {
    const { sync } = this.props;
    const { fn } = sync.function;
    this.alarm('SyncNotRunning', 'The sync function is not invoked at all', {
      metric: filled(fn.metricInvocations({ statistic: 'Sum', period: Duration.minutes(Math.max(shortest, 5)) })),
      ...NEVER,
      evaluationPeriods: 3,
    });
    // A slow target tells of itself once per interval, and must be remembered until it does so again. Periods are those
    // of the fastest one, for it must not wait for the others; CloudWatch looks back one day, or seven by the hour.
    const lookBack = Math.floor((shortest < 60 ? 1 : 7) * (Duration.days(1).toMinutes() / shortest));
    const period = Duration.minutes(shortest);
    const run = (metric: cloudwatch.IMetric) => ({
      metric,
      threshold: 1,
      evaluationPeriods: Math.min(Math.ceil((1.5 * longest) / shortest) + 1, lookBack),
      datapointsToAlarm: 1,
    });
    this.alarm('StaleTargets', `Some target has had no completed run in ${STALE_INTERVALS} of its intervals`, {
      ...run(sync.metricIntervalsSinceCompletedRun({ period })),
      threshold: STALE_INTERVALS,
    });
    this.alarm(
      'BrakeHeld',
      'Most instances of a target, or all of one enterprise project, are missing together; their deletion is held back',
      run(sync.metricBrakeHeld({ period })),
    );
    if (!this.props.isFull) return;
    this.alarm(
      'RecordsRejected',
      'The API sent instances that cannot be understood',
      run(sync.metricRecordsRejected({ period })),
    );
  }

  private watchDiscovery(discovery: Discovery): void {
    const daily = { period: Duration.days(1) };
    this.alarm('DiscoveryNotCompleted', 'Projects have not been looked for in two days', {
      metric: filled(discovery.metricDiscoveriesCompleted(daily)),
      ...NEVER,
      evaluationPeriods: 2,
    });
    this.alarm('ProjectsVanished', 'The account no longer shows projects that were kept in sync', {
      metric: filled(discovery.metricProjectsVanished(daily)),
      threshold: 1,
      evaluationPeriods: 2,
      datapointsToAlarm: 1,
    });
  }

  /** While every run fails, one alarm tells it for all targets. */
  private watchTargets(shortest: number): void {
    const { fn, logGroup } = this.props.sync.function;
    const math = (expression: string, period: Duration, more: Record<string, cloudwatch.IMetric> = {}) => {
      const [i, e] = [fn.metricInvocations({ period }), fn.metricErrors({ period })];
      return new cloudwatch.MathExpression({ expression, period, usingMetrics: { i, e, ...more } });
    };
    new logs.MetricFilter(this, 'IntervalsOfTargets', {
      logGroup,
      metricNamespace: METRIC_NAMESPACE,
      metricName: METRIC.intervalsOfTarget,
      metricValue: '$.intervals',
      filterPattern: logs.FilterPattern.numberValue('$.intervals', '>', 0),
      dimensions: { [METRIC_DIMENSION.service]: '$.service', target: '$.target' },
    });
    this.alarm('ApiOutage', 'Every run fails', {
      metric: math('IF(FILL(e, 0) >= FILL(i, 1), 1, 0)', Duration.minutes(Math.max(shortest, 5))),
      threshold: 1,
      evaluationPeriods: 2,
    });
    for (const target of this.props.targets) {
      const period = target.every ?? this.props.every;
      const metric = metricOf(fn.functionName, METRIC.intervalsOfTarget, { period });
      const dimensionsMap = { ...metric.dimensions, target: `${target.region}/${target.projectId}` };
      this.alarm(`TargetStale-${targetId(this, target)}`, `${dimensionsMap.target} is stale, and others are not`, {
        metric: math('IF(FILL(e, 0) >= FILL(i, 1), 0, FILL(m, 0))', period, { m: metric.with({ dimensionsMap }) }),
        threshold: STALE_INTERVALS,
        evaluationPeriods: 2,
        datapointsToAlarm: 1,
      });
    }
  }

  /** What the alarms above tell as well, but later or without the cause. */
  private watchEverything(longest: Duration): void {
    const { history, sync, feed } = this.props;
    const functions = [
      ['Sync', 'the sync function', sync.function.fn, longest],
      ['Publisher', 'the publisher', feed.function.fn, FIVE_MINUTES],
    ] as const;
    for (const [id, name, fn, period] of functions) {
      this.alarm(`${id}Failing`, `Invocations of ${name} end with an error`, {
        metric: fn.metricErrors({ statistic: 'Sum', period }),
        ...TWICE_IN_THREE,
      });
      this.alarm(`${id}Throttled`, `Lambda refuses invocations of ${name}`, {
        metric: fn.metricThrottles({ statistic: 'Sum', period }),
        ...TWICE_IN_THREE,
      });
    }
    this.alarm('PublisherBehind', 'Changes wait over ten minutes to be published', {
      metric: feed.function.fn.metric('IteratorAge', { statistic: 'Maximum', period: FIVE_MINUTES }),
      threshold: Duration.minutes(10).toMilliseconds(),
      evaluationPeriods: 2,
    });
    this.watchQueue('SchedulesUndelivered', 'Schedules could not reach the sync function', sync.deadLetters);
    this.watchQueue(
      'SubscriberUnreachable',
      'Events could not be delivered to a subscriber',
      feed.subscriptions.deadLetters,
    );
    const throttles = (index?: string): cloudwatch.IMetric =>
      new cloudwatch.Metric({
        namespace: 'AWS/DynamoDB',
        metricName: 'WriteThrottleEvents',
        dimensionsMap: {
          TableName: history.table.tableName,
          ...(index === undefined ? {} : { GlobalSecondaryIndexName: index }),
        },
        statistic: 'Sum',
        period: FIVE_MINUTES,
      });
    const [first, second] = HISTORY_TABLE.indexes;
    this.alarm('TableThrottled', 'The history table or an index of it refuses writes for their rate', {
      metric: new cloudwatch.MathExpression({
        expression: 'FILL(t, 0) + FILL(a, 0) + FILL(b, 0)',
        usingMetrics: { t: throttles(), a: throttles(first.name), b: throttles(second.name) },
        period: FIVE_MINUTES,
      }),
      ...TWICE_IN_THREE,
    });
    for (const queue of feed.subscriptions.node.findAll()) {
      if (!(queue instanceof sqs.Queue) || queue === feed.subscriptions.deadLetters) continue;
      this.alarm(
        `SubscriberBehind-${queue.node.scope?.node.id ?? ''}`,
        'Changes have waited in a queue of the stack for half of the time that it keeps them',
        {
          metric: queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', period: FIVE_MINUTES }),
          threshold: HALF_OF_KEPT.toSeconds(),
          evaluationPeriods: 2,
        },
      );
    }
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
    const { alarmTopic: topic, runbookUrl } = this.props;
    const alarm = new cloudwatch.Alarm(this, id, {
      alarmDescription: `${meaning}. See ${runbookUrl}#${anchorOf(kind)}`,
      comparisonOperator: AT_LEAST,
      treatMissingData: NOT_BREACHING,
      ...props,
    });
    if (topic !== undefined) {
      alarm.addAlarmAction(new SnsAction(topic));
      alarm.addOkAction(new SnsAction(topic));
    }
    this.all.push(alarm);
  }
}

/** With zeros for silence: where data is missing, CloudWatch would look at older points than the evaluated ones. */
const filled = (metric: cloudwatch.Metric): cloudwatch.IMetric =>
  new cloudwatch.MathExpression({ expression: 'FILL(m, 0)', usingMetrics: { m: metric }, period: metric.period });

type Common = Pick<cloudwatch.AlarmProps, 'metric' | 'threshold' | 'evaluationPeriods'>;

/** `SyncNotRunning` becomes `sync-not-running`, the anchor of the heading "Sync not running". */
const anchorOf = (kind: string): string => kind.replaceAll(/(?<!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
