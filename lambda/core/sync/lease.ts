import { CodedError } from '../model/errors';
import { toInstant } from '../model/instant';
import type { Target } from '../model/instance';
import type { HeadStore } from './recorder';
import type { Alarm, Clock } from '../model/clock';

/** How long a lease lasts without renewal: a killed run blocks its target for no longer. */
export const LEASE_MS = 60_000;
/** A lease that ends further ahead than this was written by a wrong clock, and counts as expired. */
export const LEASE_MAX_AHEAD_MS = 6 * 60_000;
/** Renewed when this much of it is used up. */
const RENEW_AFTER_MS = 20_000;
/** No request may outlive the lease; it must end this long before. */
const REQUEST_MARGIN_MS = 2_000;
const REQUEST_LIMIT_MS = 10_000;

export class LeaseLostError extends CodedError {
  readonly code = 'LEASE_LOST';
}

/** The time that the run was given is over. */
export class OutOfTimeError extends CodedError {
  readonly code = 'OUT_OF_TIME';
}

/** The lease of one run, from taking it to its end. */
export class Lease {
  lost = false;
  private renewAt: number;
  private heldUntil: number;

  constructor(
    private readonly ports: { readonly recorder: HeadStore; readonly clock: Clock; readonly alarm: Alarm },
    private readonly target: Target,
    private readonly runId: string,
    takenAt: number,
    /** When the run must stop working, in ms since the epoch; infinite without a deadline. */
    private readonly stopAt: number,
  ) {
    this.renewAt = takenAt + RENEW_AFTER_MS;
    this.heldUntil = takenAt + LEASE_MS;
  }

  get isOutOfTime(): boolean {
    return this.ports.clock.now() >= this.stopAt;
  }

  /** Renews when it is due; to be called between batches, never while one is in flight. @returns whether the lease is held */
  async keep(): Promise<boolean> {
    if (this.lost) return false;
    if (this.ports.clock.now() >= this.renewAt) await this.renew();
    return !this.lost;
  }

  /** How long a request may take so that it ends before the lease does; at least a moment, the fence guards the rest. */
  requestLimitMs(): number {
    return Math.max(500, Math.min(REQUEST_LIMIT_MS, this.heldUntil - REQUEST_MARGIN_MS - this.ports.clock.now()));
  }

  /**
   * Renews in the background while `work` goes on without writing. The signal that `work` gets is aborted when the
   * lease is lost or the time is over, with the reason.
   */
  async during<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const done = new AbortController();
    const cut = new AbortController();
    const watch = this.watch(done.signal, cut);
    try {
      return await work(cut.signal);
    } finally {
      done.abort();
      await watch;
    }
  }

  private async watch(done: AbortSignal, cut: AbortController): Promise<void> {
    while (!done.aborted) {
      await this.ports.alarm(Math.min(this.renewAt, this.stopAt), done);
      if (done.aborted) return;
      if (this.isOutOfTime) {
        cut.abort(new OutOfTimeError('the run was stopped before its time limit'));
        return;
      }
      if (!(await this.keep())) {
        cut.abort(new LeaseLostError('another run has taken the lease'));
        return;
      }
    }
  }

  private async renew(): Promise<void> {
    const until = this.ports.clock.now() + LEASE_MS;
    try {
      const held = await this.ports.recorder.renewLease(this.target, { runId: this.runId, until: toInstant(until) });
      if (held) this.heldUntil = until;
      else this.lost = true;
    } catch {
      // The database did not answer. The lease lasts for a while yet, and every write is fenced: try again later.
    }
    this.renewAt = this.ports.clock.now() + (this.heldUntil === until ? RENEW_AFTER_MS : RENEW_AFTER_MS / 4);
  }
}
