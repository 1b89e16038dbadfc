import { brake, type BrakeOptions } from './brake';
import { diff, settle } from './diff';
import { type Instant, latest, plusMs } from './instant';
import { enterpriseProjectIdOf, isDeletedStatus, nameOf, type Snapshot, statusOf } from './instance';
import { hasUnreadableRecord, listedIds } from './listing';
import { absentees, isGone } from './membership';
import { isFirstLook, newcomersSince, type Observation } from './observation';
import type { Action } from './ports';
import { planRejections, rejectionKey } from './rejections';
import type { ChangeKind, Current, Evidence, Gap, Head, Rejection } from './record';

/**
 * The heart: what is known, compared with what was listed, gives what must be written. Pure, so that it can be
 * shown (`--dry-run`) and tested without any I/O.
 */
export interface ReconcileOptions extends BrakeOptions {
  /** Only instances with this status are listed: what is absent has left the filter and is not deleted. */
  readonly statusFilter?: string;
  /** How long a superseded version is kept, in ms; absent: for ever. */
  readonly retentionMs?: number;
}

export interface Plan {
  readonly actions: readonly Action[];
  /** Ids that are absent and were not written as deleted. */
  readonly held: readonly string[];
  /** Why they are held. */
  readonly heldBecause?: string;
  /** Whether the brake holds deletions that would otherwise be written. */
  readonly brake: boolean;
}

export function reconcile(observation: Observation, options: ReconcileOptions): Plan {
  const { listing, known } = observation;
  const actions: Action[] = [];
  for (const snapshot of listing.instances.values()) {
    const current = known.currents.get(snapshot.id);
    const action =
      current === undefined ? firstSighting(observation, snapshot) : sighting(observation, options, current, snapshot);
    if (action !== undefined) actions.push(action);
  }
  for (const { id } of listing.rejected) {
    const current = id === undefined ? undefined : known.currents.get(id);
    const next = current && withoutAbsence(listing.is === 'complete' ? unjudged(observation, current) : current);
    if (current && next) pushTouch(actions, observation, current, next);
  }
  const absence = judgeAbsence(observation, options);
  return { ...absence, actions: [...actions, ...absence.actions, ...planRejections(observation)] };
}

/** An instance that has never been valid in any listing before. */
function firstSighting(observation: Observation, snapshot: Snapshot): Action {
  const { known } = observation;
  const rejection = known.rejections.get(rejectionKey({ id: snapshot.id, digest: '' }));
  const isBaseline = rejection === undefined ? isFirstLook(observation) : rejection.changedAfter === null;
  const reported = isDeletedStatus(statusOf(snapshot));
  const version = makeVersion(observation, undefined, {
    kind: isBaseline ? 'baseline' : reported ? 'deleted' : 'created',
    evidence: reported ? 'reported' : 'listed',
    snapshot,
    // A record that was unreadable at first was there since then at least.
    changedAfter: rejection === undefined ? newcomersSince(observation) : rejection.changedAfter,
  });
  const gap = rejection && unreadableSince(observation, rejection);
  return {
    type: 'version',
    id: snapshot.id,
    previous: undefined,
    next: { ...version, lastOwnGapTo: gap?.to ?? null },
    ...closing(gap),
    ...(rejection === undefined ? {} : { dropRejection: rejection.key }),
  };
}

/** While its record could not be read nobody knew what the instance was like, only that it was there. */
const unreadableSince = (
  { observedAt }: Observation,
  { target, id, firstObservedAt: from }: Rejection,
): Gap | undefined => (id === undefined || from >= observedAt ? undefined : { target, id, from, to: observedAt });

/** A known instance that is listed. */
function sighting(
  observation: Observation,
  options: ReconcileOptions,
  current: Current,
  listed: Snapshot,
): Action | undefined {
  const { known, listing } = observation;
  const snapshot = settle(current.snapshot, listed);
  const rejection = known.rejections.get(rejectionKey({ id: current.id, digest: '' }));
  const dropRejection = rejection === undefined ? {} : { dropRejection: rejection.key };
  const kind = kindOf(current, snapshot);
  // Only a completed run judges: an unfinished one leaves the instance's own gap open.
  const seen = listing.is === 'complete' ? judged(observation, current) : { next: withoutAbsence(current) };
  if (kind !== undefined) {
    const version = makeVersion(observation, current, {
      kind,
      evidence: isDeletedStatus(statusOf(snapshot)) ? 'reported' : 'listed',
      snapshot,
      changedAfter: changedAfter(observation.head, current),
    });
    return {
      type: 'version',
      id: current.id,
      previous: current,
      next: { ...marksOf(seen.next), ...version },
      ...closing(seen.closedGap),
      ...dropRejection,
      ...expiry(observation, options),
    };
  }
  if (seen.next !== current) {
    return {
      type: 'touch',
      id: current.id,
      previous: current,
      next: { ...seen.next, touchedBy: observation.runId },
      ...closing(seen.closedGap),
      ...dropRejection,
    };
  }
  return rejection === undefined ? undefined : { type: 'unreject', key: rejection.key };
}

