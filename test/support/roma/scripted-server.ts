import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answerer = (request: IncomingMessage, response: ServerResponse, nth: number) => void;

/** A real HTTP server on loopback that does exactly what a test says. */
export interface ScriptedServer {
  readonly origin: string;
  readonly requests: IncomingMessage[];
  stop(): Promise<void>;
}

export async function startScriptedServer(answer: Answerer): Promise<ScriptedServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer({ maxHeaderSize: 256 * 1024 }, (request, response) => {
    requests.push(request);
    answer(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    stop: async () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
