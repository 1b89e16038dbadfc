import { DEFAULT_INTERVAL_MS, isGap } from '../model/gap';
import { type Instant, toMs } from '../model/instant';
import { type AbsenceOptions, type AbsencePlan, judgeAbsence } from './absence';
import { supersede, touch } from './actions';
import { diff, settle } from '../model/diff';
import { isDeletedStatus, type Snapshot, statusOf } from '../model/instance';
import {
  type ChangeKind,
  type Current,
  type FieldChange,
  type Gap,
  isGone,
  type Rejection,
  type View,
} from '../model/record';
import { newcomersSince, type Observation } from './observation';
import type { Action } from './recorder';
import { planRejections, rejectionKeyOf } from './rejections';
import { judged, makeVersion, unjudged, withoutAbsence } from './current-row';
import { shownTo } from '../model/view';

export type ReconcileOptions = AbsenceOptions;

/** All that a run will write, and what it holds back. */
export type Plan = AbsencePlan;

/**
 * The heart: what is known, compared with what was listed, gives what must be written. Pure, so that it can be
 * shown (`--dry-run`) and tested without any I/O.
 */
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
    const next = current && withoutAbsence(listing.kind === 'complete' ? unjudged(observation, current) : current);
    const action = current && next && touch(observation, current, { next });
    if (action !== undefined) actions.push(action);
  }
  const absence = judgeAbsence(observation, options);
  return { ...absence, actions: [...actions, ...absence.actions, ...planRejections(observation)] };
}

/** An instance that has never been valid in any listing before. */
function firstSighting(observation: Observation, snapshot: Snapshot): Action {
  const { known } = observation;
  const rejection = known.rejections.get(rejectionKeyOf(snapshot.id));
  // A record that was unreadable at first was there since then at least.
  const after = rejection === undefined ? newcomersSince(observation) : rejection.changedAfter;
  const reported = isDeletedStatus(statusOf(snapshot));
  const version = makeVersion(observation, undefined, {
    kind: after === null ? 'baseline' : reported ? 'deleted' : 'created',
    evidence: reported ? 'reported' : 'listed',
    snapshot,
    changedAfter: after,
  });
  const gap =
    rejection === undefined ? unseenBefore(observation, snapshot, after) : unreadableSince(observation, rejection);
  return {
    kind: 'version',
    id: snapshot.id,
    previous: undefined,
    next: {
      ...version,
      lastOwnGapTo: gap?.to ?? null,
      views: shownTo({ views: rejection?.views ?? [] }, observation.viewId).views,
    },
    closedGap: gap,
    dropRejection: rejection?.key,
  };
}

/** A view that nobody looked through for long does not tell that the instance was not there meanwhile. */
function unseenBefore(
  { listing, viewGapSince: from, observedAt: to }: Observation,
  { id }: Snapshot,
  after: Instant | null,
) {
  return from === undefined || after === null ? undefined : { target: listing.target, id, from, to };
}

/**
 * While its record could not be read nobody knew what the instance was like, only that it was there. If its view had not
 * looked for long before, it is not known either whether it was there in that time.
 */
function unreadableSince({ head, observedAt }: Observation, rejection: Rejection): Gap | undefined {
  const { target, id, firstObservedAt, changedAfter } = rejection;
  if (id === undefined || firstObservedAt >= observedAt) return undefined;
  const lookedLongAgo =
    changedAfter !== null && isGap(toMs(changedAfter), toMs(firstObservedAt), head.intervalMs ?? DEFAULT_INTERVAL_MS);
  return { target, id, from: lookedLongAgo ? changedAfter : firstObservedAt, to: observedAt };
}

/** A known instance that is listed. */
function sighting(
  observation: Observation,
  options: ReconcileOptions,
  current: Current,
  listed: Snapshot,
): Action | undefined {
  const { known, listing } = observation;
  const snapshot = settle(current.snapshot, listed);
  const rejection = known.rejections.get(rejectionKeyOf(current.id));
  const dropRejection = rejection?.key;
  const kind = kindOf(current, snapshot, observation.view);
  // Only a completed run judges: an unfinished one leaves the instance's own gap open.
  const seen = listing.kind === 'complete' ? judged(observation, current) : { next: withoutAbsence(current) };
  if (kind !== undefined) {
    const evidence = isDeletedStatus(statusOf(snapshot)) ? 'reported' : 'listed';
    return { ...supersede(observation, options, current, seen, { kind, evidence, snapshot }), dropRejection };
  }
  const touched = touch(observation, current, seen);
  if (touched !== undefined) return { ...touched, dropRejection };
  return rejection === undefined ? undefined : { kind: 'unreject', key: rejection.key };
}

/** What kind of change leads from the newest version to the listed snapshot; undefined when nothing changed. */
function kindOf(current: Current, snapshot: Snapshot, { ignoreFields = [] }: View): ChangeKind | undefined {
  const status = statusOf(snapshot);
  if (isGone(current)) return isDeletedStatus(status) ? undefined : 'reappeared';
  if (isDeletedStatus(status)) return 'deleted';
  if (status !== current.status) return 'statusChanged';
  const isTold = ({ field }: FieldChange): boolean => !ignoreFields.includes(field.split('/')[0] ?? '');
  return diff(current.snapshot, snapshot).some(isTold) ? 'updated' : undefined;
}
