import { plusMs, toMs, type Instant } from '../../lambda/core/model/instant';
import type { Json, Snapshot, Target } from '../../lambda/core/model/instance';
import type { ChangeKind, Current, FieldChange, Gap, Head, Version } from '../../lambda/core/model/record';
import { diff } from '../../lambda/core/model/diff';
import { unobservedSpans } from '../../lambda/core/history/spans';
import type { TargetRecords } from '../../lambda/timeline/model';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const NORTH: Target = { region: 'cn-north-4', projectId: '106506b9a92342df9a5025fc12351cfc' };
export const SOUTH: Target = { region: 'ap-southeast-3', projectId: '7f3a0c51be0d4c66b0f6e6b2d35a9d10' };

/** The same numbers for the same seed, on every machine. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Tells the life of one instance step by step. */
export class Life {
  readonly versions: Version[] = [];
  private snapshot: Snapshot;

  constructor(
    private readonly target: Target,
    readonly id: string,
    name: string | null,
    fields: Readonly<Record<string, Json>> = {},
  ) {
    this.snapshot = { id, name, status: 'RUNNING', ...fields };
  }

  /** Adds a version; the run before this one began `interval` earlier. */
  saw(kind: ChangeKind, at: Instant, fields: Readonly<Record<string, Json>> = {}, interval = 5 * MINUTE): this {
    const previous = this.versions.at(-1);
    const next: Snapshot = { ...this.snapshot, ...fields };
    const changes: readonly FieldChange[] = previous === undefined ? [] : diff(this.snapshot, next);
    this.snapshot = next;
    const status = kind === 'deleted' ? 'DELETED' : next.status;
    this.versions.push({
      target: this.target,
      id: this.id,
      name: typeof next.name === 'string' ? next.name : null,
      enterpriseProjectId: '0',
      version: (previous?.version ?? 0) + 1,
      kind,
      evidence: kind === 'deleted' ? 'absent' : 'listed',
      status,
      previousStatus: previous?.status ?? null,
      statusSince: previous?.status === status ? previous.statusSince : at,
      observedAt: at,
      changedAfter: kind === 'baseline' ? null : plusMs(at, -interval - 2_130),
      changes,
      snapshot: next,
      listedFrom: plusMs(at, -2_130),
      runId: `run-${at}`,
    });
    return this;
  }

  get newest(): Version {
    const newest = this.versions.at(-1);
    if (newest === undefined) throw new Error('a life has at least one version');
    return newest;
  }
}

/** What a reader finds of a target, with its gaps and the own gaps of its instances, by id. */
export function recordsOf(
  target: Target,
  lives: readonly Life[],
  known: {
    readonly now: Instant;
    readonly head?: Head | undefined;
    readonly gaps?: readonly Gap[];
    readonly ownGaps?: readonly Gap[];
    readonly more?: Partial<Current>;
  },
): TargetRecords {
  const { head = headAt(target, known.now), gaps = [], ownGaps = [] } = known;
  const instances = lives.map((life) => {
    const own = ownGaps.filter((gap) => gap.id === life.id);
    const lastOwnGapTo = own.at(-1)?.to ?? null;
    const current: Current = { ...life.newest, touchedBy: life.newest.runId, lastOwnGapTo, ...known.more };
    const unobserved = unobservedSpans({ head, gaps, ownGaps: own, current, nowMs: toMs(known.now) });
    return { current, history: { versions: life.versions, unobserved } };
  });
  return { target, head, instances };
}

export const headAt = (target: Target, observedAt: Instant, more: Partial<Head> = {}): Head => ({
  target,
  dirty: false,
  outcome: 'unchanged',
  completedAt: observedAt,
  completedObservedAt: observedAt,
  observedAt,
  listedFrom: plusMs(observedAt, -2_000),
  intervalMs: 5 * MINUTE,
  lastRunAt: observedAt,
  ...more,
});

const TEAMS = [
  'billing',
  'orders',
  'inventory',
  'customs',
  'telemetry',
  'partner-api',
  'loyalty',
  'claims',
  'metering',
];
const STAGES = ['prod', 'prod', 'staging', 'test'];

