import type { Instant } from '../core/model/instant';
import { isGone, type Version } from '../core/model/record';
import type { Segment } from '../core/history/spans';

/** A stretch of a lane. `status` is null where nobody looked, or what was seen has expired. */
export interface Bar {
  readonly from: Instant;
  readonly to: Instant;
  readonly status: string | null;
}

/**
 * What is drawn of the segments of one instance: nothing where it did not exist, nor before its creation or after
 * its deletion even where nobody looked; neighbours in one status are one bar.
 */
export function barsOf(segments: readonly Segment[], first: Version | undefined): readonly Bar[] {
  const wasCreated = first?.version === 1 && first.kind !== 'baseline';
  const bars: Bar[] = [];
  for (const segment of segments) {
    const status = statusIn(segment, wasCreated);
    if (status === undefined) continue;
    const last = bars.at(-1);
    if (last !== undefined && last.to === segment.from && last.status === status) {
      bars[bars.length - 1] = { ...last, to: segment.to };
    } else {
      bars.push({ from: segment.from, to: segment.to, status });
    }
  }
  return bars;
}

/** Undefined where nothing is drawn. */
function statusIn(segment: Segment, wasCreated: boolean): string | null | undefined {
  if (segment.is === 'known') return segment.version.status;
  if (segment.is === 'nonexistent') return undefined;
  const { lastKnown, during } = segment;
  // Where the history has expired, it may have come back or have been there before.
  if (during === undefined) return null;
  return lastKnown === undefined ? (wasCreated ? undefined : null) : isGone(lastKnown) ? undefined : null;
}
