import { eventId, type Version } from '../model/record';
import { CodedError } from '../model/errors';
import { type Instant, latest, toInstant } from '../model/instant';
import type { Reader } from './reader';
import type { Clock } from '../model/clock';

/** A run lasts as long as a Lambda function may; its clock may be five minutes off, and the one here ten. */
const OVERLAP_MS = 30 * 60_000;
/** Costs nothing while it reaches no further than today: the index is asked day by day. */
const CLOCK_ERROR_MS = 60 * 60_000;
const POLL_MS = 500;
/** Between two looks while the history cannot be read: doubled from the pause between looks up to this. */
const LONGEST_PAUSE_MS = 30_000;

/**
 * Changes from a time on, and then each new one soon after it was written. Times of observation are not the order
 * of commits: each look reads back as far as the longest run lasts and leaves out what it has seen.
 * Ends when the signal is aborted.
 * @param options.onProblem told once when a look fails that may succeed later, and again only after one did; it is
 * repeated until it does, from where the last whole look began. The first look must succeed.
 * @throws what the first look throws; later, only what no repetition can mend; anything when `onProblem` is left out
 */
export async function* followChanges(
  reader: Reader,
  clock: Clock,
  options: {
    readonly from: Instant;
    readonly signal: AbortSignal;
    readonly pollMs?: number;
    readonly onProblem?: (error: unknown) => void;
  },
): AsyncGenerator<Version> {
  const { signal, pollMs = POLL_MS, onProblem } = options;
  const seen = new Map<string, Instant>();
  let { from } = options;
  let hasRead = false;
  let failures = 0;
  while (!signal.aborted) {
    const now = clock.now();
    try {
      for await (const version of reader.changes({ from, to: toInstant(now + CLOCK_ERROR_MS) })) {
        const id = eventId(version);
        if (seen.has(id)) continue;
        seen.set(id, version.observedAt);
        yield version;
        if (signal.aborted) return;
      }
      hasRead = true;
      failures = 0;
      from = latest(options.from, toInstant(now - OVERLAP_MS)) ?? from;
      for (const [id, observedAt] of seen) if (observedAt < from) seen.delete(id);
    } catch (error) {
      if (signal.aborted) return;
      if (onProblem === undefined || !hasRead || isLasting(error)) throw error;
      if (failures === 0) onProblem(error);
      failures += 1;
    }
    await clock.sleep(Math.min(pollMs * 2 ** failures, Math.max(pollMs, LONGEST_PAUSE_MS)), signal);
  }
}

/** A table that is gone or forbidden does not come back by itself; the network and a busy database do. */
const isLasting = (error: unknown): boolean => error instanceof CodedError && !error.retryable;
