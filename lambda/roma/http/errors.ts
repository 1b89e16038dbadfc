import { CodedError } from '../../core/model/errors';
import { readErrorBody } from './error-body';
import type { Redactor } from './redaction';

/** What kind of failure, for metrics and for what to do next. */
export const ERROR_CLASSES = ['throttled', 'unauthorized', 'client', 'server', 'network'] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

type Optional = 'status' | 'apiCode' | 'apiMessage' | 'requestId' | 'retryAfterMs' | 'renewable' | 'keyRefused';
interface ApiFailure extends Pick<RomaApiError, 'errorClass' | 'retryable'>, Partial<Pick<RomaApiError, Optional>> {
  readonly cause?: unknown;
}

/** A request to ROMA Connect or IAM that failed. Holds no token, key or signature. */
export class RomaApiError extends CodedError {
  readonly code = 'ROMA_API';
  declare readonly errorClass: ErrorClass;
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  /** Such as APIGW.0308 or ROMA.00013000. */
  readonly apiCode: string | undefined;
  readonly apiMessage: string | undefined;
  readonly requestId: string | undefined;
  /** The least that the server wants us to wait, in ms. */
  readonly retryAfterMs: number | undefined;
  /** A new token may help. */
  readonly renewable: boolean = false;
  /** The gateway counts this against the access key, and locks it after a few in a row. */
  readonly keyRefused: boolean = false;

  constructor(message: string, { cause, ...failure }: ApiFailure) {
    super(message, cause === undefined ? undefined : { cause });
    Object.assign(this, failure);
  }
}

/** The API has failed so often in a row that it is left alone for a while. */
export class ApiDownError extends CodedError {
  readonly code = 'API_DOWN';
}

/** The list cannot be read whole. `retryable` tells whether reading again may help. */
export class IncompleteListError extends CodedError {
  readonly code = 'LIST_INCOMPLETE';
  constructor(
    message: string,
    override readonly retryable: boolean,
  ) {
    super(message);
  }
}

/** An answer that is not the one that was hoped for. */
export interface FailedAnswer {
  /** Method and address without query, for the message. */
  readonly what: string;
  readonly status: number;
  /** First value of a header, by lower-case name. */
  readonly header: (name: string) => string | undefined;
  readonly body: string;
  /** The body was longer. */
  readonly isCut?: boolean;
  /** The clock when the answer had been read, in ms since the epoch. */
  readonly now: number;
}

const MAX_TEXT = 400;

/** Makes a typed error of any answer that the gateway, ROMA, IAM or something before them gives. */
export function errorOf(answer: FailedAnswer, redactor: Redactor): RomaApiError {
  const { status, header, now } = answer;
  const said = readErrorBody(answer.body, (text) => redactor.redact(text, answer.isCut));
  const clean = (text: string | undefined, max: number): string | undefined =>
    text === undefined ? undefined : oneLine(redactor.redact(text), max);
  const apiCode = clean(said.code, 64);
  const apiMessage = clean(said.message, MAX_TEXT);
  const requestId = clean(header('x-request-id') ?? header('x-iam-trace-id') ?? said.requestId, 128);
  const errorClass = classify(status, apiCode);
  // A date is one of the server's clock, not of ours.
  const date = Date.parse(header('date') ?? '');
  const serverNow = Number.isNaN(date) ? now : date;
  const waits = [
    retryAfter(header('retry-after'), serverNow),
    errorClass === 'throttled' ? throttleWindow(apiMessage)?.ms : 0,
  ];
  const retryAfterMs = Math.max(...waits.map((wait) => wait ?? 0));
  const keyRefused = errorClass === 'unauthorized' && (apiCode ?? '').endsWith('.0301') && !isTokenText(apiMessage);
  // The code of an identity error is often just the status.
  const parts = [apiCode === String(status) ? undefined : apiCode, apiMessage].filter(Boolean).join(' ');
  const hint =
    (apiCode?.startsWith('STS5.') === true ? ADVICE_OF_STS[status] : undefined) ??
    advice({ ...answer, date: clean(header('date'), 64) }, errorClass, apiMessage);
  return new RomaApiError(
    `${answer.what} answered ${status}${parts === '' ? '' : ` ${parts}`}${hint === '' ? '' : `: ${hint}`}${requestId === undefined ? '' : ` (request ${requestId})`}`,
    {
      errorClass,
      status,
      retryable: errorClass === 'throttled' || errorClass === 'server',
      apiCode,
      apiMessage,
      requestId,
      retryAfterMs: retryAfterMs > 0 ? retryAfterMs : undefined,
      renewable: errorClass === 'unauthorized',
      keyRefused,
    },
  );
}

