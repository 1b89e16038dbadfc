import type { Clock } from '../core/ports';
import { RomaApiError } from './errors';
import type { CallLimits } from './transport';

/** The gateway locks a key, and IAM an account, after a few refusals in a row: what was refused is not shown again so soon. */
const HOLD_MS = 5 * 60_000;

/** A token, or a pair of keys. */
export interface Perishable<T> {
  readonly value: T;
  /** By our clock, in ms since the epoch. */
  readonly renewAt: number;
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

/** Keeps what perishes, renews it in time, and lets all who ask at once wait for one request. */
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

  return {
    async get(key, { signal }) {
      const known = kept.get(key);
      if (known !== undefined && clock.now() < known.renewAt) return known.value;
      hold.check(key);
      let request = pending.get(key);
      if (request === undefined) pending.set(key, (request = renew(key)));
      return signal === undefined ? request : unlessAborted(request, signal);
    },
    refuse(key, value) {
      if (kept.get(key)?.value === value) retire(key);
      return true;
    },
    values: () => [...[...kept.values()].map(({ value }) => value), ...retired],
  };
}

/** The request goes on for the others who wait for it. */
async function unlessAborted<T>(request: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () =>
      reject(
        new RomaApiError('the wait for a token was stopped, for the run is ending', {
          errorClass: 'network',
          retryable: false,
        }),
      );
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([request, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
