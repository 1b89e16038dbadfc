import type { Trace } from '../model/attribution';
import { type Instant, plusMs, toInstant } from '../model/instant';
import type { Target } from '../model/instance';
import { operationOf } from '../model/operation';
import { DEFAULT_TIMING } from './attribute';
import type { TraceSource } from './ports';
import { isResult, outcomeOf } from './trace';

/** A run waits so long for the traces of deletions, and no longer. */
const LIMIT_MS = 5_000;

/** A deletion is over with its Result; cleaning up after a failed creation has none. */
const tellsOfDeletion = (trace: Trace): boolean =>
  outcomeOf(trace) === 'done' &&
  // It must say that it succeeded: what no code and no rating tells, or a code of another kind, is no evidence.
  (trace.code === null ? trace.rating !== null : /^2\d\d$/.test(trace.code)) &&
  (operationOf(trace.name) === 'cleanFailed' || (operationOf(trace.name) === 'delete' && isResult(trace)));

/**
 * Tells which absent instances a trace says were deleted, since each was last seen. That a trace is missing tells
 * nothing: it may be late, or the service is off. Never rejects.
 */
export const tracedDeletions =
  (traces: TraceSource, clock: { now(): number }) =>
  async (
    target: Target,
    /** When each was last seen. */
    absent: ReadonlyMap<string, Instant>,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> => {
    const now = clock.now();
    const since = (seen: Instant): Instant => plusMs(seen, -DEFAULT_TIMING.clockErrorMs);
    const [oldest] = [...absent.values()].toSorted();
    if (oldest === undefined) return new Set();
    const span = { from: since(oldest), to: toInstant(now) };
    const reading = await traces.read(target, span, { deadline: now + LIMIT_MS, signal });
    if (reading.kind === 'refused') return new Set();
    const until = plusMs(span.to, DEFAULT_TIMING.clockErrorMs);
    const deleted = reading.traces.filter(tellsOfDeletion).flatMap(({ resourceId, at }) => {
      const seen = absent.get(resourceId ?? '');
      return resourceId !== null && seen !== undefined && at >= since(seen) && at <= until ? [resourceId] : [];
    });
    return new Set(deleted);
  };
