import { type Instant, toMs } from './instant';
import { isDeletedStatus, statusOf } from './instance';
import type { CompleteListing } from './listing';
import type { Current } from './record';

export interface BrakeOptions {
  /** The user has said that the mass deletion is real. */
  readonly allowMassDeletion?: boolean;
  /** How long an instance must have been absent under the brake before its deletion is believed, in ms. */
  readonly brakeReleaseAfterMs: number;
}

/** 24 hours: longer than the rights of a project are usually broken unnoticed. */
export const DEFAULT_BRAKE_RELEASE_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * A well-formed but empty answer can be wrong, for example when rights were taken away. So inferred deletions that
 * would remove over half of the living instances, or the last of them, are held until the user or time confirms them.
 * Instances that were DELETING when last seen go as expected and are never held.
 */
export function brake(
  {
    absent,
    living,
    listing,
    observedAt,
  }: { absent: readonly Current[]; living: readonly Current[]; listing: CompleteListing; observedAt: Instant },
  options: BrakeOptions,
): { deleted: readonly Current[]; held: readonly Current[] } {
  const unexpected = absent.filter(({ status }) => status !== 'DELETING');
  const unreadable = new Set(listing.rejected.map(({ id }) => id));
  const remains = ({ id }: Current): boolean => {
    const snapshot = listing.instances.get(id);
    return snapshot === undefined ? unreadable.has(id) : !isDeletedStatus(statusOf(snapshot));
  };
  const leavesNone = !living.some(remains);
  const isMass = unexpected.length * 2 > living.length || leavesNone;
  if (options.allowMassDeletion === true || !isMass) return { deleted: absent, held: [] };
  const held = unexpected.filter(
    ({ absentSince }) =>
      absentSince === undefined || toMs(observedAt) - toMs(absentSince) < options.brakeReleaseAfterMs,
  );
  const isHeld = new Set(held);
  return { deleted: absent.filter((current) => !isHeld.has(current)), held };
}
