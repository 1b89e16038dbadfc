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

/** Turns a record of the streams API into the form in which a Lambda function receives it. */
export function toLambdaRecord({ dynamodb = {}, ...record }: StreamRecord, streamArn: string): DynamoDBRecord {
  const { ApproximateCreationDateTime: created, Keys, NewImage, OldImage, ...about } = dynamodb;
  return {
    ...record,
    eventSource: 'aws:dynamodb',
    eventSourceARN: streamArn,
    dynamodb: {
      ...about,
      ApproximateCreationDateTime: created && created.getTime() / 1000,
      Keys: Keys && toLambdaItem(Keys),
      NewImage: NewImage && toLambdaItem(NewImage),
      OldImage: OldImage && toLambdaItem(OldImage),
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
  };
}
