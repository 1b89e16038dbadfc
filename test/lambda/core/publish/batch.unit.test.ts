import { type FailureQueue, publishBatch, type StreamRecord } from '../../../../lambda/core/publish/batch';
import { currentOf } from '../../../support/changes';
import { ManualClock } from '../../../support/manual-clock';
import { ACCEPTED, refused, ScriptedSink } from '../../../support/scripted-sink';

type SetAside = Parameters<FailureQueue['put']>[0];

const write = (sequence: number, version: number, options: Parameters<typeof currentOf>[1] = {}): StreamRecord => ({
  sequenceNumber: String(sequence),
  raw: { sequence },
  content: { kind: 'write', write: { versionBefore: version - 1, current: currentOf(version, options) } },
});
const unreadable = (sequence: number): StreamRecord => ({
  sequenceNumber: String(sequence),
  raw: { sequence },
  content: { kind: 'unreadable', reason: 'no keys' },
});

function setUp(
  options: { sink?: ScriptedSink; feed?: ScriptedSink; publishBaseline?: boolean; queueDown?: boolean } = {},
) {
  const { sink = new ScriptedSink(), feed, publishBaseline = false, queueDown = false } = options;
  const setAside: SetAside[] = [];
  const clock = new ManualClock();
  const failureQueue: FailureQueue = {
    put: async (item) => {
      if (queueDown) throw new Error('the queue does not answer');
      setAside.push(item);
    },
  };
  const publish = async (records: readonly StreamRecord[]) =>
    publishBatch(
      records,
      { sinks: feed === undefined ? [sink] : [sink, feed], failureQueue, clock, publishBaseline },
      clock.now() + 30_000,
    );
  return { sink, setAside, clock, publish };
}
const arrivals = (sink: ScriptedSink): string[] =>
  sink.arrived.map(({ instance, version }) => `${instance.id}${version}`);

describe('the publisher', () => {
  it('publishes each risen version once and says how old the news is', async () => {
    const { sink, publish, clock } = setUp();
    const records = [write(1, 1, { id: 'a' }), write(2, 2, { id: 'a' })];
    clock.time = Date.parse(currentOf(2).observedAt) + 700;
    expect(await publish(records)).toEqual({
      published: 2,
      refused: 0,
      setAside: 0,
      latenciesMs: [300_700, 700],
      observedAt: [currentOf(1).observedAt, currentOf(2).observedAt],
      problems: [],
    });
    expect(arrivals(sink)).toEqual(['a1', 'a2']);
  });

  it('is silent about writes that do not raise the version, and about the baseline unless it is asked for', async () => {
    const touch: StreamRecord = {
      sequenceNumber: '1',
      raw: {},
      content: { kind: 'write', write: { versionBefore: 3, current: currentOf(3) } },
    };
    const silent: StreamRecord = { sequenceNumber: '2', raw: {}, content: { kind: 'silent' } };
    const baseline = write(3, 1, { kind: 'baseline' });
    const quiet = setUp();
    expect(await quiet.publish([touch, silent, baseline])).toMatchObject({ published: 0, problems: [] });
    const asked = setUp({ publishBaseline: true });
    expect(await asked.publish([touch, silent, baseline])).toMatchObject({ published: 1 });
    expect(asked.sink.arrived[0]).toMatchObject({ kind: 'baseline', changedAfter: null });
  });

  it('resumes at the first record that is not done', async () => {
    const sink = new ScriptedSink(({ instance }) => (instance.id === 'b' ? refused() : ACCEPTED));
    const { publish } = setUp({ sink });
    const report = await publish([
      write(11, 1, { id: 'a' }),
      write(12, 1, { id: 'b' }),
      write(13, 2, { id: 'b' }),
      write(14, 2, { id: 'a' }),
    ]);
    expect(report.resumeFrom).toBe('12');
    expect(arrivals(sink)).toEqual(['a1', 'a2']);
    expect(report.problems[0]).toContain('/b/1 was not published: ThrottlingException');
  });

  it('takes a record for done only when the feed has it, too', async () => {
    const feed = new ScriptedSink(({ version }) => (version === 2 ? refused() : ACCEPTED));
    const { sink, publish } = setUp({ feed });
    const report = await publish([write(1, 1), write(2, 2), write(3, 3)]);
    expect(report).toMatchObject({ resumeFrom: '2', published: 3 });
    expect(feed.arrived.map(({ version }) => version)).toEqual([1]);
    expect(sink.arrived.map(({ version }) => version)).toEqual([1, 2, 3]);
  });

  it('sets an unreadable record aside with its reason while the rest goes on', async () => {
    const { sink, setAside, publish } = setUp();
    const report = await publish([write(1, 1), unreadable(2), write(3, 2)]);
    expect(setAside).toEqual([{ because: 'no keys', sequenceNumber: '2', record: { sequence: 2 } }]);
    expect(report).toMatchObject({ published: 2, setAside: 1 });
    expect(report.resumeFrom).toBeUndefined();
    expect(sink.arrived).toHaveLength(2);
  });

  it('sets aside a row that makes no valid event', async () => {
    const { setAside, publish } = setUp();
    const broken = { ...currentOf(2), observedAt: 'yesterday' };
    await publish([
      { sequenceNumber: '5', raw: 'raw', content: { kind: 'write', write: { versionBefore: 1, current: broken } } },
    ]);
    expect(setAside).toMatchObject([{ sequenceNumber: '5', record: 'raw' }]);
    expect(setAside[0]?.because).toContain('observedAt');
  });

  it('sets aside an event that the bus will never take, with its id', async () => {
    const sink = new ScriptedSink(() => ({ accepted: false, reason: 'MalformedDetail: number', final: true }));
    const { setAside, publish } = setUp({ sink });
    await publish([write(9, 4)]);
    expect(setAside).toMatchObject([{ because: 'MalformedDetail: number', sequenceNumber: '9' }]);
    expect(setAside[0]?.eventId).toMatch(/\/4$/);
  });

  it('sets aside the very record whose event will never be taken, in the order of the stream', async () => {
    const sink = new ScriptedSink(({ version }) =>
      version === 2 ? { accepted: false, reason: 'MalformedDetail: number', final: true } : ACCEPTED,
    );
    const { setAside, publish } = setUp({ sink });
    const silent: StreamRecord = { sequenceNumber: '1', raw: {}, content: { kind: 'silent' } };
    const report = await publish([silent, write(2, 1), write(3, 2), unreadable(4), write(5, 3)]);
    expect(setAside.map(({ sequenceNumber, eventId }) => [sequenceNumber, eventId?.split('/').at(-1)])).toEqual([
      ['3', '2'],
      ['4', undefined],
    ]);
    expect(report).toMatchObject({ setAside: 2, published: 2 });
    expect(report.resumeFrom).toBeUndefined();
  });

  it('resumes at a record that could not be set aside', async () => {
    const { publish } = setUp({ queueDown: true });
    const report = await publish([write(1, 1), unreadable(2), unreadable(3), write(4, 2)]);
    expect(report).toMatchObject({ resumeFrom: '2', setAside: 0, published: 2 });
    expect(report.problems).toContain('stream record 2 could not be set aside: the queue does not answer');
  });

  it('sets nothing aside that will come again', async () => {
    const sink = new ScriptedSink(() => refused());
    const { setAside, publish } = setUp({ sink });
    const report = await publish([unreadable(1), write(2, 1), unreadable(3)]);
    expect(report.resumeFrom).toBe('2');
    expect(setAside.map(({ sequenceNumber }) => sequenceNumber)).toEqual(['1']);
  });
});
