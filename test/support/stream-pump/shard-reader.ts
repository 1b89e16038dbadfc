import {
  type DynamoDBStreamsClient,
  ExpiredIteratorException,
  GetRecordsCommand,
  GetShardIteratorCommand,
  TrimmedDataAccessException,
} from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBRecord } from 'aws-lambda';
import { toLambdaRecord } from '../../../bin/sandbox/stream-record';
import type { Checkpoint } from './checkpoint';
import { sequenceNumberOf } from './record';

export interface ShardReaderPorts {
  readonly streams: DynamoDBStreamsClient;
  readonly streamArn: string;
  readonly checkpoint: Checkpoint;
  /** Records that the handler does not get. */
  readonly isWanted: (record: DynamoDBRecord) => boolean;
  /** @returns false when it was stopped before all records were done */
  readonly deliver: (shardId: string, records: readonly DynamoDBRecord[]) => Promise<boolean>;
  readonly sleep: (ms: number) => Promise<unknown>;
  readonly pollMs: number;
  readonly onError: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/** Reads one shard in order, from the checkpoint to its end. */
export class ShardReader {
  /** Number of the last `look` after which the shard had nothing new. */
  emptyAt = 0;
  #look = 0;
  readonly finished: Promise<void>;

  constructor(
    readonly shardId: string,
    private readonly ports: ShardReaderPorts,
  ) {
    this.finished = this.#run();
  }

  /** Requests that begin from now on see everything that is in the stream now. */
  look(number: number): void {
    this.#look = number;
  }

  async #run(): Promise<void> {
    const { signal, onError, sleep, pollMs } = this.ports;
    while (!signal.aborted) {
      try {
        if (await this.#readOn()) return;
      } catch (error) {
        if (signal.aborted) return;
        // An iterator lives 15 minutes; a new one goes on from the checkpoint.
        if (!(error instanceof ExpiredIteratorException)) onError(error);
        await sleep(Math.max(pollMs, 200));
      }
    }
  }

  /** @returns true when the shard has been read to its end */
  async #readOn(): Promise<boolean> {
    const { checkpoint, deliver, isWanted, pollMs, signal, sleep, streamArn, streams } = this.ports;
    let iterator = await this.#iterator();
    while (!signal.aborted) {
      const look = this.#look;
      const { Records = [], NextShardIterator } = await streams.send(
        new GetRecordsCommand({ ShardIterator: iterator }),
        { abortSignal: signal },
      );
      const records = this.#fresh(Records.map((record) => toLambdaRecord(record, streamArn)));
      const last = records.at(-1);
      if (last !== undefined) {
        if (!(await deliver(this.shardId, records.filter(isWanted)))) return false;
        checkpoint.set(this.shardId, { after: sequenceNumberOf(last), finished: false });
      }
      // An open shard of one engine shows an end number: only a missing iterator tells that a shard is closed.
      if (NextShardIterator === undefined) {
        checkpoint.set(this.shardId, { ...checkpoint.of(this.shardId), finished: true });
        return true;
      }
      iterator = NextShardIterator;
      if (last === undefined) {
        this.emptyAt = look;
        await sleep(pollMs);
      }
    }
    return false;
  }

  /** Records after the checkpoint. An engine may return earlier ones, too. */
  #fresh(records: readonly DynamoDBRecord[]): readonly DynamoDBRecord[] {
    const { after } = this.ports.checkpoint.of(this.shardId);
    return after === undefined ? records : records.filter((record) => BigInt(sequenceNumberOf(record)) > BigInt(after));
  }

  async #iterator(): Promise<string> {
    const { checkpoint, onError, signal, streamArn, streams } = this.ports;
    const { after } = checkpoint.of(this.shardId);
    const from = { StreamArn: streamArn, ShardId: this.shardId };
    const horizon = new GetShardIteratorCommand({ ...from, ShardIteratorType: 'TRIM_HORIZON' });
    const options = { abortSignal: signal };
    if (after === undefined) return (await streams.send(horizon, options)).ShardIterator ?? '';
    const command = new GetShardIteratorCommand({
      ...from,
      ShardIteratorType: 'AFTER_SEQUENCE_NUMBER',
      SequenceNumber: after,
    });
    try {
      return (await streams.send(command, options)).ShardIterator ?? '';
    } catch (error) {
      if (!(error instanceof TrimmedDataAccessException)) throw error;
      // Nobody has read for 24 hours. The remaining records are delivered, and the loss is reported.
      onError(error);
      return (await streams.send(horizon, options)).ShardIterator ?? '';
    }
  }
}
