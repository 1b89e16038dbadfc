import { type Instant, toInstant, toMs } from '../model/instant';
import type { Json } from '../model/instance';
import { isInferred, type Version } from '../model/record';

/** A shorter change window, as the API reports it; both ends are the same where it names the moment. */
export interface Narrowed {
  readonly from: Instant;
  readonly to: Instant;
  readonly by: 'create_time' | 'update_time';
}

/**
 * What the API's own times say of when a change happened; nobody observed it. A time counts only if it lies inside the change
 * window, and `update_time` only if it changed with the version: then the change did not happen after it.
 */
export function narrowed(version: Version): Narrowed | undefined {
  const { kind, changedAfter, observedAt, snapshot, changes, evidence } = version;
  if (changedAfter === null || isInferred(evidence)) return undefined;
  const inside = (value: Json | undefined): Instant | undefined => {
    const at = reportedTime(value);
    return at !== undefined && at > changedAfter && at <= observedAt ? at : undefined;
  };
  if (kind === 'created') {
    const at = inside(snapshot.create_time);
    return at === undefined ? undefined : { from: at, to: at, by: 'create_time' };
  }
  if (kind === 'reappeared' || !changes.some(({ field }) => field === 'update_time')) return undefined;
  const to = inside(snapshot.update_time);
  return to === undefined ? undefined : { from: changedAfter, to, by: 'update_time' };
}

/** A time with a zone, or milliseconds since 1970. Anything else says nothing certain. */
function reportedTime(value: Json | undefined): Instant | undefined {
  if (typeof value === 'number' || (typeof value === 'string' && /^\d{13}$/.test(value))) {
    const ms = Number(value);
    return ms >= 1e12 && ms < 1e13 ? toInstant(Math.floor(ms)) : undefined;
  }
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$/.test(value))
    return undefined;
  const ms = toMs(value);
  return Number.isNaN(ms) ? undefined : toInstant(ms);
}
