import { completedOutcome, type Decision, decide } from './decision';
import { describeError } from '../model/errors';
import { fingerprint } from './fingerprint';
import { closedGap, DEFAULT_INTERVAL_MS, isGap } from '../model/gap';
import { type Instant, toInstant, toMs } from '../model/instant';
import type { Lease } from './lease';
import type { CompleteListing, Listing } from './listing';
import { observationTime } from './observation';
import type { RunEnd } from './recorder';
import { PlanRecorder } from './recording';
import type { Head, ViewState } from '../model/record';
import { type RunReport, unjudgedBecause } from './run-report';
import type { RunResult } from './run-result';
import { stopAt, type SyncOptions, type SyncPorts } from './sync-options';
import type { TargetHead } from './target-head';
import { clockProblem, databaseClockProblem, TargetLister } from './lister';
import { otherViews, stateOfView, viewId } from '../model/view';

/** What is said of a run at its end, on the head and to the caller. */
type Ending = Partial<RunEnd> &
  Pick<RunEnd, 'outcome'> & {
    readonly held?: number;
    /** No time of this run can be trusted, so the head gets none. */
    readonly clockIsWrong?: boolean;
  };

/** One run, from the lease that it holds to its end. */
export class LeasedRun {
  private readonly viewId: string;
  private readonly lister: TargetLister;
  private readonly recorder: PlanRecorder;
  private observedAt: Instant | undefined;
  private endSent = false;

  constructor(
    private readonly ports: SyncPorts,
    private readonly options: SyncOptions,
    private readonly report: RunReport,
    private readonly targetHead: TargetHead,
    private readonly lease: Lease,
    private readonly head: Head,
  ) {
    this.viewId = viewId(report.view);
    this.lister = new TargetLister(ports, options, stopAt(options));
    this.recorder = new PlanRecorder(ports, lease, report.runId, head);
    report.head = head;
    report.recorded = this.recorder;
  }

  async work(): Promise<RunResult> {
    const { head, lease } = this;
    const first = await lease.during(async (signal) => this.lister.list(signal));
    this.report.listing = first;
    const wrongClock = clockProblem(first) ?? databaseClockProblem(this.ports.recorder.clockErrorMs());
    if (wrongClock !== undefined) return this.end({ outcome: 'failed', because: wrongClock, clockIsWrong: true });
    if (first.kind === 'partial' && first.pages === 0) return this.end({ outcome: 'failed', because: first.reason });
    if (first.kind === 'complete') {
      const observedAt = observationTime(head, first);
      if (this.isUnchanged(first, observedAt)) return this.complete(first, observedAt, undefined);
    }
    const decided = await lease.during(async (signal) => this.decide(first, signal));
    if ('wrongClock' in decided)
      return this.end({ outcome: 'failed', because: decided.wrongClock, clockIsWrong: true });
    if (lease.lost) return this.report.result({ outcome: 'partial', because: 'another run has taken the lease' });
    const { listing, observedAt } = decided;
    this.report.listing = listing;
    this.observedAt = observedAt;
    const stoppedBecause = await this.recorder.record(decided);
    if (listing.kind === 'complete' && stoppedBecause === undefined) return this.complete(listing, observedAt, decided);
    if (lease.lost) return this.report.result({ outcome: 'partial', because: stoppedBecause, observedAt });
    const because = stoppedBecause ?? (listing.kind === 'partial' ? listing.reason : undefined);
    return this.end({ outcome: 'partial', because, observedAt });
  }

  /** Something unexpected: tell it on the head if that is still possible. */
  async fail(error: unknown): Promise<RunResult> {
    const because = describeError(error);
    const outcome = this.recorder.sentBatch ? 'partial' : 'failed';
    if (this.lease.lost || this.endSent) return this.report.result({ outcome, because });
    try {
      return await this.end({ outcome, because, observedAt: this.observedAt });
    } catch {
      // The head cannot be reached; its lease expires by itself, and the next run finds it dirty.
      return this.report.result({ outcome, because });
    }
  }

