import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { describeError, UsageError } from '../../../lambda/core/model/errors';
import PRICES from './prices.json';

/** List prices in US dollars, without the free tier and taxes, and what is assumed because nothing measures it. */
export type PriceList = typeof PRICES;
export { PRICES };

const partly = (of: Readonly<Record<string, number>>) =>
  z.partialRecord(z.enum(Object.keys(of)), z.number().min(0)).optional();
const corrections = z.strictObject({
  asOf: z.string().optional(),
  region: z.string().optional(),
  source: z.string().optional(),
  usd: partly(PRICES.usd),
  assumed: partly(PRICES.assumed),
});

/**
 * The built-in list with what a file in JSON corrects.
 * @throws UsageError in one line
 */
export function readPrices(file?: string): PriceList {
  if (file === undefined) return PRICES;
  try {
    const { usd, assumed, ...about } = corrections.parse(JSON.parse(readFileSync(file, 'utf8')));
    return { ...PRICES, ...about, usd: { ...PRICES.usd, ...usd }, assumed: { ...PRICES.assumed, ...assumed } };
  } catch (error) {
    const [issue] = error instanceof z.ZodError ? error.issues : [];
    const reason = issue === undefined ? describeError(error) : `${issue.path.join('.')}: ${issue.message}`;
    throw new UsageError(`--prices ${file}: ${reason}`, { cause: error });
  }
}

/** Of CloudFormation. */
export interface Template {
  readonly Resources?: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> }>
  >;
}

/** What of a deployed stack is paid for by the month, or decides what the rest costs. */
export function partsOf({ Resources = {} }: Template) {
  const all = (type: string) =>
    Object.values(Resources).flatMap(({ Type, Properties = {} }) => (Type === type ? [Properties] : []));
  const most = (type: string, name: string): number =>
    Math.max(0, ...all(type).map(({ [name]: value }) => Number(value) || 0));
  // The daily export has more memory, and one run.
  const functions = all('AWS::Lambda::Function').filter(
    ({ Description }) => !String(Description).startsWith('Exports'),
  );
  return {
    // An alarm on an expression is paid for by the metrics in it.
    alarmMetrics: all('AWS::CloudWatch::Alarm')
      .map(({ Metrics = [{ MetricStat: {} }] }) => Metrics as readonly { MetricStat?: unknown }[])
      .reduce((sum, metrics) => sum + metrics.filter(({ MetricStat }) => MetricStat !== undefined).length, 0),
    compositeAlarms: all('AWS::CloudWatch::CompositeAlarm').length,
    dashboards: all('AWS::CloudWatch::Dashboard').length,
    secrets: all('AWS::SecretsManager::Secret').length,
    keys: all('AWS::KMS::Key').length,
    hasRecovery: JSON.stringify(all('AWS::DynamoDB::Table')).includes('"PointInTimeRecoveryEnabled":true'),
    isArm: JSON.stringify(functions).includes('arm64'),
    memoryMb: Math.max(0, ...functions.map(({ MemorySize }) => Number(MemorySize) || 0)),
    logDays: most('AWS::Logs::LogGroup', 'RetentionInDays'),
    archiveDays: most('AWS::Events::Archive', 'RetentionDays'),
  };
}

export type StackParts = ReturnType<typeof partsOf>;

/** One month. */
export interface Use {
  readonly intervalsMs: readonly number[];
  readonly tableBytes: number;
  readonly changes: number;
  /** Runs that recorded a change. */
  readonly changedRuns: number;
  /** Instances that those runs listed, each run counted. */
  readonly instancesOfChangedRuns: number;
}

export const DAYS_PER_MONTH = 365.25 / 12;
const MONTH_MS = DAYS_PER_MONTH * 86_400_000;
const HOURS = DAYS_PER_MONTH * 24;

/** Dollars by item, and their total. */
export function billOf(use: Use, parts: StackParts, { usd, assumed }: PriceList) {
  const sum = (of: (runs: number, intervalMs: number) => number): number =>
    use.intervalsMs.reduce((total, intervalMs) => total + of(MONTH_MS / intervalMs, intervalMs), 0);
  const runs = sum((runsOfTarget) => runsOfTarget);
  // At most: as if each target had its own environment.
  const coldStarts = sum((runsOfTarget, intervalMs) =>
    intervalMs > assumed.idleMinutesOfEnvironment * 60_000
      ? runsOfTarget
      : Math.min(runsOfTarget, HOURS / assumed.hoursOfEnvironment),
  );
  const secretReads = sum((runsOfTarget) => Math.min(runsOfTarget, (HOURS * 60) / assumed.minutesOfSecret));
  const writeUnits = runs * assumed.writeUnitsPerRun + use.changes * assumed.writeUnitsPerChange;
  const readUnits = use.instancesOfChangedRuns * assumed.readUnitsPerInstanceOfChangedRun;
  const ms = (parts.isArm ? usd.gigabyteSecondArm64 : usd.gigabyteSecondX86) * 1e-3;
  const memory = parts.memoryMb / 1024;
  const logs = (runs * assumed.logBytesPerRun) / 1e9;
  const archived = (use.changes * assumed.bytesPerEvent) / 1e9;
  const table = (use.tableBytes + use.changes * assumed.bytesPerVersion) / 1e9;
  const dollars = {
    writes: (writeUnits / 1e6) * usd.millionWriteUnits,
    reads: (readUnits / 1e6) * usd.millionReadUnits,
    storage: table * usd.gigabyteMonthOfTable,
    recovery: parts.hasRecovery ? table * usd.gigabyteMonthOfRecovery : 0,
    functions:
      ((runs + use.changedRuns) / 1e6) * usd.millionInvocations +
      (runs * assumed.msPerRun * memory + use.changedRuns * assumed.msPerPublish * 0.25) * ms,
    coldStarts: coldStarts * assumed.msPerInit * memory * ms,
    schedules: (runs / 1e6) * usd.millionSchedules,
    logs: logs * (usd.gigabyteIntoLog + (parts.logDays / DAYS_PER_MONTH) * usd.gigabyteMonthOfLog),
    events: (use.changes / 1e6) * usd.millionEvents,
    archive: archived * (usd.gigabyteIntoArchive + (parts.archiveDays / DAYS_PER_MONTH) * usd.gigabyteMonthOfArchive),
    // The one series that has a value in healthy times, by the hour: changes that are not published yet.
    metrics: parts.alarmMetrics === 0 ? 0 : (Math.min(use.changedRuns, HOURS) / HOURS) * usd.metricMonth,
    alarms: parts.alarmMetrics * usd.alarmMetricMonth + parts.compositeAlarms * usd.compositeAlarmMonth,
    dashboard: parts.dashboards * usd.dashboardMonth,
    secret: parts.secrets * (usd.secretMonth + (secretReads / 1e4) * usd.secretReads10000),
    key: parts.keys * usd.keyMonth,
  };
  const total = Object.values(dollars).reduce((all, part) => all + part, 0);
  const byItem: Readonly<Record<string, number>> = { ...dollars, total };
  return { runsPerMonth: runs, writeUnits, readUnits, dollars: byItem };
}
