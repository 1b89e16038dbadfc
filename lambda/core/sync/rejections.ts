import { MAX_ID_BYTES } from '../model/limits';
import { utf8Bytes } from '../model/wire-text';
import type { Action } from './recorder';
import { newcomersSince, type Observation } from './observation';
import type { RejectedRecord } from '../model/record';
import { isShownTo, shownTo } from '../model/view';

/** The id, or the digest of the record where there is no id or it is too long for a key. */
export const rejectionKey = ({ id, digest }: Pick<RejectedRecord, 'id' | 'digest'>): string =>
  id !== undefined && utf8Bytes(id) <= MAX_ID_BYTES ? id : digest;

/** The key of a record whose id is known to fit, as every id of an instance does. */
export const rejectionKeyOf = (instanceId: string): string => rejectionKey({ id: instanceId, digest: '' });

/** Sets rejected records aside, and forgets those that are gone. What became valid is forgotten with its new version. */
export function planRejections(observation: Observation): readonly Action[] {
  const { listing, known, observedAt, view, viewId } = observation;
  const actions: Action[] = [];
  const present = new Set<string>();
  for (const record of listing.rejected) {
    const key = rejectionKey(record);
    if (present.has(key)) continue;
    present.add(key);
    const before = known.rejections.get(key);
    const isSame = before !== undefined && before.digest === record.digest && before.reason === record.reason;
    if (isSame && isShownTo(before, viewId)) continue;
    actions.push({
      kind: 'reject',
      rejection: {
        ...record,
        target: listing.target,
        key,
        firstObservedAt: before?.firstObservedAt ?? observedAt,
        observedAt,
        changedAfter: before === undefined ? newcomersSince(observation) : before.changedAfter,
        views: shownTo({ views: before?.views ?? [] }, viewId).views ?? [],
      },
    });
  }
  if (listing.kind === 'complete') {
    for (const [key, rejection] of known.rejections) {
      const isGone = !present.has(key) && !listing.instances.has(key);
      // A view that has never shown the record does not tell that it is gone. Nor does one status: the record may have another.
      const isItsOwn = view.statusFilter === undefined || (rejection.views?.length ?? 1) === 1;
      if (isGone && isItsOwn && (rejection.views === undefined || isShownTo(rejection, viewId)))
        actions.push({ kind: 'unreject', key });
    }
  }
  return actions;
}
