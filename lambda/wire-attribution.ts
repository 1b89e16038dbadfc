import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { attribute, isDue } from './core/attribution/attribute';
import type { Timing } from './core/attribution/confidence';
import { tracedDeletions } from './core/attribution/deletions';
import type { Clock } from './core/model/clock';
import { describeError } from './core/model/errors';
import type { RunResult } from './core/sync/run-result';
import { pseudonym } from './cts/pseudonym';
import { createTraceSource, type TraceApi } from './cts/trace-source';
import { createAttributionStore } from './dynamodb/attribution-store';
import { createReader } from './dynamodb/reader';

/** Asking, reading and keeping take no longer than this after a run. */
const LIMIT_MS = 20_000;
/** What is left of an invocation for its answer; with less than `LEAST_MS` before that, the next run asks. */
const ANSWER_MS = 3_000;
const LEAST_MS = 5_000;

export type Attributing = ReturnType<typeof createAttributing>;

/** Asks for runs who made the changes that they saw. */
export function createAttributing(options: {
  readonly traces: TraceApi;
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
  readonly clock: Clock;
  /** People are kept as pseudonyms that follow from it. @default they are kept by name */
  readonly pseudonymKey?: string | undefined;
  readonly timing?: Timing | undefined;
}) {
  const { client, tableName, clock, pseudonymKey, timing } = options;
  const hide = pseudonymKey === undefined ? undefined : pseudonym(pseudonymKey);
  const traces = createTraceSource({ ...options.traces, hide });
  const store = createAttributionStore(client, tableName);
  const history = createReader(client, tableName, clock);
  return {
    tracedDeletions: tracedDeletions(traces, clock),
    /**
     * Asks when it is time. The run has ended and given its lease back: whatever happens here costs it nothing.
     * Never rejects. @returns why it is not known who made the changes, if so
     */
    async after(
      { mark, target }: Pick<RunResult, 'mark' | 'target'>,
      { deadline = Infinity, retentionMs }: { readonly deadline?: number; readonly retentionMs?: number | undefined },
    ): Promise<string | undefined> {
      const now = clock.now();
      const limit = Math.min(now + LIMIT_MS, deadline - ANSWER_MS);
      if (mark === undefined || !isDue(mark, now) || limit - now < LEAST_MS) return undefined;
      try {
        const ports = { traces, store, history, clock };
        return await attribute(ports, { target, mark, retentionMs, deadline: limit, timing });
      } catch (error) {
        return describeError(error);
      }
    },
  };
}
