import * as fc from 'fast-check';
import { canonicalSnapshot } from '../../../../../lambda/core/model/canonical';
import { plusMs, toMs } from '../../../../../lambda/core/model/instant';
import { isDeletedStatus, type Snapshot, statusOf } from '../../../../../lambda/core/model/instance';
import type { ParsedPage, ParsedRecord } from '../../../../../lambda/core/sync/listing';
import type { Recorder } from '../../../../../lambda/core/sync/recorder';
import type { InstanceSource } from '../../../../../lambda/core/sync/instance-source';
import { type Current, type Head, isGone, type Version } from '../../../../../lambda/core/model/record';
import { isCompleted, type RunResult } from '../../../../../lambda/core/sync/run-result';
import { GAP_FACTOR } from '../../../../../lambda/core/model/gap';
import { syncTarget } from '../../../../../lambda/core/sync/run';
import { accepted, fleetSource, instance, ManualClock, rejected, TARGET } from '../../../../support/fleet';
import type { HistoryStore } from '../../../../support/history-stores';
import { collect } from '../../../../support/sync-world';
import { GatedRun, type Fault } from './gated-run';

/** What the generator may do next. Numbers choose among what is there at that moment. */
export type Step =
  | { readonly do: 'put'; readonly id: number; readonly status: string }
  | { readonly do: 'rename'; readonly id: number; readonly name: string }
  | { readonly do: 'remove'; readonly id: number }
  /** One leaves and a new one joins: their number stays the same, all that lies between moves up. */
  | { readonly do: 'replace'; readonly place: number }
  | { readonly do: 'spoil'; readonly id: number }
  | { readonly do: 'spoilWithoutId' }
  | { readonly do: 'removeWithoutId' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'setClockError'; readonly ms: number }
  | { readonly do: 'start'; readonly allowMassDeletion: boolean }
  | { readonly do: 'advance'; readonly run: number; readonly gate: number; readonly fault: Fault }
  | { readonly do: 'finish'; readonly run: number }
  | { readonly do: 'crash'; readonly run: number };

const INTERVAL_MS = 300_000;
const PAGE_SIZE = 3;
/** So many of the ids can come back. */
const RETURNING_IDS = 3;

const statuses = [
  'CREATING',
  'RUNNING',
  'ERROR',
  'FREEZING',
  'FROZEN',
  'DELETING',
  'DELETED',
  'SOFT_DELETED',
  'DELETE_FALIED',
  'NEVER_HEARD_OF',
];
const id = fc.nat(7);
const faults: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 12, arbitrary: fc.constant('none' as const) },
  { weight: 1, arbitrary: fc.constantFrom('before' as const, 'after' as const, 'conflict' as const) },
);

export const steps = (options: { readonly clockErrors: boolean; readonly length: number }): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ do: fc.constant('put' as const), id, status: fc.constantFrom('RUNNING', ...statuses) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('rename' as const), id, name: fc.constantFrom('a', 'b', 'c') }),
      },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), id }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('replace' as const), place: fc.nat(PAGE_SIZE - 1) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('spoil' as const), id }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          { do: 'spoilWithoutId' as const },
          { do: 'removeWithoutId' as const },
          { do: 'removeWithoutId' as const },
        ),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant('wait' as const),
          ms: fc.constantFrom(1, 1000, 30_000, 70_000, 300_000, 1_000_000, 90_000_000),
        }),
      },
      ...(options.clockErrors
        ? [
            {
              weight: 1,
              arbitrary: fc.record({
                do: fc.constant('setClockError' as const),
                ms: fc.constantFrom(0, 240_000, -240_000),
              }),
            },
          ]
        : []),
      {
        weight: 5,
        arbitrary: fc.record({
          do: fc.constant('start' as const),
          allowMassDeletion: fc.oneof(
            { weight: 4, arbitrary: fc.constant(false) },
            { weight: 1, arbitrary: fc.constant(true) },
          ),
        }),
      },
      {
        weight: 16,
        arbitrary: fc.record({ do: fc.constant('advance' as const), run: fc.nat(1), gate: fc.nat(1), fault: faults }),
      },
      { weight: 6, arbitrary: fc.record({ do: fc.constant('finish' as const), run: fc.nat(1) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), run: fc.nat(1) }) },
    ),
    { minLength: 1, maxLength: options.length, size: 'max' },
  );

