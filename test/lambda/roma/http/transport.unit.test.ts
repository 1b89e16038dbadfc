import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { createTransport, type ApiRequest, type TransportLimits } from '../../../../lambda/roma/http/transport';
import { ManualClock } from '../../../support/manual-clock';
import { type Answerer, type ScriptedServer, startScriptedServer } from '../../../support/roma/scripted-server';

const clock = new ManualClock();
let server: ScriptedServer | undefined;
let transport: ReturnType<typeof createTransport> | undefined;

async function start(answer: Answerer, limits: Partial<TransportLimits> = {}): Promise<ApiRequest> {
  server = await startScriptedServer(answer);
  transport = createTransport(clock, { limits });
  return { method: 'GET', origin: server.origin, path: '/v2/p/instances', query: [], headers: {}, body: '' };
}
const send = async (request: ApiRequest, limits = {}) => {
  if (transport === undefined) throw new Error('not started');
  return transport.send(request, limits);
};

afterEach(async () => {
  await transport?.close();
  await server?.stop();
  server = undefined;
  transport = undefined;
});

const text = '{"total":1,"name":"é中😀"}';

it.each([
  ['identity', Buffer.from(text)],
  ['gzip', gzipSync(text)],
  ['x-gzip', gzipSync(text)],
  ['deflate', deflateSync(text)],
  ['deflate', deflateRawSync(text)],
  ['br', brotliCompressSync(text)],
  ['gzip, br', brotliCompressSync(gzipSync(text))],
])('reads a body of encoding %s', async (encoding, body) => {
  const request = await start((_, response) => response.setHeader('content-encoding', encoding).end(body));
  expect((await send(request)).body).toBe(text);
});

it('reads the server clock and its own before and after', async () => {
  const request = await start((_, response) => {
    clock.time += 40;
    response.setHeader('date', 'Sun, 22 Nov 2026 10:00:00 GMT').end('{}');
  });
  const before = clock.time;
  expect(await send(request)).toMatchObject({
    status: 200,
    requestedAt: before,
    receivedAt: before + 40,
    serverTime: Date.parse('2026-11-22T10:00:00Z'),
  });
});

it('sends path and query in the encoding that is signed', async () => {
  const request = await start((_, response) => response.end('{}'));
  await send({ ...request, path: '/v2/a b', query: [['status', "x&y='(z)"]] });
  expect(server?.requests[0]?.url).toBe('/v2/a%20b?status=x%26y%3D%27%28z%29');
});

it('takes a token of 64 KiB from a header, and sends it back in one', async () => {
  const token = 'x'.repeat(65_536);
  const request = await start((_, response) => response.setHeader('x-subject-token', token).end('{}'));
  const answer = await send({ ...request, headers: { 'x-auth-token': token } });
  expect(answer.header('x-subject-token')).toBe(token);
  expect(server?.requests[0]?.headers['x-auth-token']).toBe(token);
});

it('does not follow a redirect', async () => {
  const request = await start((_, response) => response.writeHead(302, { location: '/elsewhere' }).end());
  expect((await send(request)).status).toBe(302);
  expect(server?.requests).toHaveLength(1);
});

describe('a body that is too large', () => {
  const limits = { maxBodyBytes: 10_000 };

  it('is not read to its end', async () => {
    const request = await start((_, response) => response.end(Buffer.alloc(10_001, 32)), limits);
    await expect(send(request)).rejects.toMatchObject({
      errorClass: 'client',
      retryable: false,
      message: /more than 10000 bytes/,
    });
  });

  it('is not decompressed to its end', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000, 32));
    const request = await start((_, response) => response.setHeader('content-encoding', 'gzip').end(bomb), {
      maxBodyBytes: 100_000,
    });
    expect(bomb.length).toBeLessThan(100_000);
    await expect(send(request)).rejects.toMatchObject({ errorClass: 'client', retryable: false });
  });

  it('is read when it just fits', async () => {
    const request = await start((_, response) => response.end(Buffer.alloc(10_000, 32)), limits);
    expect((await send(request)).body).toHaveLength(10_000);
  });
});

describe('the body of an error', () => {
  const limits = { maxErrorBytes: 1000 };
  const answering = async (body: Buffer | string, headers: Record<string, string> = {}) =>
    send(await start((_, response) => response.writeHead(502, headers).end(body), limits));

  it('is read when it just fits', async () => {
    const answer = await answering('x'.repeat(1000));
    expect(answer.body).toHaveLength(1000);
    expect(answer.isCut).toBe(false);
  });

  it('is cut where it is longer, between two characters', async () => {
    const answer = await answering('é'.repeat(300) + '中'.repeat(2_000_000));
    expect(answer).toMatchObject({ status: 502, isCut: true });
    expect(answer.body).toMatch(/^é{300}中{133}$/);
  });

  it.each([
    ['too long when it is compressed', Buffer.concat([gzipSync(''), Buffer.alloc(2000)])],
    ['too long when it is unpacked', gzipSync(Buffer.alloc(50_000_000, 32))],
  ])('is left out where it is %s', async (_, body) => {
    expect(await answering(body, { 'content-encoding': 'gzip' })).toMatchObject({ status: 502, body: '', isCut: true });
  });

  it.each([
    ['text/html; charset=gbk', Buffer.from([0xd6, 0xd0, 0x21]), '中!'],
    ['text/html; charset="utf-16le"', Buffer.from('中!', 'utf16le'), '中!'],
    ['text/html; charset=no-such', Buffer.from('中!'), '中!'],
    ['application/json; charset=ISO-8859-1', Buffer.from('中!'), '中!'],
  ])('is text as its Content-Type says: %s', async (type, body, text) => {
    expect((await answering(body, { 'content-type': type })).body).toBe(text);
  });
});

