import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from './core/model/clock';

export const systemClock: Clock = {
  now: Date.now,
  // An aborted sleep is over; it is for the sleeper to look at the signal.
  sleep: async (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
};
