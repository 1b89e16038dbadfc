import { PublishBatchCommand, type SNSClient } from '@aws-sdk/client-sns';
import { sha256 } from '../core/model/canonical';
import { isChange } from '../core/publish/attribution-event';
import { eventText, instanceKey } from '../core/publish/change-event';
import type { EventSink, Receipt } from '../core/publish/delivery';
import { utf8Bytes } from '../core/model/wire-text';
import { maxBytesIn } from './max-bytes';

/**
 * The ordered feed, a FIFO topic: one message group an instance, deduplicated by `eventId` for five minutes.
 * Group and deduplication ids may have 128 characters and instance ids 256, so both are digests.
 * @param replayId makes the deduplication ids of a replay its own, or the topic would drop what it has just seen
 */
export const feedTopicSink = (client: SNSClient, topicArn: string, replayId?: string): EventSink => ({
  name: `feed topic ${topicArn}`,
  // It holds versions and nothing else, because it is read without a detail-type.
  takes: isChange,
  maxEntries: 10,
  maxBytes: maxBytesIn(topicArn.split(':')[3]),
  bytesOf: (event) => utf8Bytes(eventText(event)),
  async send(events, { timeLimitMs }) {
    const { Successful = [], Failed = [] } = await client.send(
      new PublishBatchCommand({
        TopicArn: topicArn,
        PublishBatchRequestEntries: events.map((event, index) => ({
          Id: String(index),
          Message: eventText(event),
          MessageGroupId: sha256(instanceKey(event)),
          MessageDeduplicationId: sha256(replayId === undefined ? event.eventId : `${replayId}/${event.eventId}`),
        })),
      }),
      { abortSignal: AbortSignal.timeout(timeLimitMs) },
    );
    const accepted = new Set(Successful.map(({ Id }) => Id));
    const refused = new Map(Failed.map((failure) => [failure.Id, failure]));
    return events.map((_, index): Receipt => {
      const failure = refused.get(String(index));
      if (failure === undefined && accepted.has(String(index))) return { accepted: true };
      const reason = `${failure?.Code ?? 'no result'}: ${failure?.Message ?? 'the topic gave no reason'}`;
      // What is wrong with the parameters of an entry is wrong the next time, too; missing rights can be given.
      const final = failure?.SenderFault === true && failure.Code?.startsWith('InvalidParameter') === true;
      return { accepted: false, reason, final };
    });
  },
});
