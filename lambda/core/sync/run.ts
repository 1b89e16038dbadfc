import { completedOutcome, type Decision, decide } from './decision';
import { describeError, TableBusyError } from '../model/errors';
import { fingerprint } from './fingerprint';
import { closedGap, DEFAULT_INTERVAL_MS, isGap } from '../model/gap';
import { type Instant, toInstant, toMs } from '../model/instant';
import { isDocumentedStatus, statusOf, type Target } from '../model/instance';
import { Lease } from './lease';
import type { CompleteListing, Listing } from './listing';
import { observationTime } from './observation';
import type { Recorder, RunEnd } from './recorder';
import type { InstanceSource } from './instance-source';
import type { Alarm } from '../model/clock';
import type { ReconcileOptions } from './reconcile';
import { PlanRecorder, type Recording, type RecordingPorts } from './recording';
import type { Current, Head, View, ViewState } from '../model/record';
import { countChanges, type RunResult } from './run-result';
import { TargetHead } from './target-head';
import { clockProblem, databaseClockProblem, TargetLister } from './lister';
import { otherViews, stateOfView, viewId, viewOf, type ViewOptions } from '../model/view';

export interface SyncPorts extends RecordingPorts {
  readonly recorder: Recorder;
  readonly source: InstanceSource;
  readonly alarm: Alarm;
  /** A new unique id of a run. */
  readonly newRunId: () => string;
}

export interface SyncOptions extends Omit<ReconcileOptions, 'retentionMs'>, ViewOptions {
  readonly target: Target;
  /** How long a superseded version is kept, in ms; null: for ever. @default as the head says, which deployed runs tell */
  readonly retentionMs?: number | null | undefined;
  /** Time between scheduled runs, in ms; kept as it was when absent. */
  readonly intervalMs?: number;
  /** When the process will be stopped, in ms since the epoch. */
  readonly deadline?: number;
  /** The run stops this long before the deadline. */
  readonly safetyMarginMs?: number;
  /** Retention and brake are those of the deployment: the head tells them to every other writer. */
  readonly isDeployed?: boolean;
  /** Plans, but takes no lease and writes nothing. */
  readonly dryRun?: boolean;
}

export const DEFAULT_SAFETY_MARGIN_MS = 10_000;

/**
 * One run: list the target, compare with what is known, record what changed.
 * Never throws: whatever goes wrong is an outcome with its reason, and loses nothing.
 */
export async function syncTarget(ports: SyncPorts, options: SyncOptions): Promise<RunResult> {
  const run = new SyncRun(ports, options);
  try {
    return await run.execute();
  } catch (error) {
    return run.fail(error);
  }
}

/** What is said of a run at its end, on the head and to the caller. */
type Ending = Partial<RunEnd> &
  Pick<RunEnd, 'outcome'> & {
    readonly held?: number;
    /** No time of this run can be trusted, so the head gets none. */
    readonly clockIsWrong?: boolean;
  };

class SyncRun {
  private readonly runId: string;
  private readonly startedAt: number;
  private lease: Lease | undefined;
  private head: Head | undefined;
  private listing: Listing | undefined;
  private sentBatch = false;
  private versions: readonly Current[] = [];
  private refused: readonly string[] = [];
  private endSent = false;
  private observedAtDecided: Instant | undefined;
  private readonly view: View;
  private readonly viewId: string;
  private readonly lister: TargetLister;
  private readonly targetHead: TargetHead;

  constructor(
    private readonly ports: SyncPorts,
    private readonly options: SyncOptions,
  ) {
    this.runId = ports.newRunId();
    this.startedAt = ports.clock.now();
    this.view = viewOf(options);
    this.viewId = viewId(this.view);
    this.lister = new TargetLister(ports, options, this.stopAt());
    this.targetHead = new TargetHead(ports, options.target, this.runId);
  }

  async execute(): Promise<RunResult> {
    if (this.options.dryRun === true) return this.rehearse();
    const taken = await this.targetHead.take();
    if (!taken.taken)
      return this.result({ outcome: 'busy', because: `run ${taken.heldBy} holds the lease until ${taken.until}` });
    this.head = taken.head;
    this.lease = new Lease(this.ports, this.options.target, this.runId, taken.at, this.stopAt());
    return this.work(this.head, this.lease);
  }

  /** When the run must begin to end, in ms since the epoch. */
  private stopAt(): number {
    const { deadline, safetyMarginMs = DEFAULT_SAFETY_MARGIN_MS } = this.options;
    return deadline === undefined ? Infinity : deadline - safetyMarginMs;
  }

