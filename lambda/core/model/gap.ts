import { type Instant, toMs } from './instant';
import type { Gap, Head } from './record';

export const DEFAULT_INTERVAL_MS = 5 * 60_000;
/** A span without a completed run is a gap when it is longer than this many intervals. */
export const GAP_FACTOR = 2.5;

export const isGap = (fromMs: number, toMs: number, intervalMs: number): boolean =>
  toMs - fromMs > GAP_FACTOR * intervalMs;

/**
 * The gap that a run would close if it completed with this observation time. What counts is the interval at which runs
 * were expected meanwhile, which is that of the head; a new one (in ms) holds from this run on.
 */
export function closedGap(head: Head, observedAt: Instant, intervalMs: number | undefined): Gap | undefined {
  const from = head.completedObservedAt;
  if (from === undefined) return undefined;
  return isGap(toMs(from), toMs(observedAt), head.intervalMs ?? intervalMs ?? DEFAULT_INTERVAL_MS)
    ? { target: head.target, from, to: observedAt }
    : undefined;
}
