import { request } from 'undici';
import type { BusEvent } from '../../../bin/sandbox/event-bus';
import type { Queue } from './queue';

/** A target of a rule. A promise that is rejected is an event that was not delivered. */
export type Subscriber = (event: BusEvent) => void | Promise<void>;

/** As EventBridge sends to SQS: the whole event as the body. */
export const toQueue =
  (queue: Queue): Subscriber =>
  (event) => {
    queue.send(JSON.stringify(event));
  };

/** One line per event. Instance names are quoted, so that none can move the cursor. */
export const toLines =
  (write: (line: string) => void): Subscriber =>
  (event) => {
    const { instance, status } = event.detail as {
      readonly instance?: { readonly id?: string; readonly name?: string | null };
      readonly status?: { readonly from?: string | null; readonly to?: string };
    };
    const name = JSON.stringify(instance?.name ?? instance?.id ?? null);
    const from = status?.from == null ? '' : `${status.from} → `;
    write(`${event.time} ${event['detail-type']} ${name} ${from}${status?.to ?? ''}`.trimEnd());
  };

export interface WebhookOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** @default 3 */
  readonly attempts?: number;
  readonly sleep?: (ms: number) => Promise<unknown>;
}

/** As an API destination does: POST the event, try again when the answer is 429 or 5xx, or never comes. */
export const toWebhook = (url: string, options: WebhookOptions = {}): Subscriber => {
  const {
    headers = {},
    attempts = 3,
    sleep = async (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  } = options;
  const attempt = async (event: BusEvent): Promise<number> => {
    try {
      const { statusCode, body } = await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
        body: JSON.stringify(event),
        headersTimeout: 5_000,
        bodyTimeout: 5_000,
      });
      await body.dump();
      return statusCode;
    } catch {
      return 0;
    }
  };
  return async (event) => {
    for (let n = 1; ; n += 1) {
      const status = await attempt(event);
      if (status >= 200 && status < 300) return;
      const isRetryable = status === 0 || status === 429 || status >= 500;
      if (!isRetryable || n >= attempts) {
        throw new Error(`the webhook at ${url} ${status === 0 ? 'did not answer' : `answered ${status}`}`);
      }
      await sleep(100 * 2 ** n);
    }
  };
};
