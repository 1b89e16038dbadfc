import type { Clock } from '../../core/model/clock';
import { RomaApiError } from './errors';
import type { CallLimits } from './transport';

export const DEFAULT_RATE = {
  /** Requests per second on average, and the most that start at once after a pause. */
  requestsPerSecond: 10,
  /** If the API asks for a longer pause, the run ends instead of waiting for it. */
  longestWaitMs: 120_000,
};
export type RateLimits = Readonly<typeof DEFAULT_RATE>;

/** How often one host is asked. All pages and all targets of a process share the limiter of a host. */
export function createRateLimiter(origin: string, clock: Clock, options: Partial<RateLimits> = {}) {
  const { requestsPerSecond, longestWaitMs } = { ...DEFAULT_RATE, ...options };
  const interval = 1000 / requestsPerSecond;
  const burst = Math.max(0, Math.ceil(requestsPerSecond) - 1) * interval;
  /** When the next request would be due if requests were evenly spread. */
  let due = 0;
  let pausedUntil = 0;
  let pausedBecause = '';

  const notAsked = (now: number, lastFailure: string): RomaApiError => {
    if (pausedUntil > now) {
      const until = new Date(pausedUntil).toISOString();
      return new RomaApiError(`${origin} is not asked again before ${until}: ${pausedBecause}`, {
        errorClass: 'throttled',
        retryable: false,
      });
    }
    const failed = lastFailure === '' ? '' : `; the last failure: ${lastFailure}`;
    return new RomaApiError(`${origin} was not asked: the run has no time left${failed}`, {
      errorClass: 'network',
      retryable: false,
    });
  };

  return {
    /**
     * Waits until it is this request's turn.
     * @param lastFailure of the host, for the error that says that the run has no time left; empty if there was none
     * @throws RomaApiError when the wait would be too long
     */
    async wait({ signal, deadline }: CallLimits, lastFailure: string): Promise<void> {
      const now = clock.now();
      const at = Math.max(now, due - burst, pausedUntil);
      if (at - now > longestWaitMs || (deadline !== undefined && at >= deadline)) throw notAsked(now, lastFailure);
      due = Math.max(due, at) + interval;
      if (at > now) await clock.sleep(at - now, signal);
    },
    /** All requests pause if the error says for how long. */
    failed({ retryAfterMs, message }: RomaApiError): void {
      if (retryAfterMs === undefined || clock.now() + retryAfterMs <= pausedUntil) return;
      pausedUntil = clock.now() + retryAfterMs;
      pausedBecause = message;
    },
  };
}
