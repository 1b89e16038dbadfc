import { type ChangeEvent, eventText } from '../../../../lambda/core/publish/change-event';
import { deliver, retryDelayMs } from '../../../../lambda/core/publish/delivery';
import { eventOf } from '../../../support/changes';
import { ManualClock } from '../../../support/manual-clock';
import { ACCEPTED, refused, ScriptedSink } from '../../../support/scripted-sink';

const limits = { deadline: Date.parse('2026-11-22T10:01:00.000Z'), maxAttempts: 4, concurrency: 2 };
const send = async (
  sink: ScriptedSink,
  events: Parameters<typeof deliver>[1],
  clock = new ManualClock(),
  more: Partial<typeof limits> = {},
) => deliver(sink, events, clock, { ...limits, ...more });

describe('delivery', () => {
  it('never puts two events of one instance into one call, and sends them in version order', async () => {
    const sink = new ScriptedSink();
    const events = [1, 2, 3].flatMap((version) => ['a', 'b'].map((id) => eventOf(version, { id })));
    await send(sink, events);
    expect(sink.calls.map((call) => call.map((id) => id.split('/').slice(2).join('/')))).toEqual([
      ['a/1', 'b/1'],
      ['a/2', 'b/2'],
      ['a/3', 'b/3'],
    ]);
  });

  it('cuts calls at the number of entries and at the bytes that the sink takes', async () => {
    const events = Array.from({ length: 25 }, (_, index) => eventOf(1, { id: `i${index}` }));
    const byEntries = new ScriptedSink();
    await send(byEntries, events);
    expect(byEntries.calls.map(({ length }) => length)).toEqual([10, 10, 5]);
    const byBytes = new ScriptedSink(undefined, 10, 3_500);
    await send(byBytes, events.slice(0, 7));
    expect(byBytes.calls.map(({ length }) => length)).toEqual([3, 3, 1]);
    const justFits = new ScriptedSink(undefined, 10, 3_000);
    await send(justFits, events.slice(0, 7));
    expect(justFits.calls.map(({ length }) => length)).toEqual([3, 3, 1]);
  });

  it('cuts an event that is too large for this sink, which says so, and sends it whole to one that takes more', async () => {
    const events = [eventOf(2, { more: { description: 'x'.repeat(200_000) } })];
    const size = (event: ChangeEvent): number => eventText(event).length;
    const small = new ScriptedSink(undefined, 10, 256 * 1024, size);
    const large = new ScriptedSink(undefined, 10, 1_000_000, size);
    for (const sink of [small, large]) expect((await send(sink, events)).unpublishable).toEqual([]);
    expect(small.arrived).toMatchObject([{ truncated: true, changes: [{ field: 'description' }] }]);
    expect(size(small.arrived[0]!)).toBeLessThan(256 * 1024);
    expect(large.arrived).toEqual(events);
  });

  it('sends a refused event again after a wait that doubles, while other instances go on without one', async () => {
    const clock = new ManualClock();
    const sink = new ScriptedSink(({ eventId }, times) =>
      eventId.endsWith('/a/1') && times <= 2 ? refused() : ACCEPTED,
    );
    const report = await send(
      sink,
      [eventOf(1, { id: 'a' }), eventOf(2, { id: 'a' }), eventOf(1, { id: 'b' }), eventOf(2, { id: 'b' })],
      clock,
    );
    expect(sink.arrived.map(({ instance, version }) => `${instance.id}${version}`)).toEqual(['b1', 'b2', 'a1', 'a2']);
    expect(clock.sleeps).toEqual([100, 200]);
    expect(report).toMatchObject({ refusals: 2, unpublished: [], unpublishable: [] });
    expect(report.acceptedAt.size).toBe(4);
  });

  it('holds back all later events of an instance whose event is given up', async () => {
    const sink = new ScriptedSink(({ instance, version }) =>
      instance.id === 'a' && version === 2 ? refused() : ACCEPTED,
    );
    const events = [1, 2, 3].flatMap((version) => ['a', 'b'].map((id) => eventOf(version, { id })));
    const report = await send(sink, events);
    expect(report.unpublished).toEqual([
      { index: 2, reason: 'ThrottlingException: slow down' },
      { index: 4, reason: 'ThrottlingException: slow down' },
    ]);
    expect(sink.arrived.map(({ instance, version }) => `${instance.id}${version}`)).toEqual(['a1', 'b1', 'b2', 'b3']);
    expect(sink.calls.flat().filter((id) => id.endsWith('a/2'))).toHaveLength(limits.maxAttempts);
  });

  it('gives each event all attempts, however many the one before it took', async () => {
    const sink = new ScriptedSink((_, times) => (times < limits.maxAttempts ? refused() : ACCEPTED));
    const report = await send(sink, [eventOf(1), eventOf(2), eventOf(3)]);
    expect(report.unpublished).toEqual([]);
    expect(sink.arrived.map(({ version }) => version)).toEqual([1, 2, 3]);
  });

  it('goes on behind an event that will never be accepted, and names it', async () => {
    const sink = new ScriptedSink(({ version }) =>
      version === 1 ? { accepted: false, reason: 'MalformedDetail: no', final: true } : ACCEPTED,
    );
    const report = await send(sink, [eventOf(1), eventOf(2)]);
    expect(report.unpublishable).toEqual([{ index: 0, reason: 'MalformedDetail: no' }]);
    expect(sink.arrived.map(({ version }) => version)).toEqual([2]);
  });

  it('names an event that is larger than the sink takes without sending it, and goes on', async () => {
    const sink = new ScriptedSink(undefined, 10, 3_500, ({ version }) => (version === 2 ? 3_501 : 3_500));
    const report = await send(sink, [eventOf(1), eventOf(2), eventOf(3), eventOf(1, { id: 'b' })]);
    expect(report).toMatchObject({ refusals: 0, unpublished: [] });
    expect(report.unpublishable).toEqual([
      { index: 1, reason: 'scripted sink takes 3500 bytes, and the event has 3501' },
    ]);
    expect(sink.arrived.map(({ version }) => version)).toEqual([1, 1, 3]);
  });

  it('takes a failed call for a refusal of each of its events', async () => {
    let calls = 0;
    const sink = new ScriptedSink(() => {
      calls += 1;
      if (calls === 1) throw new Error('socket hang up');
      return ACCEPTED;
    });
    const report = await send(sink, [eventOf(1, { id: 'a' }), eventOf(1, { id: 'b' })]);
    expect(report).toMatchObject({ refusals: 2, unpublished: [] });
    expect(sink.arrived).toHaveLength(2);
  });

  it('takes a missing result for a refusal', async () => {
    const sink = new ScriptedSink();
    sink.send = async () => [];
    const report = await send(sink, [eventOf(1)]);
    expect(report.unpublished).toEqual([{ index: 0, reason: 'no result came back' }]);
  });

  it('gives up while there is still time to say so', async () => {
    const clock = new ManualClock();
    const report = await send(new ScriptedSink(() => refused('InternalFailure: later')), [eventOf(1)], clock, {
      deadline: clock.now() + 250,
    });
    expect(report.unpublished).toEqual([{ index: 0, reason: 'InternalFailure: later' }]);
    expect(clock.sleeps).toEqual([100]);
  });

  it('sends nothing after the deadline', async () => {
    const sink = new ScriptedSink();
    const report = await send(sink, [eventOf(1)], new ManualClock(limits.deadline));
    expect(sink.calls).toEqual([]);
    expect(report.unpublished).toEqual([{ index: 0, reason: 'there was no time left' }]);
  });

  it('does not wait for ever when the clock stands still or is set back', async () => {
    const clock = { now: () => limits.deadline - 60_000, sleep: async () => {} };
    const report = await deliver(new ScriptedSink(() => refused()), [eventOf(1)], clock, limits);
    expect(report.refusals).toBe(limits.maxAttempts);
  });

  it('waits 100 ms first and never more than 3.2 s', () => {
    expect([1, 2, 3, 6, 7, 50].map(retryDelayMs)).toEqual([100, 200, 400, 3200, 3200, 3200]);
  });
});
