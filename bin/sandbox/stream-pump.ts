import {
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBRecord } from 'aws-lambda';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PublishHandler } from '../../lambda/wire';
import { toLambdaRecord } from './stream-record';

const POLL_MS = 50;
const RETRY_MS = 500;
/** An invocation may take so long. */
export const CONTEXT = { getRemainingTimeInMillis: () => 60_000 };

/**
 * Reads the stream of a table from its oldest record, and invokes the publisher with what it finds, as Lambda's event
 * source mapping does: in order, and what has failed comes again until it succeeds.
 */
export function startStreamPump(
  streams: DynamoDBStreamsClient,
  streamArn: string,
  publish: PublishHandler,
  onError: (error: unknown) => void,
) {
  const ending = new AbortController();
  const { signal } = ending;
  /** Where to read on in each shard; null for a shard that was read to its end. */
  const iterators = new Map<string, string | null>();
  let waiting: (() => void)[] = [];

  const deliver = async (records: readonly DynamoDBRecord[]): Promise<void> => {
    let rest = records;
    while (rest.length > 0) {
      const { batchItemFailures } = await publish({ Records: [...rest] }, CONTEXT);
      const failed = batchItemFailures[0]?.itemIdentifier;
      if (failed === undefined) return;
      rest = rest.slice(rest.findIndex(({ dynamodb }) => dynamodb?.SequenceNumber === failed));
      await sleep(RETRY_MS, undefined, { signal });
    }
  };

  const oldest = async (ShardId: string): Promise<string | null> => {
    const from = { StreamArn: streamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const;
    return (await streams.send(new GetShardIteratorCommand(from))).ShardIterator ?? null;
  };

  /** @returns whether there was something new. Parents come before their children in the list of shards. */
  const readShards = async (): Promise<boolean> => {
    const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn: streamArn }));
    let isNew = false;
    for (const { ShardId = '' } of StreamDescription?.Shards ?? []) {
      const iterator = iterators.has(ShardId) ? iterators.get(ShardId) : await oldest(ShardId);
      if (iterator == null) continue;
      const { Records = [], NextShardIterator } = await streams.send(
        new GetRecordsCommand({ ShardIterator: iterator }),
      );
      await deliver(Records.map((record) => toLambdaRecord(record, streamArn)));
      iterators.set(ShardId, NextShardIterator ?? null);
      isNew ||= Records.length > 0 || NextShardIterator === undefined;
    }
    return isNew;
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const asked = waiting;
      waiting = [];
      let pauseMs = POLL_MS;
      try {
        if (await readShards()) {
          waiting.push(...asked);
          pauseMs = 0;
        } else for (const resolve of asked) resolve();
      } catch (error) {
        waiting.push(...asked);
        pauseMs = RETRY_MS;
        if (!signal.aborted) onError(error);
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
    for (const resolve of waiting) resolve();
  };
  const running = run();

  return {
    /** Resolves when all that was written before this call has been delivered. */
    drained: async () => new Promise<void>((resolve) => waiting.push(resolve)),
    stop: async (): Promise<void> => {
      ending.abort();
      await running;
    },
  };
}
