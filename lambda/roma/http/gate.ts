import type { Clock } from '../../core/model/clock';
import { ApiDownError, RomaApiError } from './errors';
import type { CallLimits } from './transport';

export interface GateOptions {
  /** Requests a second on average, and the most that start at once after a pause. @default 10 */
  readonly requestsPerSecond: number;
  /** Failures in a row (server or network) after which a host is left alone. @default 8 */
  readonly failuresToOpen: number;
  /** For how long at first; it doubles with each failed trial up to `longestOpenMs`. @default 30 s, 5 min */
  readonly openMs: number;
  readonly longestOpenMs: number;
  /** A pause that the API asks for and that is longer is not waited for: the run ends. @default 2 min */
  readonly longestWaitMs: number;
}

export const DEFAULT_GATE: GateOptions = {
  requestsPerSecond: 10,
  failuresToOpen: 8,
  openMs: 30_000,
  longestOpenMs: 300_000,
  longestWaitMs: 120_000,
};

/** Politeness towards one host, shared by all pages and all targets of a process. */
export interface Gate {
  /** Waits for its turn. @throws ApiDownError when the host is left alone, RomaApiError when the wait is too long */
  enter(limits: CallLimits): Promise<void>;
  succeeded(): void;
  failed(error: RomaApiError): void;
  /** Entered, but nothing was learned about the host. */
  left(): void;
}

export function createGate(origin: string, clock: Clock, options: Partial<GateOptions> = {}): Gate {
  const { requestsPerSecond, failuresToOpen, openMs, longestOpenMs, longestWaitMs } = { ...DEFAULT_GATE, ...options };
  const interval = 1000 / requestsPerSecond;
  const burst = Math.max(0, Math.ceil(requestsPerSecond) - 1) * interval;
  /** When the next request would be due, were they evenly spread. */
  let due = 0;
  let pausedUntil = 0;
  let pausedBecause = '';
  let failures = 0;
  let openUntil = 0;
  let openFor = openMs;
  let trial = false;
  let lastFailure = '';

  const turn = async ({ signal, deadline }: CallLimits): Promise<void> => {
    const now = clock.now();
    const at = Math.max(now, due - burst, pausedUntil);
    if (at - now > longestWaitMs || (deadline !== undefined && at >= deadline)) throw notAsked(now);
    due = Math.max(due, at) + interval;
    if (at > now) await clock.sleep(at - now, signal);
  };

  const notAsked = (now: number): RomaApiError => {
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
    async enter(limits) {
      if (failures >= failuresToOpen) {
        const now = clock.now();
        if (now < openUntil || trial) {
          throw new ApiDownError(
            `${origin} failed ${failures} times in a row and is left alone until ${new Date(Math.max(now, openUntil)).toISOString()}; the last failure: ${lastFailure}`,
          );
        }
        trial = true;
      }
      try {
        await turn(limits);
      } catch (error) {
        trial = false;
        throw error;
      }
    },
    left() {
      trial = false;
    },
    succeeded() {
      failures = 0;
      openFor = openMs;
      trial = false;
      lastFailure = '';
    },
    failed(error) {
      lastFailure = error.message;
      const now = clock.now();
      const wasTrial = trial;
      trial = false;
      if (error.retryAfterMs !== undefined && now + error.retryAfterMs > pausedUntil) {
        pausedUntil = now + error.retryAfterMs;
        pausedBecause = error.message;
      }
      // An answer, even a refusal, shows that the host is up.
      if (error.errorClass !== 'server' && error.errorClass !== 'network') {
        failures = 0;
        openFor = openMs;
        return;
      }
      failures += 1;
      if (failures < failuresToOpen) return;
      if (wasTrial) openFor = Math.min(longestOpenMs, openFor * 2);
      openUntil = now + openFor;
    },
  };
}
