import { type RetentionOptions, supersede, touch } from './actions';
import { brake, type BrakeOptions } from './brake';
import { hasUnreadableRecord, listedIds } from './listing';
import { absentees, isGone } from './membership';
import type { Observation } from './observation';
import type { Action } from './ports';
import type { Current } from './record';
import { judged, unjudged } from './row';

export interface AbsenceOptions extends BrakeOptions, RetentionOptions {
  /** Only instances with this status are listed: what is absent has left the filter and is not deleted. */
  readonly statusFilter?: string;
}

/** What becomes of the instances that a listing does not show. */
export interface AbsencePlan {
  readonly actions: readonly Action[];
  /** Ids that are absent and were not written as deleted. */
  readonly held: readonly string[];
  /** Why they are held. */
  readonly heldBecause?: string;
  /** Whether the brake holds deletions that would otherwise be written. */
  readonly brake: boolean;
}

/** Living instances that are not listed: deleted, held, out of the filter, or not judged at all. */
export function judgeAbsence(observation: Observation, options: AbsenceOptions): AbsencePlan {
  const { listing, known, observedAt } = observation;
  if (listing.is === 'partial') return { actions: [], held: [], brake: false };
  const absent = absentees(known, listing);
  if (options.statusFilter !== undefined)
    return {
      actions: touches(observation, absent, (current) => unjudged(observation, current)),
      held: [],
      brake: false,
    };
  const remains = stillDeleted(observation);
  const doubt = absenceDoubt(observation);
  if (doubt !== undefined) {
    const held = touches(observation, absent, (current) => unjudged(observation, current));
    return { actions: [...remains, ...held], brake: false, ...heldFor(doubt, absent) };
  }
  const living = [...known.currents.values()].filter((current) => !isGone(current));
  const { deleted, held } = brake({ absent, living, listing, observedAt }, options);
  const deletions = deleted.map((current) => {
    const change = { kind: 'deleted', evidence: 'absent', snapshot: current.snapshot } as const;
    return supersede(observation, options, current, judged(observation, current), change);
  });
  const braked = touches(observation, held, (current) => timed(observation, current));
  const because = `the brake holds ${held.length} deletions: they would remove over half of the target or its last instance`;
  return { actions: [...remains, ...deletions, ...braked], brake: held.length > 0, ...heldFor(because, held) };
}

const heldFor = (because: string, held: readonly Current[]): Pick<AbsencePlan, 'held' | 'heldBecause'> =>
  held.length === 0 ? { held: [] } : { held: held.map(({ id }) => id), heldBecause: because };

const touches = (
  observation: Observation,
  rows: readonly Current[],
  goOn: (current: Current) => Current,
): readonly Action[] => rows.flatMap((current) => touch(observation, current, { next: goOn(current) }) ?? []);

/** The brake's clock starts with the first run that holds a deletion, and anew after a gap of the target. */
function timed(observation: Observation, current: Current): Current {
  const next = unjudged(observation, current);
  return current.absentSince === undefined || observation.closesTargetGap
    ? { ...next, absentSince: observation.observedAt }
    : next;
}

/** Deleted instances that could not be judged meanwhile, and that nothing lists any more: deleted they are. */
function stillDeleted(observation: Observation): readonly Action[] {
  const { listing, known, isExhaustive } = observation;
  if (hasUnreadableRecord(listing) || !isExhaustive) return [];
  const ids = listedIds(listing);
  return [...known.currents.values()].flatMap((current) =>
    isGone(current) && !ids.has(current.id) ? (touch(observation, current, judged(observation, current)) ?? []) : [],
  );
}

/** Why an absence proves nothing, if so. */
function absenceDoubt({ listing, absenceConfirmed, asksAnew }: Observation): string | undefined {
  if (hasUnreadableRecord(listing)) return 'a record without a readable id may be any of the absent instances';
  if (asksAnew) return 'the last completed run read another list, so the two cannot be compared';
  if (!absenceConfirmed) return 'no two consecutive listings showed the same ids';
  return undefined;
}
