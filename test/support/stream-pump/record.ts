import type { DynamoDBRecord } from 'aws-lambda';

export const sequenceNumberOf = (record: DynamoDBRecord): string => record.dynamodb?.SequenceNumber ?? '0';

/** What an event source mapping sends to its on-failure queue: where the records are, not the records. */
export interface FailureMessage {
  readonly requestContext: {
    readonly condition: 'RetryAttemptsExhausted';
    readonly approximateInvokeCount: number;
  };
  readonly responseContext: { readonly statusCode: 200; readonly functionError: string };
  readonly version: '1.0';
  readonly timestamp: string;
  readonly DDBStreamBatchInfo: {
    readonly shardId: string;
    readonly startSequenceNumber: string;
    readonly endSequenceNumber: string;
    readonly approximateArrivalOfFirstRecord: string;
    readonly approximateArrivalOfLastRecord: string;
    readonly batchSize: number;
    readonly streamArn: string;
  };
}

const arrivalOf = (record: DynamoDBRecord | undefined): string =>
  new Date((record?.dynamodb?.ApproximateCreationDateTime ?? 0) * 1000).toISOString();

export function failureMessage(
  records: readonly DynamoDBRecord[],
  about: {
    readonly shardId: string;
    readonly streamArn: string;
    readonly invocations: number;
    readonly reason: string;
    readonly now: number;
  },
): FailureMessage {
  const first = records[0];
  const last = records.at(-1);
  return {
    requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: about.invocations },
    responseContext: { statusCode: 200, functionError: about.reason },
    version: '1.0',
    timestamp: new Date(about.now).toISOString(),
    DDBStreamBatchInfo: {
      shardId: about.shardId,
      startSequenceNumber: first === undefined ? '' : sequenceNumberOf(first),
      endSequenceNumber: last === undefined ? '' : sequenceNumberOf(last),
      approximateArrivalOfFirstRecord: arrivalOf(first),
      approximateArrivalOfLastRecord: arrivalOf(last),
      batchSize: records.length,
      streamArn: about.streamArn,
    },
  };
}
