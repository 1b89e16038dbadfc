import { type ClosedSpan, toMs } from '../model/instant';
import { plannedMs } from './maintenance';
import type { Segment } from './spans';

/** How long an instance was in which status; in milliseconds. The three together are the length of the span. */
export interface Uptime extends ClosedSpan {
  readonly statusMs: Readonly<Record<string, number>>;
  /** Nobody looked, or the history of that time has expired. */
  readonly unobservedMs: number;
  /** Before the creation was seen, and after the deletion was. */
  readonly nonexistentMs: number;
  /** Observed time in the daily maintenance window in which it was not RUNNING; present where the zone of the window was given. */
  readonly plannedMs?: number | undefined;
  /** Share of the observed time of its life, without `plannedMs`, in which it was RUNNING, 0 to 1; null when there was none. */
  readonly availability: number | null;
}

/** @param maintenanceZone the zone of the maintenance windows */
export function uptimeOf(segments: readonly Segment[], span: ClosedSpan, maintenanceZone?: string): Uptime {
  const statusMs = new Map<string, number>();
  let unobservedMs = 0;
  let nonexistentMs = 0;
  let planned = maintenanceZone === undefined ? undefined : 0;
  for (const segment of segments) {
    const length = toMs(segment.to) - toMs(segment.from);
    if (segment.is === 'unobserved') unobservedMs += length;
    else if (segment.is === 'nonexistent') nonexistentMs += length;
    else {
      const { status, snapshot } = segment.version;
      statusMs.set(status, (statusMs.get(status) ?? 0) + length);
      if (maintenanceZone !== undefined && status !== RUNNING)
        planned = (planned ?? 0) + plannedMs(snapshot, segment, maintenanceZone);
    }
  }
  return { from: span.from, to: span.to, ...share(statusMs, planned), unobservedMs, nonexistentMs };
}

/** Time of many instances added up, such as of a target. */
export function totalUptime(uptimes: readonly Uptime[], span: ClosedSpan): Uptime {
  const statusMs = new Map<string, number>();
  let unobservedMs = 0;
  let nonexistentMs = 0;
  let planned: number | undefined;
  for (const uptime of uptimes) {
    for (const [status, ms] of Object.entries(uptime.statusMs)) statusMs.set(status, (statusMs.get(status) ?? 0) + ms);
    unobservedMs += uptime.unobservedMs;
    nonexistentMs += uptime.nonexistentMs;
    if (uptime.plannedMs !== undefined) planned = (planned ?? 0) + uptime.plannedMs;
  }
  return { ...span, ...share(statusMs, planned), unobservedMs, nonexistentMs };
}

const RUNNING = 'RUNNING';

function share(
  statusMs: ReadonlyMap<string, number>,
  plannedMs: number | undefined,
): Pick<Uptime, 'statusMs' | 'plannedMs' | 'availability'> {
  let counted = -(plannedMs ?? 0);
  for (const ms of statusMs.values()) counted += ms;
  const availability = counted === 0 ? null : (statusMs.get(RUNNING) ?? 0) / counted;
  return { statusMs: Object.fromEntries(statusMs), plannedMs, availability };
}
