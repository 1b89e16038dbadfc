import { diff } from '../model/diff';
import { DEFAULT_INTERVAL_MS, isGap } from '../model/gap';
import { type Instant, latest, plusMs, toMs } from '../model/instant';
import { enterpriseProjectIdOf, nameOf, type Snapshot, statusOf } from '../model/instance';
import { type ChangeKind, type Current, type Evidence, type Gap, type Head, isGone, isInferred } from '../model/record';
import type { Observation } from './observation';
import { lastListedFrom, lastObserved, notShownTo, otherViews, shownTo, viewsOf } from '../model/view';

/**
 * The change happened after the last time that a completed run judged the instance, and after the listing of the run
 * that wrote its newest version began.
 */
export const changedAfter = (head: Head, current: Current): Instant | null =>
  latest(judgedListedFrom(head, current), current.listedFrom) ?? null;

const judgedListedFrom = (head: Head, current: Current): Instant | undefined =>
  current.unobservedSince === undefined
    ? lastListedFrom(current, viewsOf(head), isGone(current))
    : current.judgedListedFrom;

/** The row of the version after `previous` (of the first one when there is none), without marks of open gaps and absences. */
export function makeVersion(
  { listing, runId, observedAt: now }: Observation,
  previous: Current | undefined,
  change: { kind: ChangeKind; evidence: Evidence; snapshot: Snapshot; changedAfter: Instant | null },
): Current {
  const { snapshot } = change;
  const status = isInferred(change.evidence) ? 'DELETED' : statusOf(snapshot);
  // Only where a clock that was far ahead has dated the version before, is that one not the earlier one.
  const observedAt = previous !== undefined && previous.observedAt >= now ? plusMs(previous.observedAt, 1) : now;
  return {
    target: listing.target,
    id: snapshot.id,
    name: nameOf(snapshot),
    enterpriseProjectId: enterpriseProjectIdOf(snapshot),
    version: (previous?.version ?? 0) + 1,
    ...change,
    status,
    previousStatus: previous?.status ?? null,
    statusSince: previous?.status === status ? previous.statusSince : observedAt,
    observedAt,
    changes: previous === undefined ? [] : diff(previous.snapshot, snapshot),
    listedFrom: listing.listedFrom,
    runId,
    touchedBy: runId,
  };
}

/** The row as a run leaves it, and the own gap that ends with that. */
export interface Judgement {
  readonly next: Current;
  readonly closedGap?: Gap;
}

/**
 * The row after a completed run in which its view showed it: no absence, and its own gap closed. The same row when
 * nothing was open and the view had shown it before.
 */
export function judged(observation: Observation, current: Current): Judgement {
  const { observedAt, viewId } = observation;
  const { target, id } = current;
  const from = current.unobservedSince ?? unseenSince(observation, current);
  if (from === undefined) return { next: shownTo(withoutAbsence(current), viewId) };
  return {
    next: {
      ...shownTo(withoutAbsence(current), viewId),
      unobservedSince: undefined,
      judgedListedFrom: undefined,
      lastOwnGapTo: observedAt,
    },
    closedGap: { target, id, from, to: observedAt },
  };
}

/**
 * Since when no completed run has looked through a view that shows the instance, if that is a gap of its own: runs
 * completed in other views only, or what they had seen is not known any more because the head was lost.
 */
function unseenSince({ head, observedAt }: Observation, current: Current): Instant | undefined {
  const since = gapBefore({ head, observedAt }, current)?.from;
  const isTargetGap =
    head.completedObservedAt !== undefined && since !== undefined && since >= head.completedObservedAt;
  return isTargetGap ? undefined : since;
}

/** For so long that it counts as a gap, nobody had known what the instance was like; undefined where its own gap is open. */
export function gapBefore(
  { head, observedAt }: Pick<Observation, 'head' | 'observedAt'>,
  current: Current,
): Gap | undefined {
  const { target, id, unobservedSince } = current;
  const from = lastObserved(current, viewsOf(head));
  const isLong = isGap(toMs(from), toMs(observedAt), head.intervalMs ?? DEFAULT_INTERVAL_MS);
  return unobservedSince === undefined && isLong ? { target, id, from, to: observedAt } : undefined;
}

/** The row after a completed run could not judge it: its own gap is open. */
export function unjudged({ head }: Pick<Observation, 'head'>, current: Current): Current {
  if (current.unobservedSince !== undefined) return current;
  return {
    ...current,
    unobservedSince: lastObserved(current, viewsOf(head)),
    judgedListedFrom: judgedListedFrom(head, current),
  };
}

/**
 * The row after a completed run whose view does not show the instance, which says nothing of it. Its own gap follows
 * from what the head remembers of other views; it is written into the row before the head forgets it.
 */
export function unseen({ head, viewId }: Pick<Observation, 'head' | 'viewId'>, current: Current): Current {
  const next = notShownTo(current, viewId);
  if (current.unobservedSince !== undefined) return next;
  const isRemembered = lastObserved(next, otherViews(head, viewId)) >= lastObserved(current, viewsOf(head));
  return isRemembered ? next : notShownTo(unjudged({ head }, current), viewId);
}

/** The brake's clock stops as soon as the id is listed again, by whatever run. */
export const withoutAbsence = (current: Current): Current =>
  current.absentSince === undefined ? current : { ...current, absentSince: undefined };

/** What a new version takes over from the row. */
export const marksOf = ({
  unobservedSince,
  judgedListedFrom,
  lastOwnGapTo,
  expiringSince,
  views,
}: Current): Partial<Current> => ({ unobservedSince, judgedListedFrom, lastOwnGapTo, expiringSince, views });
