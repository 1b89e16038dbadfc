import type { ChangeEvent } from '../../lambda/core/publish/change-event';
import { type EventSink, type Receipt } from '../../lambda/core/publish/delivery';

export const ACCEPTED: Receipt = { accepted: true };
export const refused = (reason = 'ThrottlingException: slow down'): Receipt => ({
  accepted: false,
  reason,
  final: false,
});

/** A sink in memory that answers each event as `judge` says; what `judge` throws fails the whole call. */
export class ScriptedSink implements EventSink {
  readonly name = 'scripted sink';
  /** Every call that was made, by event id. */
  readonly calls: string[][] = [];
  /** Everything that was accepted, in order of arrival. */
  readonly arrived: ChangeEvent[] = [];

  constructor(
    private readonly judge: (event: ChangeEvent, timesSent: number) => Receipt = () => ACCEPTED,
    readonly maxEntries = 10,
    readonly maxBytes = 256 * 1024,
    readonly bytesOf: (event: ChangeEvent) => number = () => 1000,
  ) {}

  async send(events: readonly ChangeEvent[]): Promise<readonly Receipt[]> {
    this.calls.push(events.map(({ eventId }) => eventId));
    await Promise.resolve();
    const receipts = events.map((event) =>
      this.judge(event, this.calls.flat().filter((id) => id === event.eventId).length),
    );
    receipts.forEach((receipt, index) => {
      const event = events[index];
      if (receipt.accepted && event !== undefined) this.arrived.push(event);
    });
    return receipts;
  }
}
