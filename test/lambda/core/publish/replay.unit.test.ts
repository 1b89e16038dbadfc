import type { EventSink } from '../../../../lambda/core/publish/delivery';
import type { Version } from '../../../../lambda/core/model/record';
import { replay, replayItems, type ReplayProgress } from '../../../../lambda/core/publish/replay';
import { currentOf, eventOf } from '../../../support/changes';
import { ManualClock } from '../../../support/manual-clock';
import { ACCEPTED, refused, ScriptedSink } from '../../../support/scripted-sink';

async function* rows(versions: readonly Version[]): AsyncGenerator<Version> {
  for (const version of versions) yield version;
}
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => currentOf(from + index));

describe('a replay', () => {
  const run = async (versions: readonly Version[], sinks: readonly EventSink[], more: object = {}) => {
    const clock = new ManualClock();
    const progress: ReplayProgress[] = [];
    const report = await replay(rows(versions), {
      sinks,
      clock,
      rate: 50,
      onProgress: (each) => progress.push(each),
      ...more,
    });
    return { report, clock, progress };
  };

  it('publishes the same events again in version order, marked as replayed, but for the baseline', async () => {
    const sink = new ScriptedSink();
    const { report } = await run([currentOf(1, { kind: 'baseline' }), ...range(2, 4)], [sink]);
    expect(report).toEqual({ published: 3, problems: [], ended: 'complete' });
    expect(sink.arrived).toEqual([2, 3, 4].map((version) => ({ ...eventOf(version), replayed: true })));
  });

  it('keeps to its rate and tells how far it is', async () => {
    const { clock, progress } = await run(range(1, 25), [new ScriptedSink()], { rate: 10 });
    expect(clock.sleeps).toEqual([1000, 1000]);
    expect(progress).toEqual([
      { published: 10, reached: currentOf(10).observedAt },
      { published: 20, reached: currentOf(20).observedAt },
      { published: 25, reached: currentOf(25).observedAt },
    ]);
  });

  it('begins no window before every sink has all of the one before', async () => {
    const bus = new ScriptedSink();
    const feed = new ScriptedSink(({ version }, times) => (version === 3 && times <= 2 ? refused() : ACCEPTED));
    const { report } = await run(range(1, 6), [bus, feed], { rate: 3 });
    expect(report).toMatchObject({ published: 6, ended: 'complete' });
    expect(feed.arrived.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('ends where the bus takes no more, and says from where to go on', async () => {
    const sink = new ScriptedSink(({ version }) => (version === 7 ? refused('AccessDenied: no') : ACCEPTED));
    const { report } = await run(range(1, 20), [sink], { rate: 5 });
    expect(report).toMatchObject({ published: 6, ended: 'failed', resumeSince: currentOf(7).observedAt });
    expect(report.problems[0]).toMatch(/\/7 was not published: AccessDenied: no/);
    const healed = new ScriptedSink();
    const rest = range(1, 20).filter(({ observedAt }) => observedAt >= (report.resumeSince ?? ''));
    await run(rest, [healed], { rate: 5 });
    expect([...sink.arrived, ...healed.arrived].map(({ version }) => version)).toEqual(
      range(1, 20).map(({ version }) => version),
    );
  });

  it('is interrupted between windows, and loses nothing when it goes on', async () => {
    const interrupt = new AbortController();
    const first = new ScriptedSink();
    const { report } = await run(range(1, 20), [first], {
      rate: 5,
      signal: interrupt.signal,
      onProgress: ({ published }: ReplayProgress) => published >= 10 && interrupt.abort(),
    });
    expect(report).toMatchObject({ published: 10, ended: 'interrupted', resumeSince: currentOf(11).observedAt });
    expect(first.arrived).toHaveLength(10);
  });

  it('publishes nothing more when it is interrupted while it waits for its rate', async () => {
    const interrupt = new AbortController();
    const clock = new ManualClock();
    clock.sleep = async () => interrupt.abort();
    const sink = new ScriptedSink();
    const { report } = await run(range(1, 20), [sink], { rate: 5, signal: interrupt.signal, clock });
    expect(report).toMatchObject({ published: 5, ended: 'interrupted', resumeSince: currentOf(6).observedAt });
    expect(sink.arrived).toHaveLength(5);
  });

  it('names an event that will never be accepted, and a row that makes none, and goes on', async () => {
    const sink = new ScriptedSink(({ version }) =>
      version === 2 ? { accepted: false, reason: 'MalformedDetail: no', final: true } : ACCEPTED,
    );
    const broken = { ...currentOf(3), kind: 'vanished' as never };
    const { report } = await run([currentOf(1), currentOf(2), broken, currentOf(4)], [sink]);
    expect(report).toMatchObject({ published: 2, ended: 'complete' });
    expect(report.problems).toHaveLength(2);
    expect(report.problems.join('\n')).toMatch(
      /\/3 cannot be published: .*kind[^]*\/2 was not published: MalformedDetail/,
    );
  });

  it('can be looked at before it is done', async () => {
    const items = [];
    for await (const item of replayItems(rows(range(1, 2)))) items.push(item);
    expect(items).toMatchObject([{ event: { version: 1, replayed: true } }, { event: { version: 2 } }]);
  });
});
