import type { Instant } from '../core/model/instant';
import { toMs } from '../core/model/instant';
import { targetName, type Target } from '../core/model/instance';
import type { Current, Head, Version } from '../core/model/record';
import { type History, openGapOf, segments } from '../core/history/spans';
import { totalUptime, type Uptime, uptimeOf } from '../core/history/uptime';
import { type Bar, barsOf } from './bars';
import type { Period } from './period';

/** What is read of one instance: its newest row, and its history as far as the period needs it. */
export interface InstanceRecords {
  readonly current: Current;
  readonly history: History;
}

export interface TargetRecords {
  readonly target: Target;
  readonly head: Head | undefined;
  readonly instances: readonly InstanceRecords[];
}

/** One line of the picture. */
export interface Row {
  readonly target: Target;
  readonly id: string;
  readonly name: string | null;
  /** As of the end of the period, as far as it is known. */
  readonly status: string;
  readonly deleted: boolean;
  /** True when nobody could look at the end of the period; the status is the last one known. */
  readonly blind: boolean;
  readonly bars: readonly Bar[];
  /** Versions that were observed in the period, oldest first; baselines are no changes. */
  readonly changes: readonly Version[];
  readonly uptime: Uptime;
}

export interface Group {
  readonly target: Target;
  readonly rows: readonly Row[];
  readonly uptime: Uptime;
  /** Observation time of the last completed run; undefined when none has completed. */
  readonly observedAt: Instant | undefined;
  /** True when runs are missing: the last completed one is older than the gap threshold. */
  readonly stale: boolean;
  /** Outcome of the last run, and its reason where it was not complete. */
  readonly outcome: string | undefined;
  readonly because: string | undefined;
}

export interface Timeline {
  readonly period: Period;
  /** The moment at which the history was read. */
  readonly generatedAt: Instant;
  readonly groups: readonly Group[];
  readonly uptime: Uptime;
}

/** Groups in the order of their names; in a group first what is not running, then what is, then what is gone. */
export function buildTimeline(targets: readonly TargetRecords[], period: Period, generatedAt: Instant): Timeline {
  const groups = targets
    .toSorted((a, b) => compare(targetName(a.target), targetName(b.target)))
    .map((target) => groupOf(target, period, generatedAt));
  const uptime = totalUptime(
    groups.map((group) => group.uptime),
    period,
  );
  return { period, generatedAt, groups, uptime };
}

function groupOf({ target, head, instances }: TargetRecords, period: Period, now: Instant): Group {
  const rows = instances.flatMap((instance) => rowOf(instance, period, now) ?? []).toSorted(byNeedOfAttention);
  return {
    target,
    rows,
    uptime: totalUptime(
      rows.map((row) => row.uptime),
      period,
    ),
    observedAt: head?.completedObservedAt,
    stale: openGapOf(head, toMs(now)) !== undefined,
    outcome: head?.outcome,
    because: head?.because,
  };
}

/** Undefined when the instance did not exist in the period, or was not yet known of. */
function rowOf({ current, history }: InstanceRecords, period: Period, now: Instant): Row | undefined {
  const seen: Period = { from: period.from, to: now < period.to ? now : period.to };
  const last = history.versions.findLast((version) => version.observedAt < period.to);
  if (last === undefined) return undefined;
  const parts = segments(history, seen);
  const changes = history.versions.filter(
    (version) => version.kind !== 'baseline' && version.observedAt >= period.from && version.observedAt < period.to,
  );
  const bars = barsOf(parts, history.versions[0]);
  if (bars.length === 0 && changes.length === 0) return undefined;
  const deleted = last.kind === 'deleted';
  return {
    target: current.target,
    id: current.id,
    name: last.name,
    status: last.status,
    deleted,
    blind: !deleted && parts.at(-1)?.is === 'unobserved',
    bars,
    changes,
    uptime: uptimeOf(parts, seen),
  };
}

function byNeedOfAttention(a: Row, b: Row): number {
  return rank(a) - rank(b) || compare(a.name ?? a.id, b.name ?? b.id) || compare(a.id, b.id);
}
const rank = (row: Row): number => {
  if (row.deleted) return 2;
  return row.status === 'RUNNING' ? 1 : 0;
};
const compare = (a: string, b: string): number => {
  if (a === b) return 0;
  return a < b ? -1 : 1;
};
