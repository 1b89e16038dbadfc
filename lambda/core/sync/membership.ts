import { isDeletedStatus, statusOf } from '../model/instance';
import { listedIds, type Listing } from './listing';
import type { Known } from './recorder';
import { type Current, isGone, type RejectedRecord } from '../model/record';
import { rejectionKey } from './rejections';
import { isShownTo } from '../model/view';

export { isGone } from '../model/record';

/** Known living instances that the listing does not show, valid or rejected. */
export function missing(known: Known, listing: Listing): readonly Current[] {
  const ids = listedIds(listing);
  return [...known.currents.values()].filter((current) => !isGone(current) && !ids.has(current.id));
}

/**
 * Whether the listing shows anything that its view has not shown before, or that was away meanwhile.
 *
 * Without any, a complete listing has missed nothing, however many pages it has: all that it shows existed before it
 * began and when its page was read, so all of that existed when its first page was read; and the first page says that
 * there was no more than that. (An id that goes and comes back would break this; ids are never used again.)
 */
export function showsNewcomers(known: Known, listing: Listing, viewId: string): boolean {
  for (const snapshot of listing.instances.values()) {
    if (wasListed(known, { id: snapshot.id, digest: '' }, viewId)) continue;
    const current = known.currents.get(snapshot.id);
    // An instance that the API reports as deleted stays listed for a while.
    if (current === undefined || !isGone(current) || !isDeletedStatus(statusOf(snapshot))) return true;
  }
  return listing.rejected.some((record) => !wasListed(known, record, viewId));
}

function wasListed(known: Known, record: Pick<RejectedRecord, 'id' | 'digest'>, viewId: string): boolean {
  const rejection = known.rejections.get(rejectionKey(record));
  if (rejection !== undefined && isShownTo(rejection, viewId)) return true;
  const current = record.id === undefined ? undefined : known.currents.get(record.id);
  if (current === undefined || current.unobservedSince !== undefined) return false;
  return !isGone(current) && isShownTo(current, viewId);
}
