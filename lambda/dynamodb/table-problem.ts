import { TableBusyError, TableError } from '../core/model/errors';

const HINTS: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'does not exist: deploy the stack first, or check --table, --stack and the AWS region',
  AccessDeniedException: 'may not be used with these AWS credentials: check the policy of the role',
  UnrecognizedClientException: 'cannot be reached with these AWS credentials: check that they are valid',
  ExpiredTokenException: 'cannot be reached, for the AWS credentials have expired: sign in again',
  CredentialsProviderError: 'cannot be reached, for no AWS credentials were found: set AWS_PROFILE or sign in',
};

/** An error of the database in words that say what to do; other errors pass as they are. */
export function tableProblem(error: unknown, tableName: string): unknown {
  if (error instanceof Error && error.name === 'TransactionConflictException')
    return new TableBusyError(`table ${tableName}: another run is writing to the same item, try again`, {
      cause: error,
    });
  const hint = error instanceof Error ? HINTS[error.name] : undefined;
  return hint === undefined ? error : new TableError(`table ${tableName} ${hint}`, { cause: error });
}
