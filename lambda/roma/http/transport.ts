import { rootCertificates } from 'node:tls';
import connect from 'undici/lib/api/api-connect.js';
import send from 'undici/lib/api/api-request.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js';
import type { Clock } from '../../core/model/clock';
import { BodyTooLarge, decode, toText } from './body-encoding';
import { networkError, noTime, stopped, timedOut, tooLarge } from './network-error';
import { encodePath, encodeQuery } from './url-encoding';

export interface ApiRequest {
  readonly method: 'GET' | 'POST';
  /** `https://host`, without a path. */
  readonly origin: string;
  /** Not percent-encoded. */
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const apiRequest = (
  method: ApiRequest['method'],
  origin: string,
  path: string,
  more: Partial<ApiRequest> = {},
): ApiRequest => ({ method, origin, path, query: [], headers: {}, body: '', ...more });

export interface ApiAnswer {
  readonly status: number;
  /** First value of a header, by lower-case name. */
  readonly header: (name: string) => string | undefined;
  readonly body: string;
  /** The body of an error was longer: this is its beginning, or nothing where that could not be read. */
  readonly isCut?: boolean;
  /** The clock before the request and after the body, in ms since the epoch. */
  readonly requestedAt: number;
  readonly receivedAt: number;
  /** The Date header, in ms since the epoch. */
  readonly serverTime?: number | undefined;
}

/** How long a call may take. */
export interface CallLimits {
  readonly signal?: AbortSignal | undefined;
  /** In ms since the epoch, by the clock. */
  readonly deadline?: number | undefined;
}

export const DEFAULT_LIMITS = {
  /** All in ms. The gateway gives its backend 30 seconds, so the headers get a little more. */
  connectMs: 5_000,
  headersMs: 35_000,
  /** Between two pieces of a body. */
  bodyMs: 15_000,
  /** The whole request. */
  totalMs: 60_000,
  /** Of a body, before and after decompression; a longer one is refused. */
  maxBodyBytes: 10 * 1024 * 1024,
  /** Of the body of an error; of a longer one the beginning is read. */
  maxErrorBytes: 64 * 1024,
};
export type TransportLimits = Readonly<typeof DEFAULT_LIMITS>;

// As undici's main entry point does: the tunnel through a proxy is opened by this method.
Dispatcher.prototype.connect = connect;

/** A token alone may have 64 KiB, and it comes in a header. */
const MAX_HEADER_BYTES = 128 * 1024;
/** Sockets to one host; a run reads a few pages at once. */
const MAX_CONNECTIONS = 8;

export type Transport = ReturnType<typeof createTransport>;

/** HTTP/1.1 on undici, through a proxy that HTTPS_PROXY and NO_PROXY name. Follows no redirects. @param extraCa PEM certificates that are trusted besides the usual ones */
export function createTransport(
  clock: Clock,
  options: { readonly extraCa?: string | undefined; readonly limits?: Partial<TransportLimits> | undefined },
) {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const ca = options.extraCa === undefined ? undefined : [...rootCertificates, options.extraCa];
  const agent = new EnvHttpProxyAgent({
    connect: { timeout: limits.connectMs, ca },
    // Of the host behind a proxy.
    requestTls: { timeout: limits.connectMs, ca },
    connections: MAX_CONNECTIONS,
    headersTimeout: limits.headersMs,
    bodyTimeout: limits.bodyMs,
    maxHeaderSize: MAX_HEADER_BYTES,
  });

  return {
    /** @throws RomaApiError of class `network` when no whole answer came */
    async send(request: ApiRequest, { signal, deadline }: CallLimits): Promise<ApiAnswer> {
      const what = `${request.method} ${request.origin}${request.path}`;
      const requestedAt = clock.now();
      const left = deadline === undefined ? limits.totalMs : Math.min(limits.totalMs, deadline - requestedAt);
      if (isAborted(signal) || left <= 0) throw noTime(what);
      const timeIsUp = AbortSignal.timeout(Math.ceil(left));
      try {
        const { statusCode, headers, body } = await send.call(agent, {
          ...addressOf(request),
          method: request.method,
          headers: { ...request.headers, 'accept-encoding': 'gzip, deflate, br' },
          body: request.body === '' ? null : request.body,
          signal: signal === undefined ? timeIsUp : AbortSignal.any([signal, timeIsUp]),
        });
        const header = (name: string): string | undefined => {
          const value = headers[name];
          return Array.isArray(value) ? value[0] : value;
        };
        const isError = statusCode < 200 || statusCode >= 300;
        const max = isError ? limits.maxErrorBytes : limits.maxBodyBytes;
        const { bytes, isCut } = await readBody(body, header('content-encoding'), { max, isError });
        const serverTime = Date.parse(header('date') ?? '');
        return {
          status: statusCode,
          header,
          body: toText(bytes, header('content-type'), isCut),
          isCut,
          requestedAt,
          receivedAt: clock.now(),
          serverTime: Number.isNaN(serverTime) ? undefined : serverTime,
        };
      } catch (error) {
        if (error instanceof BodyTooLarge) throw tooLarge(what, limits.maxBodyBytes);
        if (isAborted(signal)) throw stopped(what, clock.now() - requestedAt);
        if (timeIsUp.aborted) throw timedOut(what, left, error);
        throw networkError(what, error);
      }
    },
    close: async (): Promise<void> => agent.destroy(),
  };
}

/** The address says exactly what is signed: the same encoding of the same values. */
function addressOf({ origin, path, query }: ApiRequest): { readonly origin: string; readonly path: string } {
  const pairs = encodeQuery(query);
  const url = new URL(`${origin}${encodePath(path)}${pairs === '' ? '' : `?${pairs}`}`);
  return { origin: url.origin, path: `${url.pathname}${url.search}` };
}

/** Asked anew each time: it changes while one waits. */
const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted ?? false;

/**
 * @param isError its beginning is enough: a longer one is cut
 * @throws BodyTooLarge
 */
async function readBody(
  body: AsyncIterable<Uint8Array>,
  encoding: string | undefined,
  { max, isError }: { readonly max: number; readonly isError: boolean },
): Promise<{ readonly bytes: Uint8Array; readonly isCut: boolean }> {
  const { bytes, isCut } = await readUpTo(body, max);
  if (isCut && !isError) throw new BodyTooLarge();
  if (isCut && encoding === undefined) return { bytes: bytes.subarray(0, max), isCut };
  try {
    if (!isCut) return { bytes: await decode(bytes, encoding, max), isCut };
  } catch (error) {
    if (!isError || !(error instanceof BodyTooLarge)) throw error;
  }
  // What is compressed and too long says nothing.
  return { bytes: new Uint8Array(), isCut: true };
}

async function readUpTo(body: AsyncIterable<Uint8Array>, max: number) {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.byteLength;
    // Leaving the loop destroys the body, and with it the connection.
    if (size > max) break;
  }
  return { bytes: Buffer.concat(chunks), isCut: size > max };
}
