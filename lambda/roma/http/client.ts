import type { Clock } from '../../core/model/clock';
import { type BreakerLimits, createCircuitBreaker } from './circuit-breaker';
import { ERROR_CLASSES, type ErrorClass, errorOf, RomaApiError } from './errors';
import { createRateLimiter, type RateLimits } from './rate-limiter';
import type { Redactor } from './redaction';
import { DEFAULT_RETRY, retryDelay, type RetryPolicy } from './retry';
import type { ApiAnswer, ApiRequest, CallLimits, Transport } from './transport';

/** What makes a request allowed, fresh for each attempt. */
export interface Authorization {
  readonly headers: Readonly<Record<string, string>>;
  /** Where the body itself is the proof, in place of the request's. */
  readonly body?: string;
  /** Told that the API refused it. @returns whether another attempt would use something newer */
  refused(error: RomaApiError): boolean;
}
export type Authorize = (request: ApiRequest, limits: CallLimits) => Promise<Authorization>;

export type Client = ReturnType<typeof createClient>;

export interface ClientOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Between 0 and 1. */
  readonly random: () => number;
  readonly redactor: Redactor;
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** Of each host. */
  readonly rate?: Partial<RateLimits> | undefined;
  readonly breaker?: Partial<BreakerLimits> | undefined;
}

const COMMON_HEADERS = {
  accept: 'application/json',
  'content-type': 'application/json;charset=utf8',
  'user-agent': 'roma-instance-history',
  'x-language': 'en-us',
};

export function createClient({ transport, clock, random, redactor, retry, rate, breaker }: ClientOptions) {
  const policy = { ...DEFAULT_RETRY, ...retry };
  const counts = { requests: 0, retries: 0 };
  const errors = Object.fromEntries(ERROR_CLASSES.map((name) => [name, 0])) as Record<ErrorClass, number>;

  const newHost = (origin: string) => ({
    limiter: createRateLimiter(origin, clock, rate),
    breaker: createCircuitBreaker(origin, clock, breaker),
  });
  const hosts = new Map<string, ReturnType<typeof newHost>>();
  const hostOf = (origin: string): ReturnType<typeof newHost> => {
    const host = hosts.get(origin) ?? newHost(origin);
    hosts.set(origin, host);
    return host;
  };

  async function attempt(request: ApiRequest, limits: CallLimits): Promise<ApiAnswer | RomaApiError> {
    try {
      const answer = await transport.send(request, limits);
      if (answer.status >= 200 && answer.status < 300) return answer;
      return errorOf({ ...answer, what: nameOf(request), now: answer.receivedAt }, redactor);
    } catch (error) {
      if (error instanceof RomaApiError) return error;
      throw error;
    }
  }

  /**
   * Sends a request until it is answered with 2xx, or retrying makes no sense.
   * @throws RomaApiError, or ApiDownError when the host is left alone
   */
  async function call(request: ApiRequest, limits: CallLimits, authorize?: Authorize): Promise<ApiAnswer> {
    const host = hostOf(request.origin);
    let failures = 0;
    let renewed = false;
    for (;;) {
      host.breaker.enter();
      let authorization: Authorization | undefined;
      try {
        await host.limiter.wait(limits, host.breaker.lastFailure());
        // After the wait, because a signature carries the time at which it was made.
        authorization = await authorize?.(request, limits);
      } catch (error) {
        host.breaker.left();
        throw error;
      }
      counts.requests += 1;
      const headers = { ...COMMON_HEADERS, ...request.headers, ...authorization?.headers };
      const body = authorization?.body ?? request.body;
      const result = await attempt({ ...request, headers, body }, limits);
      if (!(result instanceof RomaApiError)) {
        host.breaker.succeeded();
        return result;
      }
      if (limits.signal?.aborted === true) {
        host.breaker.left();
        throw result;
      }
      errors[result.errorClass] += 1;
      host.limiter.failed(result);
      host.breaker.failed(result);
      if (result.renewable && authorization?.refused(result) === true && !renewed) {
        renewed = true;
        counts.retries += 1;
        continue;
      }
      failures += 1;
      const { deadline } = limits;
      const delay = retryDelay({ failures, error: result, random: random(), now: clock.now(), deadline }, policy);
      if (delay === undefined) throw result;
      counts.retries += 1;
      await clock.sleep(delay, limits.signal);
    }
  }

  return {
    call,
    /** Counts an answer that came with 2xx but cannot be used. */
    countError: (errorClass: ErrorClass): void => {
      errors[errorClass] += 1;
    },
    /** Counts since the client was made; failed attempts by class. */
    stats: () => ({ ...counts, errors: { ...errors } }),
  };
}

/** Method and address without query. */
export const nameOf = ({ method, origin, path }: ApiRequest): string => `${method} ${origin}${path}`;
