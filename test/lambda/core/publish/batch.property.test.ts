import { marshall } from '@aws-sdk/util-dynamodb';
import * as fc from 'fast-check';
import { deliver as deliverAsPump } from '../../../support/stream-pump/deliver';
import { type ChangeEvent } from '../../../../lambda/core/publish/change-event';
import { type Current, eventId } from '../../../../lambda/core/model/record';
import type { EventSink, Receipt } from '../../../../lambda/core/publish/delivery';
import { publishBatch } from '../../../../lambda/core/publish/batch';
import { marshallOptions } from '../../../../lambda/dynamodb/client';
import { type RawStreamRecord, readStreamRecord } from '../../../../lambda/dynamodb/stream-record';
import { toCurrentItem } from '../../../../lambda/dynamodb/table';
import { currentOf, FIRST_OBSERVED_AT } from '../../../support/changes';
import { ManualClock } from '../../../support/manual-clock';

/** `npm run test:soak -- --steps N` raises this. */
const RUNS = Math.max(300, Math.ceil(Number(process.env.SOAK_STEPS ?? 0) / 10));
/** What happens to one call of a sink. When a story has no more of them, all is well. */
type Fate =
  | { readonly is: 'served' | 'failed' | 'served, answer lost' | 'crash before' | 'crash after' }
  | { readonly is: 'refused in part'; readonly which: number };
/** What happens to the pump around one invocation. */
type PumpFate = 'goes on' | 'killed before it remembers' | 'killed before the invocation';

interface Story {
  /** Instance of each write; every second write of one in `touches` raises no version. */
  readonly writes: readonly { readonly instance: number; readonly is: 'version' | 'touch' | 'unreadable' }[];
  readonly firstIsBaseline: readonly boolean[];
  readonly publishBaseline: boolean;
  readonly batchSize: number;
  readonly fates: readonly Fate[];
  readonly pumpFates: readonly PumpFate[];
  readonly remainingMs: readonly number[];
  readonly queueFailures: readonly boolean[];
}

const fate: fc.Arbitrary<Fate> = fc.oneof(
  fc.record({
    is: fc.constantFrom(
      'served' as const,
      'failed' as const,
      'served, answer lost' as const,
      'crash before' as const,
      'crash after' as const,
    ),
  }),
  fc.record({ is: fc.constant('refused in part' as const), which: fc.nat(1023) }),
);
const story: fc.Arbitrary<Story> = fc.record({
  writes: fc.array(
    fc.record({
      instance: fc.nat(4),
      is: fc.oneof(
        { weight: 8, arbitrary: fc.constant('version' as const) },
        { weight: 2, arbitrary: fc.constant('touch' as const) },
        { weight: 1, arbitrary: fc.constant('unreadable' as const) },
      ),
    }),
    { maxLength: 40 },
  ),
  firstIsBaseline: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
  publishBaseline: fc.boolean(),
  batchSize: fc.integer({ min: 1, max: 15 }),
  fates: fc.array(fate, { maxLength: 60 }),
  pumpFates: fc.array(
    fc.constantFrom<PumpFate>('goes on', 'goes on', 'killed before it remembers', 'killed before the invocation'),
    { maxLength: 20 },
  ),
  remainingMs: fc.array(fc.constantFrom(0, 150, 1_000, 30_000), { maxLength: 20 }),
  queueFailures: fc.array(fc.boolean(), { maxLength: 10 }),
});

class Killed extends Error {}

/** The stream that the writes leave behind, and the versions that subscribers must hear of. */
function streamOf({ writes, firstIsBaseline, publishBaseline }: Story) {
  const newest = new Map<number, Current>();
  const wanted: Current[] = [];
  const unreadable: string[] = [];
  const records = writes.map(({ instance, is }, index): RawStreamRecord => {
    const old = newest.get(instance);
    const SequenceNumber = String(100 + index);
    if (is === 'unreadable') {
      unreadable.push(SequenceNumber);
      return { eventName: 'MODIFY', dynamodb: { SequenceNumber } };
    }
    const kind = firstIsBaseline[instance] === true ? 'baseline' : 'created';
    const id = `instance-${instance}`;
    const next: Current =
      is === 'touch' && old !== undefined
        ? { ...old, unobservedSince: FIRST_OBSERVED_AT, touchedBy: `run-${index}` }
        : currentOf((old?.version ?? 0) + 1, { id, ...(old === undefined ? { kind } : {}) });
    newest.set(instance, next);
    if (next.version !== old?.version && (next.kind !== 'baseline' || publishBaseline)) wanted.push(next);
    const item = toCurrentItem(next);
    return {
      eventName: old === undefined ? 'INSERT' : 'MODIFY',
      dynamodb: {
        SequenceNumber,
        Keys: marshall({ pk: item.pk, sk: item.sk }),
        NewImage: marshall(item, marshallOptions),
        ...(old === undefined ? {} : { OldImage: marshall(toCurrentItem(old), marshallOptions) }),
      },
    };
  });
  return { records, wanted, unreadable };
}

