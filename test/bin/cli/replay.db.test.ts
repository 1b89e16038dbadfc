import { type EventBus, startEventBus, type Topic } from '../../support/event-bus';
import { type ChangeEvent, toChangeEvent } from '../../../lambda/core/publish/change-event';
import { plusMs } from '../../../lambda/core/model/instant';
import type { Version } from '../../../lambda/core/model/record';
import { cli, NOW } from '../../support/cli';
import { createTestTable, onEachEngine, type TestTable } from '../../support/engines';
import { ManualClock } from '../../support/manual-clock';
import { headItems, itemsOf, versionsOf, writeItems } from '../../support/history-rows';

const START = '2026-11-22T08:00:00.000Z';
const at = (minutes: number): string => plusMs(START, minutes * 60_000);

/** Version 1 is the baseline; the others are five minutes apart. */
const life = (id: string, name: string, count: number): Version[] =>
  versionsOf(
    Array.from({ length: count }, (_, index) => ({
      at: at(index * 5),
      snapshot: { id, name, status: 'RUNNING', description: `version ${index + 1}` },
      ...(index === 0 ? { kind: 'baseline' as const } : {}),
    })),
  );

onEachEngine('roma-history replay', (engine) => {
  const prod = life('e346aaaa', 'roma-prod', 6);
  const test = life('f000', 'roma-test', 4);
  let table: TestTable;
  let bus: EventBus;
  let topic: Topic;

  beforeAll(async () => {
    table = await createTestTable(engine);
    await writeItems(table, [...headItems({}), ...itemsOf(prod), ...itemsOf(test)]);
  });
  afterAll(() => table.close());
  beforeEach(async () => {
    bus = await startEventBus();
    topic = bus.createTopic('feed.fifo');
  });
  afterEach(async () => bus.stop());

  const replay = async (args: readonly string[], overrides: Parameters<typeof cli>[1] = {}) => {
    const places = [
      '--dynamodb-endpoint',
      table.endpoint,
      '--table',
      table.tableName,
      '--events-endpoint',
      bus.endpoint,
    ];
    return cli(['replay', ...args, ...places], {
      environment: { EVENT_BUS_NAME: bus.busName, FEED_TOPIC_ARN: topic.arn },
      clock: new ManualClock(Date.parse(NOW)),
      ...overrides,
    });
  };
  const published = () => bus.events.map(({ detail }) => detail as unknown as ChangeEvent);
  const again = (versions: readonly Version[]) =>
    versions.map((version) => ({ ...toChangeEvent(version), replayed: true }));

  it('publishes every change of the span again, in version order, under the same ids', async () => {
    const { exitCode, out, err } = await replay(['--since', at(-60)]);
    expect({ exitCode, out, err }).toEqual({ exitCode: 0, out: '8 events published', err: '' });
    for (const [id, versions] of [
      ['e346aaaa', prod],
      ['f000', test],
    ] as const) {
      expect(published().filter(({ instance }) => instance.id === id)).toEqual(again(versions.slice(1)));
    }
    expect(topic.published).toEqual([]);
  });

  it('says once that no region is set', async () => {
    const before = { ...process.env };
    delete process.env.AWS_REGION;
    delete process.env.AWS_DEFAULT_REGION;
    Object.assign(process.env, { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' });
    try {
      const places = ['--dynamodb-endpoint', table.endpoint, '--table', table.tableName, '--bus', 'history'];
      expect(await cli(['replay', '--since', at(-60), ...places])).toMatchObject({
        exitCode: 2,
        out: '',
        err: expect.stringMatching(/^roma-history: no AWS region is set: give --region, set AWS_REGION[^\n]*$/),
      });
    } finally {
      process.env = before;
    }
  });

  it('keeps to the span, the instance and the target that are asked for', async () => {
    await replay(['--since', at(10), '--until', at(20)]);
    expect(
      published()
        .map(({ instance, version }) => `${instance.id}/${version}`)
        .toSorted(),
    ).toEqual(['e346aaaa/3', 'e346aaaa/4', 'f000/3', 'f000/4']);
    await replay(['--since', at(-60), '--instance', 'roma-test']);
    expect(published().slice(4)).toEqual(again(test.slice(1)));
    expect(await replay(['--since', at(0), '--target', 'cn-north-4/00000000000000000000000000000000'])).toMatchObject({
      exitCode: 3,
    });
  });

  it('publishes to the feed, too, under deduplication ids that no replay before it had', async () => {
    for (let n = 0; n < 2; n += 1) {
      await replay(['--since', at(-60), '--instance', 'roma-test', '--feed', '--json']);
    }
    expect(topic.published.map(({ message }) => (JSON.parse(message) as ChangeEvent).version)).toEqual([
      2, 3, 4, 2, 3, 4,
    ]);
    expect(new Set(topic.published.map(({ deduplicationId }) => deduplicationId)).size).toBe(6);
  });

  it('publishes nothing in a dry run, needs no bus for it, and prints what it would', async () => {
    const { out, exitCode } = await replay(['--since', at(-60), '--instance', 'f000', '--dry-run', '--json'], {
      environment: {},
    });
    expect(exitCode).toBe(0);
    expect(out.split('\n').map((line) => JSON.parse(line) as unknown)).toEqual(again(test.slice(1)));
    expect((await replay(['--since', at(-60), '--dry-run'])).out).toMatch(/roma-prod[^]*8 events would be published/);
    expect(bus.calls).toEqual([]);
  });

  it('goes on where it failed: both replays together publish everything, in order', async () => {
    const fault = bus.inject(
      { kind: 'refuse', entries: ({ text }) => text.includes('e346aaaa/4"') },
      { times: 'always' },
    );
    const first = await replay(['--since', at(-60), '--rate', '2', '--feed']);
    expect(first.exitCode).toBe(1);
    expect(first.err).toContain('e346aaaa/4 was not published: InternalFailure');
    const command = /roma-history replay (.*)/.exec(first.err)?.[1]?.split(' ') ?? [];
    expect(command).toEqual(expect.arrayContaining(['--since', at(15), '--until', '--rate', '2', '--feed']));
    fault.remove();
    expect(
      (await cli(['replay', ...command], { environment: { EVENT_BUS_NAME: bus.busName, FEED_TOPIC_ARN: topic.arn } }))
        .exitCode,
    ).toBe(0);
    const firsts = [...new Map(published().map((event) => [event.eventId, event])).values()];
    for (const [id, versions] of [
      ['e346aaaa', prod],
      ['f000', test],
    ] as const) {
      expect(firsts.filter(({ instance }) => instance.id === id)).toEqual(again(versions.slice(1)));
    }
  });

  it('is interrupted by Ctrl-C and says how to go on, also in JSON', async () => {
    const interrupt = new AbortController();
    bus.subscribe('stop', { source: ['roma.instance-history'] }, () => interrupt.abort());
    const result = await replay(['--since', at(-60), '--rate', '2', '--json'], {
      signal: interrupt.signal,
    });
    expect(result.exitCode).toBe(1);
    expect(result.json()).toMatchObject([{ type: 'replay', ended: 'interrupted', published: 2, problems: [] }]);
    expect(result.json()[0]?.resumeSince).toBe(at(10));
  });

  it.each([
    ['no bus is named', ['--since', '1d'], { environment: {} }, 2, /give --bus, --stack or \$EVENT_BUS_NAME/],
    ['no topic is named', ['--since', '1d', '--feed', '--bus', 'b'], { environment: {} }, 2, /give --topic/],
    ['no time is given', [], {}, 2, /--since/],
    ['the span is turned around', ['--since', at(60), '--until', at(0)], {}, 2, /is not before --until/],
    ['the rate is too high', ['--since', '1d', '--rate', '5000'], {}, 2, /from 1 to 1000/],
    ['the instance is unknown', ['--since', '1d', '--instance', 'nobody'], {}, 3, /nobody/],
    ['the bus does not exist', ['--since', at(-60), '--bus', 'another'], {}, 1, /was not published/],
  ] as const)('says in one line that %s', async (_, args, overrides, exitCode, message) => {
    const result = await replay(args, overrides);
    expect(result.exitCode).toBe(exitCode);
    expect(result.err).toMatch(message);
    expect(published()).toEqual([]);
  });
});
