import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** A request as it came in: nothing is normalized yet. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as on the request line. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

export interface Authorization {
  readonly accessKey: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const ALGORITHM = 'SDK-HMAC-SHA256';
const AUTHORIZATION =
  /^SDK-HMAC-SHA256 Access=(?<access>[^,\s]+), ?SignedHeaders=(?<headers>[^,\s]+), ?Signature=(?<signature>[0-9a-f]{64})$/;

export function parseAuthorization(header: string | undefined): Authorization | undefined {
  const groups = AUTHORIZATION.exec(header ?? '')?.groups;
  if (groups === undefined) return undefined;
  const { access = '', headers = '', signature = '' } = groups;
  return { accessKey: access, signedHeaders: headers.split(';'), signature };
}

const UNRESERVED = /[A-Za-z0-9\-_.~]/;

/** RFC 3986 over UTF-8, upper-case hexadecimal digits. */
const encode = (text: string): string =>
  [...Buffer.from(text, 'utf8')]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return UNRESERVED.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function canonicalPath(path: string): string {
  const encoded = path
    .split('/')
    .map((segment) => encode(decode(segment)))
    .join('/');
  return encoded.endsWith('/') ? encoded : `${encoded}/`;
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  return query
    .split('&')
    .map((pair) => {
      const cut = pair.indexOf('=');
      return cut === -1
        ? ([decode(pair), ''] as const)
        : ([decode(pair.slice(0, cut)), decode(pair.slice(cut + 1))] as const);
    })
    .toSorted(([a, x], [b, y]) => byCodeUnit(a, b) || byCodeUnit(x, y))
    .map(([key, value]) => `${encode(key)}=${encode(value)}`)
    .join('&');
}

const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex');

/** The text whose digest is signed, rebuilt from what was received. */
export function canonicalRequest(request: SignedRequest, signedHeaders: readonly string[]): string {
  const cut = request.url.indexOf('?');
  const path = cut === -1 ? request.url : request.url.slice(0, cut);
  const query = cut === -1 ? '' : request.url.slice(cut + 1);
  const names = signedHeaders.toSorted(byCodeUnit);
  const headers = names.map((name) => `${name}:${(request.headers[name] ?? '').trim()}\n`).join('');
  const digest = request.headers['x-sdk-content-sha256'] ?? sha256(request.body);
  return [request.method, canonicalPath(path), canonicalQuery(query), headers, names.join(';'), digest].join('\n');
}

export function signatureOf(request: SignedRequest, signedHeaders: readonly string[], secretKey: string): string {
  const date = request.headers['x-sdk-date'] ?? '';
  const toSign = [ALGORITHM, date, sha256(canonicalRequest(request, signedHeaders))].join('\n');
  return createHmac('sha256', secretKey).update(toSign).digest('hex');
}

export const signatureMatches = (request: SignedRequest, authorization: Authorization, secretKey: string): boolean =>
  authorization.signedHeaders.includes('x-sdk-date') &&
  timingSafeEqual(
    Buffer.from(signatureOf(request, authorization.signedHeaders, secretKey), 'hex'),
    Buffer.from(authorization.signature, 'hex'),
  );

/** @returns milliseconds since the epoch; undefined when the text is not of the form 20250102T030405Z */
export function parseSdkDate(text: string | undefined): number | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(text ?? '');
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

export const toSdkDate = (ms: number): string =>
  new Date(ms)
    .toISOString()
    .replaceAll(/[-:]/g, '')
    .replace(/\.\d{3}/, '');