/** 401 family with HTTP 400: an older table of error codes says "no token" and "incorrect token" that way. */
const TOKEN_CODES_OF_400 = new Set(['ROMA.1000', 'ROMA.1002']);
/** Worth another try although they are not 5xx; 499 is how a gateway tells that its own client went away. */
const TRANSIENT = new Set([408, 425, 499]);

function classify(status: number, code: string | undefined): ErrorClass {
  if (status === 429 || (code ?? '').endsWith('.0308')) return 'throttled';
  if (status === 401 || (status === 400 && TOKEN_CODES_OF_400.has(code ?? ''))) return 'unauthorized';
  // 501 and 505 will not change by asking again; a 200 that lands here has a body that is not the list.
  if (TRANSIENT.has(status) || (status >= 500 && status !== 501 && status !== 505) || status < 300) return 'server';
  return 'client';
}

const isTokenText = (message: string | undefined): boolean =>
  /token/i.test(message ?? '') && !/signature/i.test(message ?? '');

/** STS tells little more than the kind of the problem. */
const ADVICE_OF_STS: Readonly<Record<number, string>> = {
  400: 'the id token or a URN was refused; check issuer, audience and expiry of the token, and both URNs',
  403: 'the trust policy of the agency does not let this identity in; compare its issuer, audience and subject',
  404: 'the agency or the OIDC provider does not exist; check both URNs',
};

function advice(
  answer: FailedAnswer & { readonly date: string | undefined },
  errorClass: ErrorClass,
  message: string | undefined,
): string {
  const { status } = answer;
  if (/signature expired|signature time/i.test(message ?? '')) {
    return `this clock says ${new Date(answer.now).toISOString()}, the server's Date header ${answer.date ?? 'nothing'}; signatures are valid for 15 minutes, set the clock right`;
  }
  if (errorClass === 'throttled') {
    const window = throttleWindow(message);
    const limit = window === undefined ? 'too many requests' : `it allows ${window.limit} requests in ${window.time}`;
    return `${limit}; run less often, or let some targets use another user`;
  }
  if (errorClass === 'unauthorized') return 'the credentials were refused; check them and that they have not expired';
  if (status >= 300 && status < 400) return 'redirects are not followed; check the endpoint';
  if (status === 403)
    return 'the identity may not do this; it needs roma:instances:list in this project (system policy "ROMA ReadOnlyAccess")';
  if (status === 404) return 'check the region, the endpoint and the project id';
  return '';
}

const oneLine = (text: string, max: number): string => {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length > max ? `${line.slice(0, max - 1)}…`.toWellFormed() : line;
};

/** `Retry-After` in ms from now: seconds, or a date. */
export function retryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

const UNIT_MS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/**
 * The gateway tells its window: `policy user over ratelimit,limit:200,time:5 minute`.
 * @returns how many requests are allowed in how many milliseconds, and that time in words
 */
export function throttleWindow(message: string | undefined) {
  const match = /limit:(\d{1,9}),\s*time:(\d{1,6}) (second|minute|hour|day)/i.exec(message ?? '');
  if (match === null) return undefined;
  const unit = (match[3] ?? '').toLowerCase() as keyof typeof UNIT_MS;
  const count = Number(match[2]);
  return { limit: Number(match[1]), ms: count * UNIT_MS[unit], time: `${count} ${unit}${count === 1 ? '' : 's'}` };
}
