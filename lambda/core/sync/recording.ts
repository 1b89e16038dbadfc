import { canonicalSnapshot, sha256 } from '../model/canonical';
import type { Decision } from './decision';
import type { Lease } from './lease';
import { MAX_SNAPSHOT_BYTES } from '../model/limits';
import { cutToBytes } from '../model/wire-text';
import type { Action, RowStore } from './recorder';
import type { Clock } from '../model/clock';
import { rejectionKey } from './rejections';
import { unjudged, withoutAbsence } from './current-row';
import type { Current, Head } from '../model/record';

export interface RecordingPorts {
  readonly recorder: RowStore;
  readonly clock: Clock;
  /** A random number in [0, 1), for the jitter of retries. */
  readonly random: () => number;
}

const keyOf = (action: Action): string =>
  action.kind === 'reject' ? action.rejection.key : action.kind === 'unreject' ? action.key : action.id;

const MAX_ATTEMPTS = 6;
const BASE_DELAY_MS = 50;
const MAX_DELAY_MS = 2_000;

/**
 * Writes a plan batch by batch, one after another, each fenced by the lease of this run. It knows at any time what was
 * written, also when an error cuts the run short.
 */
export class PlanRecorder {
  /** Versions that are in the table now. */
  readonly versions: Current[] = [];
  /** At least one batch was sent, whatever became of it. */
  sentBatch = false;
  /** Instances that the database refused to store; they were set aside. */
  readonly refused: string[] = [];
  /** Writes that the database refuses and nothing can stand in for, each with the reason. */
  private readonly unwritten: string[] = [];

  constructor(
    private readonly ports: RecordingPorts,
    private readonly lease: Lease,
    private readonly runId: string,
    private readonly head: Head,
  ) {}

  /** @returns why not everything was recorded or set aside; undefined when everything was */
  async record(decision: Decision): Promise<string | undefined> {
    for (const batch of this.ports.recorder.batches(decision.plan.actions)) {
      const stoppedBecause = await this.recordBatch(decision, batch);
      if (stoppedBecause !== undefined) return stoppedBecause;
    }
    return this.refusal();
  }

  /**
   * Without a refused write the rows claim more than is known: an own gap would not be open, or a first sighting would
   * be forgotten. So the run must not count as completed, though all its other writes are done.
   */
  private refusal(): string | undefined {
    const [first, ...more] = this.unwritten;
    if (first === undefined) return undefined;
    return `the database refuses the write of ${first}${more.length === 0 ? '' : ` (and ${more.length} more)`}`;
  }

  /** @returns why recording must stop, or undefined */
  private async recordBatch(decision: Decision, batch: readonly Action[]): Promise<string | undefined> {
    let reason = '';
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      if (attempt > 0) await this.ports.clock.sleep(this.delayMs(attempt));
      if (this.lease.isOutOfTime) return 'the run was stopped before its time limit';
      if (!(await this.lease.keep())) return 'another run has taken the lease';
      this.sentBatch = true;
      const outcome = await this.ports.recorder.record(this.head.target, this.runId, batch, {
        timeLimitMs: this.lease.requestLimitMs(),
      });
      if (outcome.kind === 'recorded') return this.count(batch);
      if (outcome.kind === 'lost') {
        this.lease.lost = true;
        return 'another run has taken the lease';
      }
      if (outcome.kind === 'invalid') return this.recordOneByOne(decision, batch, outcome.reason);
      reason = outcome.reason;
      // After an answer that never came the rows may show this run's own write.
      if (outcome.kind !== 'conflict' && (await this.isOwnWrite(batch))) return this.count(batch);
    }
    return `the table could not be written: ${reason}`;
  }

  private delayMs(attempt: number): number {
    return this.ports.random() * Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** attempt);
  }

  private count(batch: readonly Action[]): undefined {
    for (const action of batch) if (action.kind === 'version') this.versions.push(action.next);
  }

  /** Whether a batch whose answer never came was written: all its rows bear the mark of this run and the planned version. */
  private async isOwnWrite(batch: readonly Action[]): Promise<boolean> {
    const planned = new Map<string, Current>();
    for (const action of batch)
      if (action.kind === 'version' || action.kind === 'touch') planned.set(action.id, action.next);
    // Setting records aside can be repeated without harm.
    if (planned.size === 0) return false;
    try {
      const rows = await this.ports.recorder.readCurrents(this.head.target, [...planned.keys()]);
      return (
        rows.length === planned.size &&
        rows.every((row) => row.touchedBy === this.runId && row.version === planned.get(row.id)?.version)
      );
    } catch {
      // Not known yet; the next attempt asks again.
      return false;
    }
  }

  /** One bad record must not cost the others: each instance goes alone, and the one that is refused is set aside. */
  private async recordOneByOne(
    decision: Decision,
    batch: readonly Action[],
    reason: string,
  ): Promise<string | undefined> {
    if (batch.length > 1) {
      for (const action of batch) {
        const stopped = await this.recordBatch(decision, [action]);
        if (stopped !== undefined) return stopped;
      }
      return undefined;
    }
    const [action] = batch;
    if (action === undefined) return undefined;
    if (action.kind === 'version') {
      this.refused.push(action.id);
      return this.recordBatch(decision, this.setAside(decision, action, reason));
    }
    this.unwritten.push(`${JSON.stringify(cutToBytes(keyOf(action), 64))}: ${reason}`);
    return undefined;
  }

  private setAside(
    { observedAt, listing, known }: Decision,
    { next, previous }: Extract<Action, { kind: 'version' }>,
    reason: string,
  ): readonly Action[] {
    const canonical = canonicalSnapshot(next.snapshot);
    const digest = sha256(canonical);
    const key = rejectionKey({ id: next.id, digest });
    const before = known.rejections.get(key);
    const rejection: Action = {
      kind: 'reject',
      rejection: {
        target: this.head.target,
        id: next.id,
        key,
        reason: `the database refuses it: ${reason}`,
        raw: cutToBytes(canonical, MAX_SNAPSHOT_BYTES),
        digest,
        firstObservedAt: before?.firstObservedAt ?? observedAt,
        observedAt,
        changedAfter: next.changedAfter,
        views: [...new Set([...(next.views ?? []), ...(before?.views ?? [])])],
      },
    };
    if (previous === undefined) return [rejection];
    // Only a run that may complete judges, so only in such a one is a refused instance left unjudged.
    const isComplete = listing.kind === 'complete';
    const open = withoutAbsence(isComplete ? unjudged({ head: this.head }, previous) : previous);
    // Its view has shown it, although what it showed could not be stored.
    const views = isComplete ? next.views : open.views;
    if (open === previous && views === previous.views) return [rejection];
    return [rejection, { kind: 'touch', id: previous.id, previous, next: { ...open, views, touchedBy: this.runId } }];
  }
}