interface Truth {
  readonly at: number;
  /** Canonical snapshot, or undefined while there is no valid record. */
  readonly valid: string | undefined;
  readonly exists: boolean;
  /** The list shows it, valid or not, deleted or not. */
  readonly isListed: boolean;
}

interface RunLog {
  readonly from: number;
  until: number;
  /** Records of the last complete listing: the one that the run believes. */
  saw: ParsedRecord[];
  /** When that listing began, and when its last page had been read. */
  listing: { from: number; until: number };
  result?: RunResult;
}

/** A fleet that lives in time, the runs that watch it, and everything that must hold whatever happens. */
export class HistoryModel {
  /** True time; what a run reads is off by `clockErrorMs`. */
  readonly clock = new ManualClock();
  private clockErrorMs = 0;
  private largestClockErrorMs = 0;
  private readonly fleet = new Map<string, ParsedRecord>();
  private newcomers = 0;
  private readonly truths = new Map<string, Truth[]>();
  /** How often the id of that number has gone. */
  private readonly generations = new Map<number, number>();
  private readonly logs = new Map<string, RunLog>();
  private active: GatedRun[] = [];
  private runCount = 0;
  private readonly written = new Map<string, string>();
  private lastHead: Head | undefined;
  private readonly completions: string[] = [];
  /**
   * Beginnings of complete listings during which an id came back that had gone before. Ids of the real API are never
   * used again; nothing but that can make a listing look as if it had missed nothing.
   */
  private readonly fooledListings = new Set<string>();
  steps = 0;

  constructor(private readonly store: HistoryStore) {}

  async take(step: Step): Promise<void> {
    this.steps += 1;
    switch (step.do) {
      case 'put':
        this.set(this.idOf(step.id), accepted(instance(this.idOf(step.id), step.status, this.nameOf(step.id))));
        break;
      case 'rename': {
        const record = this.fleet.get(this.idOf(step.id));
        if (record?.accepted === true) this.set(this.idOf(step.id), accepted({ ...record.snapshot, name: step.name }));
        break;
      }
      case 'remove':
        this.remove(step.id);
        break;
      case 'replace': {
        const leaves = [...this.fleet.keys()].filter((name) => name !== '?')[step.place];
        if (leaves === undefined) break;
        const joins = `new${(this.newcomers += 1)}`;
        this.set(joins, accepted(instance(joins)));
        this.set(leaves, undefined);
        break;
      }
      case 'spoil':
        if (this.fleet.has(this.idOf(step.id))) this.set(this.idOf(step.id), rejected(this.idOf(step.id)));
        break;
      case 'spoilWithoutId':
        this.fleet.set('?', rejected(undefined));
        break;
      case 'removeWithoutId':
        this.fleet.delete('?');
        break;
      case 'wait':
        this.clock.advance(step.ms);
        break;
      case 'setClockError':
        // Between runs only: a clock that steps within a run is another machine's fault.
        if (this.active.length === 0) this.setClockError(step.ms);
        break;
      case 'start':
        if (this.active.length < 2) this.start(step.allowMassDeletion);
        break;
      case 'advance':
        await this.active[step.run % Math.max(1, this.active.length)]?.advance(step.gate, step.fault);
        break;
      case 'finish':
        await this.active[step.run % Math.max(1, this.active.length)]?.finish();
        break;
      case 'crash':
        this.active[step.run % Math.max(1, this.active.length)]?.crash();
        break;
    }
    await Promise.all(this.active.map(async (run) => run.settle()));
    this.active = this.active.filter((run) => !run.isOver);
    await this.check();
  }

