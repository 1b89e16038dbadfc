import { RomaApiError } from './errors';

/** Failures of a request that no answer tells about. */

const failure = (message: string, retryable: boolean, cause?: unknown): RomaApiError =>
  new RomaApiError(message, { errorClass: 'network', retryable, cause });

export const noTime = (what: string): RomaApiError => failure(`${what} was not sent: the run has no time left`, false);
export const timedOut = (what: string, ms: number, cause: unknown): RomaApiError =>
  failure(`${what} had no whole answer after ${Math.ceil(ms / 1000)} s`, true, cause);
export const stopped = (what: string, ms: number): RomaApiError =>
  failure(`${what} had no whole answer after ${Math.ceil(ms / 1000)} s, when the run had to end`, false);
export const tooLarge = (what: string, max: number): RomaApiError =>
  new RomaApiError(`${what} answered with a body of more than ${max} bytes; it was not read`, {
    errorClass: 'client',
    retryable: false,
  });

const TLS = /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/;

export function networkError(what: string, error: unknown): RomaApiError {
  const { code = '', message = '' } = (error ?? {}) as { code?: string; message?: string };
  const text = [message.replaceAll(/\s+/g, ' ').slice(0, 200), message.includes(code) ? '' : `(${code})`]
    .filter((part) => part !== '' && part !== '()')
    .join(' ');
  if (TLS.test(code)) {
    return failure(
      `${what} failed: ${text}: the certificate is not trusted; name its authority as extra CA`,
      false,
      error,
    );
  }
  const hint = code === 'ENOTFOUND' ? ': check the region and the endpoint' : '';
  return failure(
    `${what} failed: ${text === '' ? 'no answer' : text}${hint}`,
    code !== 'UND_ERR_HEADERS_OVERFLOW',
    // An error of the parser holds what was sent, which may echo anything.
    typeof error === 'object' && error !== null && 'data' in error ? undefined : error,
  );
}