describe('a server that fails', () => {
  const network = (message: RegExp) => ({
    code: 'ROMA_API',
    errorClass: 'network',
    retryable: true,
    message,
    status: undefined,
  });

  it('before it answers: refused', async () => {
    const request = await start(() => undefined);
    await server?.stop();
    await expect(send(request)).rejects.toMatchObject(network(/ECONNREFUSED/));
  });

  it('before it answers: the connection breaks', async () => {
    const request = await start((incoming) => incoming.socket.destroy());
    await expect(send(request)).rejects.toMatchObject(network(/failed: /));
  });

  it('by breaking off the body', async () => {
    const request = await start((_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"total":', () => response.destroy());
    });
    await expect(send(request)).rejects.toMatchObject(network(/failed: /));
  });

  it('by cutting a compressed body short', async () => {
    const request = await start((_, response) =>
      response.setHeader('content-encoding', 'gzip').end(gzipSync(text).subarray(0, 20)),
    );
    await expect(send(request)).rejects.toMatchObject(network(/unexpected end/));
  });

  it('by another encoding than was asked for, whose name is not repeated', async () => {
    const request = await start((_, response) => response.setHeader('content-encoding', 'canary').end('{}'));
    await expect(send(request)).rejects.toMatchObject(network(/was not asked for/));
    await expect(send(request)).rejects.not.toMatchObject(network(/canary/));
  });

  it('by an answer that is not HTTP, of which no error keeps a copy', async () => {
    const request = await start((incoming) => incoming.socket.end('HTTP/1.1 200 OK\r\nx: \u0001canary\r\n\r\n'));
    const error: unknown = await send(request).catch((reason: unknown) => reason);
    expect(error).toMatchObject(network(/HPE_|protocol|Parse/i));
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('canary');
  });

  it('by never answering: the headers time out', async () => {
    const request = await start(() => undefined, { headersMs: 60 });
    await expect(send(request)).rejects.toMatchObject(network(/Headers Timeout/));
  });

  it('by stopping in the middle of a body: the body times out', async () => {
    const request = await start(
      (_, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"total":');
      },
      { bodyMs: 60 },
    );
    await expect(send(request)).rejects.toMatchObject(network(/Body Timeout/));
  });

  it('by sending the body drop by drop: the whole request times out', async () => {
    let drops: NodeJS.Timeout | undefined;
    const request = await start(
      (_, response) => {
        response.writeHead(200);
        drops = setInterval(() => response.write(' '), 10);
      },
      { totalMs: 100 },
    );
    await expect(send(request)).rejects.toMatchObject(network(/no whole answer after 1 s/));
    clearInterval(drops);
  });
});

describe('a run that ends', () => {
  it('stops the request that is under way', async () => {
    const stop = new AbortController();
    const request = await start(() => stop.abort());
    await expect(send(request, { signal: stop.signal })).rejects.toMatchObject({
      message: /no whole answer after 0 s, when the run had to end/,
      retryable: false,
    });
  });

  it('sends nothing after its deadline', async () => {
    const request = await start((_, response) => response.end('{}'));
    await expect(send(request, { deadline: clock.now() })).rejects.toMatchObject({ message: /no time left/ });
    expect(server?.requests).toHaveLength(0);
  });

  it('does not wait for an answer beyond its deadline', async () => {
    const request = await start(() => undefined, { totalMs: 5000, headersMs: 400 });
    const message = /no whole answer after 1 s/;
    await expect(send(request, { deadline: clock.now() + 50 })).rejects.toMatchObject({ message });
  });
});

describe('a server whose certificate is signed by nobody that is known', () => {
  // Made for 127.0.0.1 and for this test only; it protects nothing.
  const cert = readFileSync(`${__dirname}/../../../support/roma/loopback-certificate.pem`, 'utf8');
  const key = readFileSync(`${__dirname}/../../../support/roma/loopback-key.pem`, 'utf8');
  let secure: Server;
  let request: ApiRequest;

  beforeEach(async () => {
    secure = createServer({ cert, key }, (_, response) => response.end('{}'));
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    const origin = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`;
    request = { method: 'GET', origin, path: '/', query: [], headers: {}, body: '' };
  });
  afterEach(async () => {
    secure.closeAllConnections();
    await new Promise((resolve) => secure.close(resolve));
  });

  it('is refused, and the error says what to do; trying again would not help', async () => {
    transport = createTransport(clock, {});
    await expect(send(request)).rejects.toMatchObject({
      errorClass: 'network',
      retryable: false,
      message: /not trusted; name its authority as extra CA/,
    });
  });

  it('is trusted when its authority is given', async () => {
    transport = createTransport(clock, { extraCa: cert });
    expect((await send(request)).status).toBe(200);
  });
});
