import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AwsRequest {
  /** JSON body, or the fields of a form. */
  readonly body: Record<string, unknown>;
  readonly target: string | undefined;
}
export interface AwsAnswer {
  readonly status?: number;
  readonly body: string;
}

/** A loopback server that stands for one AWS service; `answer` makes each response, undefined leaves it open. */
export async function awsEndpoint(answer: (request: AwsRequest) => AwsAnswer | undefined) {
  const requests: AwsRequest[] = [];
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await read(request);
    const isJson = text.startsWith('{');
    const body = (isJson ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text))) as AwsRequest['body'];
    const target = request.headers['x-amz-target'];
    const received: AwsRequest = { body, target: typeof target === 'string' ? target : undefined };
    requests.push(received);
    const made = answer(received);
    if (made === undefined) return;
    response.writeHead(made.status ?? 200, { 'content-type': isJson ? 'application/x-amz-json-1.1' : 'text/xml' });
    response.end(made.body);
  };
  const server = createServer((request, response) => void respond(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
