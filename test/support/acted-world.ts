import type { SimulatedActor } from './cts-simulator/trace-log';
import { TraceLog } from './cts-simulator/trace-log';
import type { FleetInstance } from './roma-simulator/fleet';
import { attribute, isDue } from '../../lambda/core/attribution/attribute';
import type { Timing } from '../../lambda/core/attribution/confidence';
import type { Attribution } from '../../lambda/core/model/attribution';
import { tracedDeletions } from '../../lambda/core/attribution/deletions';
import type { TraceReading, TraceSource } from '../../lambda/core/attribution/ports';
import { describeError } from '../../lambda/core/model/errors';
import type { Json } from '../../lambda/core/model/instance';
import type { RunResult } from '../../lambda/core/sync/run-result';
import { instance, TARGET } from './fleet';
import { InMemoryHistory } from './in-memory-history';
import { SyncWorld } from './sync-world';
import { type InMemoryAttributions, traceSourceOf } from './traces';

const PROJECT = { projectId: TARGET.projectId };

/** A fleet that people work on, the traces that they leave, and the runs that ask for both. */
export class ActedWorld {
  readonly log: TraceLog;
  readonly world: SyncWorld;
  readonly store: InMemoryAttributions;
  /** How often traces were asked for. */
  asked = 0;
  /** What the service says instead, while it is out of order. */
  broken: TraceReading | undefined;
  /** How far the clock of the runs is ahead of the true one, by which traces are dated. */
  clockErrorMs = 0;
  /** Keeps the instances in the form of the simulator, too. */
  private readonly fleet = new Map<string, FleetInstance>();

  constructor(
    options: {
      readonly lagMs?: (nth: number) => number;
    } = {},
  ) {
    const history = new InMemoryHistory(() => 0);
    this.world = new SyncWorld({
      name: 'in memory',
      newRecorder: () => history.recorder(),
      reader: history.reader(),
      close: () => {},
    });
    this.store = history.attributions;
    this.log = new TraceLog({ now: () => this.now(), lagMs: options.lagMs ?? (() => 60_000) });
  }

  /** The true time. */
  now = (): number => this.world.clock.now() - this.clockErrorMs;

  source = (): TraceSource => {
    const source = traceSourceOf(this.log);
    return {
      read: async (...asked) => {
        this.asked += 1;
        return this.broken ?? source.read(...asked);
      },
    };
  };

  has = (id: string): boolean => this.fleet.has(id);
  get = (id: string): FleetInstance | undefined => this.fleet.get(id);

  /** Somebody does something to an instance; undefined: it is gone. */
  act(
    actor: SimulatedActor | undefined,
    id: string,
    change: Record<string, Json> | undefined,
    names?: readonly string[],
  ): void {
    const before = this.fleet.get(id);
    const { status = 'RUNNING', ...fields } = (change ?? {}) as { status?: string };
    const after =
      change === undefined
        ? undefined
        : ({
            ...(before ?? instance(id, status)),
            ...fields,
            ...('status' in change ? { status } : {}),
          } as FleetInstance);
    if (after === undefined) this.fleet.delete(id);
    else this.fleet.set(id, after);
    if (after === undefined) this.world.remove(id);
    else this.world.put(id, after.status, after as Record<string, Json>);
    if (names === undefined) this.log.told({ ...PROJECT, actor, before, after });
    for (const name of names ?? []) this.log.add({ ...PROJECT, before, after }, name, { actor });
  }

  trace(
    actor: SimulatedActor | undefined,
    id: string,
    name: string,
    more: { readonly ok?: boolean; readonly more?: object } = {},
  ): void {
    this.log.add({ ...PROJECT, before: this.fleet.get(id), after: undefined }, name, { actor, ...more });
  }

  /** One run, and what follows it. */
  async run(
    options: Parameters<SyncWorld['run']>[0] & { readonly timing?: Timing; readonly isCut?: boolean } = {},
  ): Promise<RunResult & { readonly problem?: string | undefined }> {
    const { timing, isCut = false, ...rest } = options;
    const { clock } = this.world;
    const result = await this.world.run({
      attribution: true,
      tracedDeletions: tracedDeletions(this.source(), clock),
      ...rest,
    });
    if (isCut || result.mark === undefined || !isDue(result.mark, clock.now())) return result;
    const deadline = clock.now() + 20_000;
    const problem = await attribute(
      { traces: this.source(), store: this.store, history: this.world.store.reader, clock },
      {
        target: TARGET,
        mark: result.mark,
        retentionMs: rest.retentionMs ?? undefined,
        deadline,
        timing,
      },
    ).catch((error: unknown) => {
      if (clock.now() >= deadline) return describeError(error);
      throw error;
    });
    return { ...result, problem };
  }

  async attributions(id: string): Promise<readonly Attribution[]> {
    return this.store.attributions(TARGET, id);
  }

  /** The newest one of an instance. */
  async last(id: string): Promise<Attribution | undefined> {
    return (await this.attributions(id)).toSorted((a, b) => (a.observedAt < b.observedAt ? -1 : 1)).at(-1);
  }
}
