import { type Instant, toMs } from '../../lambda/core/model/instant';
import { type Target, targetName } from '../../lambda/core/model/instance';
import { LEASE_MAX_AHEAD_MS } from '../../lambda/core/sync/lease';
import type { Action, Recorder, RunEnd } from '../../lambda/core/sync/recorder';
import { InMemoryAttributions } from './traces';
import type { NotRunning, Reader, Span } from '../../lambda/core/history/reader';
import {
  type Current,
  type Gap,
  type Head,
  isGone,
  type Rejection,
  type Version,
} from '../../lambda/core/model/record';

interface Shelf {
  head: Head | undefined;
  currents: Map<string, Current>;
  versions: Map<string, Version[]>;
  gaps: Gap[];
  ownGaps: Gap[];
  rejections: Map<string, Rejection>;
}

const copy = <T>(value: T): T => structuredClone(value);
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The rows that an action writes, but for versions and gaps, which are always new. */
const rowsOf = (action: Action): string[] => {
  if (action.kind === 'reject') return [`rejected ${action.rejection.key}`];
  if (action.kind === 'unreject') return [`rejected ${action.key}`];
  const dropped = action.dropRejection === undefined ? [] : [`rejected ${action.dropRejection}`];
  return [`current ${action.id}`, ...dropped];
};

/** The twin of the table: the same ports, held in memory. It is trusted because it passes the same contract. */
export class InMemoryHistory {
  private readonly shelves = new Map<string, Shelf>();
  private readonly known = new Map<string, Target>();
  readonly attributions = new InMemoryAttributions((target) => this.shelf(target));

  constructor(private readonly now: () => number = () => 0) {}

  shelf(target: Target): Shelf {
    const name = targetName(target);
    const shelf = this.shelves.get(name) ?? {
      head: undefined,
      currents: new Map(),
      versions: new Map(),
      gaps: [],
      ownGaps: [],
      rejections: new Map(),
    };
    this.shelves.set(name, shelf);
    return shelf;
  }

  recorder(): Recorder {
    return {
      readHead: async (target) => copy(this.shelf(target).head),
      takeLease: async (target, lease) => {
        const shelf = this.shelf(target);
        const head = shelf.head ?? { target, dirty: false };
        const held = head.lease;
        const expired =
          held !== undefined && (held.until <= lease.now || toMs(held.until) - toMs(lease.now) > LEASE_MAX_AHEAD_MS);
        if (held !== undefined && held.runId !== lease.runId && !expired)
          return { taken: false, heldBy: held.runId, until: held.until };
        if (held?.runId !== lease.runId) {
          shelf.head = {
            ...head,
            lease: { runId: lease.runId, until: lease.until },
            dirty: head.dirty || held !== undefined,
          };
        }
        this.known.set(targetName(target), target);
        return { taken: true, head: copy(shelf.head ?? head) };
      },
      renewLease: async (target, lease) => {
        const shelf = this.shelf(target);
        if (shelf.head?.lease?.runId !== lease.runId) return false;
        shelf.head = { ...shelf.head, lease };
        return true;
      },
      readKnown: async (target) => ({
        currents: copy(this.shelf(target).currents),
        rejections: copy(this.shelf(target).rejections),
      }),
      readCurrents: async (target, ids) => ids.flatMap((id) => copy(this.shelf(target).currents.get(id)) ?? []),
      batches: (actions) => {
        const batches: Action[][] = [];
        for (let index = 0; index < actions.length; index += 4) batches.push(actions.slice(index, index + 4));
        return batches;
      },
      record: async (target, runId, batch) => {
        const shelf = this.shelf(target);
        if (shelf.head?.lease?.runId !== runId) return { kind: 'lost' };
        const rows = batch.flatMap(rowsOf);
        if (new Set(rows).size < rows.length) return { kind: 'invalid', reason: 'two writes of one row' };
        const isStale = (action: Action): boolean => {
          if (action.kind !== 'version' && action.kind !== 'touch') return false;
          if (shelf.currents.get(action.id)?.version !== action.previous?.version) return true;
          const written = action.kind === 'version' ? (shelf.versions.get(action.id) ?? []) : [];
          return written.some(({ observedAt }) => observedAt === action.next.observedAt);
        };
        if (batch.some(isStale)) return { kind: 'stale', reason: 'a row is not as it was read' };
        for (const action of copy(batch)) this.write(shelf, action);
        return { kind: 'recorded' };
      },
      end: async (target, end) => this.end(target, copy(end)),
      units: () => ({ write: 0, read: 0 }),
      clockErrorMs: () => 0,
    };
  }

  private write(shelf: Shelf, action: Action): void {
    if (action.kind === 'reject') shelf.rejections.set(action.rejection.key, action.rejection);
    if (action.kind === 'unreject') shelf.rejections.delete(action.key);
    if (action.kind === 'reject' || action.kind === 'unreject') return;
    shelf.currents.set(action.id, action.next);
    if (action.closedGap !== undefined) shelf.ownGaps.push(action.closedGap);
    if (action.dropRejection !== undefined) shelf.rejections.delete(action.dropRejection);
    if (action.kind === 'touch') return;
    const rows = shelf.versions.get(action.id) ?? [];
    const last = rows.at(-1);
    if (last !== undefined && action.previousExpiresAt !== undefined)
      rows[rows.length - 1] = { ...last, expiresAt: action.previousExpiresAt };
    const {
      unobservedSince: _,
      judgedListedFrom: __,
      lastOwnGapTo: ___,
      expiringSince: ____,
      absentSince: _____,
      views: ______,
      touchedBy: _______,
      ...version
    } = action.next;
    rows.push(version);
    shelf.versions.set(action.id, rows);
  }

