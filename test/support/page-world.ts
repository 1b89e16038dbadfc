import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBRecord } from 'aws-lambda';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Engine } from '../../bin/local-database/dynamodb-local';
import { startStreamPump, type StreamPump } from './stream-pump';
import { type ChangeEvent, eventOfWrite, eventText } from '../../lambda/core/publish/change-event';
import { replayItems } from '../../lambda/core/publish/replay';
import type { RunResult } from '../../lambda/core/sync/run-result';
import { loopbackConfig } from '../../lambda/dynamodb/client';
import { createReader } from '../../lambda/dynamodb/reader';
import { createRecorder } from '../../lambda/dynamodb/recorder';
import { readStreamRecord } from '../../lambda/dynamodb/stream-record';
import { createRedactor } from '../../lambda/roma/http/redaction';
import { parsePage } from '../../lambda/roma/list/wire-schema';
import { createTestTable, type TestTable } from './engines';
import { SyncWorld } from './sync-world';

const START = Date.parse('2026-11-22T10:00:00.000Z');
const NO_SECRETS = createRedactor(() => []);

/** All the way of a record: from the text of its page over the table and its stream to the text of an event. */
export class PageWorld extends SyncWorld {
  private readonly published: string[] = [];
  private readonly unpublished: unknown[] = [];
  private pump: StreamPump | undefined;

  private constructor(
    readonly table: TestTable,
    engine: Engine,
    private readonly streams: DynamoDBStreamsClient,
  ) {
    super({
      name: engine,
      newRecorder: () => createRecorder(table.client, table.tableName),
      reader: createReader(table.client, table.tableName, { now: () => START }),
      close: () => table.close(),
    });
  }

  static async open(engine: Engine): Promise<PageWorld> {
    const table = await createTestTable(engine);
    const { Table } = await table.raw.send(new DescribeTableCommand({ TableName: table.tableName }));
    const streams = new DynamoDBStreamsClient(loopbackConfig(table.endpoint));
    const world = new PageWorld(table, engine, streams);
    world.pump = await startStreamPump({
      streams,
      streamArn: Table?.LatestStreamArn ?? '',
      pollMs: 5,
      handler: async ({ Records }) => Records.forEach((record) => world.publish(record)),
    });
    return world;
  }

  /** One run whose only page shows these records, each given as its JSON text. */
  async show(records: readonly string[]): Promise<RunResult> {
    const parsed = parsePage(`{"total":${records.length},"instances":[${records.join(',')}]}`, NO_SECRETS);
    if (!parsed.ok) throw new Error(parsed.reason);
    this.fleet.clear();
    parsed.page.records.forEach((record, index) => this.fleet.set(String(index), record));
    return this.tick();
  }

  /**
   * What subscribers have received so far, as they read it. A baseline is published, too.
   * @throws Error when something could not be published
   */
  async events(): Promise<ChangeEvent[]> {
    await this.pump?.drained();
    if (this.unpublished.length > 0) throw this.unpublished[0];
    return this.published.map((text) => JSON.parse(text) as ChangeEvent);
  }

  async replayed(): Promise<ChangeEvent[]> {
    const span = { from: new Date(START).toISOString(), to: new Date(this.clock.now()).toISOString() };
    const events: ChangeEvent[] = [];
    for await (const item of replayItems(this.store.reader.changes(span))) {
      if (!('event' in item)) throw new Error(item.problem);
      events.push(JSON.parse(eventText(item.event)) as ChangeEvent);
    }
    return events;
  }

  async close(): Promise<void> {
    await this.pump?.stop();
    await nextTurn();
    this.streams.destroy();
    this.table.close();
  }

  /** A function gets the records of the stream as JSON. */
  private publish(record: DynamoDBRecord): void {
    const { content } = readStreamRecord(JSON.parse(JSON.stringify(record)) as DynamoDBRecord);
    if (content.kind === 'silent' || content.kind === 'attribution') return;
    try {
      if (content.kind === 'unreadable') throw new Error(content.reason);
      const event = eventOfWrite(content.write, { publishBaseline: true });
      if (event !== undefined) this.published.push(eventText(event));
    } catch (error) {
      this.unpublished.push(error);
    }
  }
}
