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
import { checkPlaces } from './places';
import { type ScheduledSync, type SyncTarget, targetId } from './scheduled-sync';

/** What the alarms watch, and whom they notify. */
export interface AlarmsProps {
  /** The table whose writes and publishing are watched. */
  readonly history: HistoryTable;
  /** The runs that are watched. */
  readonly sync: ScheduledSync;
  /** The publisher that is watched. */
  readonly feed: ChangeFeed;
  /** The configured targets, whose intervals say when one is stale. */
  readonly targets: readonly SyncTarget[];
  /** The discovery that is watched. @default - none is */
  readonly discovery?: Discovery | undefined;
  /** Of the daily export, where there is one. @default - there is none */
  readonly exportFunction?: IFunction | undefined;
  /** Interval of the targets that name none. */
  readonly every: Duration;
  /** Also alarms that name a cause or come before harm is done. */
  readonly isFull: boolean;
  /** Also one alarm per target. */
  readonly targetAlarms: boolean;
  /** Where RUNBOOK.md can be read. */
  readonly runbookUrl: string;
  /** Where alarms notify. @default - alarms notify nobody */
  readonly alarmTopic?: sns.ITopic | undefined;
}

const { GREATER_THAN_OR_EQUAL_TO_THRESHOLD: AT_LEAST, LESS_THAN_THRESHOLD: BELOW } = cloudwatch.ComparisonOperator;
const { BREACHING, NOT_BREACHING } = cloudwatch.TreatMissingData;
/** Of data points every five minutes, unless a metric says otherwise. */
const TWICE_IN_THREE = { datapointsToAlarm: 2 };
const ONCE = { datapointsToAlarm: 1 };
/** No data point is what such an alarm is for: what does not run sends none. */
const NEVER = { comparisonOperator: BELOW, treatMissingData: BREACHING };

/** Queues of the stack keep messages for 14 days. */
const HALF_OF_KEPT = { threshold: Duration.days(7).toSeconds() };

/** One alarm for each way in which the system can fail its users. Each has a heading in RUNBOOK.md. */
export class Alarms extends Construct {
  /** Each alarm that was made. */
  readonly all: cloudwatch.Alarm[] = [];

  constructor(
    scope: Construct,
    id: string,
    private readonly props: AlarmsProps,
  ) {
    super(scope, id);
    checkPlaces(this, props);
    const periods = props.targets.map((target) => (target.every ?? props.every).toMinutes());
    if (props.discovery !== undefined) periods.push(props.every.toMinutes());
    const [shortest, longest] = [Math.min(...periods), Math.max(...periods)];
    this.watchRuns(shortest, longest);
    if (props.discovery !== undefined) this.watchDiscovery(props.discovery);
    const unpublished = metricOf(props.history.table.tableName, METRIC.changesUnpublished, { statistic: 'Sum' });
    this.alarm(
      'ChangesUnpublished',
      'Changes were recorded, and ten minutes later not published',
      unpublished,
      12,
      ONCE,
    );
    const exportErrors = props.exportFunction?.metricErrors({ period: Duration.days(1) });
    if (exportErrors !== undefined)
      this.alarm('ExportFailing', 'A daily export to S3 has failed with all its attempts', exportErrors, 1, {
        threshold: 3,
      });
    this.watchQueue('EventsSetAside', 'Changes could not be published', props.feed.failures);
    if (props.targetAlarms) this.watchTargets(shortest);
    if (props.isFull) this.watchEverything(Duration.minutes(longest));
  }

  /** @param shortest interval of a target in minutes, and the longest one */
  private watchRuns(shortest: number, longest: number): void {
    const { sync, isFull } = this.props;
    const invocations = sync.function.fn.metricInvocations({ period: Duration.minutes(Math.max(shortest, 5)) });
    this.alarm('SyncNotRunning', 'The sync function is not invoked at all', filled(invocations), 3, NEVER);
    // A slow target tells of itself once per interval, and must be remembered until it does so again. Each period is as
    // long as the shortest interval, because the fastest target must not wait for the others. CloudWatch looks back one
    // day, or seven by the hour.
    const lookBack = Math.floor((shortest < 60 ? 1 : 7) * (Duration.days(1).toMinutes() / shortest));
    const periods = Math.min(Math.ceil((1.5 * longest) / shortest) + 1, lookBack);
    const of = { period: Duration.minutes(shortest) };
    const stale = `Some target has had no completed run in ${STALE_INTERVALS} of its intervals`;
    const staleness = { ...ONCE, threshold: STALE_INTERVALS };
    this.alarm('StaleTargets', stale, sync.metricIntervalsSinceCompletedRun(of), periods, staleness);
    const held =
      'Most instances of a target, or all of one enterprise project, are missing together; their deletion is held back';
    this.alarm('BrakeHeld', held, sync.metricBrakeHeld(of), periods, ONCE);
    const rejected = 'The API sent instances that cannot be understood';
    if (isFull) this.alarm('RecordsRejected', rejected, sync.metricRecordsRejected(of), periods, ONCE);
  }

