import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type ChangeEvent, isChangeEventEnvelope } from 'roma-instance-history/events';

/**
 * A receiver of the webhook subscription. It answers 2xx only when the change was handled: EventBridge sends again
 * what was answered with 429 or 5xx, for up to a day, and keeps what is refused otherwise in the dead-letter queue.
 */
export interface ReceiverOptions {
  readonly header: string;
  readonly key: string;
  readonly handle: (event: ChangeEvent) => Promise<void>;
}

/** An event has 1 MB at most, its envelope included. */
const MAX_BYTES = 1_000_000;
/** Event ids that are remembered; a receiver of several processes keeps them in a database. */
const MEMORY = 10_000;

export function webhookReceiver({ header, key, handle }: ReceiverOptions): Server {
  const handled = new Set<string>();

  async function answer(request: IncomingMessage): Promise<number> {
    if (request.method !== 'POST') return 405;
    if (!sameText(String(request.headers[header.toLowerCase()] ?? ''), key)) return 401;
    const body = await read(request);
    if (body === undefined) return 413;
    const message = parse(body);
    if (!isChangeEventEnvelope(message)) return 400;
    const { detail } = message;
    if (handled.has(detail.eventId)) return 204;
    await handle(detail);
    handled.add(detail.eventId);
    const [oldest] = handled;
    if (handled.size > MEMORY && oldest !== undefined) handled.delete(oldest);
    return 204;
  }

  return createServer((request, response) => {
    answer(request).then(
      (status) => response.writeHead(status).end(),
      () => response.writeHead(500).end(),
    );
  });
}

/** Takes the same time whatever is wrong with the key. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BYTES) chunks.push(chunk);
  }
  return bytes <= MAX_BYTES ? Buffer.concat(chunks).toString('utf8') : undefined;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
