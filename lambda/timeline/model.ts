import type { Attribution, Claim } from '../core/model/attribution';
import { compareText } from '../core/model/compare-text';
import { type Instant, plusMs, toMs } from '../core/model/instant';
import { targetName, type Target } from '../core/model/instance';
import { type Current, type Head, isGone, type Version } from '../core/model/record';
import { type History, openGapOf, presentOf, type Segment, segments } from '../core/history/spans';
import { totalUptime, type Uptime, uptimeOf } from '../core/history/uptime';
import { type Bar, barsOf } from './bars';
import type { Period } from './period';

/** What is read of one instance: its newest row, and its history as far as the period needs it. */
export interface InstanceRecords {
  /** The page in a browser knows no more of it. */
  readonly current: Pick<Current, 'target' | 'id' | 'observedAt' | 'lastOwnGapTo'>;
  readonly history: History;
  /** Who made the changes, where that was asked. */
  readonly attributions?: readonly ChangeAttribution[] | undefined;
}

export type ChangeAttribution = Claim & Pick<Attribution, 'observedAt'>;

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
  readonly enterpriseProjectId: string | null;
  /** As of the end of the period, as far as it is known. */
  readonly status: string;
  readonly deleted: boolean;
  /** True when nobody could look at the end of the period; the status is the last one known. */
  readonly blind: boolean;
  readonly bars: readonly Bar[];
  /** Versions that were observed in the period, oldest first; baselines are no changes. */
  readonly changes: readonly Version[];
  readonly uptime: Uptime;
  readonly records: InstanceRecords;
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
  /** What it was made of: any shorter period can be drawn of the same. */
  readonly records: readonly TargetRecords[];
}

/** Groups in the order of their names; in a group the worst comes first. */
export function buildTimeline(targets: readonly TargetRecords[], period: Period, generatedAt: Instant): Timeline {
  const groups = targets
    .toSorted((a, b) => compareText(targetName(a.target), targetName(b.target)))
    .map((target) => groupOf(target, period, generatedAt));
  return { period, generatedAt, groups, uptime: totalOf(groups, period), records: targets };
}

/** The uptimes of these together. */
export const totalOf = (parts: readonly { readonly uptime: Uptime }[], period: Period): Uptime => {
  const uptimes = parts.map(({ uptime }) => uptime);
  return totalUptime(uptimes, period);
};

function groupOf({ target, head, instances }: TargetRecords, period: Period, now: Instant): Group {
  const rows = instances.flatMap((instance) => rowOf(instance, head, period, now) ?? []).toSorted(byNeedOfAttention);
  return {
    target,
    rows,
    uptime: totalOf(rows, period),
    observedAt: head?.completedObservedAt,
    stale: openGapOf(head, toMs(now)) !== undefined,
    outcome: head?.outcome,
    because: head?.because,
  };
}

/** Undefined when the instance did not exist in the period, or was not yet known of. */
function rowOf(records: InstanceRecords, head: Head | undefined, period: Period, now: Instant): Row | undefined {
  const { current, history } = records;
  const present = presentOf({ head, current, nowMs: toMs(now) });
  // What was seen at the very present belongs to it.
  const end = present > now ? plusMs(present, 1) : now;
  const seen: Period = { from: period.from, to: end < period.to ? end : period.to };
  const [first] = history.versions;
  // Where all of the period has expired, only a later version tells that there was one.
  const isExpired = first !== undefined && first.version > 1;
  const last =
    history.versions.findLast((version) => version.observedAt < period.to) ?? (isExpired ? first : undefined);
  if (last === undefined) return undefined;
  const parts = segments(history, seen);
  const changes = history.versions.filter(
    (version) => version.kind !== 'baseline' && version.observedAt >= period.from && version.observedAt < period.to,
  );
  const bars = barsOf(parts, history.versions[0]);
  if (bars.length === 0 && changes.length === 0) return undefined;
  const ending = parts.at(-1);
  const deleted = isGone(last) && !hasExpired(ending);
  return {
    target: current.target,
    id: current.id,
    name: last.name,
    enterpriseProjectId: last.enterpriseProjectId,
    status: last.status,
    deleted,
    blind: !deleted && ending?.is === 'unobserved',
    bars,
    changes,
    uptime: uptimeOf(parts, seen),
    records,
  };
}

/** Things by name, in the order in which each name came first. */
export function grouped<T>(things: readonly T[], nameOf: (thing: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const thing of things) {
    const group = groups.get(nameOf(thing)) ?? [];
    groups.set(nameOf(thing), group);
    group.push(thing);
  }
  return groups;
}

/** Nobody knows any more what it was like then. */
const hasExpired = (part: Segment | undefined): boolean => part?.is === 'unobserved' && part.during === undefined;

/** The worst first, over all targets: broken, in between, frozen, running, gone. */
export function byNeedOfAttention(a: Row, b: Row): number {
  return rank(a) - rank(b) || compareText(a.name ?? a.id, b.name ?? b.id) || compareText(a.id, b.id);
}
const rank = ({ deleted, status }: Row): number => {
  if (deleted) return 4;
  if (status === 'ERROR' || status.endsWith('_FAILED')) return 0;
  if (status === 'FROZEN') return 2;
  return status === 'RUNNING' ? 3 : 1;
};
