import { setImmediate as turn } from 'node:timers/promises';
import { RomaApiError } from '../../../../lambda/roma/http/errors';
import { createTokenCache, type Expiring } from '../../../../lambda/roma/auth/token-cache';
import { ManualClock } from '../../../support/manual-clock';

const MINUTE = 60_000;

/** A cache of tokens that live an hour and are renewed ten minutes before; `next` answers the next request. */
function open() {
  const clock = new ManualClock();
  const iam = { asked: 0, next: async (): Promise<void> => {} };
  const cache = createTokenCache<string>(clock, async (): Promise<Expiring<string>> => {
    iam.asked += 1;
    const value = `token-${iam.asked}`;
    await iam.next();
    return { value, renewAt: clock.time + 50 * MINUTE, expiresAt: clock.time + 60 * MINUTE };
  });
  const get = async (): Promise<string> => {
    const value = await cache.get('project', {});
    await turn();
    return value;
  };
  return { clock, iam, cache, get };
}
const refusal = (errorClass: 'server' | 'unauthorized') =>
  new RomaApiError(`IAM: ${errorClass}`, { errorClass, retryable: false });

describe('an early renewal', () => {
  it('keeps nobody waiting, and its token is used as soon as it is there', async () => {
    const { clock, iam, get } = open();
    await get();
    clock.time += 50 * MINUTE;
    expect(await get()).toBe('token-1');
    expect(await get()).toBe('token-2');
    expect(iam.asked).toBe(2);
  });

  it('that never ends leaves the token that is still valid in use, until that expires', async () => {
    const { clock, iam, get } = open();
    await get();
    clock.time += 50 * MINUTE;
    let answer = (): void => {};
    iam.next = async () => new Promise((resolve) => (answer = resolve));
    for (let minute = 50; minute < 60; minute += 1) {
      expect(await get()).toBe('token-1');
      clock.time += MINUTE;
    }
    expect(iam.asked).toBe(2);
    const waiting = get();
    answer();
    expect(await waiting).toBe('token-2');
  });

  it.each(['server', 'unauthorized'] as const)(
    'that fails (%s) leaves the token that is still valid in use, and is tried again once a minute',
    async (errorClass) => {
      const { clock, iam, get } = open();
      await get();
      clock.time += 50 * MINUTE;
      iam.next = async () => Promise.reject(refusal(errorClass));
      for (let second = 0; second < 600; second += 10) {
        expect(await get()).toBe('token-1');
        clock.time += 10_000;
      }
      // What was refused is not sent again for five minutes. What failed is tried each minute.
      expect(iam.asked - 1).toBe(errorClass === 'server' ? 10 : 2);
      await expect(get()).rejects.toThrow(`IAM: ${errorClass}`);
    },
  );

  it('that failed says so when the API refuses the token that was kept', async () => {
    const { clock, iam, cache, get } = open();
    const first = await get();
    clock.time += 50 * MINUTE;
    iam.next = async () => Promise.reject(refusal('unauthorized'));
    await get();
    cache.refuse('project', first);
    await expect(get()).rejects.toThrow('IAM: unauthorized');
    expect(cache.values()).toEqual([first]);
  });
});

describe('the wait for a first token', () => {
  it('lasts no longer than the run may', async () => {
    const { clock, iam, cache } = open();
    iam.next = async () => new Promise(() => {});
    const stop = new AbortController();
    const waits = Promise.allSettled([
      cache.get('project', { deadline: clock.time + 20 }),
      cache.get('project', { signal: stop.signal }),
    ]);
    stop.abort();
    const because = expect.objectContaining({ message: 'IAM had given no token when the run had to end' });
    expect(await waits).toEqual([1, 2].map(() => ({ status: 'rejected', reason: because })));
    expect(iam.asked).toBe(1);
  });
});
