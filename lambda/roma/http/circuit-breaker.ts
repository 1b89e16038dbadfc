import type { Clock } from '../../core/model/clock';
import { ApiDownError, type RomaApiError } from './errors';

export const DEFAULT_BREAKER = {
  /** After this many failures in a row (5xx or network), no requests go to the host for a while. */
  failuresToOpen: 8,
  /** For how long at first. Each failed request in between doubles it, up to `longestOpenMs`. */
  openMs: 30_000,
  longestOpenMs: 300_000,
};
export type BreakerLimits = Readonly<typeof DEFAULT_BREAKER>;

/**
 * Leaves a failing host alone: closed at first, open after too many failures. After a while it is half-open: one request
 * may go through, and its result closes or opens the breaker. All pages and targets of a process share it.
 */
export function createCircuitBreaker(origin: string, clock: Clock, options: Partial<BreakerLimits> = {}) {
  const { failuresToOpen, openMs, longestOpenMs } = { ...DEFAULT_BREAKER, ...options };
  let failures = 0;
  let openUntil = 0;
  let openFor = openMs;
  /** The one request of the half-open breaker is on its way. */
  let halfOpen = false;
  let lastFailure = '';

  return {
    /** @throws ApiDownError when the host is left alone */
    enter(): void {
      if (failures < failuresToOpen) return;
      const now = clock.now();
      if (now < openUntil || halfOpen) {
        throw new ApiDownError(
          `${origin} failed ${failures} times in a row and is left alone until ${new Date(Math.max(now, openUntil)).toISOString()}; the last failure: ${lastFailure}`,
        );
      }
      halfOpen = true;
    },
    /** A request that entered ended without a word from the host. */
    left(): void {
      halfOpen = false;
    },
    succeeded(): void {
      failures = 0;
      openFor = openMs;
      halfOpen = false;
      lastFailure = '';
    },
    failed(error: RomaApiError): void {
      lastFailure = error.message;
      const wasHalfOpen = halfOpen;
      halfOpen = false;
      // An answer, even a refusal, shows that the host is up.
      if (error.errorClass !== 'server' && error.errorClass !== 'network') {
        failures = 0;
        openFor = openMs;
        return;
      }
      failures += 1;
      if (failures < failuresToOpen) return;
      if (wasHalfOpen) openFor = Math.min(longestOpenMs, openFor * 2);
      openUntil = clock.now() + openFor;
    },
    /** Of the failures since the last success; empty if there are none. */
    lastFailure: () => lastFailure,
  };
}
