import { DEFAULT_INTERVAL_MS } from '../model/gap';
import type { Instant } from '../model/instant';
import { isDocumentedStatus, statusOf } from '../model/instance';
import type { Current, Head, RunOutcome, View } from '../model/record';
import { viewOf } from '../model/view';
import type { SameListing } from './lister';
import type { Listing } from './listing';
import { countChanges, type RunResult } from './run-result';
import type { SyncOptions, SyncPorts } from './sync-options';

/** How a run ends, as far as the rest of its result does not tell. */
export interface ResultEnd {
  readonly outcome: RunOutcome;
  readonly because?: string | undefined;
  readonly observedAt?: Instant | undefined;
  readonly held?: number;
  readonly mark?: string | undefined;
}

/** What can be told of one run, however far it has come. */
export class RunReport {
  readonly runId: string;
  readonly view: View;
  head: Head | undefined;
  /** The last one. */
  listing: Listing | SameListing | undefined;
  /** What the run has written, or would write (dry run). */
  recorded: { readonly versions: readonly Current[]; readonly refused: readonly string[] } = {
    versions: [],
    refused: [],
  };
  private readonly startedAt: number;

  constructor(
    private readonly ports: SyncPorts,
    private readonly options: SyncOptions,
  ) {
    this.runId = ports.newRunId();
    this.startedAt = ports.clock.now();
    this.view = viewOf(options);
  }

  /** In the last listing. */
  get instances(): number {
    if (this.listing === undefined) return 0;
    return this.listing.kind === 'same' ? this.listing.total : this.listing.instances.size;
  }

  result({ outcome, because, observedAt, held = 0, mark }: ResultEnd): RunResult {
    const { versions, refused } = this.recorded;
    const listing = this.listing?.kind === 'same' ? undefined : this.listing;
    const statuses = [...(listing?.instances.values() ?? [])].map(statusOf);
    return {
      target: this.options.target,
      runId: this.runId,
      outcome,
      because,
      observedAt,
      instances: this.instances,
      rejected: (listing?.rejected.length ?? 0) + refused.length,
      view: this.view,
      held,
      unknownStatuses: statuses.filter((status) => !isDocumentedStatus(status)).length,
      changes: countChanges(versions),
      versions,
      mark,
      units: this.ports.recorder.units(),
      durationMs: this.ports.clock.now() - this.startedAt,
      intervalMs: this.options.intervalMs ?? this.head?.intervalMs ?? DEFAULT_INTERVAL_MS,
      lastCompletedAt: this.head?.completedAt,
    };
  }
}

/** Why a completed run cannot tell of every recorded instance whether it is still there, if so. */
export const unjudgedBecause = (count: number): string | undefined =>
  count === 0
    ? undefined
    : `${count} recorded instance${count === 1 ? ' was' : 's were'} never shown to this view, so that ${count === 1 ? 'its' : 'their'} absence proves nothing`;
