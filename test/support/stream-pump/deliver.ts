/** What a stream handler may answer: the records from the first failed one on are delivered again. */
export interface BatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

export interface RetryPolicy {
  /** How often the same records are tried again; -1: until they succeed. */
  readonly retryAttempts: number;
  /** After an error that names no record, try each half on its own; splitting costs no attempt. */
  readonly bisectBatchOnError: boolean;
  /** Pause before retry number `attempt` (from 1), in ms. */
  readonly backoffMs: (attempt: number) => number;
}

export interface DeliveryPorts<Record> {
  readonly sequenceNumberOf: (record: Record) => string;
  /** One invocation of the handler. */
  readonly invoke: (records: readonly Record[]) => Promise<BatchResponse | void>;
  /** Everything up to and including this record needs no more delivery. */
  readonly done: (last: Record) => Promise<void>;
  /** Retries are used up; called before `done`. */
  readonly giveUp: (records: readonly Record[], invocations: number, reason: string) => Promise<void>;
  readonly sleep: (ms: number) => Promise<unknown>;
  /** Once it is aborted, no new invocation begins. */
  readonly signal: AbortSignal;
}

interface Piece<Record> {
  readonly records: readonly Record[];
  readonly attempts: number;
  readonly invocations: number;
}

type Outcome = { readonly kind: 'success' } | { readonly kind: 'failedAt'; readonly index: number } | Failure;
interface Failure {
  readonly kind: 'error';
  readonly reason: string;
}

/** Lowest failed record; an identifier that is not of this batch makes the whole batch a failure. */
function judge<Record>(
  response: BatchResponse | void,
  records: readonly Record[],
  sequenceNumberOf: (record: Record) => string,
): Outcome {
  const failures = response?.batchItemFailures ?? [];
  if (failures.length === 0) return { kind: 'success' };
  // Engines write the same number with and without leading zeros.
  const numbers = records.map((record) => BigInt(sequenceNumberOf(record)));
  const indexes = failures.map(({ itemIdentifier }) =>
    /^\d+$/.test(itemIdentifier ?? '') ? numbers.indexOf(BigInt(itemIdentifier)) : -1,
  );
  const index = Math.min(...indexes);
  return index === -1
    ? { kind: 'error', reason: 'the handler named a record that it was not given' }
    : { kind: 'failedAt', index };
}

/**
 * Delivers a batch as an event source mapping with ReportBatchItemFailures does. Records before the first failed one
 * are done. The rest is tried again, in order, until it succeeds or has no retries left. Any progress resets the count
 * of retries.
 * @returns whether all records are done; false when the signal was aborted before
 */
export async function deliver<Record>(
  batch: readonly Record[],
  policy: RetryPolicy,
  ports: DeliveryPorts<Record>,
): Promise<boolean> {
  const pieces: Piece<Record>[] = batch.length === 0 ? [] : [{ records: batch, attempts: 0, invocations: 0 }];
  for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
    if (ports.signal.aborted) return false;
    const { records, attempts } = piece;
    const invocations = piece.invocations + 1;
    const last = records.at(-1) as Record;
    const outcome = await attempt(records, ports);
    if (outcome.kind === 'success') {
      await ports.done(last);
      continue;
    }
    if (outcome.kind === 'failedAt' && outcome.index > 0) {
      await ports.done(records[outcome.index - 1] as Record);
      pieces.unshift({ records: records.slice(outcome.index), attempts: 0, invocations });
      continue;
    }
    if (outcome.kind === 'error' && policy.bisectBatchOnError && records.length > 1) {
      const middle = Math.ceil(records.length / 2);
      pieces.unshift(
        { records: records.slice(0, middle), attempts, invocations },
        { records: records.slice(middle), attempts, invocations },
      );
      continue;
    }
    if (policy.retryAttempts >= 0 && attempts >= policy.retryAttempts) {
      const reason = outcome.kind === 'error' ? outcome.reason : 'the handler reported its first record as failed';
      await ports.giveUp(records, invocations, reason);
      await ports.done(last);
      continue;
    }
    await ports.sleep(policy.backoffMs(attempts + 1));
    pieces.unshift({ records, attempts: attempts + 1, invocations });
  }
  return true;
}

async function attempt<Record>(records: readonly Record[], ports: DeliveryPorts<Record>): Promise<Outcome> {
  try {
    return judge(await ports.invoke(records), records, ports.sequenceNumberOf);
  } catch (error) {
    return { kind: 'error', reason: error instanceof Error ? error.message : String(error) };
  }
}