/** What kind of change leads from the newest version to the listed snapshot; undefined when nothing changed. */
function kindOf(current: Current, snapshot: Snapshot): ChangeKind | undefined {
  const status = statusOf(snapshot);
  if (isGone(current)) return isDeletedStatus(status) ? undefined : 'reappeared';
  if (isDeletedStatus(status)) return 'deleted';
  if (status !== current.status) return 'statusChanged';
  return diff(current.snapshot, snapshot).length > 0 ? 'updated' : undefined;
}

/** Living instances that are not listed: deleted, held, out of the filter, or not judged at all. */
function judgeAbsence(observation: Observation, options: ReconcileOptions): Plan {
  const { listing, known } = observation;
  if (listing.is === 'partial') return { actions: [], held: [], brake: false };
  const absent = absentees(known, listing);
  const actions: Action[] = [];
  if (options.statusFilter !== undefined) {
    for (const current of absent) pushTouch(actions, observation, current, unjudged(observation, current));
    return { actions, held: [], brake: false };
  }
  if (!hasUnreadableRecord(listing) && observation.isExhaustive) actions.push(...stillDeleted(observation));
  const heldBecause = absenceDoubt(observation);
  const { deleted, held } =
    heldBecause === undefined
      ? brake(
          {
            absent,
            living: [...known.currents.values()].filter((current) => !isGone(current)),
            listing,
            observedAt: observation.observedAt,
          },
          options,
        )
      : { deleted: [], held: absent };
  for (const current of deleted) actions.push(deletion(observation, options, current));
  const byBrake = heldBecause === undefined && held.length > 0;
  for (const current of held) {
    const next = unjudged(observation, current);
    const restart = current.absentSince === undefined || observation.closesTargetGap;
    pushTouch(
      actions,
      observation,
      current,
      byBrake && restart ? { ...next, absentSince: observation.observedAt } : next,
    );
  }
  return {
    actions,
    held: held.map(({ id }) => id),
    brake: byBrake,
    ...(held.length === 0
      ? {}
      : {
          heldBecause:
            heldBecause ??
            `the brake holds ${held.length} deletions: they would remove over half of the target or its last instance`,
        }),
  };
}

/** Deleted instances that could not be judged meanwhile, and that nothing lists any more: deleted they are. */
function stillDeleted(observation: Observation): readonly Action[] {
  const { listing, known, runId } = observation;
  const ids = listedIds(listing);
  return [...known.currents.values()].flatMap((current): Action[] => {
    if (current.unobservedSince === undefined || !isGone(current) || ids.has(current.id)) return [];
    const { next, closedGap } = judged(observation, current);
    return [
      { type: 'touch', id: current.id, previous: current, next: { ...next, touchedBy: runId }, ...closing(closedGap) },
    ];
  });
}

/** Why an absence proves nothing, if so. */
function absenceDoubt({ listing, absenceConfirmed, asksAnew }: Observation): string | undefined {
  if (hasUnreadableRecord(listing)) return 'a record without a readable id may be any of the absent instances';
  if (asksAnew) return 'the last completed run read another list, so the two cannot be compared';
  if (!absenceConfirmed) return 'no two consecutive listings showed the same ids';
  return undefined;
}

function deletion(observation: Observation, options: ReconcileOptions, current: Current): Action {
  const seen = judged(observation, current);
  const version = makeVersion(observation, current, {
    kind: 'deleted',
    evidence: 'absent',
    snapshot: current.snapshot,
    changedAfter: changedAfter(observation.head, current),
  });
  return {
    type: 'version',
    id: current.id,
    previous: current,
    next: { ...marksOf(seen.next), ...version },
    ...closing(seen.closedGap),
    ...expiry(observation, options),
  };
}

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

function makeVersion(
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

/** The row after a completed run judged it: no absence, and its own gap closed. The same row when nothing was open. */
function judged({ observedAt }: Observation, current: Current): { next: Current; closedGap?: Gap } {
  const { unobservedSince, judgedListedFrom: _, ...rest } = withoutAbsence(current);
  if (unobservedSince === undefined) return { next: withoutAbsence(current) };
  const { target, id } = current;
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
const marksOf = ({ unobservedSince, judgedListedFrom, lastOwnGapTo }: Current): Partial<Current> => ({
  ...(unobservedSince === undefined ? {} : { unobservedSince }),
  ...(judgedListedFrom === undefined ? {} : { judgedListedFrom }),
  ...(lastOwnGapTo === undefined ? {} : { lastOwnGapTo }),
});

function pushTouch(actions: Action[], { runId }: Observation, previous: Current, next: Current): void {
  if (next !== previous)
    actions.push({ type: 'touch', id: previous.id, previous, next: { ...next, touchedBy: runId } });
}

const closing = (closedGap: Gap | undefined): { closedGap?: Gap } => (closedGap === undefined ? {} : { closedGap });

const expiry = ({ observedAt }: Observation, { retentionMs }: ReconcileOptions): { previousExpiresAt?: Instant } =>
  retentionMs === undefined ? {} : { previousExpiresAt: plusMs(observedAt, retentionMs) };
