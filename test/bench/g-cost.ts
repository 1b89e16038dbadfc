import { billOf, partsOf, PRICES } from '../../bin/cli/doctor/cost';
import { type Measure, round } from './measure';

/** Used when measure d did not run: one page at 50 ms. */
const USUAL_RUN_MS = 120;
const PARTS = { ...partsOf({}), isArm: true, memoryMb: 512, logDays: 90 };
const QUIET = { tableBytes: 0, changes: 0, changedRuns: 0, instancesOfChangedRuns: 0 };

/** What the runs of one target whose fleet does not change cost, from the units and the time that were measured. */
export const monthlyCost: Measure = {
  letter: 'g',
  title: 'cost of the runs of a target and month, computed from the measured units; the whole bill is in docs/cost.md',
  run: async ({ numbers }) =>
    [1, 5, 15].map((minutes) => {
      const assumed = {
        ...PRICES.assumed,
        writeUnitsPerRun: numbers.get('a.unchanged.100') ?? PRICES.assumed.writeUnitsPerRun,
        msPerRun: numbers.get('d.1.ms') ?? USUAL_RUN_MS,
      };
      const { dollars, runsPerMonth } = billOf({ ...QUIET, intervalsMs: [minutes * 60_000] }, PARTS, {
        ...PRICES,
        assumed,
      });
      const { total = 0, writes = 0 } = dollars;
      numbers.set(`g.${minutes}`, total);
      const everyRow = (runsPerMonth * 100 * PRICES.usd.millionWriteUnits) / 1e6 + total - writes;
      const parts = ['writes', 'functions', 'coldStarts', 'schedules', 'logs'].map(
        (item) => `${item} ${round(dollars[item] ?? 0, 3)}`,
      );
      return {
        what: `a run every ${minutes} minute${minutes === 1 ? '' : 's'}`,
        ours: `$${round(total, 3)} (${parts.join(', ')})`,
        beside: `$${round(everyRow, 2)} writing all rows of 100 instances`,
        goal: minutes === 5 ? '≤ $0.05' : '',
        ...(minutes === 5 ? { met: total <= 0.05 } : {}),
      };
    }),
};
