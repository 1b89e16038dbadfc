import type { Clock } from '../../core/model/clock';
import { RomaApiError } from '../http/errors';
import type { CallLimits } from '../http/transport';
import { createLockout, EVERYTHING } from './lockout';

/** After an early renewal that failed, the next one waits this long. */
const RENEW_AGAIN_MS = 60_000;

/** A token, or a pair of keys. Times are by our clock, in ms since the epoch. */
export interface Expiring<T> {
  readonly value: T;
  /** From here on a newer one is asked for, while this one is still used. */
  readonly renewAt: number;
  /** From here on it is not used any more. */
  readonly expiresAt: number;
}

/**
 * Keeps tokens and keys until they expire. All who ask at the same time wait for one request. It renews early and in the
 * background: while the old value is valid, nobody waits for a renewal, and one that fails does no harm.
 */
export function createTokenCache<T>(clock: Clock, fetch: (key: string) => Promise<Expiring<T>>) {
  const kept = new Map<string, Expiring<T>>();
  const pending = new Map<string, Promise<T>>();
  const retired: T[] = [];
  const lockout = createLockout(clock);

  const retire = (key: string): void => {
    const old = kept.get(key);
    if (old === undefined) return;
    kept.delete(key);
    // An older token may still be echoed by an answer that is on its way.
    retired.push(old.value);
    if (retired.length > 8) retired.shift();
  };

  const renew = async (key: string): Promise<T> => {
    try {
      const fresh = await fetch(key);
      retire(key);
      kept.set(key, fresh);
      return fresh.value;
    } catch (error) {
      if (error instanceof RomaApiError && error.errorClass === 'unauthorized') {
        // A wrong password is wrong for every project. A project that is not the user's says nothing about others.
        lockout.refuse(/password/i.test(error.apiMessage ?? '') ? EVERYTHING : key, error);
      }
      throw error;
    } finally {
      pending.delete(key);
    }
  };

  const renewal = async (key: string): Promise<T> => {
    lockout.check(key);
    let request = pending.get(key);
    if (request === undefined) pending.set(key, (request = renew(key)));
    return request;
  };

  const renewEarly = async (key: string, known: Expiring<T>): Promise<void> => {
    try {
      await renewal(key);
    } catch {
      const again = { ...known, renewAt: clock.now() + RENEW_AGAIN_MS };
      if (kept.get(key) === known) kept.set(key, again);
    }
  };

  return {
    async get(key: string, limits: CallLimits): Promise<T> {
      const known = kept.get(key);
      if (known === undefined || clock.now() >= known.expiresAt) return unlessStopped(renewal(key), limits, clock);
      if (clock.now() >= known.renewAt) void renewEarly(key, known);
      return known.value;
    },
    /** Forgets a value that was refused, unless it has been replaced already. @returns true: there is, or will be, a newer one */
    refuse(key: string, value: T): boolean {
      if (kept.get(key)?.value === value) retire(key);
      return true;
    },
    values: (): readonly T[] => [...[...kept.values()].map(({ value }) => value), ...retired],
  };
}

/** Waits no longer than the run may. The request goes on, because others may wait for it too. */
async function unlessStopped<T>(request: Promise<T>, { signal, deadline }: CallLimits, clock: Clock): Promise<T> {
  const timeIsUp = deadline === undefined ? undefined : AbortSignal.timeout(Math.max(0, deadline - clock.now()));
  const stop = AbortSignal.any([signal, timeIsUp].filter((each) => each !== undefined));
  let onAbort = (): void => {};
  const stopped = new Promise<never>((_, reject) => {
    onAbort = () => reject(noToken());
  });
  if (stop.aborted) onAbort();
  else stop.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([request, stopped]);
  } finally {
    stop.removeEventListener('abort', onAbort);
  }
}

const noToken = (): RomaApiError =>
  new RomaApiError('IAM had given no token when the run had to end', { errorClass: 'network', retryable: false });
