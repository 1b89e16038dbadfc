import type { Attribution, Trace } from '../model/attribution';
import type { ClosedSpan, Instant } from '../model/instant';
import type { Target } from '../model/instance';
import type { Current, Version } from '../model/record';

/** What came of asking for traces. `refused`: none was read, and why. */
export type TraceReading =
  | {
      readonly kind: 'read';
      readonly traces: readonly Trace[];
      /** Every trace since then is among them; absent when that is not so, because of the problem. */
      readonly wholeSince?: Instant;
      readonly problem?: string;
    }
  | { readonly kind: 'refused'; readonly reason: 'cts-off' | 'no-right' | 'unavailable'; readonly problem: string };

export interface TraceSource {
  /**
   * Traces of instances in the span, as far as the service keeps them. Never rejects.
   * @param limits no request goes on beyond `deadline`, in ms since the epoch
   */
  read(
    target: Target,
    span: ClosedSpan,
    limits: { readonly deadline: number; readonly signal?: AbortSignal },
  ): Promise<TraceReading>;
}

type Since = { readonly from: Instant };

/** What is known of the changes of a target, of their traces, and of what followed from these. */
interface ChangedInstances {
  currents(target: Target): AsyncIterable<Current>;
  versions(target: Target, id: string, span: Since): AsyncIterable<Version>;
  traces(target: Target, id: string, span: Since): Promise<readonly Trace[]>;
  attributions(target: Target, id: string, span: Since): Promise<readonly Attribution[]>;
}

/** Keeps what is found. All of it but the mark expires with the retention. */
export interface AttributionStore {
  keepTrace(target: Target, id: string, trace: Trace, expiresAt: Instant | undefined): Promise<void>;
  /** Does nothing where a later answer was kept already. */
  keep(attribution: Attribution, expiresAt: Instant | undefined): Promise<void>;
  /** Does nothing where the mark of the target is not `before` any more. */
  moveMark(target: Target, before: string, after: string): Promise<void>;
}

export interface AttributionPorts {
  readonly traces: TraceSource;
  readonly store: AttributionStore;
  readonly history: ChangedInstances;
  readonly clock: { now(): number };
}
