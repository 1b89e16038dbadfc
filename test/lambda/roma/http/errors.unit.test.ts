import { errorOf, retryAfter, throttleWindow } from '../../../../lambda/roma/http/errors';
import { createRedactor } from '../../../../lambda/roma/http/redaction';
import { DEFAULT_RETRY, retryDelay } from '../../../../lambda/roma/http/retry';

const now = Date.parse('2026-11-22T10:00:00.000Z');
const redactor = createRedactor(() => ['known-secret-token']);
const error = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  errorOf(
    {
      what: 'GET https://roma.example/v2/p/instances',
      status,
      header: (name) => headers[name],
      body: typeof body === 'string' ? body : JSON.stringify(body),
      now,
    },
    redactor,
  );

describe('an error answer', () => {
  it.each([
    [
      'ROMA',
      { error_code: 'ROMA.00013000', error_msg: 'Invalid', error_details: 'offset', request_id: 'r1' },
      'ROMA.00013000',
      'Invalid; offset',
      'r1',
    ],
    [
      'the gateway',
      { error_msg: 'Incorrect', error_code: 'APIGW.0301', request_id: 'r2' },
      'APIGW.0301',
      'Incorrect',
      'r2',
    ],
    ['IAM v3', { error: { code: 401, message: 'wrong.', title: 'Unauthorized' } }, '401', 'wrong.', undefined],
    ['IAM v3.0', { error_msg: 'no.', error_code: 'IAM.0001' }, 'IAM.0001', 'no.', undefined],
    ['code and message', { code: 'Common.0001', message: 'oops', details: [{}] }, 'Common.0001', 'oops', undefined],
    ['a list of codes', { errorcode: ['X.1'] }, 'X.1', undefined, undefined],
    ['error_message', { error_code: 'AOM.1', error_message: 'bad' }, 'AOM.1', 'bad', undefined],
    ['Neutron', { NeutronError: { message: 'no net', type: 'NotFound', detail: '' } }, 'NotFound', 'no net', undefined],
    [
      'HTML',
      '<html><head><style>x{}</style><title>502</title></head><body><h1>Bad\nGateway</h1></body></html>',
      undefined,
      '502 Bad Gateway',
      undefined,
    ],
    ['plain text', 'upstream connect error', undefined, 'upstream connect error', undefined],
    ['nothing', '', undefined, undefined, undefined],
    ['an empty object', '{}', undefined, undefined, undefined],
    ['a list', '[]', undefined, undefined, undefined],
  ])('in the shape of %s is understood', (_, body, apiCode, apiMessage, requestId) => {
    expect(error(500, body)).toMatchObject({ code: 'ROMA_API', status: 500, apiCode, apiMessage, requestId });
  });

  it.each([
    [429, {}, 'throttled', true],
    [400, { error_code: 'ROMA.00013000' }, 'client', false],
    [400, { error_code: 'ROMA.1000' }, 'unauthorized', false],
    [400, { error_code: 'ROMA.1002' }, 'unauthorized', false],
    [401, { error_code: 'ROMA.00012000' }, 'unauthorized', false],
    [403, { error_code: 'ROMA.00012000' }, 'client', false],
    [404, '', 'client', false],
    [408, '', 'server', true],
    [418, '<html>', 'client', false],
    [494, '', 'client', false],
    [499, '', 'server', true],
    [500, {}, 'server', true],
    [501, {}, 'client', false],
    [502, {}, 'server', true],
    [503, { error_code: 'APIGW.0613' }, 'server', true],
    [504, {}, 'server', true],
    [302, '', 'client', false],
  ])('%d %j is of class %s', (status, body, errorClass, retryable) => {
    expect(error(status, body)).toMatchObject({ errorClass, retryable });
  });

  it('takes the request id from the header where the body has none', () => {
    expect(error(500, '', { 'x-request-id': 'h1' }).message).toContain('(request h1)');
  });

  it('counts against the access key only when the signature or the key was refused', () => {
    expect(error(401, { error_code: 'APIGW.0301', error_msg: 'verify aksk signature fail' })).toMatchObject({
      keyRefused: true,
    });
    expect(error(401, { error_code: 'APIGW.0301', error_msg: 'token expires' })).toMatchObject({ keyRefused: false });
  });

  it('explains clocks that are apart with both times', () => {
    const { message } = error(
      401,
      {
        error_code: 'APIGW.0301',
        error_msg: 'signature expired, signature time:20211217T064303Z,server time:20211217T065804Z',
      },
      { date: 'Fri, 17 Dec 2021 06:58:04 GMT' },
    );
    expect(message).toContain('20211217T064303Z');
    expect(message).toContain('20211217T065804Z');
    expect(message).toContain('2026-11-22T10:00:00.000Z');
    expect(message).toContain('Fri, 17 Dec 2021 06:58:04 GMT');
  });

  it('says a code that is just the status once', () => {
    expect(error(401, { error: { code: 401, message: 'The password is wrong.' } }).message).toMatch(
      / answered 401 The password is wrong\./,
    );
  });

  it('shows no secret that it repeats', () => {
    const text = error(401, {
      error_msg:
        'bad known-secret-token|x-security-token:gQpjbi1ub3J0aC00|host:x| SDK-HMAC-SHA256 Access=SOMEKEY, SignedHeaders=host, Signature=0123456789abcdef0123456789abcdef',
    }).message;
    expect(text).not.toMatch(/known-secret|gQpj|SOMEKEY|0123456789abcdef/);
  });

  it('shows no part of a secret that its tags would cut in two, nor one that stands in a header', () => {
    const secret = 'Zx<81>pass"&word';
    const hiding = createRedactor(() => [secret]);
    const of = (body: string, headers: Record<string, string> = {}): string =>
      errorOf({ what: 'GET x', status: 401, header: (name) => headers[name], body, now }, hiding).message;
    for (const text of [secret, 'Zx&lt;81&gt;pass&quot;&amp;word', 'Zx%3c81%3epass%22%26word', 'Zxpass"&word'])
      expect(of(`<html><p>no ${text}</p></html>`)).toMatch(/^GET x answered 401 no ?\[redacted\]: the cred/);
    expect(of('{"error_msg":"signature expired"}', { date: secret })).toContain('Date header [redacted];');
  });

  it('that breaks off shows no beginning of a secret', () => {
    const said = errorOf(
      { what: 'GET x', status: 500, header: () => undefined, body: '<p>it was known-secret', isCut: true, now },
      redactor,
    );
    expect(said.message).toBe('GET x answered 500 it was');
  });

  it('in an encoding that it does not name says nothing', () => {
    expect(error(500, Buffer.from('<p>known-secret', 'utf16le').toString()).message).toMatch(/ answered 500$/);
  });

  it('is one line of bounded length', () => {
    const { message } = error(500, { error_msg: `a\nb\u0007${'😀'.repeat(5000)}` });
    expect(message).not.toMatch(/\p{Cc}/u);
    expect(message.length).toBeLessThan(700);
    expect(message.isWellFormed()).toBe(true);
  });
});

