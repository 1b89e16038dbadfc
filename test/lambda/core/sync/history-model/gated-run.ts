import type { Recorder } from '../../../../../lambda/core/sync/recorder';

/** What happens to the next operation of a run. `after`: it is done, but the answer is lost. */
export type Fault = 'none' | 'before' | 'after' | 'conflict';

interface Gate {
  readonly name: string;
  open(fault: Fault): void;
}

class InjectedError extends Error {
  readonly retryable = true;
}

/** What a run works with: its recorder, and its reading of one page, both behind gates. */
export interface GatedPorts {
  readonly recorder: Recorder;
  readonly readPage: <T>(read: () => T) => Promise<T>;
}

/** A run whose every operation waits at a gate, so that a test decides what happens between any two of them. */
export class GatedRun {
  private gates: Gate[] = [];
  private inFlight = 0;
  private crashed = false;
  private done = false;

  constructor(private readonly recorder: Recorder) {}

  get isOver(): boolean {
    return this.crashed || this.done;
  }

  run(body: (ports: GatedPorts) => Promise<void>): void {
    const { recorder } = this;
    void body({
      recorder: {
        ...recorder,
        takeLease: this.gated('takeLease', async (...args) => recorder.takeLease(...args)),
        renewLease: this.gated('renewLease', async (...args) => recorder.renewLease(...args)),
        readKnown: this.gated('readKnown', async (...args) => recorder.readKnown(...args)),
        readCurrents: this.gated('readCurrents', async (...args) => recorder.readCurrents(...args)),
        record: async (...args) => {
          const fault = await this.gate('record');
          if (fault === 'conflict') return { kind: 'conflict', reason: 'TransactionConflict' };
          if (fault === 'before') return { kind: 'unanswered', reason: 'injected before' };
          const outcome = await this.flight(async () => recorder.record(...args));
          return fault === 'after' ? { kind: 'unanswered', reason: 'injected after' } : outcome;
        },
        end: this.gated('end', async (...args) => recorder.end(...args)),
      },
      readPage: async (read) => {
        if ((await this.gate('page')) !== 'none') throw new InjectedError('injected API error');
        return read();
      },
    }).then(() => (this.done = true));
  }

  /** Lets one waiting operation go on. */
  async advance(gate: number, fault: Fault): Promise<void> {
    await this.settle();
    const [chosen] = this.gates.splice(gate % Math.max(1, this.gates.length), 1);
    chosen?.open(fault);
    await this.settle();
  }

  async finish(): Promise<void> {
    for (let turn = 0; turn < 10_000 && !this.isOver; turn += 1) await this.advance(0, 'none');
    if (!this.isOver) throw new Error('the run does not end');
  }

  /** The process dies: whatever waits at a gate waits for ever. */
  crash(): void {
    this.crashed = true;
    this.gates = [];
  }

  /** Resolves when nothing moves any more: everything waits at a gate or is over. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 6;) {
      const before = this.gates.length;
      await new Promise((resolve) => setImmediate(resolve));
      quiet = this.inFlight === 0 && this.gates.length === before ? quiet + 1 : 0;
    }
  }

  private async gate(name: string): Promise<Fault> {
    return new Promise((resolve) => {
      if (this.crashed) return;
      this.gates.push({ name, open: resolve });
    });
  }

  private async flight<T>(operation: () => Promise<T>): Promise<T> {
    this.inFlight += 1;
    try {
      return await operation();
    } finally {
      this.inFlight -= 1;
    }
  }

  private gated<A extends unknown[], R>(
    name: string,
    operation: (...args: A) => Promise<R>,
  ): (...args: A) => Promise<R> {
    return async (...args) => {
      const fault = await this.gate(name);
      if (fault === 'before' || fault === 'conflict') throw new InjectedError(`injected before ${name}`);
      const result = await this.flight(async () => operation(...args));
      // The SDK repeats a request whose answer was lost; a lease or an end must recognise its own first attempt.
      if (fault === 'after') return this.flight(async () => operation(...args));
      return result;
    };
  }
}
