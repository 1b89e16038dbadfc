/**
 * One class per failure. `code` is a literal that callers may switch on, `retryable` says whether the same call may
 * succeed later, `message` says what, where, and what to do, in one line and without secrets.
 */
export abstract class CodedError extends Error {
  abstract readonly code: string;
  readonly retryable: boolean = false;

  override get name(): string {
    return this.code;
  }
}

/** The caller asked for something that cannot be meant: exit code 2. */
export class UsageError extends CodedError {
  readonly code = 'USAGE';
}

/** What was asked for does not exist: exit code 3. */
export class NotFoundError extends CodedError {
  readonly code = 'NOT_FOUND';
}

/** Credentials are missing, contradictory or of no known shape. */
export class CredentialsError extends CodedError {
  readonly code = 'CREDENTIALS';
}

/** The table is missing, of another application, or of a schema version that this code does not know. */
export class TableError extends CodedError {
  readonly code = 'TABLE';
}

/** Another run is writing to the same item just now. */
export class TableBusyError extends CodedError {
  readonly code = 'TABLE_BUSY';
  override readonly retryable = true;
}

/** The database did not answer, or failed: the same call may succeed later. */
export class TableFaultError extends CodedError {
  readonly code = 'TABLE_FAULT';
  override readonly retryable = true;
}

/** Any error as one line of text. */
export function describeError(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replaceAll(/\s+/g, ' ').trim();
}
