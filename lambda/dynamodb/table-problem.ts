import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { TableBusyError, TableError, TableFaultError } from '../core/model/errors';

const HINTS: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'does not exist: deploy the stack first, or check --table, --stack and the AWS region',
  AccessDeniedException: 'may not be used with these AWS credentials: check the policy of the role',
  UnrecognizedClientException: 'cannot be reached with these AWS credentials: check that they are valid',
  ExpiredTokenException: 'cannot be reached: the AWS credentials have expired, sign in again',
  CredentialsProviderError: 'cannot be reached: no AWS credentials were found, set AWS_PROFILE or sign in',
};
const THROTTLED = new Set(['ThrottlingException', 'ProvisionedThroughputExceededException', 'RequestLimitExceeded']);

/**
 * An error of the database in words that say which table, where it was looked for, and what to do; other errors pass as
 * they are.
 */
export async function tableProblem(
  error: unknown,
  client: DynamoDBDocumentClient,
  tableName: string,
): Promise<unknown> {
  if (!(error instanceof Error)) return error;
  const options = { cause: error };
  if (error.name === 'TransactionConflictException')
    return new TableBusyError(`table ${tableName}: another run is writing to the same item, try again`, options);
  const hint = HINTS[error.name];
  if (hint !== undefined) return new TableError(`table ${tableName} ${hint}`, options);
  const fault = faultOf(error);
  if (fault === undefined) return error;
  return new TableFaultError(`table ${tableName} at ${await addressOf(client)} ${fault}`, options);
}

/** What the SDK knows of a request that failed; an error without it was made before anything was sent. */
type RequestError = Error & {
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
};

/** What went wrong between here and the table, if that is what went wrong. */
function faultOf(error: RequestError): string | undefined {
  const status = error.$metadata?.httpStatusCode;
  const { code = '' } = error;
  // The SDK adds a sentence for whoever has a debugger at hand.
  const [message = ''] = error.message.split('Deserialization error');
  const text = message.replaceAll(/\s+/g, ' ').trim();
  const said = [text, text.includes(code) ? '' : code].filter((part) => part !== '').join(', ');
  if (THROTTLED.has(error.name))
    return `is throttled (${said}): try again later; if it stays so, raise the limits of the table or the account`;
  const isUnreadable = message !== error.message || error.message === 'UnknownError';
  if (isUnreadable && code === '')
    return `was not reached: what answers there with HTTP ${status} is not DynamoDB; check the address, and any proxy on the way`;
  if (status !== undefined && status >= 500 && !isUnreadable)
    return `failed (HTTP ${status} ${error.name}: ${text}): the fault is the database's, try again`;
  const wasSent = error.$metadata !== undefined || error.name === 'AbortError';
  if (!isUnreadable && (status !== undefined || !wasSent)) return undefined;
  return `did not answer (${said}): try again; if it stays so, check the address, the AWS region and the network`;
}

async function addressOf({ config }: DynamoDBDocumentClient): Promise<string> {
  const given = await config.endpoint?.();
  if (given === undefined) return config.endpointProvider({ Region: await config.region() }).url.origin;
  const { protocol, hostname, port } = given;
  return `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`;
}
