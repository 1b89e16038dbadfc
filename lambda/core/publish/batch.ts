import type { Attribution } from '../model/attribution';
import { isChange, type PublishedEvent, toAttributionEvent } from './attribution-event';
import { eventOfWrite, type CurrentWrite } from './change-event';
import { deliver, type DeliveryReport, type EventSink } from './delivery';
import { describeError } from '../model/errors';
import { type Instant, toMs } from '../model/instant';
import type { Clock } from '../model/clock';

/** A record of the table's stream, already told apart by the reader of the table's rows. */
export interface StreamRecord {
  /** Its place in the stream; from here the stream is read again when the record fails. */
  readonly sequenceNumber: string;
  /** The record as it came, for the failure queue. */
  readonly raw: unknown;
  readonly content:
    | { readonly kind: 'write'; readonly write: CurrentWrite }
    /** It is decided who made a change. */
    | { readonly kind: 'attribution'; readonly attribution: Attribution }
    /** Nothing that subscribers are told. */
    | { readonly kind: 'silent' }
    | { readonly kind: 'unreadable'; readonly reason: string };
}

/** What cannot be published is kept here for a person, with the reason. */
export interface FailureQueue {
  /** @throws Error when it could not be kept */
  put(setAside: {
    /** The reason, under the name that it has in the messages of the queue. */
    readonly because: string;
    readonly sequenceNumber: string;
    readonly eventId?: string;
    readonly record: unknown;
  }): Promise<void>;
}

export interface PublisherOptions {
  /** The first one is the bus: its acceptance is what `published` and `latenciesMs` count. */
  readonly sinks: readonly [EventSink, ...EventSink[]];
  readonly failureQueue: FailureQueue;
  readonly clock: Clock;
  readonly publishBaseline: boolean;
}

export interface PublishReport {
  /** The stream must be read again from this sequence number; absent when the whole batch is done. */
  readonly resumeFrom?: string;
  readonly published: number;
  /** Entries that a sink refused, each attempt counted. */
  readonly refused: number;
  readonly setAside: number;
  /** From the observation of each published change until the bus had it. */
  readonly latenciesMs: readonly number[];
  /** When the published changes had been observed; baselines are not among them. */
  readonly observedAt: readonly Instant[];
  /** Why events were not published or were set aside, one line each. */
  readonly problems: readonly string[];
}

/** Six attempts take about 3 seconds of waiting; longer outages are the retries of the stream's reader. */
const MAX_ATTEMPTS = 6;
const CONCURRENCY = 4;

/**
 * Publishes one batch of the stream. The stream is read again from the first record that is not done, so a record
 * counts as done only when every sink has it (or it is set aside), and what comes after a failed one may arrive twice.
 * @param deadline clock time (ms since the epoch) after which nothing more is sent
 */
export async function publishBatch(
  records: readonly StreamRecord[],
  options: PublisherOptions,
  deadline: number,
): Promise<PublishReport> {
  const { sinks, failureQueue, clock } = options;
  const events: PublishedEvent[] = [];
  /** Index of the record that each event came from. */
  const origin: number[] = [];
  const unfit = new Map<number, string>();
  records.forEach((record, index) => {
    const judged = judge(record, options.publishBaseline);
    if (judged.event !== undefined) {
      events.push(judged.event);
      origin.push(index);
    } else if (judged.reason !== undefined) unfit.set(index, judged.reason);
  });

  const limits = { deadline, maxAttempts: MAX_ATTEMPTS, concurrency: CONCURRENCY };
  const reports = await Promise.all(sinks.map(async (sink) => deliver(sink, events, clock, limits)));
  const problems: string[] = [];
  let resumeAt = records.length;
  for (const report of reports) {
    for (const { index, reason } of report.unpublished) {
      resumeAt = Math.min(resumeAt, origin[index] ?? 0);
      problems.push(`event ${events[index]?.eventId ?? ''} was not published: ${reason}`);
    }
    for (const { index, reason } of report.unpublishable) unfit.set(origin[index] ?? 0, reason);
  }

  // What lies behind the point of resumption comes again, so it is not set aside now.
  let setAside = 0;
  for (const [index, reason] of [...unfit].toSorted(([a], [b]) => a - b)) {
    const record = records[index];
    if (index >= resumeAt || record === undefined) break;
    const event = events[origin.indexOf(index)];
    const { sequenceNumber, raw } = record;
    problems.push(`stream record ${sequenceNumber} is set aside: ${reason}`);
    try {
      await failureQueue.put({ because: reason, sequenceNumber, record: raw, eventId: event?.eventId });
      setAside += 1;
    } catch (error) {
      problems.push(`stream record ${sequenceNumber} could not be set aside: ${describeError(error)}`);
      resumeAt = index;
    }
  }
  const resumeFrom = records[resumeAt]?.sequenceNumber;
  return { ...summary(events, reports), setAside, problems, resumeFrom };
}

function judge(record: StreamRecord, publishBaseline: boolean): { event?: PublishedEvent; reason?: string } {
  const { content } = record;
  if (content.kind === 'silent') return {};
  if (content.kind === 'unreadable') return { reason: content.reason };
  try {
    if (content.kind === 'attribution') return { event: toAttributionEvent(content.attribution) };
    return { event: eventOfWrite(content.write, { publishBaseline }) };
  } catch (error) {
    return { reason: describeError(error) };
  }
}

function summary(
  events: readonly PublishedEvent[],
  reports: readonly DeliveryReport[],
): Pick<PublishReport, 'published' | 'refused' | 'latenciesMs' | 'observedAt'> {
  const acceptedAt = [...(reports[0]?.acceptedAt ?? [])];
  // Who made a change is known much later than the change.
  const changes = acceptedAt.flatMap(([index, at]) => {
    const event = events[index];
    return event !== undefined && isChange(event) ? [{ event, at }] : [];
  });
  return {
    published: acceptedAt.length,
    refused: reports.reduce((sum, { refusals }) => sum + refusals, 0),
    observedAt: changes.flatMap(({ event: { kind, observedAt } }) => (kind === 'baseline' ? [] : [observedAt])),
    latenciesMs: changes.map(({ event, at }) => Math.max(0, at - toMs(event.observedAt))),
  };
}
