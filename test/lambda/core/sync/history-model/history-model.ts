import { toInstant, toMs } from '../../../../../lambda/core/model/instant';
import { isCompleted, type RunResult } from '../../../../../lambda/core/sync/run-result';
import { TARGET } from '../../../../support/fleet';
import { collect } from '../../../../support/sync-world';
import { Answers } from './answers';
import { Book } from './book';
import { Commands } from './commands';
import type { GatedRun } from './gated-run';
import {
  type AskStep,
  isRunStep,
  LARGEST_CLOCK_ERROR_MS,
  type RunStep,
  type Step,
  type Story,
  type Switch,
  type WorldStep,
} from './moves';
import { startRun } from './run-log';
import { Runs } from './runs';
import type { ModelStore } from './stores';
import { TableOracle } from './table-oracle';
import type { View } from './truth';
import { IDENTITIES, World } from './world';

/** Distances from a time at which something happened that a question may be about, in ms. */
const DISTANCES = [0, -1, 1, 30_000, -30_000, 400_000, 1_000_000];

/** A fleet that lives in time, the runs that watch it, and everything that must hold whatever happens. */
export class HistoryModel {
  private readonly world: World;
  private readonly runs: Runs;
  private readonly book: Book;
  private readonly oracle: TableOracle;
  private readonly views: readonly View[];
  private clockErrorMs = 0;
  private active: GatedRun[] = [];
  steps = 0;

  constructor(
    private readonly store: ModelStore,
    private readonly on: ReadonlySet<Switch>,
    private readonly intervalMs: number,
  ) {
    this.world = new World(on);
    this.runs = new Runs(this.world.truths);
    this.book = new Book(intervalMs);
    this.oracle = new TableOracle(store, this.world, this.runs, this.book);
    this.views = viewsOf(on);
  }

  async live({ fleet, steps }: Story): Promise<void> {
    for (let id = 0; id < fleet; id += 1) this.world.take({ do: 'put', id, status: 'RUNNING' });
    for (const step of steps) {
      this.steps += 1;
      await this.take(step);
    }
    await this.conclude();
  }

  private async take(step: Step): Promise<void> {
    if (step.do === 'ask') await this.ask(step);
    else if (isRunStep(step)) await this.takeRunStep(step);
    else await this.takeWorldStep(step);
  }

  private async takeWorldStep(step: WorldStep): Promise<void> {
    if (step.do === 'sweep') await this.store.sweep(this.world.clock.now());
    else if (step.do === 'loseHead') await this.loseHead();
    else this.world.take(step);
    await this.settle();
  }

  private async takeRunStep(step: RunStep): Promise<void> {
    const chosen = 'run' in step ? this.active[step.run % Math.max(1, this.active.length)] : undefined;
    switch (step.do) {
      case 'setClockError':
        // Between runs only: a clock that steps within a run is another machine's fault.
        if (this.active.length === 0) this.setClockError(step.ms);
        break;
      case 'start':
        if (this.active.length < 2) this.start(step.view, step.allowMassDeletion);
        break;
      case 'run':
        if (this.active.length === 0) await this.start(step.view, step.allowMassDeletion).finish();
        break;
      case 'advance':
        await chosen?.advance(step.gate, step.fault);
        break;
      case 'finish':
        await chosen?.finish();
        break;
      case 'crash':
        chosen?.crash();
        break;
      default:
        step satisfies never;
    }
    await this.settle();
    if (step.do === 'run' || step.do === 'advance' || step.do === 'finish') await this.oracle.check();
  }

  /** Whatever happened: after a lease's time a clean run completes, and the table says what its view shows. */
  private async conclude(): Promise<void> {
    for (const run of this.active) run.crash();
    this.active = [];
    this.setClockError(0);
    this.world.clock.advance(8 * 60_000);
    await this.runToItsEnd('with all that is wrong with the world', false);
    this.world.take({ do: 'refuseNothing' });
    this.world.take({ do: 'clamp', total: null });
    this.world.removeWithoutId();
    for (const allowsMassDeletion of [false, true]) {
      this.world.clock.advance(60_000);
      await this.runToItsEnd('in a world that is well', allowsMassDeletion);
    }
    await this.oracle.check(true);
    await this.checkNobodyIsLeft();
    const clockErrors = this.on.has('readers') ? [0, -120_000] : [0];
    for (const clockError of clockErrors) await this.ask({ from: this.steps, to: this.steps * 7, clockError });
    // Later, when nobody looks any more, and what was to be kept for a short time has expired.
    this.world.clock.advance(4_000_000);
    await this.store.sweep(this.world.clock.now());
    await this.ask({ from: this.steps, to: this.steps * 5, clockError: 0 });
  }