/** A sink that lives through the fates of the story; a crash leaves its caller hanging for ever, as a dead process is. */
class FatefulSink implements EventSink {
  readonly maxEntries = 10;
  readonly maxBytes = 256 * 1024;
  readonly arrived: ChangeEvent[] = [];
  crash: () => void = () => {};

  constructor(
    readonly name: string,
    private readonly nextFate: () => Fate,
  ) {}

  bytesOf = (): number => 1_000;

  async send(events: readonly ChangeEvent[]): Promise<readonly Receipt[]> {
    expect(new Set(events.map(({ instance }) => instance.id)).size).toBe(events.length);
    await Promise.resolve();
    const now = this.nextFate();
    if (now.is === 'failed') throw new Error('the service is unavailable');
    if (now.is === 'crash before') return this.die();
    const receipts = events.map((event, index): Receipt => {
      if (now.is === 'refused in part' && (now.which >> index) % 2 === 1)
        return { accepted: false, reason: 'InternalFailure', final: false };
      this.arrived.push(event);
      return { accepted: true };
    });
    if (now.is === 'crash after') return this.die();
    if (now.is === 'served, answer lost') throw new Error('socket hang up');
    return receipts;
  }

  private async die(): Promise<never> {
    this.crash();
    return new Promise<never>(() => {});
  }
}

async function live(told: Story) {
  const { records, wanted, unreadable } = streamOf(told);
  const clock = new ManualClock();
  const fates = told.fates.values();
  const pumpFates = told.pumpFates.values();
  const remaining = told.remainingMs.values();
  const queueFailures = told.queueFailures.values();
  const nextFate = (): Fate => fates.next().value ?? { is: 'served' };
  const sinks = [new FatefulSink('bus', nextFate), new FatefulSink('feed', nextFate)] as const;
  const setAside: string[] = [];

  /** One invocation: it ends with an answer, or it dies and its time runs out. */
  const invoke = async (batch: readonly RawStreamRecord[]) =>
    new Promise<{ batchItemFailures: { itemIdentifier: string }[] }>((resolve, reject) => {
      for (const sink of sinks) sink.crash = () => reject(new Error('the function died'));
      const run = publishBatch(
        batch.map(readStreamRecord),
        {
          sinks,
          clock,
          publishBaseline: told.publishBaseline,
          failureQueue: {
            put: async ({ sequenceNumber }) => {
              if (queueFailures.next().value === true) throw new Error('the queue is unavailable');
              setAside.push(sequenceNumber);
            },
          },
        },
        clock.now() + (remaining.next().value ?? 30_000),
      );
      run
        .then(({ resumeFrom }) =>
          resolve({ batchItemFailures: resumeFrom === undefined ? [] : [{ itemIdentifier: resumeFrom }] }),
        )
        .catch(reject);
    });

  let checkpoint = 0;
  while (checkpoint < records.length) {
    try {
      await deliverAsPump(
        records.slice(checkpoint, checkpoint + told.batchSize),
        { retryAttempts: -1, bisectBatchOnError: true, backoffMs: () => 1_000 },
        {
          sequenceNumberOf: (record) => record.dynamodb?.SequenceNumber ?? '',
          invoke,
          done: async (last) => {
            const doom = pumpFates.next().value;
            if (doom === 'killed before it remembers') throw new Killed();
            checkpoint = records.indexOf(last) + 1;
            if (doom === 'killed before the invocation') throw new Killed();
          },
          giveUp: async () => {
            throw new Error('nothing may be given up here');
          },
          sleep: async (ms) => clock.sleep(ms),
          signal: new AbortController().signal,
        },
      );
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
  }
  return { sinks, wanted, unreadable, setAside };
}

describe('whatever happens to the publisher, the bus and the reader of the stream', () => {
  it('every change arrives, first arrivals are in version order, and ids are unique per version', async () => {
    const seed = Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 2 ** 31));
    process.stdout.write(`publish property: seed ${seed}\n`);
    await fc.assert(
      fc.asyncProperty(story, async (told) => {
        const { sinks, wanted, unreadable, setAside } = await live(told);
        for (const { arrived } of sinks) {
          expect(new Set(arrived.map((event) => event.eventId))).toEqual(new Set(wanted.map(eventId)));
          const versionsOf = new Map<string, number[]>();
          const idOf = new Map<string, string>();
          for (const event of arrived) {
            const key = `${event.instance.id} ${event.version}`;
            const isFirst = !idOf.has(key);
            expect(idOf.get(key) ?? event.eventId).toBe(event.eventId);
            idOf.set(key, event.eventId);
            if (isFirst)
              versionsOf.set(event.instance.id, [...(versionsOf.get(event.instance.id) ?? []), event.version]);
          }
          expect(new Set(idOf.values()).size).toBe(idOf.size);
          for (const versions of versionsOf.values()) expect(versions).toEqual(versions.toSorted((a, b) => a - b));
        }
        expect(new Set(setAside)).toEqual(new Set(unreadable));
      }),
      { seed, numRuns: RUNS, verbose: 0 },
    );
  }, 600_000);
});
