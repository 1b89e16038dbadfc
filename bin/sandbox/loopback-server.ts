import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LoopbackServer {
  readonly endpoint: string;
  readonly stop: () => Promise<void>;
}

/** Lets a server listen on the loopback interface, at a free port. `stop` also cuts the connections that are open. */
export async function listenOnLoopback(server: Server): Promise<LoopbackServer> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
