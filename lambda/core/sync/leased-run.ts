import { completedOutcome, type Decision, decide } from './decision';
import { markAfter } from '../model/attribution';
import { describeError } from '../model/errors';
import { bytesIn, rememberedAs, saysTheSame } from './fingerprint';
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
import { clockProblem, databaseClockProblem, type SameListing, TargetLister } from './lister';
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
    const { lease } = this;
    const bytes = bytesIn(this.remembered);
    if (bytes !== undefined) {
      const same = await lease.during(async (signal) => this.lister.recognize(bytes, signal));
      const end = same && (await this.endEarly(same, this.remembered));
      if (end !== undefined) return end;
    }
    const first = await lease.during(async (signal) => this.lister.list(signal));
    const end = await this.endEarly(first, this.rememberedIfSame(first));
    if (end !== undefined) return end;
    const decided = await lease.during(async (signal) => this.decide(first, signal));
    if ('wrongClock' in decided)
      return this.end({ outcome: 'failed', because: decided.wrongClock, clockIsWrong: true });
    if (lease.lost) return this.report.result({ outcome: 'partial', because: 'another run has taken the lease' });
    const { listing, observedAt } = decided;
    this.report.listing = listing;
    this.observedAt = observedAt;
    const stoppedBecause = await this.recorder.record(decided);
    if (listing.kind === 'complete' && stoppedBecause === undefined)
      return this.complete(listing, observedAt, decided, rememberedAs(listing, this.report.view));
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
    const { recorder, tracedDeletions } = this.ports;
    return decide({ recorder, lister, tracedDeletions }, this.options, {
      runId: this.report.runId,
      head,
      first,
      signal,
    });
  }

  /** Of the last list in this view, where a list that equals it shows nothing new. */
  private get remembered(): string | undefined {
    if (this.head.dirty || this.options.allowMassDeletion === true) return undefined;
    return stateOfView(this.head, this.viewId)?.fingerprint;
  }

  /** What is to be remembered of the list, if it says the same as the last one in this view. */
  private rememberedIfSame(listing: Listing): string | undefined {
    const { remembered } = this;
    if (listing.kind === 'partial' || remembered === undefined) return undefined;
    const present = rememberedAs(listing, this.report.view);
    return saysTheSame(present, remembered) ? present : undefined;
  }

  /**
   * Ends the run if it cannot tell the time, has seen no page, or if the list says the same as the last one in this view.
   * @param remembered undefined when it says something else
   */
  private async endEarly(
    listing: Listing | SameListing,
    remembered: string | undefined,
  ): Promise<RunResult | undefined> {
    this.report.listing = listing;
    const wrongClock = clockProblem(listing) ?? databaseClockProblem(this.ports.recorder.clockErrorMs());
    if (wrongClock !== undefined) return this.end({ outcome: 'failed', because: wrongClock, clockIsWrong: true });
    if (listing.kind === 'partial' && listing.pages === 0)
      return this.end({ outcome: 'failed', because: listing.reason });
    const { head } = this;
    const observedAt = observationTime(head, listing);
    const before = stateOfView(head, this.viewId);
    if (listing.kind === 'partial' || remembered === undefined || before === undefined) return undefined;
    // Instances that only this view shows have a gap of their own, where no run has looked through it for long.
    const intervalMs = head.intervalMs ?? DEFAULT_INTERVAL_MS;
    const isOwnGap =
      before.observedAt !== head.completedObservedAt && isGap(toMs(before.observedAt), toMs(observedAt), intervalMs);
    return isOwnGap ? undefined : this.complete(listing, observedAt, undefined, remembered);
  }

  /** @param decision absent when the list equals the one before, which shows nothing new: so it is exhaustive */
  private async complete(
    listing: CompleteListing | SameListing,
    observedAt: Instant,
    decision: Decision | undefined,
    remembered: string,
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
        instances: this.report.instances,
        listedWith: this.report.view,
        unjudged: unjudged === 0 ? undefined : unjudged,
        newcomersSince,
      },
      otherViews: this.otherViewsAfter(otherViews(head, this.viewId)),
      gap,
      fingerprint: isWhole ? { store: remembered } : 'remove',
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
    const attribution = markAfter(head, this.options.attribution, this.recorder.versions, this.ports.clock.now());
    this.endSent = true;
    const ended = await this.targetHead.end({
      fingerprint: sentBatch ? 'remove' : 'keep',
      endedAt: clockIsWrong ? undefined : toInstant(this.ports.clock.now()),
      otherViews: head.otherViews && this.otherViewsAfter(head.otherViews),
      ...end,
      observedAt: raisesFloor ? observedAt : undefined,
      intervalMs: this.options.intervalMs ?? head.intervalMs ?? DEFAULT_INTERVAL_MS,
      attribution,
      ...(this.options.isDeployed === true ? settingsToKeep(this.options) : {}),
    });
    return ended
      ? this.report.result({ ...end, observedAt, held, mark: attribution })
      : this.report.result({ outcome: 'partial', because: 'another run has taken the lease', observedAt });
  }
}

const settingsToKeep = ({ retentionMs = null, brakeReleaseAfterMs }: SyncOptions) => ({
  retentionMs,
  brakeReleaseAfterMs,
});
