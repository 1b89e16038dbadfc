import { type Instant, toMs } from '../model/instant';
import { isDeletedStatus, statusOf } from '../model/instance';
import type { CompleteListing } from './listing';
import type { Current } from '../model/record';

export interface BrakeOptions {
  /** The user has said that the missing instances are gone. */
  readonly allowMassDeletion?: boolean;
  /** How long an instance must have been missing under the brake before its deletion is believed, in ms. @default 24 hours */
  readonly brakeReleaseAfterMs?: number | undefined;
}

/** 24 hours: longer than the rights of a project are usually broken unnoticed. */
export const DEFAULT_BRAKE_RELEASE_AFTER_MS = 24 * 60 * 60 * 1000;

/** Enterprise projects that a reason names. */
const GROUPS_SHOWN = 3;

export interface Braked {
  readonly deleted: readonly Current[];
  readonly held: readonly Current[];
  /** Why deletions are held; absent when none is. */
  readonly reason?: string;
}

/**
 * A well-formed answer can be wrong, for example when rights were taken away. So inferred deletions are held until the
 * user or time confirms them, when they would remove over half of the living instances or the last of them, and when
 * they would remove all living instances (two or more) of an enterprise project, because rights are granted per
 * enterprise project. Instances that were DELETING when last seen go as expected and are never held.
 */
export function brake(
  {
    missing,
    living,
    listing,
    observedAt,
    closesGap,
    traced,
  }: {
    readonly missing: readonly Current[];
    /** Living instances that the view has shown, missing ones included. */
    readonly living: readonly Current[];
    readonly listing: CompleteListing;
    readonly observedAt: Instant;
    /** Nobody has looked for so long that the time under the brake does not count. */
    readonly closesGap: boolean;
    /** Missing instances whose deletion a trace tells of: these are not held. */
    readonly traced?: ReadonlySet<string> | undefined;
  },
  { allowMassDeletion = false, brakeReleaseAfterMs = DEFAULT_BRAKE_RELEASE_AFTER_MS }: BrakeOptions,
): Braked {
  const unexpected = missing.filter(({ status }) => status !== 'DELETING');
  const isMass = unexpected.length * 2 > living.length || !living.some(remainsIn(listing));
  const groups = vanishedGroups(missing, living);
  const isSuspect = ({ enterpriseProjectId: group }: Current): boolean =>
    isMass || (group !== null && groups.has(group));
  const isWaiting = ({ id, absentSince }: Current): boolean =>
    traced?.has(id) !== true &&
    (absentSince === undefined || closesGap || toMs(observedAt) - toMs(absentSince) < brakeReleaseAfterMs);
  const held = allowMassDeletion ? [] : unexpected.filter((current) => isSuspect(current) && isWaiting(current));
  if (held.length === 0) return { deleted: missing, held };
  const isHeld = new Set(held);
  return { deleted: missing.filter((current) => !isHeld.has(current)), held, reason: reasonOf(held, isMass) };
}

/** Tells whether an instance is listed as living, or listed with a record that cannot be read. */
function remainsIn(listing: CompleteListing): (current: Current) => boolean {
  const unreadable = new Set(listing.rejected.map(({ id }) => id));
  return ({ id }) => {
    const snapshot = listing.instances.get(id);
    return snapshot === undefined ? unreadable.has(id) : !isDeletedStatus(statusOf(snapshot));
  };
}

/** Enterprise projects of two or more living instances, all of which are missing. */
function vanishedGroups(missing: readonly Current[], living: readonly Current[]): ReadonlySet<string> {
  const all = countByGroup(living);
  const vanished = [...countByGroup(missing)].filter(([group, count]) => count >= 2 && all.get(group) === count);
  return new Set(vanished.map(([group]) => group));
}

function countByGroup(rows: readonly Current[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { enterpriseProjectId: group } of rows)
    if (group !== null) counts.set(group, (counts.get(group) ?? 0) + 1);
  return counts;
}

function reasonOf(held: readonly Current[], isMass: boolean): string {
  if (isMass)
    return `the brake holds ${held.length} deletions: they would remove over half of the target or its last instance`;
  const names = [...countByGroup(held).keys()];
  const shown = names.slice(0, GROUPS_SHOWN).join(', ');
  const more = names.length > GROUPS_SHOWN ? ` and ${names.length - GROUPS_SHOWN} more` : '';
  return `the brake holds ${held.length} deletions: all instances of enterprise project ${shown}${more} are missing together, as when rights to it were taken away`;
}
