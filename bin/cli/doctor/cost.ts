import type { Head } from '../../../lambda/core/model/record';
import { DEFAULT_INTERVAL_MS } from '../../../lambda/core/model/gap';

/** On-demand prices in US dollars, region us-east-1, without the free tier and taxes. */
export const PRICES = {
  asOf: '2025-01',
  region: 'us-east-1',
  source:
    'https://aws.amazon.com/dynamodb/pricing/on-demand/, https://aws.amazon.com/lambda/pricing/, https://aws.amazon.com/eventbridge/pricing/',
  perMillionWriteUnits: 0.625,
  perMillionReadUnits: 0.125,
  perGigabyteMonth: 0.25,
  perMillionInvocations: 0.2,
  /** arm64. */
  perGigabyteSecond: 0.0000133334,
  perMillionSchedules: 1,
} as const;

const MONTH_MS = (365.25 / 12) * 86_400_000;
/** The head is written once more at the end of a run, after its units were counted. */
const END_WRITE_UNITS = 1;
/** The head does not hold how long a run took. Listing one page takes half a second at 512 MB. */
const SECONDS_PER_RUN = 0.5;
const GIGABYTES = 0.5;

export interface Cost {
  readonly runsPerMonth: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly dollars: {
    readonly writes: number;
    readonly reads: number;
    readonly storage: number;
    readonly functions: number;
    readonly schedules: number;
    readonly total: number;
  };
}

/** What a month costs if every run is like the last one of its target. */
export function costOf(heads: readonly Head[], tableBytes: number): Cost {
  let runsPerMonth = 0;
  let writeUnits = 0;
  let readUnits = 0;
  for (const head of heads) {
    const runs = MONTH_MS / (head.intervalMs ?? DEFAULT_INTERVAL_MS);
    runsPerMonth += runs;
    writeUnits += runs * ((head.writeUnits ?? 1) + END_WRITE_UNITS);
    readUnits += runs * (head.readUnits ?? 0);
  }
  const writes = (writeUnits / 1e6) * PRICES.perMillionWriteUnits;
  const reads = (readUnits / 1e6) * PRICES.perMillionReadUnits;
  const storage = (tableBytes / 1e9) * PRICES.perGigabyteMonth;
  const functions =
    (runsPerMonth / 1e6) * PRICES.perMillionInvocations +
    runsPerMonth * SECONDS_PER_RUN * GIGABYTES * PRICES.perGigabyteSecond;
  const schedules = (runsPerMonth / 1e6) * PRICES.perMillionSchedules;
  const total = writes + reads + storage + functions + schedules;
  return { runsPerMonth, writeUnits, readUnits, dollars: { writes, reads, storage, functions, schedules, total } };
}
