import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import * as fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BusEvent, type CallFault, type EventBus, startEventBus } from '../../../support/event-bus';
import { startStreamPump, type StreamPump } from '../../../support/stream-pump';
import type { ChangeEvent } from '../../../../lambda/core/publish/change-event';
import type { ChangeKind } from '../../../../lambda/core/model/record';
import { loopbackConfig } from '../../../../lambda/dynamodb/client';
import { toCurrentItem } from '../../../../lambda/dynamodb/table';
import { wirePublish } from '../../../../lambda/wire';
import { currentOf } from '../../../support/changes';
import { createTestTable, onEachEngine, type TestTable } from '../../../support/engines';
import { ManualClock } from '../../../support/manual-clock';
import { soakRuns } from '../../../support/soak-runs';

type Step =
  /** An instance gets its next version. */
  | { readonly do: 'write'; readonly instance: string }
  /** The row is written again, as a lease or an own gap would, without a new version. */
  | { readonly do: 'touch'; readonly instance: string }
  | { readonly do: 'injectBusFault'; readonly fault: CallFault; readonly times: number }
  /** The publisher dies, before or after it has published. */
  | { readonly do: 'crashPublisher'; readonly when: 'before' | 'after' }
  | { readonly do: 'killPump' }
  | { readonly do: 'waitUntilDrained' };

const instance = fc.constantFrom('a', 'b', 'c');
const fault: fc.Arbitrary<CallFault> = fc.oneof(
  fc.constantFrom<CallFault>(
    { kind: 'throttle' },
    { kind: 'serverError' },
    { kind: 'reset' },
    { kind: 'lostAnswer' },
    { kind: 'deliverTwice' },
  ),
  fc.nat(1023).map((mask): CallFault => ({ kind: 'refuse', entries: ({ index }) => (mask & (1 << index)) !== 0 })),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('write' as const), instance }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('touch' as const), instance }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('injectBusFault' as const), fault, times: fc.integer({ min: 1, max: 40 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('crashPublisher' as const), when: fc.constantFrom('before', 'after') }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'killPump' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'waitUntilDrained' }) },
);

/** The first version of b was there when the recording began: nobody is told of it. */
const kindOf = (id: string, version: number): ChangeKind =>
  version > 1 ? 'updated' : id === 'b' ? 'baseline' : 'created';

class World {
  readonly arrived: ChangeEvent[] = [];
  readonly #versions = new Map<string, number>();
  readonly #folder = mkdtempSync(join(tmpdir(), 'change-delivery-'));
  readonly #crashes: ('before' | 'after')[] = [];
  #pump: StreamPump | undefined;

  private constructor(
    private readonly table: TestTable,
    private readonly bus: EventBus,
    private readonly streams: DynamoDBStreamsClient,
    private readonly streamArn: string,
    private readonly publish: ReturnType<typeof wirePublish>,
  ) {
    const take = (event: BusEvent) => void this.arrived.push(event.detail as unknown as ChangeEvent);
    bus.subscribe('all', { source: [{ prefix: 'roma' }] }, take);
  }

  static async open(engine: Parameters<typeof createTestTable>[0]): Promise<World> {
    const table = await createTestTable(engine);
    const bus = await startEventBus();
    const { Table } = await table.raw.send(new DescribeTableCommand({ TableName: table.tableName }));
    const streams = new DynamoDBStreamsClient(loopbackConfig(table.endpoint));
    const publish = wirePublish(
      { eventBusName: bus.busName, failureQueueUrl: bus.createQueue('failures').url, publishBaseline: false },
      { aws: bus.clientConfig, clock: new ManualClock(), telemetry: { batch: () => {}, failure: () => {} } },
    );
    const world = new World(table, bus, streams, Table?.LatestStreamArn ?? '', publish);
    await world.startPump();
    return world;
  }

  async play(step: Step): Promise<void> {
    switch (step.do) {
      case 'write':
        this.#versions.set(step.instance, (this.#versions.get(step.instance) ?? 0) + 1);
        return this.put(step.instance);
      case 'touch':
        return this.#versions.has(step.instance) ? this.put(step.instance, 'touched') : undefined;
      case 'injectBusFault':
        return void this.bus.inject(step.fault, { times: step.times });
      case 'crashPublisher':
        return void this.#crashes.push(step.when);
      case 'killPump':
        this.#pump?.kill();
        await this.#pump?.stop();
        return this.startPump();
      case 'waitUntilDrained':
        return this.settle();
    }
  }

  async settle(): Promise<void> {
    await this.#pump?.drained();
    await this.bus.settled();
  }

  expected(): readonly string[] {
    return [...this.#versions].flatMap(([id, last]) =>
      Array.from({ length: last }, (_, index) => index + 1)
        .filter((version) => kindOf(id, version) !== 'baseline')
        .map((version) => `${id}/${version}`),
    );
  }

  async close(): Promise<void> {
    await this.#pump?.stop();
    await this.bus.stop();
    this.streams.destroy();
    this.table.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  private async put(id: string, touchedBy = 'run'): Promise<void> {
    const version = this.#versions.get(id) ?? 0;
    const row = { ...currentOf(version, { id, kind: kindOf(id, version) }), touchedBy };
    await this.table.client.send(new PutCommand({ TableName: this.table.tableName, Item: toCurrentItem(row) }));
  }

  private async startPump(): Promise<void> {
    this.#pump = await startStreamPump({
      streams: this.streams,
      streamArn: this.streamArn,
      checkpointFile: join(this.#folder, 'checkpoint.json'),
      batchSize: 4,
      pollMs: 5,
      backoffMs: () => 1,
      handler: async (event) => {
        const crash = this.#crashes.shift();
        if (crash === 'before') throw new Error('out of memory');
        const answer = await this.publish(event, { getRemainingTimeInMillis: () => 30_000 });
        if (crash === 'after') throw new Error('timed out');
        return answer;
      },
    });
  }
}

onEachEngine('from the table to a subscriber', (engine) => {
  it('every version but the baseline arrives, first in version order, whatever fails on the way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const world = await World.open(engine);
        try {
          for (const each of steps) await world.play(each);
          await world.settle();
          const firsts = [...new Map(world.arrived.map((event) => [event.eventId, event])).values()];
          const seen = firsts.map((event) => `${event.instance.id}/${event.version}`);
          expect(seen.toSorted()).toEqual(world.expected().toSorted());
          for (const id of ['a', 'b', 'c']) {
            const versions = firsts.filter((event) => event.instance.id === id).map((event) => event.version);
            expect(versions).toEqual(versions.toSorted((x, y) => x - y));
          }
          // However often it arrives, an event says the same (one engine shuffles the fields of a map).
          const contents = new Map(firsts.map((event) => [event.eventId, event]));
          for (const event of world.arrived) expect(event).toEqual(contents.get(event.eventId));
        } finally {
          await world.close();
        }
      }),
      { numRuns: soakRuns(6) },
    );
  });
});