  private watchDiscovery(discovery: Discovery): void {
    const daily = { period: Duration.days(1) };
    const completed = filled(discovery.metricDiscoveriesCompleted(daily));
    this.alarm('DiscoveryNotCompleted', 'Projects have not been looked for in two days', completed, 2, NEVER);
    const vanished = filled(discovery.metricProjectsVanished(daily));
    this.alarm('ProjectsVanished', 'The account no longer shows projects that were kept in sync', vanished, 2, ONCE);
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
    const allFail = math('IF(FILL(e, 0) >= FILL(i, 1), 1, 0)', Duration.minutes(Math.max(shortest, 5)));
    this.alarm('ApiOutage', 'Every run fails', allFail, 2);
    for (const target of this.props.targets) {
      const period = target.every ?? this.props.every;
      const metric = metricOf(fn.functionName, METRIC.intervalsOfTarget, { period });
      const dimensionsMap = { ...metric.dimensions, target: `${target.region}/${target.projectId}` };
      const intervals = { m: metric.with({ dimensionsMap }) };
      const unlessAllFail = math('IF(FILL(e, 0) >= FILL(i, 1), 0, FILL(m, 0))', period, intervals);
      const meaning = `${dimensionsMap.target} is stale, and others are not`;
      const staleness = { ...ONCE, threshold: STALE_INTERVALS };
      this.alarm(`TargetStale-${targetId(this, target)}`, meaning, unlessAllFail, 2, staleness);
    }
  }

  /** What the alarms above tell as well, but later or without the cause. */
  private watchEverything(longest: Duration): void {
    const { history, sync, feed } = this.props;
    const functions = [
      ['Sync', 'the sync function', sync.function.fn, { period: longest }],
      ['Publisher', 'the publisher', feed.function.fn, {}],
    ] as const;
    for (const [id, name, fn, of] of functions) {
      const failing = `Invocations of ${name} end with an error`;
      this.alarm(`${id}Failing`, failing, fn.metricErrors(of), 3, TWICE_IN_THREE);
      this.alarm(`${id}Throttled`, `Lambda refuses invocations of ${name}`, fn.metricThrottles(of), 3, TWICE_IN_THREE);
    }
    const age = feed.function.fn.metric('IteratorAge', { statistic: 'Maximum' });
    const tooOld = { threshold: Duration.minutes(10).toMilliseconds() };
    this.alarm('PublisherBehind', 'Changes wait over ten minutes to be published', age, 2, tooOld);
    this.watchQueue('SchedulesUndelivered', 'Schedules could not reach the sync function', sync.deadLetters);
    const { deadLetters } = feed.subscriptions;
    this.watchQueue('SubscriberUnreachable', 'Events could not be delivered to a subscriber', deadLetters);
    const TableName = history.table.tableName;
    const throttles = (more: Record<string, string> = {}): cloudwatch.IMetric =>
      history.table.metric('WriteThrottleEvents', { statistic: 'Sum', dimensionsMap: { TableName, ...more } });
    const ofIndex = ({ name }: { readonly name: string }) => throttles({ GlobalSecondaryIndexName: name });
    const [first, second] = HISTORY_TABLE.indexes;
    const throttled = new cloudwatch.MathExpression({
      expression: 'FILL(t, 0) + FILL(a, 0) + FILL(b, 0)',
      usingMetrics: { t: throttles(), a: ofIndex(first), b: ofIndex(second) },
    });
    const refuses = 'The history table or an index of it refuses writes for their rate';
    this.alarm('TableThrottled', refuses, throttled, 3, TWICE_IN_THREE);
    const behind = 'Changes have waited in a queue of the stack for half of the time that it keeps them';
    for (const queue of feed.subscriptions.node.findAll()) {
      if (!(queue instanceof sqs.Queue) || queue === deadLetters) continue;
      const id = `SubscriberBehind-${queue.node.scope?.node.id ?? ''}`;
      this.alarm(id, behind, queue.metricApproximateAgeOfOldestMessage(), 2, HALF_OF_KEPT);
    }
  }

  /** Visible messages only: one that a consumer holds is being looked at. Two periods: a metric of SQS comes late. */
  private watchQueue(id: string, meaning: string, queue: sqs.Queue): void {
    this.alarm(id, meaning, queue.metricApproximateNumberOfMessagesVisible(), 2);
  }

  private alarm(
    id: string,
    meaning: string,
    metric: cloudwatch.IMetric,
    evaluationPeriods: number,
    more: Partial<cloudwatch.AlarmProps> = {},
  ): void {
    const [kind = id] = id.split('-');
    const { alarmTopic: topic, runbookUrl } = this.props;
    const alarm = new cloudwatch.Alarm(this, id, {
      alarmDescription: `${meaning}. See ${runbookUrl}#${anchorOf(kind)}`,
      metric,
      threshold: 1,
      comparisonOperator: AT_LEAST,
      evaluationPeriods,
      treatMissingData: NOT_BREACHING,
      ...more,
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

/** `SyncNotRunning` becomes `sync-not-running`, the anchor of the heading "Sync not running". */
const anchorOf = (kind: string): string => kind.replaceAll(/(?<!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