const idOf = (random: () => number): string => {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

/** A small fleet as one meets it: most run, one is broken, one is frozen, some come and go; a night without runs. */
export function demoHistory(now: Instant): {
  readonly targets: readonly TargetRecords[];
  readonly gaps: readonly Gap[];
} {
  const random = chance(20_261_122);
  const at = (days: number, extra = 0): Instant => plusMs(now, -Math.round(days * DAY) + extra);
  const gap: Gap = { target: NORTH, from: at(9.4), to: at(9.1) };
  const north = TEAMS.map((team, index) => {
    const life = new Life(NORTH, idOf(random), `roma-${team}-${STAGES[index % 4]}`, { cpu: 8, description: '' });
    return life.saw('baseline', at(34));
  });
  const [billing, orders, inventory, customs, telemetry, partner, loyalty, claims, metering] = north;
  billing?.saw('updated', at(21), { description: 'owned by finance' }).saw('updated', at(4.2), { cpu: 16 });
  orders
    ?.saw('statusChanged', at(16.1), { status: 'ERROR' })
    .saw('statusChanged', at(15.3), { status: 'RUNNING' })
    .saw('statusChanged', at(0.31), { status: 'ERROR' });
  inventory?.saw('statusChanged', at(6), { status: 'FREEZING' }).saw('statusChanged', at(5.7), { status: 'FROZEN' });
  customs?.saw('statusChanged', at(12.2), { status: 'DELETING' }).saw('deleted', at(11.6));
  telemetry?.saw('updated', at(2.5), { connect_address: '10.4.0.17' }).saw('updated', at(0.12), { cpu: 32 });
  partner?.saw('statusChanged', at(24), { status: 'FROZEN' }).saw('statusChanged', at(20.5), { status: 'RUNNING' });
  loyalty
    ?.saw('statusChanged', at(3), { status: 'DELETING' })
    .saw('statusChanged', at(2.4), { status: 'DELETE_FAILED' });
  claims
    ?.saw('statusChanged', at(9.1), { status: 'ERROR' }, 0.3 * DAY)
    .saw('statusChanged', at(8.6), { status: 'RUNNING' });
  metering?.saw('updated', at(18.6), { name: 'roma-metering-prod-eu' });
  const fresh = new Life(NORTH, idOf(random), 'roma-returns-prod')
    .saw('created', at(7.2), { status: 'CREATING' })
    .saw('statusChanged', at(6.9), { status: 'RUNNING' });
  const failed = new Life(NORTH, idOf(random), 'roma-sandbox-07')
    .saw('created', at(1.8), { status: 'CREATING' })
    .saw('statusChanged', at(1.2), { status: 'CREATE_FAILED' });
  const returned = new Life(NORTH, idOf(random), 'roma-archive-test')
    .saw('baseline', at(34))
    .saw('deleted', at(22))
    .saw('reappeared', at(14));
  const south = ['edge-gateway', 'edge-mqtt', 'edge-sync', 'edge-dash'].map((name) =>
    new Life(SOUTH, idOf(random), `roma-${name}`).saw('baseline', at(26.5)),
  );
  south[1]
    ?.saw('statusChanged', at(13), { status: 'UPGRADING' })
    .saw('statusChanged', at(11.8), { status: 'RUNNING', cpu: 8 });
  const rejected: Gap = { target: SOUTH, id: south[2]?.id ?? '', from: at(5), to: at(2.8) };
  const targets = [
    recordsOf(NORTH, [...north, fresh, failed, returned], {
      now,
      head: headAt(NORTH, plusMs(now, -107_000)),
      gaps: [gap],
    }),
    recordsOf(SOUTH, south, { now, head: headAt(SOUTH, plusMs(now, -41_000)), ownGaps: [rejected] }),
  ];
  return { targets, gaps: [gap, rejected] };
}

export const demoFleet = (now: Instant): readonly TargetRecords[] => demoHistory(now).targets;

/** Many instances and changes, for sizes and speed. Half of the changes are of status. */
export function largeFleet(now: Instant, instances: number, changes: number, days = 30): readonly TargetRecords[] {
  const random = chance(7);
  const statuses = ['ERROR', 'RUNNING', 'FREEZING', 'FROZEN', 'RUNNING'];
  const start = toMs(now) - days * DAY;
  const lives = Array.from({ length: instances }, (_, index) => {
    const life = new Life(NORTH, idOf(random), `roma-${TEAMS[index % TEAMS.length]}-${STAGES[index % 4]}-${index}`, {
      description: 'kept by the platform team',
      cpu: 8,
    });
    const times = Array.from(
      { length: Math.floor(changes / instances) },
      () => start + Math.floor(random() * days * DAY),
    );
    life.saw('baseline', new Date(start - DAY).toISOString());
    for (const [step, time] of times.toSorted((a, b) => a - b).entries()) {
      const at = new Date(time + step).toISOString();
      if (step % 2 === 0) life.saw('statusChanged', at, { status: statuses[(step / 2 + index) % 5] ?? 'ERROR' });
      else life.saw('updated', at, { cpu: 8 + step, description: `resized for run ${step} of the load test` });
    }
    return life;
  });
  return [recordsOf(NORTH, lives, { now, head: headAt(NORTH, plusMs(now, -60_000)) })];
}
