import type { Json } from '../../lambda/core/model/instance';
import type { ParsedRecord } from '../../lambda/core/sync/listing';
import type { Current, Gap, Head, Version } from '../../lambda/core/model/record';
import type { RunResult } from '../../lambda/core/sync/run-result';
import { syncTarget } from '../../lambda/core/sync/run';
import type { SyncOptions, TracedDeletions } from '../../lambda/core/sync/sync-options';
import type { Recorder } from '../../lambda/core/sync/recorder';
import { accepted, fleetSource, type FleetSourceOptions, instance, rejected, TARGET } from './fleet';
import { ManualClock } from './manual-clock';
import type { HistoryStore } from './history-stores';

export const INTERVAL_MS = 5 * 60_000;

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A fleet, a clock and a store; `run` is one sync run of what the fleet is now. */
export class SyncWorld {
  readonly clock = new ManualClock();
  readonly target = TARGET;
  readonly fleet = new Map<string, ParsedRecord>();
  private runs = 0;

  constructor(readonly store: HistoryStore) {}

  put(id: string, status = 'RUNNING', more: Record<string, Json> = {}): void {
    this.fleet.set(id, accepted(instance(id, status, more)));
  }

  /** Instances `i-0000`, `i-0001`, and so on. */
  fill(count: number): void {
    for (let index = 0; index < count; index += 1) this.put(`i-${String(index).padStart(4, '0')}`);
  }

  spoil(id: string, reason?: string): void {
    this.fleet.set(id, rejected(id, reason));
  }

  spoilWithoutId(key = 'without-id'): void {
    this.fleet.set(key, rejected(undefined, key));
  }

  remove(...ids: string[]): void {
    for (const id of ids) this.fleet.delete(id);
  }

  /** Moves the clock to the next scheduled run. */
  wait(ms: number = INTERVAL_MS): void {
    this.clock.advance(ms);
  }

  source(more: Partial<FleetSourceOptions> = {}): ReturnType<typeof fleetSource> {
    return fleetSource({ clock: this.clock, fleet: () => [...this.fleet.values()], ...more });
  }

  async run(
    more: Partial<SyncOptions> & {
      recorder?: Recorder;
      source?: Partial<FleetSourceOptions>;
      tracedDeletions?: TracedDeletions;
    } = {},
  ): Promise<RunResult> {
    const { recorder = this.store.newRecorder(), source, tracedDeletions, ...options } = more;
    const result = await syncTarget(
      {
        recorder,
        source: this.source(source),
        clock: this.clock,
        alarm: this.clock.alarm,
        random: () => 0.5,
        newRunId: () => `run-${(this.runs += 1)}`,
        tracedDeletions,
      },
      { target: this.target, intervalMs: INTERVAL_MS, brakeReleaseAfterMs: 24 * 60 * 60_000, ...options },
    );
    return result;
  }

  /** A recorder that finds no head, as after someone has removed it. */
  recorderWithoutHead(): Recorder {
    const recorder = this.store.newRecorder();
    return {
      ...recorder,
      takeLease: async (target, lease) => {
        const taken = await recorder.takeLease(target, lease);
        return taken.taken ? { taken: true, head: { target, dirty: false } } : taken;
      },
    };
  }

  /** One run, then the time until the next. */
  async tick(more: Parameters<SyncWorld['run']>[0] = {}): Promise<RunResult> {
    const result = await this.run(more);
    this.wait();
    return result;
  }

  versions = async (id: string): Promise<Version[]> => collect(this.store.reader.versions(this.target, id));
  kinds = async (id: string): Promise<string[]> => (await this.versions(id)).map(({ kind }) => kind);
  current = async (id: string): Promise<Current | undefined> => this.store.reader.current(this.target, id);
  head = async (): Promise<Head | undefined> => this.store.reader.head(this.target);
  gaps = async (): Promise<Gap[]> => collect(this.store.reader.gaps(this.target));
  ownGaps = async (id: string): Promise<Gap[]> => collect(this.store.reader.ownGaps(this.target, id));
}
