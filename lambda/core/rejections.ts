import type { Action } from './ports';
import { newcomersSince, type Observation } from './observation';
import type { RejectedRecord } from './record';

/** Longest id, in UTF-8 bytes, that is used in a key. */
export const MAX_ID_BYTES = 256;

/** The id, or the digest of the record where there is no id or it is too long for a key. */
export const rejectionKey = ({ id, digest }: Pick<RejectedRecord, 'id' | 'digest'>): string =>
  id !== undefined && new TextEncoder().encode(id).length <= MAX_ID_BYTES ? id : digest;

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
