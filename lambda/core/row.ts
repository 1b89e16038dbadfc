import { diff } from './diff';
import { type Instant, latest } from './instant';
import { enterpriseProjectIdOf, nameOf, type Snapshot, statusOf } from './instance';
import { isGone } from './membership';
import type { Observation } from './observation';
import type { ChangeKind, Current, Evidence, Gap, Head } from './record';

/**
 * The change happened after the last time that a completed run judged the instance, and after the listing of the run
 * that wrote its newest version began.
 */
export function changedAfter(head: Head, current: Current): Instant | null {
  const judged = current.unobservedSince === undefined ? lastJudged(head, current) : current.judgedListedFrom;
  return latest(judged, current.listedFrom) ?? null;
}

/** A deleted instance that has come back is a newcomer: a listing that missed newcomers did not judge it. */
const lastJudged = (head: Head, current: Current): Instant | undefined =>
  isGone(current) && head.newcomersSince !== undefined ? (head.newcomersSince ?? undefined) : head.listedFrom;

/** The row of the version after `previous` (of the first one when there is none), without marks of open gaps and absences. */
export function makeVersion(
  { listing, runId, observedAt }: Observation,
  previous: Current | undefined,
  change: { kind: ChangeKind; evidence: Evidence; snapshot: Snapshot; changedAfter: Instant | null },
): Current {
  const { snapshot } = change;
  const status = change.evidence === 'absent' ? 'DELETED' : statusOf(snapshot);
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

/** The row after a completed run judged it: no absence, and its own gap closed. The same row when nothing was open. */
export function judged({ observedAt }: Observation, current: Current): Judgement {
  const { target, id, unobservedSince } = current;
  if (unobservedSince === undefined) return { next: withoutAbsence(current) };
  const { unobservedSince: _, judgedListedFrom: __, ...rest } = withoutAbsence(current);
  return {
    next: { ...rest, lastOwnGapTo: observedAt },
    closedGap: { target, id, from: unobservedSince, to: observedAt },
  };
}

/** The row after a completed run could not judge it: its own gap is open. */
export function unjudged({ head }: Pick<Observation, 'head'>, current: Current): Current {
  if (current.unobservedSince !== undefined) return current;
  const judgedListedFrom = lastJudged(head, current);
  return {
    ...current,
    unobservedSince: latest(head.completedObservedAt, current.observedAt) ?? current.observedAt,
    ...(judgedListedFrom === undefined ? {} : { judgedListedFrom }),
  };
}

/** The brake's clock stops as soon as the id is listed again, by whatever run. */
export function withoutAbsence(current: Current): Current {
  if (current.absentSince === undefined) return current;
  const { absentSince: _, ...rest } = current;
  return rest;
}

/** What a new version takes over from the row. */
export const marksOf = ({
  unobservedSince,
  judgedListedFrom,
  lastOwnGapTo,
  expiringSince,
}: Current): Partial<Current> => ({
  ...(unobservedSince === undefined ? {} : { unobservedSince }),
  ...(judgedListedFrom === undefined ? {} : { judgedListedFrom }),
  ...(lastOwnGapTo === undefined ? {} : { lastOwnGapTo }),
  ...(expiringSince === undefined ? {} : { expiringSince }),
});
