import { runInNewContext } from 'node:vm';

/** What of an alarm in a template decides its state. */
export interface AlarmDefinition {
  readonly ComparisonOperator: string;
  readonly Threshold: number;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm?: number;
  readonly TreatMissingData?: string;
  readonly Statistic?: string;
  readonly Period?: number;
  readonly Metrics?: readonly {
    readonly Id?: string;
    readonly Expression?: string;
    readonly MetricStat?: MetricStat;
  }[];
}
interface MetricStat {
  readonly Period: number;
  readonly Stat: string;
}
/** The values that a metric gets in one minute; nothing is sent in most. */
export type MetricHistory = (minute: number) => number | undefined;

/** CloudWatch retrieves more data points than it evaluates; how many more is not documented, the examples show two. */
const EXTRA_POINTS = 2;

/**
 * The state of an alarm at the end of each minute, as "Evaluating an alarm" and "Configuring how CloudWatch alarms treat
 * missing data" of the CloudWatch user guide describe it: M out of the N latest periods; where real data points of the
 * evaluation range are fewer than N, missing ones are filled in as the alarm says, and otherwise the latest real ones count.
 * @param histories of the metric, or of each metric of an expression
 */
export function statesOf(
  alarm: AlarmDefinition,
  histories: readonly MetricHistory[],
  minutes: number,
): readonly ('OK' | 'ALARM')[] {
  const expression = alarm.Metrics?.find(({ Expression }) => Expression !== undefined)?.Expression;
  const ids = alarm.Metrics?.flatMap(({ Id, MetricStat }) => (MetricStat === undefined ? [] : [Id ?? ''])) ?? [''];
  const stat = alarm.Metrics?.find(({ MetricStat }) => MetricStat !== undefined)?.MetricStat;
  const period = (stat?.Period ?? alarm.Period ?? 0) / 60;
  const statistic = stat?.Stat ?? alarm.Statistic;
  const { EvaluationPeriods: n, DatapointsToAlarm: m = n, TreatMissingData: missing } = alarm;
  if (missing !== 'breaching' && missing !== 'notBreaching') throw new Error(`${missing} is not evaluated here`);
  const pointsOf = (history: MetricHistory, nth: number): number | undefined => {
    const values = Array.from({ length: period }, (_, minute) => history(nth * period + minute)).filter(
      (value) => value !== undefined,
    );
    if (values.length === 0) return undefined;
    if (statistic === 'Maximum') return Math.max(...values);
    if (statistic === 'Sum') return values.reduce((sum, value) => sum + value, 0);
    throw new Error(`${statistic} is not computed here`);
  };
  const points = Array.from({ length: Math.floor(minutes / period) }, (_, nth) => {
    const values = ids.map((_, index) => pointsOf(histories[index] ?? (() => undefined), nth));
    return expression === undefined ? values[0] : evaluate(expression, ids, values);
  });
  const isBreaching = (value: number): boolean =>
    alarm.ComparisonOperator === 'LessThanThreshold' ? value < alarm.Threshold : value >= alarm.Threshold;
  let state: 'OK' | 'ALARM' = 'OK';
  let evaluated = 0;
  return Array.from({ length: minutes }, (_, minute) => {
    const complete = Math.floor((minute + 1) / period);
    // Before so many periods there is nothing to look at: the alarm is as new as the stack.
    if (complete < n || complete === evaluated) return state;
    evaluated = complete;
    const range = points.slice(Math.max(0, complete - n - EXTRA_POINTS), complete);
    const real = range.filter((value) => value !== undefined);
    const breaches =
      real.length >= n
        ? real.slice(-n).filter(isBreaching).length
        : range.slice(-n).filter((value) => (value === undefined ? missing === 'breaching' : isBreaching(value)))
            .length;
    state = breaches >= m ? 'ALARM' : 'OK';
    return state;
  });
}

/** One point of an expression: `FILL`, `IF`, sums and comparisons, as in JavaScript but for the two functions. */
function evaluate(expression: string, ids: readonly string[], values: readonly (number | undefined)[]): number {
  const scope = {
    FILL: (value: number | undefined, missing: number) => value ?? missing,
    IF: (condition: boolean, yes: number, no: number) => (condition ? yes : no),
    ...Object.fromEntries(ids.map((id, index) => [id, values[index]])),
  };
  return runInNewContext(expression, scope) as number;
}