  private async work(head: Head, lease: Lease): Promise<RunResult> {
    this.listing = await lease.during(async (signal) => this.lister.list(signal));
    const wrongClock = clockProblem(this.listing) ?? databaseClockProblem(this.ports.recorder.clockErrorMs());
    if (wrongClock !== undefined) return this.end({ outcome: 'failed', because: wrongClock, clockIsWrong: true });
    if (this.listing.is === 'partial' && this.listing.pages === 0)
      return this.end({ outcome: 'failed', because: this.listing.because });
    if (this.listing.is === 'complete') {
      const observedAt = observationTime(head, this.listing);
      if (this.isUnchanged(head, this.listing, observedAt))
        return this.complete(head, this.listing, observedAt, undefined);
    }
    const first = this.listing;
    const decided = await lease.during(async (signal) => this.decide(head, first, signal));
    if ('wrongClock' in decided)
      return this.end({ outcome: 'failed', because: decided.wrongClock, clockIsWrong: true });
    if (lease.lost) return this.result({ outcome: 'partial', because: 'another run has taken the lease' });
    const { plan, observedAt, listing, missed } = decided;
    this.listing = listing;
    this.observedAtDecided = observedAt;
    const recording = await this.record(head, lease, decided);
    if (listing.is === 'complete' && recording.stoppedBecause === undefined) {
      return this.complete(head, listing, observedAt, { plan, recording, missed });
    }
    if (lease.lost) return this.result({ outcome: 'partial', because: recording.stoppedBecause, observedAt });
    const because = recording.stoppedBecause ?? (listing.is === 'partial' ? listing.because : undefined);
    return this.end({ outcome: 'partial', because, observedAt });
  }

  private async decide(head: Head, first: Listing, signal: AbortSignal): ReturnType<typeof decide> {
    const { recorder } = this.ports;
    const options = { ...this.options, ...settingsOf(this.options, head) };
    return decide({ recorder, lister: this.lister }, options, { runId: this.runId, head, first, signal });
  }

  private async record(head: Head, lease: Lease, decision: Decision): Promise<Recording> {
    const { plan, observedAt, listing, known } = decision;
    const planRecorder = new PlanRecorder(
      this.ports,
      lease,
      this.runId,
      {
        head,
        observedAt,
        rejections: known.rejections,
        mayComplete: listing.is === 'complete',
      },
      (progress) => {
        this.sentBatch = progress.sentBatch;
        this.versions = progress.versions;
        this.refused = progress.refused;
      },
    );
    return planRecorder.record(plan.actions);
  }

  private fingerprintOf(listing: CompleteListing): string {
    return fingerprint(listing, this.view);
  }

  /** The list says the same as the last one in this view, and nothing that other runs did makes it mean more. */
  private isUnchanged(head: Head, listing: CompleteListing, observedAt: Instant): boolean {
    if (head.dirty || this.options.allowMassDeletion === true) return false;
    const before = stateOfView(head, this.viewId);
    if (before?.fingerprint === undefined || before.fingerprint !== this.fingerprintOf(listing)) return false;
    // Instances that only this view shows have a gap of their own, where no run has looked through it for long.
    const intervalMs = head.intervalMs ?? DEFAULT_INTERVAL_MS;
    return (
      before.observedAt === head.completedObservedAt || !isGap(toMs(before.observedAt), toMs(observedAt), intervalMs)
    );
  }

  private async complete(
    head: Head,
    listing: CompleteListing,
    observedAt: Instant,
    work: (Pick<Decision, 'plan' | 'missed'> & { recording: Recording }) | undefined,
  ): Promise<RunResult> {
    // A list that equals the one before shows nothing new, and so it is exhaustive.
    const missed = work?.missed ?? {};
    const isWhole =
      work === undefined ||
      (work.plan.held.length === 0 && work.recording.refused.length === 0 && missed.newcomersSince === undefined);
    const gap = closedGap(head, observedAt, this.options.intervalMs);
    const unjudged = work?.plan.unjudged ?? stateOfView(head, this.viewId)?.unjudged ?? 0;
    return this.end({
      outcome: completedOutcome(work?.plan, this.versions),
      because: work?.plan.heldBecause ?? unjudgedBecause(unjudged),
      observedAt,
      held: work?.plan.held.length ?? 0,
      completed: {
        listedFrom: listing.listedFrom,
        observedAt,
        instances: listing.instances.size,
        listedWith: this.view,
        ...(unjudged === 0 ? {} : { unjudged }),
        ...missed,
      },
      otherViews: this.otherViewsAfter(head, otherViews(head, this.viewId)),
      ...(gap === undefined ? {} : { gap }),
      fingerprint: isWhole ? { store: this.fingerprintOf(listing) } : 'remove',
    });
  }

  /** What this run wrote, or one that died, may have made the lists of other views mean more than they did. */
  private otherViewsAfter(head: Head, views: readonly ViewState[]): readonly ViewState[] {
    return head.dirty || this.sentBatch ? views.map((state) => ({ ...state, fingerprint: undefined })) : views;
  }

