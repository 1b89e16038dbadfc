import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/**
 * The SDK's defaults never give up on a silent server. `throwOnRequestTimeout` is needed: without it a request that
 * takes too long is only logged.
 */
export const dynamodbClientConfig = (config: DynamoDBClientConfig = {}): DynamoDBClientConfig => ({
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  ...config,
});

/** A loopback endpoint needs a region and keys, though no one checks them. */
export const loopbackConfig = (endpoint: string) => ({
  endpoint,
  region: 'local-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
});

/**
 * Numbers above 2^53 are stored and read as the doubles that they are: records with others are not parsed to numbers
 * in the first place.
 */
export const marshallOptions = { removeUndefinedValues: true, allowImpreciseNumbers: true };

export const documentClient = (client: DynamoDBClient): DynamoDBDocumentClient =>
  // The client adds options of its own to the object that it is given.
  DynamoDBDocumentClient.from(client, {
    marshallOptions: { ...marshallOptions },
    unmarshallOptions: { wrapNumbers: Number },
  });

export const connect = (config?: DynamoDBClientConfig): DynamoDBDocumentClient =>
  documentClient(new DynamoDBClient(dynamodbClientConfig(config)));
