import * as fc from 'fast-check';
import { type BatchResponse, deliver, type RetryPolicy } from './deliver';

interface Run {
  /** Records of each invocation. */
  readonly invocations: number[][];
  /** Records that the handler has dealt with: not failed and not after a failed one. */
  readonly handled: number[];
  readonly givenUp: { readonly records: number[]; readonly invocations: number; readonly reason: string }[];
  /** The checkpoint after each step. */
  readonly done: number[];
  readonly slept: number[];
  isComplete: boolean;
}

type Handler = (records: readonly number[], nth: number) => BatchResponse | void | Error;

const policy = (changes: Partial<RetryPolicy> = {}): RetryPolicy => ({
  retryAttempts: 2,
  bisectBatchOnError: true,
  backoffMs: (attempt) => attempt,
  ...changes,
});
const failing = (...records: readonly number[]): BatchResponse => ({
  batchItemFailures: records.map((record) => ({ itemIdentifier: String(record) })),
});

async function play(
  records: readonly number[],
  handler: Handler,
  options: Partial<RetryPolicy> & { readonly stopAt?: number } = {},
): Promise<Run> {
  const run: Run = { invocations: [], handled: [], givenUp: [], done: [], slept: [], isComplete: false };
  const stopping = new AbortController();
  run.isComplete = await deliver(records, policy(options), {
    // As one engine writes them.
    sequenceNumberOf: (record) => String(record).padStart(21, '0'),
    invoke: async (batch) => {
      run.invocations.push([...batch]);
      const nth = run.invocations.length;
      if (nth === options.stopAt) stopping.abort();
      const response = handler(batch, nth);
      if (response instanceof Error) throw response;
      const numbers = response?.batchItemFailures.map(({ itemIdentifier }) => Number(itemIdentifier)) ?? [];
      const isKnown = numbers.every((number) => batch.includes(number));
      const first = numbers.length === 0 ? batch.length : isKnown ? batch.indexOf(Math.min(...numbers)) : 0;
      run.handled.push(...batch.slice(0, first));
      return response;
    },
    done: async (last) => void run.done.push(last),
    giveUp: async (batch, invocations, reason) => void run.givenUp.push({ records: [...batch], invocations, reason }),
    sleep: async (ms) => run.slept.push(ms),
    signal: stopping.signal,
  });
  return run;
}

describe('a batch', () => {
  it('is done with one invocation when nothing fails', async () => {
    expect(await play([1, 2, 3], () => {})).toMatchObject({ invocations: [[1, 2, 3]], done: [3], isComplete: true });
    expect((await play([], () => new Error('never called'))).invocations).toEqual([]);
  });

  it('is tried again from the first failed record on, whatever order the failures are reported in', async () => {
    const run = await play([1, 2, 3, 4], (_, nth) => (nth === 1 ? failing(4, 2) : undefined));
    expect(run.invocations).toEqual([
      [1, 2, 3, 4],
      [2, 3, 4],
    ]);
    expect(run.done).toEqual([1, 4]);
  });

  it('is halved after an error until the bad record stands alone, and only that one is given up', async () => {
    const run = await play([1, 2, 3, 4, 5], (batch) => (batch.includes(4) ? new Error('cannot read 4') : undefined));
    expect(run.givenUp).toEqual([{ records: [4], invocations: expect.any(Number), reason: 'cannot read 4' }]);
    expect(run.handled).toEqual([1, 2, 3, 5]);
    expect(run.slept).toEqual([1, 2]);
    expect(run.done.at(-1)).toBe(5);
  });

  it('is tried again whole when it is not to be halved, and given up whole', async () => {
    const run = await play([1, 2], () => new Error('down'), { bisectBatchOnError: false, retryAttempts: 3 });
    expect(run.invocations).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    expect(run.givenUp).toEqual([{ records: [1, 2], invocations: 4, reason: 'down' }]);
    expect(run.done).toEqual([2]);
  });

  it('counts as failed whole when a record is named that was not in it', async () => {
    const run = await play([1, 2], (_, nth) => (nth === 1 ? failing(7) : undefined));
    expect(run.invocations).toEqual([[1, 2], [1], [2]]);
    for (const itemIdentifier of ['', 'abc']) {
      const other = await play([1, 2], (_, nth) =>
        nth === 1 ? { batchItemFailures: [{ itemIdentifier }] } : undefined,
      );
      expect(other.invocations).toEqual([[1, 2], [1], [2]]);
    }
  });

  it('is tried for ever when retries are without limit', async () => {
    const run = await play([1], (_, nth) => (nth < 200 ? failing(1) : undefined), { retryAttempts: -1 });
    expect(run.invocations).toHaveLength(200);
    expect(run.givenUp).toEqual([]);
  });

  it('is left where it is when the pump is stopped between two tries', async () => {
    const run = await play([1, 2, 3], () => failing(2), { stopAt: 1 });
    expect(run).toMatchObject({ isComplete: false, done: [1], givenUp: [], invocations: [[1, 2, 3]] });
  });
});

