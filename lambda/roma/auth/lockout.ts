import type { Clock } from '../../core/model/clock';
import type { RomaApiError } from '../http/errors';

/** The gateway locks a key, and IAM an account, after a few refusals in a row. So what was refused is not sent again for this long. */
const LOCKOUT_MS = 5 * 60_000;

/** A refusal that concerns every key. */
export const EVERYTHING = '';

/** Remembers what was refused, so that it is not sent again for five minutes. */
export function createLockout(clock: Clock) {
  const refusals = new Map<string, { readonly error: RomaApiError; readonly until: number }>();
  return {
    /** @throws the error of the refusal */
    check(key: string): void {
      for (const each of [EVERYTHING, key]) {
        const refusal = refusals.get(each);
        if (refusal !== undefined && clock.now() < refusal.until) throw refusal.error;
      }
    },
    refuse(key: string, error: RomaApiError): void {
      refusals.set(key, { error, until: clock.now() + LOCKOUT_MS });
    },
  };
}
