import type { IncomingHttpHeaders } from 'node:http';

/** One request as it was received; what authenticates it is left out. */
export interface LoggedRequest {
  /** Clock of the simulator, milliseconds since the epoch. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Kinds of the faults that struck it. */
  readonly faults: readonly string[];
  /** Of the answer; undefined while there is none, or when the connection was broken instead. */
  status?: number;
}

const SECRET_HEADERS = new Set(['authorization', 'x-auth-token', 'x-security-token', 'x-subject-token', 'cookie']);

export const redacted = (headers: IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, SECRET_HEADERS.has(name) ? '[redacted]' : String(value)]),
  );