  private end(target: Target, end: RunEnd): boolean {
    const shelf = this.shelf(target);
    const { head } = shelf;
    if (head?.lease?.runId !== end.runId) return head?.lastRunId === end.runId;
    const { lease: _, because: __, newcomersSince: before, unjudged: count, retentionMs: kept, ...others } = head;
    const { attribution: marked, ...rest } = others;
    const attribution = end.attribution ?? marked;
    const { newcomersSince, unjudged } = end.completed ?? { newcomersSince: before, unjudged: count };
    const retentionMs = end.retentionMs === undefined ? kept : end.retentionMs;
    const next: Head = {
      ...rest,
      outcome: end.outcome,
      lastRunId: end.runId,
      ...(end.intervalMs === undefined ? {} : { intervalMs: end.intervalMs }),
      ...(end.because === undefined ? {} : { because: end.because }),
      ...(end.endedAt === undefined ? {} : { lastRunAt: end.endedAt }),
      ...(end.observedAt === undefined ? {} : { observedAt: end.observedAt }),
      ...(newcomersSince === undefined ? {} : { newcomersSince }),
      ...(unjudged === undefined ? {} : { unjudged }),
      ...(end.otherViews === undefined ? {} : { otherViews: end.otherViews }),
      ...(end.brakeReleaseAfterMs === undefined ? {} : { brakeReleaseAfterMs: end.brakeReleaseAfterMs }),
      ...(retentionMs == null ? {} : { retentionMs }),
      ...(attribution === undefined ? {} : { attribution }),
      ...(end.completed === undefined
        ? {}
        : {
            dirty: false,
            completedObservedAt: end.completed.observedAt,
            listedFrom: end.completed.listedFrom,
            instances: end.completed.instances,
            listedWith: end.completed.listedWith,
            ...(end.endedAt === undefined ? {} : { completedAt: end.endedAt }),
          }),
    };
    const { fingerprint: ___, ...without } = next;
    shelf.head =
      typeof end.fingerprint === 'object'
        ? { ...next, fingerprint: end.fingerprint.store }
        : end.fingerprint === 'remove'
          ? without
          : next;
    if (end.gap !== undefined) shelf.gaps.push(end.gap);
    return true;
  }

  /** @param now the clock by which rows are expired */
  reader(now: () => number = this.now): Reader {
    const alive = (version: Version): boolean => version.expiresAt === undefined || toMs(version.expiresAt) > now();
    const rows = (target: Target, id: string): Version[] =>
      copy(this.shelf(target).versions.get(id) ?? []).filter(alive);
    const touching = (gaps: readonly Gap[], span: Span = {}): Gap[] =>
      copy(gaps)
        .filter(
          (gap) => (span.from === undefined || gap.to > span.from) && (span.to === undefined || gap.from < span.to),
        )
        .toSorted((a, b) => byText(a.from, b.from));
    const within = (at: Instant, span: Span): boolean =>
      (span.from === undefined || at >= span.from) && (span.to === undefined || at < span.to);
    const shelf = (target: Target): Shelf => this.shelf(target);
    const { known, shelves, attributions } = this;
    return {
      traces: async (target, id, span) => attributions.traces(target, id, span),
      attributions: async (target, id, span) => attributions.attributions(target, id, span),
      targets: async () => [...known.values()],
      head: async (target) => copy(shelf(target).head),
      coverage: async (target, span) => ({ head: copy(shelf(target).head), gaps: touching(shelf(target).gaps, span) }),
      units: () => ({ write: 0, read: 0 }),
      current: async (target, id) => copy(shelf(target).currents.get(id)),
      versionAt: async (target, id, at) => {
        const all = copy(shelf(target).versions.get(id) ?? []);
        const place = all.findLastIndex(({ observedAt }) => observedAt <= at);
        const [version, next] = [all[place], all[place + 1]];
        if (version === undefined || !alive(version)) return undefined;
        return next === undefined || next.version === version.version + 1 ? version : undefined;
      },
      async *currents(target) {
        yield* [...copy(shelf(target).currents).values()].toSorted((a, b) => byText(a.id, b.id));
      },
      async *versions(target, id, options = {}) {
        const all = rows(target, id).filter((version) => within(version.observedAt, options));
        yield* (options.newestFirst === true ? all.toReversed() : all).slice(0, options.limit);
      },
      async *gaps(target, span) {
        yield* touching(shelf(target).gaps, span);
      },
      async *ownGaps(target, id, span) {
        yield* touching(
          shelf(target).ownGaps.filter((gap) => gap.id === id),
          span,
        );
      },
      async *rejections(target) {
        yield* [...copy(shelf(target).rejections).values()].toSorted((a, b) => byText(a.key, b.key));
      },
      async *changes(span) {
        const all = [...shelves.values()].flatMap(({ versions }) => [...versions.values()].flat());
        yield* copy(all)
          .filter((version) => alive(version) && version.kind !== 'baseline' && within(version.observedAt, span))
          .toSorted((a, b) => byText(a.observedAt, b.observedAt));
      },
      async *notRunning(target) {
        yield* [...shelf(target).currents.values()]
          .filter((current) => current.status !== 'RUNNING' && !isGone(current))
          .toSorted((a, b) => byText(a.statusSince, b.statusSince))
          .map(({ id, name, status, statusSince, version }): NotRunning => ({
            target,
            id,
            name,
            status,
            statusSince,
            version,
          }));
      },
    };
  }
}
