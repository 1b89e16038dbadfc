import { TableBusyError } from '../model/errors';
import { toInstant } from '../model/instant';
import type { Target } from '../model/instance';
import { LEASE_MS } from './lease';
import type { HeadStore, RunEnd, TakeLease } from './recorder';
import type { Clock } from '../model/clock';

/** Of one update of the head. */
const ATTEMPTS = 4;

/** The head of one target, as one run takes and leaves it. */
export class TargetHead {
  constructor(
    private readonly ports: { readonly recorder: HeadStore; readonly clock: Clock; readonly random: () => number },
    private readonly target: Target,
    private readonly runId: string,
  ) {}

  /** @throws TableBusyError when another run writes to the head for as long as this one tries */
  async take(): Promise<TakeLease & { readonly at: number }> {
    // A batch of another run that holds the head just now says nothing about the lease.
    return this.insist(
      async () => {
        const at = this.ports.clock.now();
        const lease = { runId: this.runId, now: toInstant(at), until: toInstant(at + LEASE_MS) };
        return { ...(await this.ports.recorder.takeLease(this.target, lease)), at };
      },
      (error) => error instanceof TableBusyError,
    );
  }

  /** An end can be sent again without harm: the head shows whether it had arrived. @returns false when the lease is lost */
  async end(end: Omit<RunEnd, 'runId'>): Promise<boolean> {
    return this.insist(async () => this.ports.recorder.end(this.target, { ...end, runId: this.runId }));
  }

  /** Taking the lease failed half-way: it may be this run's all the same, and must not keep the next one waiting. */
  async giveBack(because: string): Promise<void> {
    const endedAt = toInstant(this.ports.clock.now());
    const end = { runId: this.runId, outcome: 'failed', because, endedAt, fingerprint: 'keep' } as const;
    try {
      await this.ports.recorder.end(this.target, end);
    } catch {
      // The lease, if it was taken, expires by itself.
    }
  }

  private async insist<T>(
    operation: () => Promise<T>,
    isPassing: (error: unknown) => boolean = () => true,
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await operation();
      } catch (error) {
        if (attempt === ATTEMPTS || !isPassing(error)) throw error;
        await this.ports.clock.sleep(this.ports.random() * 200 * 2 ** attempt);
      }
    }
  }
}
