import { type Instant, toMs } from '../model/instant';
import type { Segment } from './spans';

/** How long an instance was in which status; in milliseconds. The three together are the length of the span. */
export interface Uptime {
  readonly from: Instant;
  readonly to: Instant;
  readonly statusMs: Readonly<Record<string, number>>;
  /** Nobody looked, or the history of that time has expired. */
  readonly unobservedMs: number;
  /** Before the creation was seen, and after the deletion was. */
  readonly nonexistentMs: number;
  /** Share of the observed time of its life in which it was RUNNING, 0 to 1; null when none was observed. */
  readonly availability: number | null;
}

export function uptimeOf(segments: readonly Segment[], span: { readonly from: Instant; readonly to: Instant }): Uptime {
  const statusMs = new Map<string, number>();
  let unobservedMs = 0;
  let nonexistentMs = 0;
  for (const segment of segments) {
    const length = toMs(segment.to) - toMs(segment.from);
    if (segment.is === 'unobserved') unobservedMs += length;
    else if (segment.is === 'nonexistent') nonexistentMs += length;
    else statusMs.set(segment.version.status, (statusMs.get(segment.version.status) ?? 0) + length);
  }
  return { ...span, ...share(statusMs), unobservedMs, nonexistentMs };
}

/** Time of many instances added up, such as of a target. */
export function totalUptime(
  uptimes: readonly Uptime[],
  span: { readonly from: Instant; readonly to: Instant },
): Uptime {
  const statusMs = new Map<string, number>();
  let unobservedMs = 0;
  let nonexistentMs = 0;
  for (const uptime of uptimes) {
    for (const [status, ms] of Object.entries(uptime.statusMs)) statusMs.set(status, (statusMs.get(status) ?? 0) + ms);
    unobservedMs += uptime.unobservedMs;
    nonexistentMs += uptime.nonexistentMs;
  }
  return { ...span, ...share(statusMs), unobservedMs, nonexistentMs };
}

function share(statusMs: ReadonlyMap<string, number>): Pick<Uptime, 'statusMs' | 'availability'> {
  let observed = 0;
  for (const ms of statusMs.values()) observed += ms;
  const running = statusMs.get('RUNNING') ?? 0;
  return { statusMs: Object.fromEntries(statusMs), availability: observed === 0 ? null : running / observed };
}
