import { DescribeTableCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BatchResponse,
  type FailureMessage,
  startStreamPump,
  type StreamPump,
  type StreamPumpOptions,
} from './stream-pump';
import { loopbackConfig } from '../../lambda/dynamodb/client';
import { createTestTable, onEachEngine, type TestTable } from './engines';

const numberOf = (record: DynamoDBStreamEvent['Records'][number]): number => Number(record.dynamodb?.NewImage?.n?.N);

onEachEngine('the stream pump', (engine) => {
  let table: TestTable;
  let streams: DynamoDBStreamsClient;
  let streamArn: string;
  let folder: string;
  const pumps: StreamPump[] = [];

  beforeEach(async () => {
    table = await createTestTable(engine);
    streams = new DynamoDBStreamsClient(loopbackConfig(table.endpoint));
    const { Table } = await table.raw.send(new DescribeTableCommand({ TableName: table.tableName }));
    streamArn = Table?.LatestStreamArn ?? '';
    folder = mkdtempSync(join(tmpdir(), 'stream-pump-'));
  });
  afterEach(async () => {
    await Promise.all(pumps.splice(0).map(async (pump) => pump.stop()));
    streams.destroy();
    table.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const write = async (from: number, to: number, sk = 'INSTANCE#a') => {
    for (let n = from; n <= to; n += 1) {
      await table.raw.send(
        new PutItemCommand({
          TableName: table.tableName,
          Item: { pk: { S: 'TARGET#a' }, sk: { S: sk }, n: { N: String(n) }, b: { B: new Uint8Array([1, 2, 3]) } },
        }),
      );
    }
  };
  const start = async (
    handler: (numbers: readonly number[], event: DynamoDBStreamEvent) => Promise<BatchResponse | void> | void,
    options: Partial<StreamPumpOptions> = {},
  ) => {
    const pump = await startStreamPump({
      streams,
      streamArn,
      pollMs: 10,
      backoffMs: () => 1,
      handler: async (event) => handler(event.Records.map(numberOf), event),
      onError: (error) => {
        throw error;
      },
      ...options,
    });
    pumps.push(pump);
    return pump;
  };
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

  it('delivers from the oldest record on, in order, in batches, and then what is written while it runs', async () => {
    await write(1, 12);
    const batches: (readonly number[])[] = [];
    const pump = await start((numbers) => void batches.push(numbers), { batchSize: 5 });
    await pump.drained();
    expect(batches.flat()).toEqual(range(1, 12));
    expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThanOrEqual(5);
    await write(13, 15);
    await pump.drained();
    expect(batches.flat()).toEqual(range(1, 15));
  });

  it('hands over records in the form that a Lambda function gets', async () => {
    await write(1, 2);
    const events: DynamoDBStreamEvent[] = [];
    const pump = await start((_, event) => void events.push(event));
    await pump.drained();
    const [first, second] = events.flatMap(({ Records }) => Records);
    expect(first).toMatchObject({
      eventName: 'INSERT',
      eventSource: 'aws:dynamodb',
      eventSourceARN: streamArn,
      dynamodb: {
        Keys: { pk: { S: 'TARGET#a' }, sk: { S: 'INSTANCE#a' } },
        NewImage: { n: { N: '1' }, b: { B: 'AQID' } },
        SequenceNumber: expect.stringMatching(/^\d+$/),
        ApproximateCreationDateTime: expect.any(Number),
      },
    });
    expect(second).toMatchObject({
      eventName: 'MODIFY',
      dynamodb: { OldImage: { n: { N: '1' } }, NewImage: { n: { N: '2' } } },
    });
  });

  it('passes over what the filter does not match', async () => {
    await write(1, 3);
    await write(4, 6, 'VERSION#1');
    await write(7, 8);
    const got: number[] = [];
    const filters = [{ eventName: ['INSERT', 'MODIFY'], dynamodb: { Keys: { sk: { S: [{ prefix: 'INSTANCE#' }] } } } }];
    const pump = await start((numbers) => void got.push(...numbers), { filters });
    await pump.drained();
    expect(got).toEqual([1, 2, 3, 7, 8]);
  });

  it('tries again from the failed record on, and what never succeeds goes to the failure queue', async () => {
    await write(1, 6);
    const handled: number[] = [];
    const failures: FailureMessage[] = [];
    const pump = await start(
      (numbers) => {
        if (numbers.includes(4)) throw new Error('cannot read 4');
        handled.push(...numbers);
      },
      { retryAttempts: 2, onFailure: (message) => void failures.push(message) },
    );
    await pump.drained();
    expect(handled).toEqual([1, 2, 3, 5, 6]);
    expect(failures).toMatchObject([
      { requestContext: { condition: 'RetryAttemptsExhausted' }, DDBStreamBatchInfo: { batchSize: 1, streamArn } },
    ]);
    const [info] = failures.map(({ DDBStreamBatchInfo }) => DDBStreamBatchInfo);
    expect(BigInt(info?.startSequenceNumber ?? 0)).toBe(BigInt(info?.endSequenceNumber ?? 1));
  });

  it('keeps order when a record fails for a while', async () => {
    await write(1, 5);
    const handled: number[] = [];
    let failures = 3;
    const pump = await start(async (numbers, event) => {
      const index = failures > 0 ? numbers.indexOf(3) : -1;
      if (index === -1) {
        handled.push(...numbers);
        return undefined;
      }
      failures -= 1;
      handled.push(...numbers.slice(0, index));
      const itemIdentifier = event.Records[index]?.dynamodb?.SequenceNumber ?? '';
      return { batchItemFailures: [{ itemIdentifier }] };
    });
    await pump.drained();
    expect(handled).toEqual(range(1, 5));
  });

  it('delivers nothing twice after a clean stop, also one in the middle of retries', async () => {
    const checkpointFile = join(folder, 'checkpoint.json');
    await write(1, 5);
    const got: number[] = [];
    const first = await start((numbers) => void got.push(...numbers), { checkpointFile });
    await first.drained();
    await first.stop();
    await write(6, 9);
    let tries = 0;
    let reached: () => void = () => {};
    const isRetrying = new Promise<void>((resolve) => (reached = resolve));
    const failing = await start(
      async (numbers, event) => {
        tries += 1;
        if (tries === 3) reached();
        got.push(...numbers.slice(0, numbers.indexOf(8)));
        const itemIdentifier = event.Records[numbers.indexOf(8)]?.dynamodb?.SequenceNumber ?? '';
        return { batchItemFailures: [{ itemIdentifier }] };
      },
      { checkpointFile },
    );
    await isRetrying;
    await failing.stop();
    expect(got).toEqual(range(1, 7));
    const second = await start((numbers) => void got.push(...numbers), { checkpointFile });
    await second.drained();
    expect(got).toEqual(range(1, 9));
  });

  it('delivers again after a kill what was under way, and nothing is missing', async () => {
    const checkpointFile = join(folder, 'checkpoint.json');
    await write(1, 9);
    const got: (readonly number[])[] = [];
    let reached: () => void = () => {};
    const isUnderWay = new Promise<void>((resolve) => (reached = resolve));
    let release: () => void = () => {};
    const isReleased = new Promise<void>((resolve) => (release = resolve));
    const killed = await start(
      async (numbers) => {
        got.push(numbers);
        if (numbers.includes(4)) {
          reached();
          await isReleased;
        }
      },
      { checkpointFile, batchSize: 3 },
    );
    await isUnderWay;
    killed.kill();
    release();
    await killed.stop();
    expect(got).toEqual([range(1, 3), range(4, 6)]);
    const next = await start((numbers) => void got.push(numbers), { checkpointFile, batchSize: 3 });
    await next.drained();
    expect(got.slice(2)).toEqual([range(4, 6), range(7, 9)]);
  });

  it('goes on when the stream cannot be read for a moment, and says so', async () => {
    await write(1, 3);
    const errors: unknown[] = [];
    let isBroken = true;
    streams.middlewareStack.add(
      (next, context) => async (args) => {
        if (isBroken && context.commandName === 'GetRecordsCommand') {
          isBroken = false;
          throw new Error('no route');
        }
        return next(args);
      },
      { step: 'initialize' },
    );
    const got: number[] = [];
    const pump = await start((numbers) => void got.push(...numbers), { onError: (error) => errors.push(error) });
    await pump.drained();
    expect(got).toEqual([1, 2, 3]);
    expect(errors).toMatchObject([{ message: 'no route' }]);
  });

  it('refuses a filter that the service would refuse', async () => {
    await expect(start(() => {}, { filters: [{ eventName: [] }] })).rejects.toThrow('not empty');
  });
});
