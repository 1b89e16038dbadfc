/** Where all time comes from: nothing in core reads a clock of its own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`, or at once when the signal is aborted. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Resolves when the clock reads `at` (ms since the epoch), or at once when the signal is aborted. Never rejects. */
export type Alarm = (at: number, signal: AbortSignal) => Promise<void>;
