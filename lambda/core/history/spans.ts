import { compareText } from '../model/compare-text';
import { type ClosedSpan, type Instant, latest, toInstant, toMs } from '../model/instant';
import { type Current, type Gap, type Head, isGone, type Version } from '../model/record';
import { DEFAULT_INTERVAL_MS, isGap } from '../model/gap';
import { unjudgedSince } from '../model/view';

/** Half-open; without `to` it is still open. */
export interface UnobservedSpan {
  readonly from: Instant;
  readonly to?: Instant;
}

/**
 * What is known of an instance at one time.
 * `known`: this version was valid. `nonexistent`: not yet created, or deleted. `unobserved`: nobody looked, which is
 * when `during` is set, or the history of that time has expired; `lastKnown` is what was seen before, if anything.
 * The tag of this public type has been called `is` since release 1.0; other unions say `kind`.
 */
export type State =
  | { readonly is: 'known'; readonly version: Version }
  | { readonly is: 'nonexistent'; readonly deletedBy?: Version }
  | { readonly is: 'unobserved'; readonly lastKnown?: Version; readonly during?: UnobservedSpan };

/** A span in which the state was the same. */
export type Segment = State & ClosedSpan;

/** The newest state of an instance whose history is not needed further back than a span. */
export interface History {
  /**
   * Oldest first: the one that was valid at the start of the span, those observed in it, and the first one after it,
   * which tells whether any between has expired. Where a number is missing a version has expired.
   */
  readonly versions: readonly Version[];
  /** Of the target and of the instance, closed and open, in any order. */
  readonly unobserved: readonly UnobservedSpan[];
}

/**
 * Now, as far as a reader can tell: what its clock says, or a later time at which a run has seen something. A clock
 * that is behind those of the runs must not hide what they have recorded.
 */
export const presentOf = (known: {
  readonly head: Head | undefined;
  readonly current?: Pick<Current, 'observedAt' | 'lastOwnGapTo'>;
  readonly nowMs: number;
}): Instant => {
  const clock = toInstant(known.nowMs);
  return (
    latest(clock, known.head?.completedObservedAt, known.current?.observedAt, known.current?.lastOwnGapTo) ?? clock
  );
};

/**
 * The gap in which a target still is: it begins at the last completed observation, once that is longer ago than runs
 * normally are apart. A target that no run has ever completed is not observed at all.
 */
export function openGapOf(head: Head | undefined, nowMs: number): UnobservedSpan | undefined {
  const from = head?.completedObservedAt;
  if (from === undefined) return { from: BEGINNING };
  return isGap(toMs(from), nowMs, head?.intervalMs ?? DEFAULT_INTERVAL_MS) ? { from } : undefined;
}

/** Sorts before every time that a row can hold. */
export const BEGINNING: Instant = '0000-01-01T00:00:00.000Z';

/** Since when completed runs do not judge the instance. What is gone stays so, although other views never showed it. */
const openOwnGapOf = (head: Head | undefined, current: Current): Instant | undefined =>
  isGone(current) ? current.unobservedSince : unjudgedSince(head, current);

/** All that is known of what was not observed. */
export function unobservedSpans(known: {
  readonly head: Head | undefined;
  readonly gaps: readonly Gap[];
  readonly ownGaps?: readonly Gap[];
  readonly current?: Current | undefined;
  readonly nowMs: number;
}): readonly UnobservedSpan[] {
  const openTarget = openGapOf(known.head, known.nowMs);
  const openOwn = known.current && openOwnGapOf(known.head, known.current);
  return merge([
    ...known.gaps,
    ...(known.ownGaps ?? []),
    ...(openTarget === undefined ? [] : [openTarget]),
    ...(openOwn === undefined ? [] : [{ from: openOwn }]),
  ]);
}

/** The union of spans: in order, none touching another. */
export function merge(spans: readonly UnobservedSpan[]): readonly UnobservedSpan[] {
  const result: UnobservedSpan[] = [];
  for (const { from, to } of spans.toSorted((a, b) => compareText(a.from, b.from))) {
    const last = result.at(-1);
    if (last === undefined || (last.to !== undefined && last.to < from)) {
      result.push(to === undefined ? { from } : { from, to });
    } else if (last.to !== undefined && (to === undefined || to > last.to)) {
      result[result.length - 1] = to === undefined ? { from: last.from } : { from: last.from, to };
    }
  }
  return result;
}

/** The unobserved span that holds a time. */
export const unobservedAt = (spans: readonly UnobservedSpan[], at: Instant): UnobservedSpan | undefined =>
  spans.find(({ from, to }) => from <= at && (to === undefined || at < to));

/** The state at one time, when the version that was valid then (or none) and the unobserved spans are known. */
export function stateOf(
  version: Version | undefined,
  first: Version | undefined,
  unobserved: readonly UnobservedSpan[],
  at: Instant,
): State {
  const during = unobservedAt(unobserved, at);
  if (during !== undefined) return { is: 'unobserved', lastKnown: version, during };
  if (version !== undefined) {
    return isGone(version) ? { is: 'nonexistent', deletedBy: version } : { is: 'known', version };
  }
  // Only a first version that is no baseline tells that there was nothing before it; what came after it may have expired.
  return first !== undefined && first.observedAt > at && first.version === 1 && first.kind !== 'baseline'
    ? { is: 'nonexistent' }
    : { is: 'unobserved' };
}

/** Cuts a span into segments of one state each; together they cover it exactly. */
export function segments(history: History, span: ClosedSpan): readonly Segment[] {
  const { versions } = history;
  const unobserved = merge(history.unobserved);
  const cuts = new Set([span.from]);
  const cut = (at: Instant | undefined): void => {
    if (at !== undefined && at > span.from && at < span.to) cuts.add(at);
  };
  for (const { observedAt } of versions) cut(observedAt);
  for (const { from, to } of unobserved) {
    cut(from);
    cut(to);
  }
  if (span.from >= span.to) return [];
  const times = [...cuts].toSorted();
  let next = 0;
  return times.map((from, place) => {
    while (next < versions.length && (versions[next]?.observedAt ?? span.to) <= from) next += 1;
    const version = versions[next - 1];
    const to = times[place + 1] ?? span.to;
    // Where a number is missing a version has expired, and with it the end of the one before.
    const isHole = version !== undefined && next < versions.length && versions[next]?.version !== version.version + 1;
    if (isHole) return { is: 'unobserved', lastKnown: version, from, to };
    return { ...stateOf(version, versions[0], unobserved, from), from, to };
  });
}
