import { eventId } from './change-event';
import { type Instant, latest, toInstant } from './instant';
import type { Clock, Reader } from './ports';
import type { Version } from './record';

/** A run lasts as long as a Lambda function may, and its clock may be five minutes off. */
export const OVERLAP_MS = 20 * 60_000;
const CLOCK_ERROR_MS = 5 * 60_000;
const POLL_MS = 500;

/**
 * Changes from a time on, and then each new one soon after it was written. Times of observation are not the order
 * of commits: each look reads back as far as the longest run lasts and leaves out what it has seen.
 * Ends when the signal is aborted.
 */
export async function* followChanges(
  reader: Reader,
  clock: Clock,
  options: { readonly from: Instant; readonly signal: AbortSignal; readonly pollMs?: number },
): AsyncGenerator<Version> {
  const { signal, pollMs = POLL_MS } = options;
  const seen = new Map<string, Instant>();
  let { from } = options;
  while (!signal.aborted) {
    const now = clock.now();
    for await (const version of reader.changes({ from, to: toInstant(now + CLOCK_ERROR_MS) })) {
      const id = eventId(version);
      if (seen.has(id)) continue;
      seen.set(id, version.observedAt);
      yield version;
      if (signal.aborted) return;
    }
    from = latest(options.from, toInstant(now - OVERLAP_MS)) ?? from;
    for (const [id, observedAt] of seen) if (observedAt < from) seen.delete(id);
    await clock.sleep(pollMs, signal);
  }
}
