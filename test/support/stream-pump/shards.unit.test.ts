import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStreamPump, type StreamPump } from '../stream-pump';
import { loopbackConfig } from '../../../lambda/dynamodb/client';

interface ScriptedShard {
  readonly parent?: string;
  readonly records: number[];
  closed: boolean;
}

interface StreamRequest {
  readonly ShardId: string;
  readonly ShardIteratorType: string;
  readonly SequenceNumber?: string;
  readonly ShardIterator: string;
  readonly ExclusiveStartShardId?: string;
}

/** What the embedded engines never do: shards with children, iterators that expire, records that are trimmed. */
class ScriptedStream {
  readonly shards = new Map<string, ScriptedShard>();
  /** Code of the error with which the next call of an operation is answered. */
  readonly nextErrors = new Map<string, string>();
  private server: Server | undefined;

  async listen(): Promise<string> {
    this.server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
        const error = this.nextErrors.get(operation);
        this.nextErrors.delete(operation);
        response.statusCode = error === undefined ? 200 : 400;
        response.setHeader('content-type', 'application/x-amz-json-1.0');
        const prefix = 'com.amazonaws.dynamodb.v20120810#';
        response.end(
          JSON.stringify(
            error === undefined ? this.answer(operation, JSON.parse(text)) : { __type: prefix + error, message: error },
          ),
        );
      });
    });
    await new Promise<void>((resolve) => this.server?.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }

  private answer(operation: string, input: StreamRequest): object {
    if (operation === 'DescribeStream') return this.describe(input.ExclusiveStartShardId);
    if (operation === 'GetShardIterator') {
      const { records = [] } = this.shards.get(input.ShardId) ?? {};
      const from = input.SequenceNumber === undefined ? 0 : records.indexOf(Number(input.SequenceNumber)) + 1;
      return { ShardIterator: `${input.ShardId}/${from}` };
    }
    const [shardId = '', from = 0] = input.ShardIterator.split('/');
    const shard = this.shards.get(shardId);
    const records = (shard?.records ?? []).slice(Number(from), Number(from) + 2);
    const next = Number(from) + records.length;
    const isAtEnd = shard?.closed === true && next >= shard.records.length;
    return {
      Records: records.map((n) => ({
        eventName: 'INSERT',
        dynamodb: { SequenceNumber: String(n), Keys: { pk: { S: 'a' } }, NewImage: { n: { N: String(n) } } },
      })),
      ...(isAtEnd ? {} : { NextShardIterator: `${shardId}/${next}` }),
    };
  }

  /** Two shards a page. */
  private describe(after: string | undefined): object {
    const ids = [...this.shards.keys()];
    const from = after === undefined ? 0 : ids.indexOf(after) + 1;
    const page = ids.slice(from, from + 2);
    const last = page.at(-1);
    return {
      StreamDescription: {
        Shards: page.map((id) => ({ ShardId: id, ParentShardId: this.shards.get(id)?.parent })),
        ...(from + 2 < ids.length && last !== undefined ? { LastEvaluatedShardId: last } : {}),
      },
    };
  }
}

const stream = new ScriptedStream();
let streams: DynamoDBStreamsClient;
let folder: string;
const pumps: StreamPump[] = [];
beforeEach(async () => {
  stream.shards.clear();
  streams = new DynamoDBStreamsClient({ ...loopbackConfig(await stream.listen()), maxAttempts: 1 });
  folder = mkdtempSync(join(tmpdir(), 'shards-'));
});
afterEach(async () => {
  await Promise.all(pumps.splice(0).map(async (pump) => pump.stop()));
  streams.destroy();
  stream.close();
  rmSync(folder, { recursive: true, force: true });
});

const errors: unknown[] = [];
const start = async (got: number[]) => {
  errors.length = 0;
  const pump = await startStreamPump({
    streams,
    streamArn: 'arn:scripted',
    pollMs: 2,
    describeMs: 5,
    checkpointFile: join(folder, 'checkpoint.json'),
    handler: async ({ Records }) => void got.push(...Records.map(({ dynamodb }) => Number(dynamodb?.SequenceNumber))),
    onError: (error) => errors.push((error as Error).name),
  });
  pumps.push(pump);
  return pump;
};

/** A shard that was split after 13 records: its children begin where it ends. */
const split = () => {
  stream.shards.set('parent', { records: Array.from({ length: 13 }, (_, n) => n + 1), closed: true });
  stream.shards.set('left', { parent: 'parent', records: [20, 21], closed: false });
  stream.shards.set('right', { parent: 'parent', records: [30, 31], closed: false });
};

it('reads a shard to its end before its children, over several pages of shards', async () => {
  split();
  const got: number[] = [];
  const pump = await start(got);
  await pump.drained();
  expect(got.slice(0, 13)).toEqual(Array.from({ length: 13 }, (_, n) => n + 1));
  expect(got.slice(13).toSorted((a, b) => a - b)).toEqual([20, 21, 30, 31]);
  expect(errors).toEqual([]);
});

it('begins with a child whose parent is gone, and follows a shard that is split while it is read', async () => {
  stream.shards.set('left', { parent: 'trimmed away', records: [20], closed: false });
  const got: number[] = [];
  const pump = await start(got);
  await pump.drained();
  const left = stream.shards.get('left');
  left?.records.push(21);
  stream.shards.set('grandchild', { parent: 'left', records: [40], closed: false });
  if (left !== undefined) left.closed = true;
  await pump.drained();
  expect(got).toEqual([20, 21, 40]);
});

it('does not read a finished shard again after a clean restart', async () => {
  split();
  const first: number[] = [];
  const pump = await start(first);
  await pump.drained();
  await pump.stop();
  stream.shards.get('left')?.records.push(22);
  const second: number[] = [];
  const next = await start(second);
  await next.drained();
  expect(second).toEqual([22]);
});

it('goes on from the checkpoint when an iterator expires', async () => {
  stream.shards.set('only', { records: [1, 2], closed: false });
  const got: number[] = [];
  const pump = await start(got);
  await pump.drained();
  stream.nextErrors.set('GetRecords', 'ExpiredIteratorException');
  stream.shards.get('only')?.records.push(3);
  await pump.drained();
  expect(got).toEqual([1, 2, 3]);
  expect(errors).toEqual([]);
});

it('tells that records were lost when nobody read for too long, and delivers what is left', async () => {
  stream.shards.set('only', { records: [1, 2], closed: false });
  const got: number[] = [];
  const pump = await start(got);
  await pump.drained();
  await pump.stop();
  stream.shards.set('only', { records: [8, 9], closed: false });
  stream.nextErrors.set('GetShardIterator', 'TrimmedDataAccessException');
  const next = await start(got);
  await next.drained();
  expect(got).toEqual([1, 2, 8, 9]);
  expect(errors).toEqual(['TrimmedDataAccessException']);
});
