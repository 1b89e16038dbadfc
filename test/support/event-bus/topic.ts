import { randomUUID } from 'node:crypto';
import { type CallAnswer, CallError, type CallFault, escapeXml, refusedEntry, xmlAnswer } from './calls';
import { DEDUPLICATION_MS, type Queue } from './queue';

/** A message that a FIFO topic accepted. */
export interface TopicMessage {
  readonly messageId: string;
  /** Rises within the topic. */
  readonly sequenceNumber: string;
  readonly message: string;
  readonly group: string;
  readonly deduplicationId: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Ids of group and deduplication: at most 128 letters, digits and punctuation. */
const ID = /^[\x21-\x7e]{1,128}$/;
const MAX_ENTRIES = 10;
const MAX_BYTES = 256 * 1024;

/** An SNS FIFO topic in memory: order within a group, and each deduplication id once in five minutes. */
export class Topic {
  readonly published: TopicMessage[] = [];
  readonly #queues = new Set<Queue>();
  readonly #listeners = new Set<(message: TopicMessage) => void>();
  readonly #seen = new Map<string, { readonly message: TopicMessage; readonly at: number }>();

  constructor(
    readonly arn: string,
    private readonly now: () => number,
  ) {}

  subscribe(subscriber: Queue | ((message: TopicMessage) => void)): void {
    if (typeof subscriber === 'function') this.#listeners.add(subscriber);
    else this.#queues.add(subscriber);
  }

  /** A message whose deduplication id is known is accepted again, but not delivered. */
  publish(message: Omit<TopicMessage, 'messageId' | 'sequenceNumber'>): TopicMessage {
    const seen = this.#seen.get(message.deduplicationId);
    if (seen !== undefined && this.now() - seen.at < DEDUPLICATION_MS) return seen.message;
    const accepted = {
      ...message,
      messageId: randomUUID(),
      sequenceNumber: String(10_000_000_000_000_000_000n + BigInt(this.published.length)),
    };
    this.#seen.set(message.deduplicationId, { message: accepted, at: this.now() });
    this.published.push(accepted);
    for (const queue of this.#queues) {
      queue.send(message.message, { group: message.group, deduplicationId: message.deduplicationId });
    }
    for (const listener of this.#listeners) listener(accepted);
    return accepted;
  }
}

interface Entry {
  readonly id: string;
  readonly message: string;
  readonly group: string;
  readonly deduplicationId: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Reads `<prefix>Name.entry.N.Name` and `.Value.StringValue`. */
function attributesOf(form: URLSearchParams, prefix: string): Readonly<Record<string, string>> {
  const attributes: Record<string, string> = {};
  for (let n = 1; form.has(`${prefix}MessageAttributes.entry.${n}.Name`); n += 1) {
    const at = `${prefix}MessageAttributes.entry.${n}`;
    attributes[form.get(`${at}.Name`) ?? ''] = form.get(`${at}.Value.StringValue`) ?? '';
  }
  return attributes;
}

const entryOf = (form: URLSearchParams, prefix: string): Entry => ({
  id: form.get(`${prefix}Id`) ?? '',
  message: form.get(`${prefix}Message`) ?? '',
  group: form.get(`${prefix}MessageGroupId`) ?? '',
  deduplicationId: form.get(`${prefix}MessageDeduplicationId`) ?? '',
  attributes: attributesOf(form, prefix),
});

const sizeOf = (entry: Entry): number =>
  Buffer.byteLength(entry.message) +
  Object.entries(entry.attributes).reduce((sum, [name, value]) => sum + Buffer.byteLength(name + value), 0);

function check(entry: Entry): CallError | undefined {
  const invalid = (reason: string) => new CallError('InvalidParameter', `Invalid parameter: ${reason}`);
  if (entry.message === '') return invalid('Empty message');
  if (!ID.test(entry.group)) return invalid('The MessageGroupId parameter is required for FIFO topics');
  if (!ID.test(entry.deduplicationId)) {
    return invalid('The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided');
  }
  if (sizeOf(entry) > MAX_BYTES) return invalid('Message too long');
  return undefined;
}

const accepted = (message: TopicMessage): string =>
  `<MessageId>${message.messageId}</MessageId><SequenceNumber>${message.sequenceNumber}</SequenceNumber>`;

/** Publish and PublishBatch of SNS's query protocol. */
export function callTopic(
  form: URLSearchParams,
  topics: ReadonlyMap<string, Topic>,
  faults: readonly CallFault[],
): CallAnswer {
  const operation = form.get('Action') ?? '';
  const topic = topics.get(form.get('TopicArn') ?? '');
  if (topic === undefined) throw new CallError('NotFound', 'Topic does not exist', 404);
  if (operation === 'Publish') {
    const entry = entryOf(form, '');
    const error = check(entry);
    if (error !== undefined) throw error;
    const code = refusedEntry(faults, { index: 0, text: entry.message });
    if (code !== undefined) throw new CallError(code, 'The message could not be processed', 500);
    return xmlAnswer(operation, accepted(topic.publish(entry)));
  }
  if (operation !== 'PublishBatch') throw new CallError('InvalidAction', `${operation} is not served here`);
  const entries: Entry[] = [];
  const prefix = (n: number) => `PublishBatchRequestEntries.member.${n}.`;
  for (let n = 1; form.has(`${prefix(n)}Id`); n += 1) entries.push(entryOf(form, prefix(n)));
  if (entries.length === 0) throw new CallError('EmptyBatchRequest', 'The batch request does not contain any entries');
  if (entries.length > MAX_ENTRIES) {
    throw new CallError('TooManyEntriesInBatchRequest', `The batch request contains more than ${MAX_ENTRIES} entries`);
  }
  if (new Set(entries.map(({ id }) => id)).size < entries.length) {
    throw new CallError('BatchEntryIdsNotDistinct', 'Two or more batch entries in the request have the same Id');
  }
  if (entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > MAX_BYTES) {
    throw new CallError('BatchRequestTooLong', 'The length of all the batch messages put together is over the limit');
  }
  const successful: string[] = [];
  const failed: string[] = [];
  const fail = (id: string, code: string, message: string, isSenders: boolean) =>
    failed.push(
      `<member><Id>${escapeXml(id)}</Id><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message><SenderFault>${isSenders}</SenderFault></member>`,
    );
  for (const [index, entry] of entries.entries()) {
    const error = check(entry);
    const code = refusedEntry(faults, { index, text: entry.message });
    if (error !== undefined) fail(entry.id, error.code, error.message, true);
    else if (code !== undefined) fail(entry.id, code, 'The message could not be processed', false);
    else successful.push(`<member><Id>${escapeXml(entry.id)}</Id>${accepted(topic.publish(entry))}</member>`);
  }
  return xmlAnswer(operation, `<Successful>${successful.join('')}</Successful><Failed>${failed.join('')}</Failed>`);
}
