import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRIC, METRIC_DIMENSION, METRIC_NAMESPACE } from './contract';
import type { DiscoveryResult } from './core/discovery/discovery';
import { describeError } from './core/model/errors';
import { toMs } from './core/model/instant';
import { targetName } from './core/model/instance';
import { CHANGE_KINDS } from './core/model/record';
import { isCompleted, type RunResult, toRunLine } from './core/sync/run-result';

/** What one run asked of the API. */
export interface ApiUse {
  readonly requests: number;
  /** Requests that were sent again. */
  readonly retries: number;
  /** Failed attempts by class. */
  readonly errors: Readonly<Partial<Record<keyof typeof METRIC.apiErrors, number>>>;
}

/** What one batch of the stream became. */
export interface PublishCounts {
  readonly published: number;
  readonly refused: number;
  readonly setAside: number;
  /** In ms. */
  readonly latenciesMs: readonly number[];
  /** One line each. */
  readonly problems: readonly string[];
}

/** What the functions tell CloudWatch: one log line and the metrics of the contract, in embedded metric format. */
export interface Telemetry {
  run(result: RunResult, api?: ApiUse): void;
  batch(counts: PublishCounts): void;
  discovery(result: DiscoveryResult): void;
  /** Only logs: the handler still throws, because an error that Lambda does not see raises no alarm. */
  failure(message: string, error: unknown): void;
}

export interface TelemetryOptions {
  /** Dimension `service` of every metric. @default the name of the function that runs */
  readonly service?: string;
  /** Milliseconds since the epoch. @default the system's clock */
  readonly now?: () => number;
}

/** Names of fields whose content is never written, wherever they appear in a line. */
const SECRET_FIELD = /secret|passw|token|signature|credential|authorization|^(ak|sk)$|access_?key|private_?key/i;

export function createTelemetry(options: TelemetryOptions = {}): Telemetry {
  const serviceName = options.service ?? process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'roma-instance-history';
  const now = options.now ?? Date.now;
  const metrics = new Metrics({ namespace: METRIC_NAMESPACE, serviceName });
  const logger = new Logger({
    serviceName,
    jsonReplacerFn: (key, value: unknown) => (SECRET_FIELD.test(key) && value != null ? '[redacted]' : value),
  });
  const count = (name: string, value: number): void => {
    metrics.addMetric(name, MetricUnit.Count, value);
  };

  /** One metric with the dimension of its target, beside those of the whole function. */
  const ofTarget = (target: string, name: string, unit: typeof MetricUnit.Count | typeof MetricUnit.Seconds) => {
    return (value: number): void => {
      metrics.addMetric(name, unit, value);
      const single = metrics.singleMetric();
      single.addDimension(METRIC_DIMENSION.target, target);
      single.addMetric(name, unit, value);
    };
  };

  return {
    run(result, api) {
      const target = targetName(result.target);
      const completed = isCompleted(result.outcome);
      count(METRIC.runs[result.outcome], 1);
      ofTarget(target, METRIC.runsCompleted, MetricUnit.Count)(completed ? 1 : 0);
      // Of a target that no run has ever completed, the age is unknown: it is the missing runs that raise the alarm.
      const age = completed ? 0 : ageInSeconds(result, now());
      if (age !== undefined) ofTarget(target, METRIC.ageOfLastCompletedRun, MetricUnit.Seconds)(age);
      metrics.addMetric(METRIC.runDuration, MetricUnit.Milliseconds, result.durationMs);
      count(METRIC.writeUnits, result.units.write);
      count(METRIC.readUnits, result.units.read);
      for (const kind of CHANGE_KINDS) {
        if (result.changes[kind] > 0) count(METRIC.changes[kind], result.changes[kind]);
      }
      // A run that read nothing must not look like a fleet that is empty or free of rejections.
      if (completed) {
        count(METRIC.instancesSeen, result.instances);
        count(METRIC.recordsRejected, result.rejected);
        count(METRIC.unknownStatuses, result.unknownStatuses);
      }
      if (api !== undefined) {
        count(METRIC.apiRequests, api.requests);
        count(METRIC.apiRetries, api.retries);
        for (const [kind, name] of Object.entries(METRIC.apiErrors)) {
          const errors = api.errors[kind as keyof typeof METRIC.apiErrors] ?? 0;
          if (errors > 0) count(name, errors);
        }
      }
      metrics.publishStoredMetrics();
      const line = { ...toRunLine(result), runId: result.runId, durationMs: result.durationMs };
      const message = `${target}: ${result.outcome}`;
      if (completed && result.outcome !== 'brake') logger.info(message, line);
      else logger.warn(message, line);
    },

    batch(counts) {
      count(METRIC.eventsPublished, counts.published);
      count(METRIC.eventsRefused, counts.refused);
      count(METRIC.streamRecordsSetAside, counts.setAside);
      for (const latency of counts.latenciesMs)
        metrics.addMetric(METRIC.eventLatency, MetricUnit.Milliseconds, latency);
      metrics.publishStoredMetrics();
      const { published, refused, setAside } = counts;
      logger.info('batch published', { published, refused, setAside });
      for (const problem of counts.problems) logger.warn(problem);
    },

    discovery({ failed, vanished, discovered, added, updated, paused }) {
      count(METRIC.discovery.completed, failed.length === 0 ? 1 : 0);
      count(METRIC.discovery.targets, discovered);
      count(METRIC.discovery.added, added.length);
      count(METRIC.discovery.vanished, vanished.length);
      metrics.publishStoredMetrics();
      logger.info('discovery', { discovered, added: added.length, updated: updated.length });
      for (const name of added) logger.info(`${name}: added`);
      for (const name of updated) logger.info(`${name}: changed or enabled again`);
      for (const name of paused) logger.warn(`${name}: paused`);
      for (const name of vanished) logger.warn(`${name}: the account does not show its project`);
      for (const problem of failed) logger.warn(problem);
    },

    failure(message, error) {
      // The error object itself may carry a request with its headers; its text and place do not.
      const { name, stack } = error instanceof Error ? error : { name: 'Error', stack: undefined };
      logger.error(message, { because: describeError(error), error: name, stack });
    },
  };
}

function ageInSeconds({ lastCompletedAt }: RunResult, now: number): number | undefined {
  return lastCompletedAt === undefined ? undefined : Math.max(0, Math.round((now - toMs(lastCompletedAt)) / 1000));
}
