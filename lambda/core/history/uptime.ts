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

/** What is added up. */
type Part = Pick<Uptime, 'statusMs' | 'unobservedMs' | 'nonexistentMs' | 'plannedMs'>;

/** @param maintenanceZone the zone of the maintenance windows */
export const uptimeOf = (segments: readonly Segment[], span: ClosedSpan, maintenanceZone?: string): Uptime =>
  totalUptime(
    segments.map((segment) => partOf(segment, maintenanceZone)),
    { from: span.from, to: span.to },
  );

function partOf(segment: Segment, zone: string | undefined): Part {
  const length = toMs(segment.to) - toMs(segment.from);
  const isKnown = segment.is === 'known';
  const isDown = isKnown && segment.version.status !== RUNNING;
  return {
    statusMs: isKnown ? { [segment.version.status]: length } : {},
    unobservedMs: segment.is === 'unobserved' ? length : 0,
    nonexistentMs: segment.is === 'nonexistent' ? length : 0,
    plannedMs: zone === undefined ? undefined : isDown ? plannedMs(segment.version.snapshot, segment, zone) : 0,
  };
}

/** Time of many instances added up, such as of a target. */
export function totalUptime(parts: readonly Part[], span: ClosedSpan): Uptime {
  const statusMs = new Map<string, number>();
  const sum = (of: (part: Part) => number): number => parts.reduce((total, part) => total + of(part), 0);
  for (const part of parts)
    for (const [status, ms] of Object.entries(part.statusMs)) statusMs.set(status, (statusMs.get(status) ?? 0) + ms);
  const planned = sum((part) => part.plannedMs ?? 0);
  const counted = [...statusMs.values()].reduce((total, ms) => total + ms, -planned);
  return {
    ...span,
    statusMs: Object.fromEntries(statusMs),
    availability: counted === 0 ? null : (statusMs.get(RUNNING) ?? 0) / counted,
    plannedMs: parts.some((part) => part.plannedMs !== undefined) ? planned : undefined,
    unobservedMs: sum((part) => part.unobservedMs),
    nonexistentMs: sum((part) => part.nonexistentMs),
  };
}

const RUNNING = 'RUNNING';