  /** A run that nothing disturbs records all that it is shown. */
  private async runToItsEnd(where: string, allowsMassDeletion: boolean): Promise<void> {
    const run = this.start(0, allowsMassDeletion);
    const log = this.runs.last;
    await run.finish();
    await this.settle();
    await this.oracle.check();
    const result: RunResult | undefined = log?.result;
    // Where not even a mark can be written, a run cannot tell all that it must, but all else.
    const isHindered = [...(log?.refused.values() ?? [])].some(Boolean);
    if (log === undefined || result === undefined || (!isCompleted(result.outcome) && !isHindered))
      throw new Error(`a run ${where} ended ${result?.outcome}: ${result?.because}`);
    await this.oracle.checkRecorded(log);
  }

  private async checkNobodyIsLeft(): Promise<void> {
    const completion = this.runs.completions.at(-1);
    if (completion === undefined) throw new Error('no run has completed');
    const { view } = completion.log;
    for (const { id, kind, status } of await collect(this.store.reader.currents(TARGET))) {
      const isGone = kind === 'deleted' || ['DELETED', 'SOFT_DELETED'].includes(status);
      const now = this.world.clock.now();
      const [truth] = this.world.truths.during(id, view, now, now);
      if (truth?.isListed !== true && !isGone && this.runs.hasShownForSure(view, id))
        throw new Error(`${id} is gone, but not deleted in the table`);
    }
  }

  /** Asks by a clock that is off, about times at which something happened, or near them. */
  private async ask({ from, to, clockError }: Omit<AskStep, 'do'>): Promise<void> {
    const nowMs = this.world.clock.now() + clockError;
    const observed = [...this.oracle.versions.values()].flat().map(({ observedAt }) => toMs(observedAt));
    const times = [...new Set([...observed, ...this.runs.completions.map(({ at }) => at), nowMs])].toSorted(
      (a, b) => a - b,
    );
    const choose = (number: number): number => {
      const distance = DISTANCES[Math.floor(number / times.length) % DISTANCES.length] ?? 0;
      return Math.min(nowMs - 1, (times[number % times.length] ?? nowMs) + distance);
    };
    const [first = nowMs, last = nowMs] = [choose(from), choose(to)].toSorted((a, b) => a - b);
    const reader = this.store.readerAt(() => nowMs);
    const question = { from: toInstant(first), to: toInstant(Math.max(first + 1, last)), nowMs };
    const ids = [...this.oracle.versions.keys()];
    const { commandOptions } = this.store;
    const only = commandOptions === undefined ? undefined : ids[from % Math.max(1, ids.length)];
    await new Answers(reader, this.store.reader, this.book, this.on).ask(question, only);
    if (commandOptions === undefined || only === undefined || !this.on.has('commands')) return;
    await new Commands(commandOptions, this.store.reader, this.book).ask(question, only);
  }

  private start(view: number, allowsMassDeletion: boolean): GatedRun {
    const { log, run } = startRun(this.world, this.store.newRecorder(), {
      id: `run-${this.runs.count + 1}`,
      view: this.views[view % this.views.length] ?? { api: 'v2', identity: 'ann' },
      allowsMassDeletion,
      clockErrorMs: this.clockErrorMs,
      intervalMs: this.intervalMs,
    });
    this.runs.add(log);
    this.active.push(run);
    return run;
  }

  private setClockError(ms: number): void {
    this.clockErrorMs = ms;
    this.oracle.largestClockErrorMs = Math.max(this.oracle.largestClockErrorMs, Math.abs(ms));
  }

  private async loseHead(): Promise<void> {
    await this.store.loseHead();
    this.oracle.noteLostHead();
    // With the head the last time is lost; so that clocks which are off do not go back behind it, nobody looks at once.
    if (this.on.has('clocks')) this.world.clock.advance(2 * LARGEST_CLOCK_ERROR_MS);
  }

  private async settle(): Promise<void> {
    await Promise.all(this.active.map(async (run) => run.settle()));
    this.active = this.active.filter((run) => !run.isOver);
  }
}

/** The views through which the runs of a story look, the schedule's first. */
function viewsOf(on: ReadonlySet<Switch>): readonly View[] {
  const apis = on.has('api') ? (['v2', 'v3'] as const) : (['v2'] as const);
  const identities = on.has('identity') ? IDENTITIES : IDENTITIES.slice(0, 1);
  const all = apis.flatMap((api) => identities.map((identity): View => ({ api, identity })));
  const filters = on.has('filter') ? ['RUNNING', 'ERROR'] : [];
  return [...all, ...filters.map((statusFilter): View => ({ api: 'v2', identity: 'ann', statusFilter }))];
}