describe('the time that an API wants to be left alone', () => {
  it.each([
    ['5', 5000],
    ['0', 0],
    ['Sun, 22 Nov 2026 10:00:07 GMT', 7000],
    ['Sun, 22 Nov 2026 09:00:00 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('is read from Retry-After: %s', (value, ms) => {
    expect(retryAfter(value, now)).toBe(ms);
  });

  it.each([
    ['policy user over ratelimit,limit:200,time:5 minute', { limit: 200, ms: 300_000, time: '5 minutes' }],
    ['policy ip over ratelimit,limit:5,time:1 second', { limit: 5, ms: 1000, time: '1 second' }],
    ['limit:1,time:2 hour', { limit: 1, ms: 7_200_000, time: '2 hours' }],
    ['limit:1,time:1 day', { limit: 1, ms: 86_400_000, time: '1 day' }],
    ['limit:XX,time:1 minute', undefined],
  ])('is read from the window: %s', (text, window) => {
    expect(throttleWindow(text)).toEqual(window);
  });

  it('is counted by the server’s clock where it tells it', () => {
    const headers = { date: 'Sun, 22 Nov 2026 12:00:00 GMT', 'retry-after': 'Sun, 22 Nov 2026 12:00:05 GMT' };
    expect(error(503, '', headers).retryAfterMs).toBe(5000);
  });

  it('is the longer of the two', () => {
    const body = { error_code: 'APIGW.0308', error_msg: 'limit:5,time:1 second' };
    expect(error(429, body, { 'retry-after': '3' }).retryAfterMs).toBe(3000);
    expect(error(429, body).retryAfterMs).toBe(1000);
  });
});

describe('a refusal for the rate', () => {
  it('says how many requests are allowed in which time, and what to do', () => {
    const body = { error_code: 'APIGW.0308', error_msg: 'policy user over ratelimit,limit:200,time:5 minute' };
    expect(error(429, body).message).toBe(
      'GET https://roma.example/v2/p/instances answered 429 APIGW.0308 policy user over ratelimit,limit:200,time:5 minute: it allows 200 requests in 5 minutes; run less often, or let some targets use another user',
    );
    expect(error(429, '').message).toMatch(/ answered 429: too many requests; run less often/);
  });

  it('is known by its code, whatever the status', () => {
    const body = { error_code: 'APIGW.0308', error_msg: 'policy user over ratelimit,limit:200,time:5 minute' };
    expect(error(403, body)).toMatchObject({ errorClass: 'throttled', retryable: true, retryAfterMs: 300_000 });
  });
});

describe('the wait before a retry', () => {
  const failed = { retryable: true, retryAfterMs: undefined };
  const base = { failures: 1, error: failed, random: 1, now, deadline: undefined };

  it('is anything from nothing to a bound that doubles up to its largest', () => {
    expect(retryDelay({ ...base, random: 0 }, DEFAULT_RETRY)).toBe(0);
    const policy = { ...DEFAULT_RETRY, attempts: 99 };
    expect([1, 2, 3, 4, 10].map((failures) => retryDelay({ ...base, failures }, policy))).toEqual([
      500, 1000, 2000, 4000, 20_000,
    ]);
  });

  it('is what the server asks for, and the rest on top of it, so that many clients do not come back at once', () => {
    const error = { retryable: true, retryAfterMs: 30_000 };
    expect([0, 1].map((random) => retryDelay({ ...base, random, error }, DEFAULT_RETRY))).toEqual([30_000, 30_500]);
  });

  it.each([
    ['the error will not go away', { error: { retryable: false, retryAfterMs: undefined } }],
    ['all attempts were used', { failures: DEFAULT_RETRY.attempts }],
    ['it would end after the deadline', { deadline: now + 500 }],
    ['the server asks for more than a run can wait', { error: { retryable: true, retryAfterMs: 300_000 } }],
  ])('is given up when %s', (_, change) => {
    expect(retryDelay({ ...base, ...change }, DEFAULT_RETRY)).toBeUndefined();
  });
});
