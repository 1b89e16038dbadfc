import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';

export interface AwsFront {
  /** With these, a command that asks AWS under its real names asks the loopback account. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whom it asked, as host:port. */
  readonly asked: ReadonlySet<string>;
  stop(): Promise<void>;
}

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};
const pipe = (one: Socket, other: Socket): void => {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const)
    from.on('error', () => to.destroy()).pipe(to);
};

/** A proxy that leads every name to one server on loopback, behind a certificate that is made for this run. */
export async function startAwsFront(account: string, region: string): Promise<AwsFront> {
  const folder = mkdtempSync(join(tmpdir(), 'aws-front-'));
  const [keyFile, certificateFile] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const names = ['*.amazonaws.com', `*.${region}.amazonaws.com`, `*.s3.${region}.amazonaws.com`, '*.s3.amazonaws.com'];
  execFileSync(
    'openssl',
    `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=loopback -keyout ${keyFile} -out ${certificateFile} -addext subjectAltName=${names.map((name) => `DNS:${name}`).join()}`.split(
      ' ',
    ),
    { stdio: 'pipe' },
  );
  const asked = new Set<string>();
  const port = Number(new URL(account).port);
  const secured = createTlsServer({ key: readFileSync(keyFile), cert: readFileSync(certificateFile) }, (socket) =>
    pipe(socket, connect(port, '127.0.0.1')),
  );
  const securedPort = await listen(secured);
  const proxy = createServer((_, response) => response.writeHead(405).end());
  proxy.on('connect', ({ url = '' }, socket: Socket) => {
    asked.add(url);
    const there = connect(securedPort, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    pipe(socket, there);
  });
  const proxyPort = await listen(proxy);
  return {
    environment: { HTTPS_PROXY: `http://127.0.0.1:${proxyPort}`, AWS_CA_BUNDLE: certificateFile },
    asked,
    stop: async () => {
      await Promise.all([secured, proxy].map((server) => new Promise((resolve) => void server.close(resolve))));
      rmSync(folder, { recursive: true });
    },
  };
}
