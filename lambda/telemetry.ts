import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRIC, METRIC_NAMESPACE, PUBLISH_WITHIN_MS, STALE_INTERVALS } from './contract';
import type { DiscoveryResult } from './core/discovery/discovery';
import { describeError } from './core/model/errors';
import { type Instant, toMs } from './core/model/instant';
import { targetName } from './core/model/instance';
import type { PublishReport } from './core/publish/batch';
import { isCompleted, RunFailedError, type RunResult, toRunLine } from './core/sync/run-result';

/** What one run asked of the API. */
export interface ApiUse {
  readonly requests: number;
  /** Requests that were sent again. */
  readonly retries: number;
  /** Failed attempts by class. */
  readonly errors: Readonly<Record<string, number>>;
}

/** What the functions tell CloudWatch: one log line and the metrics of the contract, in embedded metric format. */
export interface Telemetry {
  run(result: RunResult, api?: ApiUse): void;
  batch(report: Omit<PublishReport, 'resumeFrom'>): void;
  discovery(result: DiscoveryResult): void;
  /** Only logs: the handler still throws, because an error that Lambda does not see raises no alarm. */
  failure(message: string, error: unknown): void;
}

export interface TelemetryOptions {
  /** Dimension `service` of every metric. @default the name of the function that runs */
  readonly service?: string;
  /** Dimension of what sync function and publisher count together. @default nothing of the kind is counted */
  readonly tableName?: string | undefined;
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
  const countUnlessZero = (name: string, value: number): void => {
    if (value > 0) metrics.addMetric(name, MetricUnit.Count, value);
  };

  /** Recorded and published are counted at one time, so that they fall into one period and cancel each other out. */
  function countUnpublished(observedAt: Instant, count: number): void {
    if (options.tableName === undefined || count === 0) return;
    const shared = new Metrics({ namespace: METRIC_NAMESPACE, serviceName: options.tableName });
    shared.setTimestamp(toMs(observedAt) + PUBLISH_WITHIN_MS);
    shared.addMetric(METRIC.changesUnpublished, MetricUnit.Count, count);
    shared.publishStoredMetrics();
  }

  return {
    run(result, api) {
      const completed = isCompleted(result.outcome);
      const intervals = completed ? 0 : intervalsSinceCompleted(result, now());
      countUnlessZero(METRIC.intervalsSinceCompleted, intervals);
      countUnlessZero(METRIC.brakeHeld, result.outcome === 'brake' ? 1 : 0);
      countUnlessZero(METRIC.recordsRejected, completed ? result.rejected : 0);
      if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
      const changes = result.versions.filter(({ kind }) => kind !== 'baseline');
      if (changes[0] !== undefined) countUnpublished(changes[0].observedAt, changes.length);
      const { runId, durationMs, units, unknownStatuses } = result;
      const line = { ...toRunLine(result), runId, durationMs, units, unknownStatuses, intervals, api };
      const message = `${targetName(result.target)}: ${result.outcome}`;
      if (completed && result.outcome !== 'brake') logger.info(message, line);
      else logger.warn(message, line);
    },

    batch({ published, refused, setAside, latenciesMs, observedAt, problems }) {
      const times = new Map<Instant, number>();
      for (const at of observedAt) times.set(at, (times.get(at) ?? 0) + 1);
      for (const [at, count] of times) countUnpublished(at, -count);
      const latencyMs = latenciesMs.length === 0 ? undefined : Math.max(...latenciesMs);
      logger.info('batch published', { published, refused, setAside, latencyMs });
      for (const problem of problems) logger.warn(problem);
    },

    discovery({ failed, vanished, discovered, added, updated, paused }) {
      countUnlessZero(METRIC.discovery.completed, failed.length === 0 ? 1 : 0);
      countUnlessZero(METRIC.discovery.vanished, vanished.length);
      if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
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

/**
 * A handler that tells why it failed, and fails: an error that Lambda does not see can neither raise an alarm nor be tried
 * again. A run that failed has told it already.
 */
export const telling =
  <A extends unknown[], R>(
    { failure }: Pick<Telemetry, 'failure'>,
    message: string,
    work: (...args: A) => Promise<R>,
  ) =>
  async (...args: A): Promise<R> => {
    try {
      return await work(...args);
    } catch (error) {
      if (!(error instanceof RunFailedError)) failure(message, error);
      throw error;
    }
  };

/** A target that no run has ever completed is as stale as one can be known to be. */
function intervalsSinceCompleted({ lastCompletedAt, intervalMs }: RunResult, now: number): number {
  return lastCompletedAt === undefined ? STALE_INTERVALS : Math.max(0, (now - toMs(lastCompletedAt)) / intervalMs);
}
