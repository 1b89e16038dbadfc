import { createHash } from 'node:crypto';
import { type CallAnswer, CallError, jsonAnswer } from './calls';
import type { Queue } from './queue';

interface SendInput {
  readonly MessageBody?: string;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}
interface Input extends SendInput {
  readonly QueueUrl?: string;
  readonly QueueName?: string;
  readonly MaxNumberOfMessages?: number;
  readonly ReceiptHandle?: string;
  readonly Entries?: readonly (SendInput & { readonly Id: string; readonly ReceiptHandle?: string })[];
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const MAX_BYTES = 1024 * 1024;

function send(queue: Queue, input: SendInput): { readonly MessageId: string; readonly MD5OfMessageBody: string } {
  const body = input.MessageBody ?? '';
  if (body === '') throw new CallError('MissingParameter', 'The request must contain the parameter MessageBody.');
  if (Buffer.byteLength(body) > MAX_BYTES) {
    throw new CallError('InvalidParameterValue', 'One or more parameters are invalid. Reason: Message must be shorter');
  }
  const { MessageGroupId: group, MessageDeduplicationId: deduplicationId } = input;
  const ids = {
    ...(group === undefined ? {} : { group }),
    ...(deduplicationId === undefined ? {} : { deduplicationId }),
  };
  return { MessageId: queue.send(body, ids), MD5OfMessageBody: md5(body) };
}

/** The calls of SQS's JSON protocol that a producer and a consumer need. */
export function callQueue(operation: string, body: string, queues: ReadonlyMap<string, Queue>): CallAnswer {
  const input = JSON.parse(body) as Input;
  const name = input.QueueName ?? input.QueueUrl?.split('/').at(-1) ?? '';
  const queue = queues.get(name);
  if (queue === undefined) throw new CallError('QueueDoesNotExist', 'The specified queue does not exist.');
  const entries = input.Entries ?? [];
  switch (operation) {
    case 'GetQueueUrl':
      return jsonAnswer({ QueueUrl: queue.url });
    case 'SendMessage':
      return jsonAnswer(send(queue, input));
    case 'SendMessageBatch':
      return jsonAnswer({ Successful: entries.map((entry) => ({ Id: entry.Id, ...send(queue, entry) })), Failed: [] });
    case 'ReceiveMessage':
      return jsonAnswer({
        Messages: queue.receive(input.MaxNumberOfMessages ?? 1).map((message) => ({
          MessageId: message.messageId,
          ReceiptHandle: message.receiptHandle,
          Body: message.body,
          MD5OfBody: md5(message.body),
          Attributes: {
            ApproximateReceiveCount: String(message.receiveCount),
            SentTimestamp: String(message.sentAt),
            ...(message.group === undefined ? {} : { MessageGroupId: message.group }),
            ...(message.deduplicationId === undefined ? {} : { MessageDeduplicationId: message.deduplicationId }),
          },
        })),
      });
    case 'DeleteMessage':
      queue.delete(input.ReceiptHandle ?? '');
      return jsonAnswer({});
    case 'DeleteMessageBatch':
      for (const entry of entries) queue.delete(entry.ReceiptHandle ?? '');
      return jsonAnswer({ Successful: entries.map(({ Id }) => ({ Id })), Failed: [] });
    default:
      throw new CallError('InvalidAction', `${operation} is not served here`);
  }
}