/** What the handler does at each invocation; after that it succeeds. */
const behaviour = fc.array(
  fc.oneof(
    fc.constant('succeeds' as const),
    fc.constant('throws' as const),
    fc.constant('names a stranger' as const),
    fc.array(fc.nat(40), { minLength: 1, maxLength: 3 }),
  ),
  { maxLength: 40 },
);
type Behaviour = typeof behaviour extends fc.Arbitrary<infer T> ? T : never;

const handlerOf =
  (plan: Behaviour, killAt?: number): Handler =>
  (batch, nth) => {
    if (nth === killAt) return new Error('killed');
    const what = plan[nth - 1] ?? 'succeeds';
    if (what === 'succeeds') return undefined;
    if (what === 'throws') return new Error('down');
    if (what === 'names a stranger') return failing(999);
    return failing(...what.map((index) => batch[index % batch.length] ?? 0));
  };

const recordsOf = (length: number): number[] => Array.from({ length }, (_, index) => index + 1);

describe('whatever the handler does', () => {
  it('each record is handled or given up, in order, and never comes again once it is done', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        behaviour,
        fc.boolean(),
        fc.integer({ min: 0, max: 4 }),
        async (length, plan, bisectBatchOnError, retryAttempts) => {
          const records = recordsOf(length);
          const run = await play(records, handlerOf(plan), { bisectBatchOnError, retryAttempts });
          expect(run.isComplete).toBe(true);
          expect(run.done).toEqual(run.done.toSorted((a, b) => a - b));
          expect(new Set(run.done).size).toBe(run.done.length);
          expect(run.done.at(-1)).toBe(length);
          const givenUp = run.givenUp.flatMap((each) => each.records);
          expect([...run.handled, ...givenUp].toSorted((a, b) => a - b)).toEqual(records);
          expect(run.handled).toEqual(run.handled.toSorted((a, b) => a - b));
          for (const each of run.givenUp) expect(each.invocations).toBeGreaterThan(retryAttempts);
          // Each invocation begins with the first record that is not done yet.
          let next = 1;
          for (const batch of run.invocations) {
            expect(batch[0]).toBeGreaterThanOrEqual(next);
            next = batch[0] ?? next;
            expect(batch).toEqual(recordsOf(length).slice(next - 1, next - 1 + batch.length));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('halving gives up exactly the bad records, and finds each in a logarithm of tries', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 64 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 64 }), { maxLength: 4 }),
        async (length, candidates) => {
          const bad = candidates.filter((record) => record <= length).toSorted((a, b) => a - b);
          const handler: Handler = (batch) =>
            batch.some((record) => bad.includes(record)) ? new Error('bad') : undefined;
          const run = await play(recordsOf(length), handler, { retryAttempts: 1 });
          expect(run.givenUp.flatMap(({ records }) => records)).toEqual(bad);
          expect(run.handled).toEqual(recordsOf(length).filter((record) => !bad.includes(record)));
          expect(run.invocations.length).toBeLessThanOrEqual(1 + bad.length * (2 * Math.ceil(Math.log2(length)) + 2));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('a kill loses nothing: the rest and what was under way come again, what was done does not', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        behaviour,
        fc.integer({ min: 1, max: 12 }),
        async (length, plan, killAt) => {
          const records = recordsOf(length);
          const first = await play(records, handlerOf(plan, killAt), { retryAttempts: -1, stopAt: killAt });
          const checkpoint = first.done.at(-1) ?? 0;
          expect(first.isComplete).toBe(first.invocations.length < killAt);
          const rest = records.filter((record) => record > checkpoint);
          const second = await play(rest, handlerOf(plan.slice(killAt)), { retryAttempts: -1 });
          expect(second.invocations.flat().every((record) => record > checkpoint)).toBe(true);
          expect([...new Set([...first.handled, ...second.handled])].toSorted((a, b) => a - b)).toEqual(records);
          // A clean stop, which waits for the invocation under way, repeats nothing.
          const stopped = await play(records, handlerOf(plan), { retryAttempts: -1, stopAt: killAt });
          const after = records.filter((record) => record > (stopped.done.at(-1) ?? 0));
          const resumed = await play(after, () => {}, { retryAttempts: -1 });
          expect([...stopped.handled, ...resumed.handled]).toEqual(records);
        },
      ),
      { numRuns: 300 },
    );
  });
});