  /** Whatever happened: after a lease's time one clean run ends with current = what the API shows. */
  async conclude(): Promise<void> {
    for (const run of this.active) run.crash();
    this.active = [];
    this.setClockError(0);
    this.fleet.delete('?');
    this.clock.advance(7 * 60_000);
    this.start(true);
    await this.active[0]?.finish();
    await this.check();
    const result = [...this.logs.values()].at(-1)?.result;
    if (result === undefined || !isCompleted(result.outcome))
      throw new Error(`the clean run ended ${result?.outcome}: ${result?.because}`);
    const currents = new Map(
      (await collect(this.store.reader.currents(TARGET))).map((current) => [current.id, current]),
    );
    for (const [name, record] of this.fleet) {
      if (!record.accepted) continue;
      const current = currents.get(name);
      if (current === undefined) throw new Error(`${name} is not in the table`);
      if (!isDeletedStatus(statusOf(record.snapshot))) expectSame(current, record.snapshot);
      else if (!isGone(current)) throw new Error(`${name} is reported deleted, but alive in the table`);
    }
    for (const current of currents.values()) {
      if (!this.fleet.has(current.id) && !isGone(current)) throw new Error(`${current.id} is gone, but not deleted`);
    }
  }

  /** The first ids come back after they have gone; the others get a new one, as in the real API. */
  private idOf(number: number): string {
    return number < RETURNING_IDS ? `i${number}` : `i${number}.${this.generations.get(number) ?? 0}`;
  }

  private nameOf(number: number): { name: string } {
    const record = this.fleet.get(this.idOf(number));
    return { name: record?.accepted === true ? (record.snapshot.name as string) : 'a' };
  }

  private remove(number: number): void {
    const name = this.idOf(number);
    const wasThere = this.fleet.has(name);
    this.set(name, undefined);
    if (wasThere && !this.fleet.has(name)) this.generations.set(number, (this.generations.get(number) ?? 0) + 1);
  }

  private set(name: string, record: ParsedRecord | undefined): void {
    const living = [...this.fleet.values()].filter((each) => each.accepted).length;
    // An empty fleet is a brake story of its own, told in the contract.
    if (record === undefined && living === 0) return;
    if (record === undefined) this.fleet.delete(name);
    else this.fleet.set(name, record);
    this.clock.advance(1);
    const truths = this.truths.get(name) ?? [];
    truths.push({
      at: this.clock.now(),
      valid: record?.accepted === true ? canonicalSnapshot(record.snapshot) : undefined,
      exists: record !== undefined && !(record.accepted && isDeletedStatus(statusOf(record.snapshot))),
      isListed: record !== undefined,
    });
    this.truths.set(name, truths);
    this.clock.advance(1);
  }

  private setClockError(ms: number): void {
    this.clockErrorMs = ms;
    this.largestClockErrorMs = Math.max(this.largestClockErrorMs, Math.abs(ms));
  }

  private start(allowMassDeletion: boolean): void {
    const runId = `run-${(this.runCount += 1)}`;
    const log: RunLog = {
      from: this.clock.now(),
      until: Infinity,
      saw: [],
      listing: { from: Infinity, until: Infinity },
    };
    this.logs.set(runId, log);
    const error = this.clockErrorMs;
    const gated = new GatedRun(this.store.newRecorder(), this.source(log));
    this.active.push(gated);
    gated.run(async (ports: { recorder: Recorder; source: InstanceSource }) => {
      log.result = await syncTarget(
        {
          ...ports,
          clock: { now: () => this.clock.now() + error, sleep: this.clock.sleep },
          alarm: async (at, signal) => this.clock.alarm(at - error, signal),
          random: () => 0.5,
          newRunId: () => runId,
        },
        { target: TARGET, intervalMs: INTERVAL_MS, brakeReleaseAfterMs: 86_400_000, allowMassDeletion },
      );
      log.until = this.clock.now();
    });
  }

  private source(log: RunLog): InstanceSource {
    const inner = fleetSource({ clock: this.clock, fleet: () => [...this.fleet.values()], pageSize: PAGE_SIZE });
    const error = this.clockErrorMs;
    const { clock } = this;
    return {
      async *pages(target, options): AsyncIterable<ParsedPage> {
        const saw: ParsedRecord[] = [];
        const totals = new Set<number>();
        const from = clock.now();
        let until = from;
        for await (const page of inner.pages(target, options)) {
          saw.push(...page.records);
          totals.add(page.total);
          until = clock.now();
          yield {
            ...page,
            requestedAt: page.requestedAt + error,
            receivedAt: page.receivedAt + error,
            serverTime: page.receivedAt,
          };
        }
        // Whoever asks for more after the last page has got all of them.
        if (totals.size !== 1 || !totals.has(countDifferent(saw))) return;
        log.saw = saw;
        log.listing = { from, until };
      },
    };
  }

