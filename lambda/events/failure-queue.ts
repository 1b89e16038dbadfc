import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { FailureQueue } from '../core/publish/batch';
import { utf8Bytes, wireText } from '../core/model/wire-text';

/** Queues made before August 2025 take 256 KB per message. */
const MAX_MESSAGE_BYTES = 256 * 1024;

/** The queue of what could not be published. A message that would be too large holds the keys instead of the record. */
export const failureQueue = (client: SQSClient, queueUrl: string): FailureQueue => ({
  async put(setAside) {
    const whole = wireText(setAside);
    const body =
      utf8Bytes(whole) <= MAX_MESSAGE_BYTES ? whole : wireText({ ...setAside, record: keysOf(setAside.record) });
    await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }));
  },
});

function keysOf(record: unknown): unknown {
  const { dynamodb, ...rest } = record as { dynamodb?: { NewImage?: unknown; OldImage?: unknown } };
  const { NewImage: _new, OldImage: _old, ...small } = dynamodb ?? {};
  return { ...rest, dynamodb: small, imagesLeftOut: true };
}