  private async decide(first: Listing, signal: AbortSignal): ReturnType<typeof decide> {
    const { head, lister } = this;
    return decide({ recorder: this.ports.recorder, lister }, this.options, {
      runId: this.report.runId,
      head,
      first,
      signal,
    });
  }

  private fingerprintOf(listing: CompleteListing): string {
    return fingerprint(listing, this.report.view);
  }

  /** The list says the same as the last one in this view, and nothing that other runs did makes it mean more. */
  private isUnchanged(listing: CompleteListing, observedAt: Instant): boolean {
    const { head } = this;
    if (head.dirty || this.options.allowMassDeletion === true) return false;
    const before = stateOfView(head, this.viewId);
    if (before?.fingerprint === undefined || before.fingerprint !== this.fingerprintOf(listing)) return false;
    // Instances that only this view shows have a gap of their own, where no run has looked through it for long.
    const intervalMs = head.intervalMs ?? DEFAULT_INTERVAL_MS;
    return (
      before.observedAt === head.completedObservedAt || !isGap(toMs(before.observedAt), toMs(observedAt), intervalMs)
    );
  }

  /** @param decision absent when the list equals the one before, which shows nothing new: so it is exhaustive */
  private async complete(
    listing: CompleteListing,
    observedAt: Instant,
    decision: Decision | undefined,
  ): Promise<RunResult> {
    const { head, recorder } = this;
    const newcomersSince = decision?.newcomersSince;
    const held = decision?.plan.held.length ?? 0;
    const isWhole = held === 0 && recorder.refused.length === 0 && newcomersSince === undefined;
    const gap = closedGap(head, observedAt, this.options.intervalMs);
    const unjudged = decision?.plan.unjudged ?? stateOfView(head, this.viewId)?.unjudged ?? 0;
    return this.end({
      outcome: completedOutcome(decision?.plan, recorder.versions),
      because: decision?.plan.heldBecause ?? unjudgedBecause(unjudged),
      observedAt,
      held,
      completed: {
        listedFrom: listing.listedFrom,
        observedAt,
        instances: listing.instances.size,
        listedWith: this.report.view,
        unjudged: unjudged === 0 ? undefined : unjudged,
        newcomersSince,
      },
      otherViews: this.otherViewsAfter(otherViews(head, this.viewId)),
      gap,
      fingerprint: isWhole ? { store: this.fingerprintOf(listing) } : 'remove',
    });
  }

  /** What this run wrote, or one that died, may have made the lists of other views mean more than they did. */
  private otherViewsAfter(views: readonly ViewState[]): readonly ViewState[] {
    return this.head.dirty || this.recorder.sentBatch
      ? views.map((state) => ({ ...state, fingerprint: undefined }))
      : views;
  }

  private async end({ held, observedAt, clockIsWrong = false, ...end }: Ending): Promise<RunResult> {
    const { sentBatch } = this.recorder;
    const raisesFloor = end.completed !== undefined || sentBatch;
    const { head } = this;
    this.endSent = true;
    const ended = await this.targetHead.end({
      fingerprint: sentBatch ? 'remove' : 'keep',
      endedAt: clockIsWrong ? undefined : toInstant(this.ports.clock.now()),
      otherViews: head.otherViews && this.otherViewsAfter(head.otherViews),
      ...end,
      observedAt: raisesFloor ? observedAt : undefined,
      intervalMs: this.options.intervalMs ?? head.intervalMs ?? DEFAULT_INTERVAL_MS,
      ...(this.options.isDeployed === true ? settingsToKeep(this.options) : {}),
    });
    return ended
      ? this.report.result({ ...end, observedAt, held })
      : this.report.result({ outcome: 'partial', because: 'another run has taken the lease', observedAt });
  }
}

const settingsToKeep = ({ retentionMs = null, brakeReleaseAfterMs }: SyncOptions) => ({
  retentionMs,
  brakeReleaseAfterMs,
});
