import type { RomaApiError } from './errors';

export const DEFAULT_RETRY = {
  /** Requests in all, the first included. */
  attempts: 4,
  /** The longest wait after the first failure, in ms; it doubles with each further one … */
  baseMs: 500,
  /** … up to this. A server that asks for more is obeyed. */
  maxMs: 20_000,
  /** A wait longer than this is not worth holding a run for. */
  longestWaitMs: 120_000,
};
export type RetryPolicy = Readonly<typeof DEFAULT_RETRY>;

export interface Situation {
  /** Failed attempts so far. */
  readonly failures: number;
  readonly error: Pick<RomaApiError, 'retryable' | 'retryAfterMs'>;
  /** Between 0 and 1. */
  readonly random: number;
  readonly now: number;
  /** Nothing may be waited for beyond this, in ms since the epoch. */
  readonly deadline: number | undefined;
}

/**
 * How long to wait before the next attempt, in ms; undefined: give up. Full jitter (a wait between nothing and the
 * bound, so that many clients spread out), on top of what the server asks for. Gives up while there is time to say so.
 */
export function retryDelay(situation: Situation, policy: RetryPolicy): number | undefined {
  const { failures, error, random, now, deadline } = situation;
  if (!error.retryable || failures >= policy.attempts) return undefined;
  const bound = Math.min(policy.maxMs, policy.baseMs * 2 ** (failures - 1));
  const delay = Math.ceil((error.retryAfterMs ?? 0) + random * bound);
  if (delay > policy.longestWaitMs) return undefined;
  if (deadline !== undefined && now + delay >= deadline) return undefined;
  return delay;
}