  private async end({ held = 0, observedAt, clockIsWrong = false, ...end }: Ending): Promise<RunResult> {
    const raisesFloor = end.completed !== undefined || this.sentBatch;
    const time = observedAt === undefined ? {} : { observedAt };
    const { head } = this;
    this.endSent = true;
    const ended = await this.targetHead.end({
      fingerprint: this.sentBatch ? 'remove' : 'keep',
      ...(clockIsWrong ? {} : { endedAt: toInstant(this.ports.clock.now()) }),
      ...(head?.otherViews === undefined ? {} : { otherViews: this.otherViewsAfter(head, head.otherViews) }),
      ...end,
      ...(raisesFloor ? time : {}),
      intervalMs: this.options.intervalMs ?? head?.intervalMs ?? DEFAULT_INTERVAL_MS,
      ...(this.options.isDeployed === true ? settingsToKeep(this.options) : {}),
    });
    return ended
      ? this.result({ ...end, ...time, held })
      : this.result({ outcome: 'partial', because: 'another run has taken the lease', ...time });
  }

  /** Something unexpected: tell it on the head if that is still possible. */
  async fail(error: unknown): Promise<RunResult> {
    const because = describeError(error);
    if (this.lease === undefined) {
      // A table that is busy for so long: another run is at work.
      if (error instanceof TableBusyError) return this.result({ outcome: 'busy', because });
      if (this.options.dryRun !== true) await this.targetHead.giveBack(because);
      return this.result({ outcome: 'failed', because });
    }
    const outcome = this.sentBatch ? 'partial' : 'failed';
    if (this.lease.lost || this.endSent) return this.result({ outcome, because });
    try {
      return await this.end({
        outcome,
        because,
        ...(this.observedAtDecided === undefined ? {} : { observedAt: this.observedAtDecided }),
      });
    } catch {
      // The head cannot be reached; its lease expires by itself, and the next run finds it dirty.
      return this.result({ outcome, because });
    }
  }

  /** The plan, without a lease and without a write. */
  private async rehearse(): Promise<RunResult> {
    const { target } = this.options;
    this.head = (await this.ports.recorder.readHead(target)) ?? { target, dirty: false };
    const signal = new AbortController().signal;
    this.listing = await this.lister.list(signal);
    if (this.listing.is === 'partial' && this.listing.pages === 0)
      return this.result({ outcome: 'failed', because: this.listing.because });
    const decided = await this.decide(this.head, this.listing, signal);
    if ('wrongClock' in decided) return this.result({ outcome: 'failed', because: decided.wrongClock });
    this.listing = decided.listing;
    this.versions = decided.plan.actions.flatMap((action) => (action.type === 'version' ? [action.next] : []));
    const isPartial = decided.listing.is === 'partial';
    const { heldBecause, unjudged } = decided.plan;
    const because =
      decided.listing.is === 'partial' ? decided.listing.because : (heldBecause ?? unjudgedBecause(unjudged));
    const outcome = isPartial ? 'partial' : completedOutcome(decided.plan, this.versions);
    return this.result({ outcome, because, observedAt: decided.observedAt, held: decided.plan.held.length });
  }

  private result(end: {
    outcome: RunResult['outcome'];
    because?: string | undefined;
    observedAt?: Instant;
    held?: number;
  }): RunResult {
    const statuses = [...(this.listing?.instances.values() ?? [])].map(statusOf);
    return {
      target: this.options.target,
      runId: this.runId,
      outcome: end.outcome,
      ...(end.because === undefined ? {} : { because: end.because }),
      ...(end.observedAt === undefined ? {} : { observedAt: end.observedAt }),
      instances: this.listing?.instances.size ?? 0,
      rejected: (this.listing?.rejected.length ?? 0) + this.refused.length,
      view: this.view,
      held: end.held ?? 0,
      unknownStatuses: statuses.filter((status) => !isDocumentedStatus(status)).length,
      changes: countChanges(this.versions),
      versions: this.versions,
      units: this.ports.recorder.units(),
      durationMs: this.ports.clock.now() - this.startedAt,
      ...(this.head?.completedAt === undefined ? {} : { lastCompletedAt: this.head.completedAt }),
    };
  }
}

/** Deployed runs say how versions are kept and deletions are held; all others do as the head remembers. */
const settingsOf = (
  { retentionMs, brakeReleaseAfterMs }: SyncOptions,
  head: Head,
): { readonly retentionMs: number | undefined; readonly brakeReleaseAfterMs: number | undefined } => ({
  retentionMs: retentionMs === undefined ? head.retentionMs : (retentionMs ?? undefined),
  brakeReleaseAfterMs: brakeReleaseAfterMs ?? head.brakeReleaseAfterMs,
});

const settingsToKeep = ({ retentionMs = null, brakeReleaseAfterMs }: SyncOptions) => ({
  retentionMs,
  brakeReleaseAfterMs,
});

const unjudgedBecause = (count: number): string | undefined =>
  count === 0
    ? undefined
    : `${count} recorded instance${count === 1 ? ' was' : 's were'} never shown to this view, so that ${count === 1 ? 'its' : 'their'} absence proves nothing`;
