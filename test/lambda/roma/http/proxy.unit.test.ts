import { readFileSync } from 'node:fs';
import { createServer as createProxy, type IncomingMessage, type Server as HttpServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { type ApiRequest, createTransport } from '../../../../lambda/roma/http/transport';
import { ManualClock } from '../../../support/manual-clock';

const cert = readFileSync(`${__dirname}/../../../support/roma/loopback-certificate.pem`, 'utf8');
const key = readFileSync(`${__dirname}/../../../support/roma/loopback-key.pem`, 'utf8');
const portOf = (server: Server | HttpServer): number => (server.address() as AddressInfo).port;
const listen = async (server: Server | HttpServer): Promise<void> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

describe('a proxy that the environment names', () => {
  let api: Server;
  let proxy: HttpServer;
  let tunnels: { to: string | undefined; authorization: string | undefined }[];
  let refuses: boolean;
  let request: ApiRequest;
  let transport: ReturnType<typeof createTransport>;
  const sockets = new Set<Socket>();

  beforeEach(async () => {
    tunnels = [];
    refuses = false;
    api = createServer({ cert, key }, (_, response) => response.end('{"total":1}'));
    proxy = createProxy();
    proxy.on('connect', ({ url, headers }: IncomingMessage, client: Socket) => {
      tunnels.push({ to: url, authorization: headers['proxy-authorization'] });
      if (refuses) {
        client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
        return;
      }
      const { hostname, port } = new URL(`http://${url}`);
      const server = connect(Number(port), hostname, () => client.write('HTTP/1.1 200 Connection established\r\n\r\n'));
      sockets.add(client).add(server);
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const)
        from.on('error', () => to.destroy()).pipe(to);
    });
    await Promise.all([listen(api), listen(proxy)]);
    const origin = `https://127.0.0.1:${portOf(api)}`;
    request = { method: 'GET', origin, path: '/', query: [], headers: {}, body: '' };
  });
  afterEach(async () => {
    delete process.env.HTTPS_PROXY;
    delete process.env.NO_PROXY;
    await transport.close();
    for (const socket of sockets) socket.destroy();
    api.closeAllConnections();
    await Promise.all([api, proxy].map(async (server) => new Promise((resolve) => server.close(resolve))));
  });
  const send = async (environment: Record<string, string>) => {
    Object.assign(process.env, environment);
    transport = createTransport(new ManualClock(), { extraCa: cert });
    return transport.send(request, {});
  };

  it('carries requests through a tunnel, of which it sees the host only', async () => {
    const { status, body } = await send({ HTTPS_PROXY: `http://user:pass@127.0.0.1:${portOf(proxy)}` });
    expect([status, body]).toEqual([200, '{"total":1}']);
    const authorization = `Basic ${Buffer.from('user:pass').toString('base64')}`;
    expect(tunnels).toEqual([{ to: `127.0.0.1:${portOf(api)}`, authorization }]);
  });

  it('is left out for hosts that NO_PROXY names, and where there is none', async () => {
    const proxied = { HTTPS_PROXY: `http://127.0.0.1:${portOf(proxy)}` };
    expect((await send({ ...proxied, NO_PROXY: 'example.com,127.0.0.1' })).status).toBe(200);
    expect(tunnels).toEqual([]);
  });

  it('that refuses makes an error that names the request, and no password', async () => {
    refuses = true;
    const failure: unknown = await send({ HTTPS_PROXY: `http://user:pa55word@127.0.0.1:${portOf(proxy)}` }).catch(
      (error: unknown) => error,
    );
    expect(String(failure)).toMatch(/^ROMA_API: GET https:.* failed: Proxy response \(403\)/);
    expect(inspect(failure, { depth: 9 })).not.toContain('pa55word');
  });
});
