import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { type ChangeEvent, isChangeEvent, isChangeEventEnvelope } from 'roma-instance-history/events';

/**
 * A Lambda function behind an SQS queue that is the target of a rule (or is subscribed to the ordered feed with raw
 * delivery). It handles the changes of each instance in version order and each only once, although the bus promises
 * neither. The event source mapping needs ReportBatchItemFailures.
 */

/** What is remembered between invocations: one row an instance, in a database of yours. */
export interface Progress {
  /** The newest version that was handled; undefined for an instance that was never heard of. */
  newest(instance: string): Promise<number | undefined>;
  /** Moves on. With a condition on the former value, two functions at once cannot go back. */
  advance(instance: string, from: number | undefined, to: number): Promise<void>;
}

/**
 * A version that comes too early goes back to the queue until the ones before it have come. After so many receives it
 * is handled all the same, for a silent baseline is version 1, and what is in the failure queue never comes; a version
 * that comes later still is passed over. Must be less than the queue's maxReceiveCount.
 */
const PATIENCE = 3;

export const orderedConsumer =
  (handle: (event: ChangeEvent) => Promise<void>, progress: Progress) =>
  async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    const again: string[] = [];
    const messages = Records.map(({ messageId, body, attributes }) => ({
      messageId,
      event: read(body),
      receives: Number(attributes.ApproximateReceiveCount),
    }));
    // An invocation often brings several versions of one instance: oldest first.
    messages.sort((a, b) => (a.event?.version ?? 0) - (b.event?.version ?? 0));
    for (const { messageId, event, receives } of messages) {
      if (event === undefined || !(await take(event, receives))) again.push(messageId);
    }
    return { batchItemFailures: again.map((itemIdentifier) => ({ itemIdentifier })) };

    /** @returns whether the message is done */
    async function take(event: ChangeEvent, receives: number): Promise<boolean> {
      const { region, projectId, id } = event.instance;
      const instance = `${region}/${projectId}/${id}`;
      const newest = await progress.newest(instance);
      // `eventId` ends in the version, so this is the test for a duplicate, too.
      if (newest !== undefined && event.version <= newest) return true;
      const isNext = event.version === (newest ?? 0) + 1;
      if (!isNext && receives < PATIENCE) return false;
      await handle(event);
      await progress.advance(instance, newest, event.version);
      return true;
    }
  };

/** What is no change event stays in the queue, and so ends in its dead-letter queue. */
function read(body: string): ChangeEvent | undefined {
  try {
    const message: unknown = JSON.parse(body);
    if (isChangeEventEnvelope(message)) return message.detail;
    return isChangeEvent(message) ? message : undefined;
  } catch {
    return undefined;
  }
}
