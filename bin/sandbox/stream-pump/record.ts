import type { AttributeValue, _Record as StreamRecord } from '@aws-sdk/client-dynamodb-streams';
import type { AttributeValue as LambdaValue, DynamoDBRecord } from 'aws-lambda';

type Item = Readonly<Record<string, AttributeValue>>;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

function toLambdaValue(value: AttributeValue): LambdaValue {
  if (value.B !== undefined) return { B: base64(value.B) };
  if (value.BS !== undefined) return { BS: value.BS.map(base64) };
  if (value.L !== undefined) return { L: value.L.map(toLambdaValue) };
  if (value.M !== undefined) return { M: toLambdaItem(value.M) };
  // The stream of DynamoDB Local writes an empty map as nothing at all.
  if (Object.keys(value).length === 0) return { M: {} };
  return value as LambdaValue;
}

const toLambdaItem = (item: Item): Record<string, LambdaValue> =>
  Object.fromEntries(Object.entries(item).map(([name, value]) => [name, toLambdaValue(value)]));

/** A record of the streams API in the form in which a Lambda function receives it. */
export function toLambdaRecord(record: StreamRecord, streamArn: string): DynamoDBRecord {
  const { dynamodb = {}, eventID, eventName, eventVersion, awsRegion } = record;
  const { ApproximateCreationDateTime: created, Keys, NewImage, OldImage, SequenceNumber, SizeBytes } = dynamodb;
  return {
    ...(eventID === undefined ? {} : { eventID }),
    ...(eventName === undefined ? {} : { eventName }),
    ...(eventVersion === undefined ? {} : { eventVersion }),
    ...(awsRegion === undefined ? {} : { awsRegion }),
    eventSource: 'aws:dynamodb',
    eventSourceARN: streamArn,
    dynamodb: {
      ...(created === undefined ? {} : { ApproximateCreationDateTime: created.getTime() / 1000 }),
      ...(Keys === undefined ? {} : { Keys: toLambdaItem(Keys) }),
      ...(NewImage === undefined ? {} : { NewImage: toLambdaItem(NewImage) }),
      ...(OldImage === undefined ? {} : { OldImage: toLambdaItem(OldImage) }),
      ...(SequenceNumber === undefined ? {} : { SequenceNumber }),
      ...(SizeBytes === undefined ? {} : { SizeBytes }),
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
  };
}

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
    readonly because: string;
    readonly now: number;
  },
): FailureMessage {
  const first = records[0];
  const last = records.at(-1);
  return {
    requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: about.invocations },
    responseContext: { statusCode: 200, functionError: about.because },
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
