import pMap from 'p-map';
import { isChange, type PublishedEvent } from './attribution-event';
import { cutIntoCalls } from '../model/cut-into-calls';
import { ENVELOPE_BYTES, fitEvent, instanceKey } from './change-event';
import { describeError } from '../model/errors';
import type { Clock } from '../model/clock';

/** What a sink says of one event. `final`: the same event will be refused again, whenever it is sent. */
export type Receipt =
  { readonly accepted: true } | { readonly accepted: false; readonly reason: string; readonly final: boolean };

/** A place that events are sent to, with the limits of one call. */
export interface EventSink {
  readonly name: string;
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** Whether the event belongs there. @default all do */
  takes?(event: PublishedEvent): boolean;
  /** What the event counts against `maxBytes`, by the rule of the service. */
  bytesOf(event: PublishedEvent): number;
  /**
   * Sends events of different instances in one call.
   * @returns one receipt per event, in the same order
   * @throws Error when the call failed: then nothing is known of any of them
   */
  send(events: readonly PublishedEvent[], options: { readonly timeLimitMs: number }): Promise<readonly Receipt[]>;
}

export interface DeliveryLimits {
  /** Clock time (ms since the epoch) after which nothing more is sent. */
  readonly deadline: number;
  /** How often one event is sent before it is given up. */
  readonly maxAttempts: number;
  /** Calls in flight at the same time. */
  readonly concurrency: number;
}

export interface Failure {
  /** Index into the events that were given. */
  readonly index: number;
  readonly reason: string;
}

export interface DeliveryReport {
  /** Clock time of acceptance by index. */
  readonly acceptedAt: ReadonlyMap<number, number>;
  /** Refused for what they are, or larger than the sink takes. The later events of their instances went on. */
  readonly unpublishable: readonly Failure[];
  /** Not accepted in time, and all later ones of the same instance with them. */
  readonly unpublished: readonly Failure[];
  /** Refusals by the sink, each attempt counted. */
  readonly refusals: number;
}

/** Wait before an event is sent again, in ms: 100, 200, 400 … at most 3,200. @param attempts how often it was sent */
export const retryDelayMs = (attempts: number): number => 100 * 2 ** Math.min(attempts - 1, 5);

interface Lane {
  /** Indices of one instance's events, in version order; only the first may be on its way. */
  readonly waiting: number[];
  attempts: number;
  notBefore: number;
  lastRefusal: string;
}

/**
 * Sends the events, which come in version order per instance, each cut to what the sink takes. An event is sent only
 * after the one before it of the same instance was accepted. So a refusal delays its own instance and no other, and first
 * arrivals are in order.
 * Never rejects for a failed call: what did not arrive is in the report.
 */
export async function deliver(
  sink: EventSink,
  given: readonly PublishedEvent[],
  clock: Clock,
  limits: DeliveryLimits,
): Promise<DeliveryReport> {
  const lanes = new Map<string, Lane>();
  const room = sink.maxBytes - ENVELOPE_BYTES;
  const events = given.map((event) => (isChange(event) && sink.bytesOf(event) > room ? fitEvent(event, room) : event));
  const sizes = events.map((event) => sink.bytesOf(event));
  const acceptedAt = new Map<number, number>();
  const unpublishable: Failure[] = [];
  const unpublished: Failure[] = [];
  let refusals = 0;
  events.forEach((event, index) => {
    if (sink.takes?.(event) === false) return;
    const size = sizes[index] ?? 0;
    if (size > sink.maxBytes) {
      unpublishable.push({ index, reason: `${sink.name} takes ${sink.maxBytes} bytes, and the event has ${size}` });
      return;
    }
    const key = instanceKey(event);
    const lane = lanes.get(key);
    if (lane !== undefined) lane.waiting.push(index);
    else lanes.set(key, { waiting: [index], attempts: 0, notBefore: -Infinity, lastRefusal: 'there was no time left' });
  });

  const giveUp = (key: string, lane: Lane): void => {
    for (const index of lane.waiting) unpublished.push({ index, reason: lane.lastRefusal });
    lanes.delete(key);
  };
  const settle = (key: string, lane: Lane, receipt: Receipt): void => {
    const index = lane.waiting[0] ?? 0;
    if (!receipt.accepted) refusals += 1;
    if (receipt.accepted || receipt.final) {
      if (receipt.accepted) acceptedAt.set(index, clock.now());
      else unpublishable.push({ index, reason: receipt.reason });
      lane.waiting.shift();
      lane.attempts = 0;
      if (lane.waiting.length === 0) lanes.delete(key);
      return;
    }
    lane.attempts += 1;
    lane.lastRefusal = receipt.reason;
    lane.notBefore = clock.now() + retryDelayMs(lane.attempts);
    if (lane.attempts >= limits.maxAttempts || lane.notBefore >= limits.deadline) giveUp(key, lane);
  };

  while (lanes.size > 0) {
    const now = clock.now();
    if (now >= limits.deadline) {
      lanes.forEach((lane, key) => giveUp(key, lane));
      break;
    }
    const ready = [...lanes].filter(([, lane]) => lane.notBefore <= now);
    if (ready.length === 0) {
      const next = Math.min(...[...lanes.values()].map(({ notBefore }) => notBefore));
      await clock.sleep(next - now);
      // After a sleep the wait is over, even if the clock was set back during it.
      for (const lane of lanes.values()) if (lane.notBefore === next) lane.notBefore = -Infinity;
      continue;
    }
    // The first waiting event of each lane.
    const sizeOf = ([, lane]: (typeof ready)[number]) => ({ items: 1, bytes: sizes[lane.waiting[0] ?? 0] ?? 0 });
    const calls = cutIntoCalls(ready, sizeOf, { items: sink.maxEntries, bytes: sink.maxBytes });
    const { concurrency } = limits;
    const send = async (call: (typeof calls)[number]): Promise<void> => {
      const receipts = await attempt(sink, call.map(([, lane]) => events[lane.waiting[0] ?? 0]) as PublishedEvent[], {
        timeLimitMs: Math.max(1, limits.deadline - clock.now()),
      });
      call.forEach(([key, lane], position) =>
        settle(key, lane, receipts[position] ?? { accepted: false, reason: 'no result came back', final: false }),
      );
    };
    await pMap(calls, send, { concurrency });
  }
  return { acceptedAt, unpublishable, unpublished, refusals };
}

/** A call that failed as a whole says of each event that it may not have arrived. */
async function attempt(
  sink: EventSink,
  events: readonly PublishedEvent[],
  options: { readonly timeLimitMs: number },
): Promise<readonly Receipt[]> {
  try {
    return await sink.send(events, options);
  } catch (error) {
    const reason = `${sink.name}: ${describeError(error)}`;
    return events.map(() => ({ accepted: false, reason, final: false }));
  }
}
