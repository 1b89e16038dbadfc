import { type EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { ATTRIBUTED_DETAIL_TYPE, DETAIL_TYPE, EVENT_SOURCE } from '../contract';
import { isChange, type PublishedEvent } from '../core/publish/attribution-event';
import { eventText } from '../core/publish/change-event';
import type { EventSink, Receipt } from '../core/publish/delivery';
import { utf8Bytes } from '../core/model/wire-text';
import { maxBytesIn } from './max-bytes';

/** The service counts the time of an entry as 14 bytes, and everything else as UTF-8. */
const TIME_BYTES = 14;

const detailTypeOf = (event: PublishedEvent): string =>
  isChange(event) ? DETAIL_TYPE[event.kind] : ATTRIBUTED_DETAIL_TYPE;

const toEntry = (event: PublishedEvent, busName: string): PutEventsRequestEntry => ({
  EventBusName: busName,
  Source: EVENT_SOURCE,
  DetailType: detailTypeOf(event),
  Time: new Date(event.observedAt),
  Detail: eventText(event),
});

/** The event bus: 10 entries per call, https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html */
export const eventBusSink = (client: EventBridgeClient, busName: string, region?: string): EventSink => ({
  name: `event bus ${busName}`,
  maxEntries: 10,
  maxBytes: maxBytesIn(region),
  bytesOf: (event) =>
    TIME_BYTES + utf8Bytes(EVENT_SOURCE) + utf8Bytes(detailTypeOf(event)) + utf8Bytes(eventText(event)),
  async send(events, { timeLimitMs }) {
    const { Entries: results = [] } = await client.send(
      new PutEventsCommand({ Entries: events.map((event) => toEntry(event, busName)) }),
      { abortSignal: AbortSignal.timeout(timeLimitMs) },
    );
    if (results.length !== events.length)
      throw new Error(`${results.length} results came back for ${events.length} entries`);
    return results.map(({ EventId, ErrorCode, ErrorMessage }): Receipt => {
      if (ErrorCode === undefined && EventId !== undefined) return { accepted: true };
      const reason = `${ErrorCode ?? 'no event id'}: ${ErrorMessage ?? 'the event bus gave no reason'}`;
      return { accepted: false, reason, final: isForGood(ErrorCode, ErrorMessage) };
    });
  },
});

/**
 * Whether the entry itself is at fault, so that it will be refused whenever it is sent. An invalid argument may also be
 * the name of the bus: that is wrong for every entry, and mended by whoever deploys. Missing rights are, too.
 */
const isForGood = (code: string | undefined, message = ''): boolean =>
  code === 'MalformedDetail' || (code === 'InvalidArgument' && !/event ?bus/i.test(message));
