import { type Measure, round } from './measure';

/** US dollars, on demand, us-east-1, as known in January 2025: compare with the price pages before you rely on them. */
const PRICE = {
  writeUnit: 0.625e-6,
  /** ARM. */
  gigabyteSecond: 0.0000133334,
  invocation: 0.2e-6,
  schedule: 1e-6,
  gigabyteOfLog: 0.5,
};
const MINUTES_A_MONTH = 30 * 24 * 60;
const MEMORY_GB = 0.5;
/** A log line and the metrics of one run, as embedded metric format. */
const LOG_BYTES = 3_000;
/** Used when measure d did not run: one page at 50 ms. */
const USUAL_RUN_MS = 120;

/** What one target whose fleet does not change costs, from the units and the time that were measured. */
export const monthlyCost: Measure = {
  letter: 'g',
  title: 'cost of a target and month, computed from the measured units (custom metrics and alarms not included)',
  run: async ({ numbers }) =>
    [1, 5, 15].map((minutes) => {
      const runs = MINUTES_A_MONTH / minutes;
      const units = numbers.get('a.unchanged.100') ?? 2;
      const seconds = (numbers.get('d.1.ms') ?? USUAL_RUN_MS) / 1000;
      const parts = {
        table: runs * units * PRICE.writeUnit,
        function: runs * (seconds * MEMORY_GB * PRICE.gigabyteSecond + PRICE.invocation),
        schedule: runs * PRICE.schedule,
        logs: ((runs * LOG_BYTES) / 1e9) * PRICE.gigabyteOfLog,
      };
      const total = Object.values(parts).reduce((sum, part) => sum + part, 0);
      numbers.set(`g.${minutes}`, total);
      const everyRow = runs * 100 * PRICE.writeUnit + total - parts.table;
      return {
        what: `a run every ${minutes} minute${minutes === 1 ? '' : 's'}`,
        ours: `$${round(total, 3)} (${Object.entries(parts)
          .map(([name, part]) => `${name} ${round(part, 3)}`)
          .join(', ')})`,
        beside: `$${round(everyRow, 2)} writing all rows of 100 instances`,
        goal: minutes === 5 ? '≤ $0.05' : '',
        ...(minutes === 5 ? { met: total <= 0.05 } : {}),
      };
    }),
};
