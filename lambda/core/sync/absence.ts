import { type RetentionOptions, supersede, touch } from './actions';
import { brake, type BrakeOptions } from './brake';
import { hasUnreadableRecord, listedIds } from './listing';
import { missing } from './membership';
import { type Current, isGone } from '../model/record';
import type { Observation } from './observation';
import type { Action } from './recorder';
import { type Judgement, judged, unjudged, unseen, withoutAbsence } from './current-row';
import { isShownTo } from '../model/view';

export type AbsenceOptions = BrakeOptions & RetentionOptions;

/** What becomes of the instances that a listing does not show. */
export interface AbsencePlan {
  readonly actions: readonly Action[];
  /** Ids that are absent and were not written as deleted. */
  readonly held: readonly string[];
  /** Why they are held. */
  readonly heldBecause?: string;
  /** How many living instances are not listed and were not judged, because the view has never shown them. */
  readonly unjudged: number;
  /** Whether the brake holds deletions that would otherwise be written. */
  readonly brake: boolean;
}

/**
 * Living instances that are not listed: deleted, held, or not judged. An absence is judged only in a view that has shown
 * that very instance, and that shows every status.
 */
export function judgeAbsence(observation: Observation, options: AbsenceOptions): AbsencePlan {
  const { listing, known, observedAt, view, viewId } = observation;
  if (listing.kind === 'partial') return { actions: [], held: [], unjudged: 0, brake: false };
  const allMissing = missing(known, listing);
  const isJudged = (current: Current): boolean =>
    view.statusFilter === undefined && (options.allowMassDeletion === true || isShownTo(current, viewId));
  const absent = allMissing.filter(isJudged);
  const others = allMissing.filter((current) => !isJudged(current));
  const untold = touches(observation, others, (current) => unseen(observation, current));
  const plan = { actions: [...stillDeleted(observation), ...untold], unjudged: others.length, brake: false };
  const doubt = absenceDoubt(observation);
  if (doubt !== undefined) {
    const held = touches(observation, absent, (current) => stopped(observation, unjudged(observation, current)));
    return { ...plan, actions: [...plan.actions, ...held], ...heldFor(doubt, absent) };
  }
  const living = [...known.currents.values()].filter((current) => !isGone(current) && isJudged(current));
  const { closesGap, traced } = observation;
  const { deleted, held, reason } = brake({ missing: absent, living, listing, observedAt, closesGap, traced }, options);
  const deletions = deleted.map((current) => {
    const evidence = traced?.has(current.id) === true ? 'traced' : 'absent';
    const change = { kind: 'deleted', evidence, snapshot: current.snapshot } as const;
    return supersede(observation, options, current, over(observation, current), change);
  });
  const braked = touches(observation, held, (current) => timed(observation, current));
  return {
    ...plan,
    actions: [...plan.actions, ...deletions, ...braked],
    brake: held.length > 0,
    ...heldFor(reason, held),
  };
}

const heldFor = (because: string | undefined, held: readonly Current[]): Pick<AbsencePlan, 'held' | 'heldBecause'> =>
  held.length === 0 || because === undefined ? { held: [] } : { held: held.map(({ id }) => id), heldBecause: because };

const touches = (
  observation: Observation,
  rows: readonly Current[],
  goOn: (current: Current) => Current,
): readonly Action[] => rows.flatMap((current) => touch(observation, current, { next: goOn(current) }) ?? []);

/** The brake's clock starts with the first run that holds a deletion, and anew after a gap. */
function timed(observation: Observation, current: Current): Current {
  const next = stopped(observation, unjudged(observation, current));
  return next.absentSince === undefined ? { ...next, absentSince: observation.observedAt } : next;
}

/** The row of an instance that is gone. A view that has never shown it still has not: only the operator's word ended it. */
function over(observation: Observation, current: Current): Judgement {
  const { next, ...gap } = judged(observation, current);
  return { ...gap, next: next.views === current.views ? next : { ...next, views: current.views } };
}

/** While nobody looked the brake's clock did not run, whatever the run holds that looks again. */
const stopped = ({ closesGap }: Observation, current: Current): Current =>
  closesGap ? withoutAbsence(current) : current;

/**
 * Deleted instances that nothing lists any more are deleted still: their own gap closes where they could not be judged
 * meanwhile. Where the head was lost, nobody knows until when they were judged, and a gap of their own tells that.
 */
function stillDeleted(observation: Observation): readonly Action[] {
  const { listing, known, isExhaustive, view, viewId, head } = observation;
  const proves = view.statusFilter === undefined && !hasUnreadableRecord(listing) && isExhaustive;
  const ids = listedIds(listing);
  const isOver = (current: Current): boolean =>
    current.unobservedSince === undefined
      ? head.completedObservedAt === undefined
      : proves && isShownTo(current, viewId);
  return [...known.currents.values()]
    .filter((current) => isGone(current) && !ids.has(current.id) && isOver(current))
    .flatMap((current) => touch(observation, current, over(observation, current)) ?? []);
}

/** Why an absence proves nothing, if so. */
function absenceDoubt({ listing, absenceConfirmed }: Observation): string | undefined {
  if (hasUnreadableRecord(listing)) return 'a record without a readable id may be any of the absent instances';
  if (!absenceConfirmed) return 'no two consecutive listings showed the same ids';
  return undefined;
}
