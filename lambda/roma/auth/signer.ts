import { createHmac } from 'node:crypto';
import { sha256 } from '../../core/model/canonical';
import { compareText } from '../../core/model/compare-text';
import { encodePath, encodeQuery } from '../http/url-encoding';

/** Signature of the algorithm SDK-HMAC-SHA256, as Huawei Cloud's API gateways check it. */
const ALGORITHM = 'SDK-HMAC-SHA256';

export interface RequestToSign {
  readonly method: string;
  /** Path as it is meant, not percent-encoded. */
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  /** All of them are signed. `X-Sdk-Date` must be among them, `Host` should. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sorted by name, then by value, by code unit. */
export const canonicalQuery = (query: RequestToSign['query']): string =>
  encodeQuery(query.toSorted(([a, x], [b, y]) => compareText(a, b) || compareText(x, y)));

/** Only what is signed ends in a slash; the address that is requested keeps its form. */
function canonicalPath(path: string): string {
  const encoded = encodePath(path);
  return encoded.endsWith('/') ? encoded : `${encoded}/`;
}

const signedHeaders = (headers: RequestToSign['headers']): (readonly [string, string])[] =>
  Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim()] as const)
    .toSorted(([a], [b]) => compareText(a, b));

export function canonicalRequest(request: RequestToSign): string {
  const headers = signedHeaders(request.headers);
  return [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(request.query),
    headers.map(([name, value]) => `${name}:${value}\n`).join(''),
    headers.map(([name]) => name).join(';'),
    sha256(request.body),
  ].join('\n');
}

export function stringToSign(request: RequestToSign): string {
  const date = signedHeaders(request.headers).find(([name]) => name === 'x-sdk-date')?.[1];
  if (date === undefined) throw new TypeError('a request is signed with its date: X-Sdk-Date is missing');
  return [ALGORITHM, date, sha256(canonicalRequest(request))].join('\n');
}

/** Value of the Authorization header. */
export function authorization(request: RequestToSign, accessKey: string, secretKey: string): string {
  const signature = createHmac('sha256', secretKey).update(stringToSign(request), 'utf8').digest('hex');
  const names = signedHeaders(request.headers).map(([name]) => name);
  return `${ALGORITHM} Access=${accessKey}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
}

/** Value of X-Sdk-Date: `20250102T030405Z`. @param ms milliseconds since the epoch */
export const sdkDate = (ms: number): string =>
  new Date(ms)
    .toISOString()
    .replaceAll(/[-:]/g, '')
    .replace(/\.\d{3}Z$/, 'Z');