  private async check(): Promise<void> {
    const { reader } = this.store;
    const currents = await collect(reader.currents(TARGET));
    for (const current of currents) await this.checkInstance(current);
    const head = await reader.head(TARGET);
    if (head?.completedObservedAt !== undefined && head.completedObservedAt !== this.lastHead?.completedObservedAt) {
      this.checkCompletion(head, currents);
    }
    this.lastHead = head;
    await this.checkGaps();
  }

  private async checkInstance(current: Current): Promise<void> {
    const versions = await collect(this.store.reader.versions(TARGET, current.id));
    let previous: Version | undefined;
    for (const [index, version] of versions.entries()) {
      const name = `${version.id} version ${version.version}`;
      if (version.version !== index + 1) throw new Error(`${name} stands at place ${index + 1}`);
      const before = this.written.get(name);
      const text = JSON.stringify(version, Object.keys(version).toSorted());
      const whole = `${text}${canonicalSnapshot(version.snapshot)}`;
      if (before === undefined) this.checkNew(version, previous);
      else if (before !== whole) throw new Error(`${name} was changed after it was written`);
      this.written.set(name, whole);
      previous = version;
    }
    if (
      previous === undefined ||
      previous.version !== current.version ||
      previous.observedAt !== current.observedAt ||
      previous.kind !== current.kind
    ) {
      throw new Error(`the current row of ${current.id} is not its newest version`);
    }
  }

  /** What must be true of a version at the moment it appears. */
  private checkNew(version: Version, previous: Version | undefined): void {
    const name = `${version.id} version ${version.version} (${version.kind}, ${version.evidence})`;
    const log = this.logs.get(version.runId);
    if (log === undefined) throw new Error(`${name} was written by nobody`);
    if (previous !== undefined) {
      if (version.observedAt <= previous.observedAt) throw new Error(`${name} is not younger than the version before`);
      const same = canonicalSnapshot(previous.snapshot) === canonicalSnapshot(version.snapshot);
      if (same && isGone(previous) === isGone(version)) throw new Error(`${name} says nothing new`);
    }
    if (version.changedAfter !== null && version.changedAfter >= version.observedAt)
      throw new Error(`${name} has an empty window`);
    const during = this.statesDuring(version.id, log.from, Math.min(log.until, this.clock.now()));
    if (version.evidence === 'absent') {
      if (during.every(({ exists }) => exists))
        throw new Error(`${name} deletes an instance that was alive all the time`);
    } else if (!during.some(({ valid }) => valid === canonicalSnapshot(version.snapshot))) {
      throw new Error(`${name} was never so while its run was reading`);
    }
    if (version.changedAfter !== null) this.checkWindow(name, version);
  }

  /** The real change lies between `changedAfter` and `observedAt`, give or take the clock errors of the runs. */
  private checkWindow(name: string, version: Version): void {
    const isNewcomer = version.version === 1 || version.kind === 'reappeared';
    if (isNewcomer && this.fooledListings.has(version.changedAfter ?? '')) return;
    const slack = 2 * this.largestClockErrorMs + 1000;
    const from = toMs(version.changedAfter ?? version.observedAt) - slack;
    const to = toMs(version.observedAt) + slack;
    if (!(this.truths.get(version.id) ?? []).some(({ at }) => at > from && at <= to)) {
      throw new Error(`${name}: nothing happened between ${version.changedAfter} and ${version.observedAt}`);
    }
  }

  private statesDuring(name: string, from: number, until: number): Truth[] {
    const truths = this.truths.get(name) ?? [];
    const before = truths.findLast(({ at }) => at <= from) ?? {
      at: -Infinity,
      valid: undefined,
      exists: false,
      isListed: false,
    };
    return [before, ...truths.filter(({ at }) => at > from && at <= until)];
  }

