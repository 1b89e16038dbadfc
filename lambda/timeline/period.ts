import { UsageError } from '../core/model/errors';
import { type ClosedSpan, type Instant, plusMs, toMs } from '../core/model/instant';

/** The half-open span of time that is shown. */
export type Period = ClosedSpan;

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** Offered as a zoom where they are shorter than the period. They end when the period ends. */
const ZOOMS = [
  { id: '30d', title: '30 d', ms: 30 * DAY_MS },
  { id: '7d', title: '7 d', ms: 7 * DAY_MS },
  { id: '24h', title: '24 h', ms: DAY_MS },
  { id: '1h', title: '1 h', ms: HOUR_MS },
];

const SHORTEST_MS = 1000;
const LONGEST_MS = 5 * 366 * DAY_MS;

/**
 * A period that can be drawn.
 * @throws UsageError when it ends before it begins, or is shorter than a second or longer than five years
 */
export function periodBetween(from: Instant, to: Instant): Period {
  const length = toMs(to) - toMs(from);
  if (!(length >= SHORTEST_MS && length <= LONGEST_MS)) {
    throw new UsageError(
      `the period from ${from} to ${to} cannot be drawn: it must end after it begins and last from one second to five years`,
    );
  }
  return { from, to };
}

export const periodBefore = (to: Instant, ms: number): Period => periodBetween(plusMs(to, -ms), to);

export const lengthMs = (period: Period): number => toMs(period.to) - toMs(period.from);

/** The shorter ones, the widest first. */
export const zoomsOf = (period: Period): typeof ZOOMS => ZOOMS.filter(({ ms }) => ms < lengthMs(period) * 0.99);
