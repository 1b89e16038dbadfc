import { randomUUID } from 'node:crypto';

export interface Message {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly receiveCount: number;
  /** Milliseconds since the epoch. */
  readonly sentAt: number;
  readonly group?: string;
  readonly deduplicationId?: string;
}

export interface QueueOptions {
  readonly fifo?: boolean;
  /** @default 30 seconds */
  readonly visibilityTimeoutMs?: number;
  /** After so many receives a message goes to the dead-letter queue. */
  readonly redrive?: { readonly maxReceiveCount: number; readonly deadLetters: Queue };
}

interface Stored {
  readonly messageId: string;
  readonly body: string;
  readonly sentAt: number;
  readonly group: string | undefined;
  readonly deduplicationId: string | undefined;
  receiveCount: number;
  receiptHandle: string;
  visibleAt: number;
}

/** The service remembers deduplication ids for this long. */
export const DEDUPLICATION_MS = 5 * 60_000;

/** A queue in memory that behaves like SQS: a message that is not deleted comes back after the visibility timeout. */
export class Queue {
  #messages: Stored[] = [];
  readonly #seen = new Map<string, { readonly messageId: string; readonly at: number }>();

  constructor(
    readonly name: string,
    readonly url: string,
    readonly arn: string,
    private readonly now: () => number,
    private readonly options: QueueOptions = {},
  ) {}

  send(body: string, ids: { readonly group?: string; readonly deduplicationId?: string } = {}): string {
    const { group, deduplicationId } = ids;
    const at = this.now();
    if (this.options.fifo === true && deduplicationId !== undefined) {
      const seen = this.#seen.get(deduplicationId);
      if (seen !== undefined && at - seen.at < DEDUPLICATION_MS) return seen.messageId;
    }
    const messageId = randomUUID();
    if (deduplicationId !== undefined) this.#seen.set(deduplicationId, { messageId, at });
    this.#messages.push({
      messageId,
      body,
      sentAt: at,
      group,
      deduplicationId,
      receiveCount: 0,
      receiptHandle: '',
      visibleAt: 0,
    });
    return messageId;
  }

  /** Oldest first. In a FIFO queue, a group is blocked while one of its messages is being processed. */
  receive(atMost = 10): readonly Message[] {
    const now = this.now();
    this.#redrive(now);
    const out = new Set(this.#messages.filter(({ visibleAt }) => visibleAt > now).map(({ group }) => group));
    const taken = this.#messages
      .filter((message) => message.visibleAt <= now && (this.options.fifo !== true || !out.has(message.group)))
      .slice(0, atMost);
    return taken.map((message) => {
      message.receiveCount += 1;
      message.receiptHandle = randomUUID();
      message.visibleAt = now + (this.options.visibilityTimeoutMs ?? 30_000);
      const { group, deduplicationId } = message;
      return {
        messageId: message.messageId,
        receiptHandle: message.receiptHandle,
        body: message.body,
        receiveCount: message.receiveCount,
        sentAt: message.sentAt,
        ...(group === undefined ? {} : { group }),
        ...(deduplicationId === undefined ? {} : { deduplicationId }),
      };
    });
  }

  /** @returns whether the receipt was of a message that is still there */
  delete(receiptHandle: string): boolean {
    const before = this.#messages.length;
    this.#messages = this.#messages.filter((message) => message.receiptHandle !== receiptHandle);
    return this.#messages.length < before;
  }

  /** Bodies of all messages that are not deleted, received or not. */
  bodies(): readonly string[] {
    return this.#messages.map(({ body }) => body);
  }

  #redrive(now: number): void {
    const { redrive } = this.options;
    if (redrive === undefined) return;
    const isDead = (message: Stored) => message.visibleAt <= now && message.receiveCount >= redrive.maxReceiveCount;
    for (const message of this.#messages.filter(isDead)) redrive.deadLetters.send(message.body);
    this.#messages = this.#messages.filter((message) => !isDead(message));
  }
}
