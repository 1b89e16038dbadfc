import { DescribeStreamCommand, type DynamoDBStreamsClient, type Shard } from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { checkPattern, matchesPattern, type Pattern } from './event-bus/pattern';
import { Checkpoint } from './stream-pump/checkpoint';
import { type BatchResponse, deliver } from './stream-pump/deliver';
import { failureMessage, type FailureMessage, sequenceNumberOf } from './stream-pump/record';
import { ShardReader } from './stream-pump/shard-reader';

export type { BatchResponse } from './stream-pump/deliver';
export type { FailureMessage } from './stream-pump/record';

export type StreamHandler = (event: DynamoDBStreamEvent) => Promise<BatchResponse | void>;

export interface StreamPumpOptions {
  readonly streams: DynamoDBStreamsClient;
  readonly streamArn: string;
  readonly handler: StreamHandler;
  /** Records of one invocation at most. @default 100 */
  readonly batchSize?: number;
  /** A record is delivered when any of these patterns matches it. @default all are */
  readonly filters?: readonly Pattern[];
  /** How often the same records are tried again; -1: until they succeed. @default -1 */
  readonly retryAttempts?: number;
  /** @default true */
  readonly bisectBatchOnError?: boolean;
  /** Pause before retry number `attempt`, in ms. @default doubles from 50 ms to 5 s */
  readonly backoffMs?: (attempt: number) => number;
  /** The on-failure queue. @default records that have no retries left are skipped */
  readonly onFailure?: (message: FailureMessage) => void | Promise<void>;
  /** Remembers what was delivered. @default every start begins with the oldest record */
  readonly checkpointFile?: string;
  /** Pause between two reads of a shard that had nothing new. @default 75 */
  readonly pollMs?: number;
  /** Pause between two searches for new shards. @default 1000 */
  readonly describeMs?: number;
  readonly now?: () => number;
  /** The stream cannot be read; it is tried again. */
  readonly onError?: (error: unknown) => void;
}

export interface StreamPump {
  /** Resolves when all that is in the stream now has been delivered or given up. */
  drained(): Promise<void>;
  /** Ends after the current invocation. A later pump with the same checkpoint continues exactly there. */
  stop(): Promise<void>;
  /** Ends as a killed process would: nothing more is read, waited for or remembered. */
  kill(): void;
}

/** Resolves after `ms`, or at once when the signal is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish);
  });
}

async function describeShards(
  streams: DynamoDBStreamsClient,
  streamArn: string,
  signal: AbortSignal,
): Promise<readonly Shard[]> {
  const shards: Shard[] = [];
  let from: string | undefined;
  do {
    const { StreamDescription } = await streams.send(
      new DescribeStreamCommand({
        StreamArn: streamArn,
        ...(from === undefined ? {} : { ExclusiveStartShardId: from }),
      }),
      { abortSignal: signal },
    );
    shards.push(...(StreamDescription?.Shards ?? []));
    from = StreamDescription?.LastEvaluatedShardId;
  } while (from !== undefined);
  return shards;
}

/**
 * Reads a DynamoDB stream and invokes a handler as Lambda's event source mapping does. It reads parent shards before
 * their children, from the oldest record (TRIM_HORIZON) or from the checkpoint, with one invocation per shard at a time.
 * It filters, honours partial batch responses, bisects, retries, and has an on-failure queue. After a clean stop nothing
 * is delivered twice; after a kill, whatever the checkpoint does not know is delivered again.
 */
export async function startStreamPump(options: StreamPumpOptions): Promise<StreamPump> {
  const { streams, streamArn, handler, filters = [], batchSize = 100, now = Date.now } = options;
  for (const filter of filters) checkPattern(filter);
  const { onError = () => {}, describeMs = 1000, pollMs = 75 } = options;
  const policy = {
    retryAttempts: options.retryAttempts ?? -1,
    bisectBatchOnError: options.bisectBatchOnError ?? true,
    backoffMs: options.backoffMs ?? ((attempt: number) => Math.min(5_000, 25 * 2 ** attempt)),
  };
  const checkpoint = new Checkpoint(streamArn, options.checkpointFile);
  const ending = new AbortController();
  const { signal } = ending;
  const sleep = async (ms: number) => pause(ms, signal);
  const readers = new Map<string, ShardReader>();
  let looks = 0;

  const deliverAll = async (shardId: string, records: readonly DynamoDBRecord[]): Promise<boolean> => {
    for (let from = 0; from < records.length; from += batchSize) {
      const isDone = await deliver(records.slice(from, from + batchSize), policy, {
        sequenceNumberOf,
        invoke: async (batch) => handler({ Records: [...batch] }),
        done: async (last) => checkpoint.set(shardId, { after: sequenceNumberOf(last), finished: false }),
        giveUp: async (batch, invocations, reason) =>
          options.onFailure?.(failureMessage(batch, { shardId, streamArn, invocations, reason, now: now() })),
        sleep,
        signal,
      });
      if (!isDone) return false;
    }
    return true;
  };

  /** Begins to read shards whose parent has been read to its end, or is gone. */
  const findShards = async (): Promise<void> => {
    const shards = await describeShards(streams, streamArn, signal);
    const ids = new Set(shards.map(({ ShardId = '' }) => ShardId));
    checkpoint.keep(ids);
    for (const { ShardId: shardId = '', ParentShardId: parent } of shards) {
      if (signal.aborted || readers.has(shardId) || checkpoint.of(shardId).finished) continue;
      if (parent !== undefined && ids.has(parent) && !checkpoint.of(parent).finished) continue;
      const reader = new ShardReader(shardId, {
        streams,
        streamArn,
        checkpoint,
        isWanted: (record) => filters.length === 0 || filters.some((filter) => matchesPattern(filter, record)),
        deliver: deliverAll,
        sleep,
        pollMs,
        onError,
        signal,
      });
      readers.set(shardId, reader);
    }
  };

  const watchShards = async (): Promise<void> => {
    while (!signal.aborted) {
      await sleep(describeMs);
      if (signal.aborted) return;
      try {
        await findShards();
      } catch (error) {
        if (!signal.aborted) onError(error);
      }
    }
  };

  await findShards();
  const watching = watchShards();
  const isOpen = (reader: ShardReader) => !checkpoint.of(reader.shardId).finished;

  return {
    drained: async () => {
      looks += 1;
      const look = looks;
      while (!signal.aborted) {
        await findShards();
        const known = readers.size;
        for (const reader of readers.values()) reader.look(look);
        if ([...readers.values()].filter(isOpen).every((reader) => reader.emptyAt >= look)) {
          // A shard that has just ended may have left children to read.
          await findShards();
          if (readers.size === known) return;
        }
        await sleep(Math.min(pollMs, 20));
      }
    },
    stop: async () => {
      ending.abort();
      await Promise.all([watching, ...[...readers.values()].map(async (reader) => reader.finished)]);
    },
    kill: () => {
      checkpoint.close();
      ending.abort();
    },
  };
}
