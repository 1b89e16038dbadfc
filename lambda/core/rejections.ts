import { MAX_ID_BYTES } from './limits';
import { utf8Bytes } from './wire-text';
import type { Action } from './ports';
import { newcomersSince, type Observation } from './observation';
import type { RejectedRecord } from './record';

/** The id, or the digest of the record where there is no id or it is too long for a key. */
export const rejectionKey = ({ id, digest }: Pick<RejectedRecord, 'id' | 'digest'>): string =>
  id !== undefined && utf8Bytes(id) <= MAX_ID_BYTES ? id : digest;

/** The key of a record whose id is known to fit, as every id of an instance does. */
export const rejectionKeyOf = (instanceId: string): string => rejectionKey({ id: instanceId, digest: '' });

/** Sets rejected records aside, and forgets those that are gone. What became valid is forgotten with its new version. */
export function planRejections(observation: Observation): readonly Action[] {
  const { listing, known, observedAt } = observation;
  const actions: Action[] = [];
  const present = new Set<string>();
  for (const record of listing.rejected) {
    const key = rejectionKey(record);
    if (present.has(key)) continue;
    present.add(key);
    const before = known.rejections.get(key);
    if (before !== undefined && before.digest === record.digest && before.reason === record.reason) continue;
    actions.push({
      type: 'reject',
      rejection: {
        ...record,
        target: listing.target,
        key,
        firstObservedAt: before?.firstObservedAt ?? observedAt,
        observedAt,
        changedAfter: before === undefined ? newcomersSince(observation) : before.changedAfter,
      },
    });
  }
  if (listing.is === 'complete') {
    for (const key of known.rejections.keys()) {
      if (!present.has(key) && !listing.instances.has(key)) actions.push({ type: 'unreject', key });
    }
  }
  return actions;
}
