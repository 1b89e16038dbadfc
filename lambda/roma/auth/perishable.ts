import type { Clock } from '../../core/model/clock';
import { RomaApiError } from '../http/errors';
import type { CallLimits } from '../http/transport';

/** The gateway locks a key, and IAM an account, after a few refusals in a row: what was refused is not shown again so soon. */
const HOLD_MS = 5 * 60_000;

/** After an early renewal that failed, the next one waits so long. */
const RENEW_AGAIN_MS = 60_000;

/** A token, or a pair of keys. Times are by our clock, in ms since the epoch. */
export interface Perishable<T> {
  readonly value: T;
  /** From here on a newer one is asked for, while this one still serves. */
  readonly renewAt: number;
  /** From here on it does not serve. */
  readonly expiresAt: number;
}

/** Remembers what was refused, so that it stays at home for a while. */
export interface Hold {
  /** @throws the error of the refusal */
  check(key: string): void;
  refuse(key: string, error: RomaApiError): void;
}

/** A refusal that concerns every key. */
export const EVERYTHING = '';

export function createHold(clock: Clock): Hold {
  const held = new Map<string, { readonly error: RomaApiError; readonly until: number }>();
  return {
    check(key) {
      for (const each of [EVERYTHING, key]) {
        const refusal = held.get(each);
        if (refusal !== undefined && clock.now() < refusal.until) throw refusal.error;
      }
    },
    refuse(key, error) {
      held.set(key, { error, until: clock.now() + HOLD_MS });
    },
  };
}

export interface Cache<T> {
  get(key: string, limits: CallLimits): Promise<T>;
  /** Forgets a value that was refused, unless it has been replaced already. @returns true: there is, or will be, a newer one */
  refuse(key: string, value: T): boolean;
  values(): readonly T[];
}

/**
 * Keeps what perishes, and lets all who ask at once wait for one request. It renews early and in the background, so
 * that nobody waits for a renewal, and none that fails costs anything, as long as the value still serves.
 */
export function createCache<T>(clock: Clock, fetch: (key: string) => Promise<Perishable<T>>): Cache<T> {
  const kept = new Map<string, Perishable<T>>();
  const pending = new Map<string, Promise<T>>();
  const retired: T[] = [];
  const hold = createHold(clock);

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
        // A wrong password is wrong for every project; a project that is not the user's concerns itself only.
        hold.refuse(/password/i.test(error.apiMessage ?? '') ? EVERYTHING : key, error);
      }
      throw error;
    } finally {
      pending.delete(key);
    }
  };

  const renewal = async (key: string): Promise<T> => {
    hold.check(key);
    let request = pending.get(key);
    if (request === undefined) pending.set(key, (request = renew(key)));
    return request;
  };

  const renewEarly = async (key: string, known: Perishable<T>): Promise<void> => {
    try {
      await renewal(key);
    } catch {
      const again = { ...known, renewAt: clock.now() + RENEW_AGAIN_MS };
      if (kept.get(key) === known) kept.set(key, again);
    }
  };

  return {
    async get(key, limits) {
      const known = kept.get(key);
      if (known === undefined || clock.now() >= known.expiresAt) return unlessStopped(renewal(key), limits, clock);
      if (clock.now() >= known.renewAt) void renewEarly(key, known);
      return known.value;
    },
    refuse(key, value) {
      if (kept.get(key)?.value === value) retire(key);
      return true;
    },
    values: () => [...[...kept.values()].map(({ value }) => value), ...retired],
  };
}

/** Waits no longer than the run may; the request goes on for the others who wait for it. */
async function unlessStopped<T>(request: Promise<T>, { signal, deadline }: CallLimits, clock: Clock): Promise<T> {
  const stops = [
    ...(signal === undefined ? [] : [signal]),
    ...(deadline === undefined ? [] : [AbortSignal.timeout(Math.max(0, deadline - clock.now()))]),
  ];
  if (stops.length === 0) return request;
  const stop = AbortSignal.any(stops);
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
