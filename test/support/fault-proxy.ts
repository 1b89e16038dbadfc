import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';

/**
 * What no embedded engine does by itself. `dropBefore`: the connection breaks and nothing was done. `dropAfter`: it was
 * done, and the connection breaks. `hang`: it was done, and no answer ever comes. `duplicate`: it is done twice, as a
 * network may; the second answer is the one that comes. `webPage`: something else answers.
 */
export type ProxyFault =
  | 'dropBefore'
  | 'dropAfter'
  | 'hang'
  | 'duplicate'
  | 'conflict'
  | 'throttle'
  | 'throttleInside'
  | 'serverError'
  | 'webPage';

interface Rule {
  readonly operation?: string;
  readonly fault: ProxyFault;
  times: number;
}

export interface FaultProxy {
  readonly endpoint: string;
  /** Strikes the next `times` requests of the operation (of any, when it is absent). */
  arm(fault: ProxyFault, options?: { readonly operation?: string; readonly times?: number }): void;
  /** Operations that were asked for, in order. */
  readonly operations: readonly string[];
  /** From now on, reads that are not marked strongly consistent show the table as it was when they were first asked. */
  freezeWeakReads(): void;
  disarm(): void;
  stop(): Promise<void>;
}

const READS = new Set(['GetItem', 'Query', 'BatchGetItem']);

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const errorAnswer = (type: string, message: string, more: object = {}): string =>
  JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message, Message: message, ...more });

/** Every action of the transaction gets a reason; the last one gets the code. */
function cancelled(body: string, code: string): string {
  const { TransactItems = [] } = JSON.parse(body) as { TransactItems?: unknown[] };
  const reasons = TransactItems.map((_, index) => ({ Code: index === TransactItems.length - 1 ? code : 'None' }));
  const codes = reasons.map((reason) => reason.Code).join(', ');
  return errorAnswer(
    'TransactionCanceledException',
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    { CancellationReasons: reasons },
  );
}

/** A proxy between the SDK and an engine that fails on demand. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  let rules: Rule[] = [];
  const operations: string[] = [];
  const stale = new Map<string, { status: number; body: Buffer }>();
  let isFrozen = false;

  const forward = async (message: IncomingMessage, body: Buffer): Promise<{ status: number; body: Buffer }> => {
    const {
      host: _,
      connection: __,
      'content-length': ___,
      'transfer-encoding': ____,
      expect: _____,
      ...headers
    } = message.headers;
    const answer = await request(`${target}${message.url ?? '/'}`, {
      method: 'POST',
      headers: headers as Record<string, string>,
      body,
    });
    return { status: answer.statusCode, body: Buffer.from(await answer.body.arrayBuffer()) };
  };

  const handle = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(message);
    const operation =
      String(message.headers['x-amz-target'] ?? '')
        .split('.')
        .at(-1) ?? '';
    operations.push(operation);
    const rule = rules.find((each) => each.times > 0 && (each.operation ?? operation) === operation);
    if (rule !== undefined) rule.times -= 1;
    const answer = (status: number, text: Buffer | string): void => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(text);
    };
    const text = body.toString();
    const fault = rule?.fault;
    switch (fault) {
      case 'dropBefore':
        message.socket.destroy();
        return;
      case 'conflict':
        if (operation === 'TransactWriteItems') answer(400, cancelled(text, 'TransactionConflict'));
        else answer(400, errorAnswer('TransactionConflictException', 'Transaction is ongoing for the item'));
        return;
      case 'throttleInside':
        answer(400, cancelled(text, 'ThrottlingError'));
        return;
      case 'throttle':
        answer(400, errorAnswer('ThrottlingException', 'Rate exceeded'));
        return;
      case 'serverError':
        answer(500, errorAnswer('InternalServerError', 'The request could not be processed'));
        return;
      case 'webPage':
        answer(502, '<html>Bad Gateway</html>');
        return;
      case 'dropAfter':
      case 'hang':
      case 'duplicate':
      case undefined:
        break;
    }
    if (isFrozen && READS.has(operation) && !text.includes('"ConsistentRead":true')) {
      const frozen = stale.get(operation + text) ?? (await forward(message, body));
      stale.set(operation + text, frozen);
      answer(frozen.status, frozen.body);
      return;
    }
    let result = await forward(message, body);
    if (fault === 'duplicate') result = await forward(message, body);
    if (fault === 'dropAfter') message.socket.destroy();
    else if (fault !== 'hang') answer(result.status, result.body);
  };

  const server = createServer((message, response) => {
    handle(message, response).catch(() => message.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arm: (fault, { operation, times = 1 } = {}) =>
      void rules.push({ fault, times, ...(operation === undefined ? {} : { operation }) }),
    operations,
    freezeWeakReads: () => void (isFrozen = true),
    disarm: () => void (rules = []),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