  /** A run has just completed: what it saw is what the table says now, and what it could not judge has an open gap. */
  private checkCompletion(head: Head, currents: readonly Current[]): void {
    this.completions.push(head.completedObservedAt ?? '');
    const log = this.logs.get(head.lastRunId ?? '');
    if (log === undefined) throw new Error(`run ${head.lastRunId} is unknown`);
    if (head.listedFrom !== undefined && this.someIdCameBack(log.listing)) this.fooledListings.add(head.listedFrom);
    if (head.dirty) throw new Error('a completed run left the head dirty');
    const rows = new Map(currents.map((current) => [current.id, current]));
    const seen = new Set<string>();
    for (const record of log.saw) {
      if (!record.accepted) continue;
      const { snapshot } = record;
      seen.add(snapshot.id);
      const current = rows.get(snapshot.id);
      if (current === undefined) throw new Error(`${snapshot.id} was listed, but is not in the table`);
      if (isDeletedStatus(statusOf(snapshot))) {
        if (!isGone(current)) throw new Error(`${snapshot.id} was reported deleted, but is alive in the table`);
      } else {
        expectSame(current, snapshot);
      }
      if (current.unobservedSince !== undefined) throw new Error(`${snapshot.id} was judged, but its own gap is open`);
    }
    const listed = new Set(log.saw.map((record) => (record.accepted ? record.snapshot.id : record.rejected.id)));
    for (const current of currents) {
      if (seen.has(current.id)) continue;
      if (isGone(current)) {
        // Nothing may leave a deleted instance unobserved but a record that may be it.
        const isJudged = !listed.has(current.id) && !listed.has(undefined) && head.newcomersSince === undefined;
        if (current.unobservedSince !== undefined && isJudged)
          throw new Error(`${current.id} is deleted and not listed, but its own gap is open`);
        continue;
      }
      if (current.unobservedSince === undefined)
        throw new Error(`${current.id} was not judged, but no gap of its own is open`);
    }
  }

  private someIdCameBack({ from, until }: RunLog['listing']): boolean {
    return [...this.truths.values()].some((truths) => {
      const before = truths.filter(({ at }) => at <= from);
      const isAway = before.at(-1)?.isListed === false && before.some(({ isListed }) => isListed);
      return isAway && truths.some(({ at, isListed }) => isListed && at > from && at <= until);
    });
  }

  private async checkGaps(): Promise<void> {
    const gaps = await collect(this.store.reader.gaps(TARGET));
    const expected = this.completions.flatMap((to, index) => {
      const from = this.completions[index - 1];
      return from !== undefined && toMs(to) - toMs(from) > GAP_FACTOR * INTERVAL_MS ? [`${from} ${to}`] : [];
    });
    const actual = gaps.map(({ from, to }) => `${from} ${to}`);
    if (JSON.stringify(actual) !== JSON.stringify(expected))
      throw new Error(`gaps are ${actual.join(', ')}, expected ${expected.join(', ')}`);
    for (const current of await collect(this.store.reader.currents(TARGET))) {
      let end = plusMs('1970-01-01T00:00:00.000Z', 0);
      for (const { from, to } of await collect(this.store.reader.ownGaps(TARGET, current.id))) {
        // A run that died after closing a gap does not count: the next one may begin before that end.
        if (from >= to || to <= end)
          throw new Error(`own gaps of ${current.id} are empty or end before an earlier one: ${from} to ${to}`);
        end = to;
      }
      const last = end.startsWith('1970') ? null : end;
      if (current.lastOwnGapTo !== last)
        throw new Error(`${current.id} says that its last gap ended at ${current.lastOwnGapTo}, but it was ${last}`);
    }
  }
}

function expectSame(current: Current, snapshot: Snapshot): void {
  if (isGone(current)) throw new Error(`${snapshot.id} is listed as ${snapshot.status}, but deleted in the table`);
  if (canonicalSnapshot(current.snapshot) !== canonicalSnapshot(snapshot)) {
    throw new Error(
      `${snapshot.id} is ${JSON.stringify(snapshot)} in the API, ${JSON.stringify(current.snapshot)} in the table`,
    );
  }
}

/** Unique ids, and each record without one. */
function countDifferent(records: readonly ParsedRecord[]): number {
  const ids = records.map((record) => (record.accepted ? record.snapshot.id : record.rejected.id));
  return new Set(ids.filter((each) => each !== undefined)).size + ids.filter((each) => each === undefined).length;
}
