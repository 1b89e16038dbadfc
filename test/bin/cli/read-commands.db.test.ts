import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { toGapItem } from '../../../lambda/dynamodb/table';
import { cli, NOW } from '../../support/cli';
import { createTestTable, onEachEngine, type TestTable } from '../../support/engines';
import { startFaultProxy } from '../../support/fault-proxy';
import { headItems, itemsOf, TARGET, versionsOf, writeItems } from '../../support/history-rows';

const at = (time: string): string => `2026-11-22T${time}:00.000Z`;
const OTHER = { region: 'ap-southeast-1', projectId: '206506b9a92342df9a5025fc12351cfc' };

onEachEngine('roma-history', (engine) => {
  let table: TestTable;
  const here = (endpoint = table.endpoint) => ['--dynamodb-endpoint', endpoint, '--table', table.tableName];
  const history = async (...args: string[]) => cli([...args, ...here()]);

  beforeAll(async () => {
    table = await createTestTable(engine);
    const life = (id: string, name: string, target = TARGET) =>
      versionsOf(
        [
          { at: at('08:00'), snapshot: { id, name, status: 'RUNNING', flavor_id: 'small' }, kind: 'baseline' },
          { at: at('09:00'), snapshot: { id, name, status: 'ERROR', flavor_id: 'small' } },
          { at: at('10:00'), snapshot: { id, name, status: 'RUNNING', flavor_id: 'large' } },
        ],
        target,
      );
    await writeItems(table, [
      ...headItems({ completedObservedAt: at('11:58'), intervalMs: 300_000, outcome: 'unchanged' }),
      ...headItems({ completedObservedAt: at('11:00'), intervalMs: 300_000 }, OTHER),
      toGapItem({ target: TARGET, from: at('08:30'), to: at('08:45') }),
      ...itemsOf(life('e346aaaa', 'roma-prod')),
      ...itemsOf(life('e346bbbb', 'roma-test')),
      ...itemsOf(
        versionsOf([
          { at: at('09:00'), snapshot: { id: 'f000', name: 'short-lived', status: 'RUNNING' } },
          { at: at('09:30'), snapshot: { id: 'f000', name: 'short-lived', status: 'RUNNING' }, kind: 'deleted' },
        ]),
      ),
      ...itemsOf(life('a111', 'roma-prod', OTHER)),
    ]);
  });
  afterAll(() => table.close());

  it('lists the fleet now, hides what is deleted, and says what is not observed', async () => {
    const { out, exitCode } = await history('list');
    expect(exitCode).toBe(0);
    expect(out).toMatch(/RUNNING +2 h ago +roma-test +e346bbbb/);
    expect(out).toContain('(unobserved for 1 h)');
    expect(out).toContain('3 instances, 1 deleted not shown (--all)');
    expect((await history('list', '--all')).out).toContain('short-lived');
  });

  it.each([
    ['show', 'e346aaaa'],
    ['show', 'e346aaaa', '--at', '2026-11-22T09:15:00.000Z'],
    ['diff', 'e346aaaa', '2026-11-22T08:15:00.000Z', '2026-11-22T09:15:00.000Z'],
  ])('reads the row of an instance once per target: %s %s %s', async (...args) => {
    const send = jest.spyOn(DynamoDBDocumentClient.prototype, 'send');
    try {
      expect((await history(...args)).exitCode).toBe(0);
      const rows = send.mock.calls.map(([command]) => command).filter((command) => command instanceof GetCommand);
      expect(rows).toHaveLength(2);
    } finally {
      send.mockRestore();
    }
  });

  it('lists the fleet as of a time', async () => {
    const rows = (
      await history('list', '--at', at('09:15'), '--target', `${TARGET.region}/${TARGET.projectId}`, '--json')
    ).json();
    expect(rows.map(({ id, status, version, deleted }) => [id, status, version, deleted])).toEqual([
      ['e346aaaa', 'ERROR', 2, false],
      ['e346bbbb', 'ERROR', 2, false],
      ['f000', 'RUNNING', 1, false],
    ]);
    expect(Object.keys(rows[0] ?? {})).toEqual([
      'id',
      'name',
      'status',
      'region',
      'projectId',
      'since',
      'version',
      'deleted',
      'snapshot',
    ]);
    expect((await history('list', '--at', at('08:40'), '--json')).json()[1]).toMatchObject({
      id: 'e346aaaa',
      unobserved: { from: at('08:30'), to: at('08:45') },
    });
    // Nobody had looked yet: what was there when the recording began may have been there. What was created later was not.
    expect((await history('list', '--at', at('07:00'), '--json')).json()).toMatchObject(
      ['a111', 'e346aaaa', 'e346bbbb'].map((id) => ({ id, status: null, unobserved: { from: null, to: at('08:00') } })),
    );
    expect((await history('list', '--at', at('07:00'))).out).toContain(
      '0 instances, nothing is known about 3 at that time',
    );
    expect((await history('list', '--at', at('08:10'), '--status', 'froze')).out).toMatch(
      /0 instances with status FROZE; the statuses are: RUNNING$/,
    );
  });

  it('filters the list by status', async () => {
    const rows = (await history('list', '--status', 'error', '--at', at('09:15'), '--json')).json();
    expect(rows.map(({ id }) => id)).toEqual(['a111', 'e346aaaa', 'e346bbbb']);
  });

  it('tells the log of an instance, newest first, with the gap in its place', async () => {
    const rows = (await history('log', 'roma-test', '--json')).json();
    expect(rows.map((row) => row.version ?? row)).toEqual([
      3,
      2,
      { type: 'gap', from: at('08:30'), to: at('08:45') },
      1,
    ]);
    const { out } = await history('log', 'e346b', '-n', '2');
    expect(out).toContain('changed between 2026-11-22 09:55:00 and 10:00:00 UTC');
    expect(out).toContain('ERROR → RUNNING, flavor_id: small → large');
    expect(out).not.toContain('v1');
  });

  it('shows a state now, at a time, in a version, and what nobody knows', async () => {
    expect((await history('show', 'e346b', '--json')).json()).toMatchObject([{ version: 3, status: 'RUNNING' }]);
    expect((await history('show', 'e346b', '--at', at('09:10'), '--json')).json()).toMatchObject([
      { version: 2, status: 'ERROR', snapshot: { flavor_id: 'small' } },
    ]);
    expect((await history('show', 'e346b', '--version', '1', '--json')).json()).toMatchObject([{ kind: 'baseline' }]);
    expect((await history('show', 'e346b', '--at', at('08:40'))).out).toContain(
      '(unobserved 2026-11-22 08:30:00–08:45:00 UTC)',
    );
    expect(await history('show', 'e346b', '--at', at('07:00'))).toMatchObject({ exitCode: 3, out: '' });
    expect(await history('show', 'e346b', '--version', '9')).toMatchObject({ exitCode: 3 });
    expect((await history('show', 'f000')).out).toContain('absent from two equal lists');
  });

  it('tells what differs between versions or times', async () => {
    const [line] = (await history('diff', 'e346b', at('08:10'), 'v3', '--json')).json();
    expect(line).toMatchObject({
      id: 'e346bbbb',
      a: { version: 1 },
      b: { version: 3 },
      changes: [{ field: 'flavor_id', from: 'small', to: 'large' }],
    });
    expect((await history('diff', 'e346b', '2', '3')).out).toContain('  - ERROR\n  + RUNNING');
    expect((await history('diff', 'e346b', '3', 'now')).out).toContain('no difference');
  });

  it('tells the changes of a span over all targets, by kind', async () => {
    const all = (await history('changes', '--since', at('08:30'), '--json')).json();
    expect(all.map(({ eventId }) => String(eventId).split('/').slice(2).join('/'))).toEqual([
      'a111/2',
      'e346aaaa/2',
      'e346bbbb/2',
      'f000/1',
      'f000/2',
      'a111/3',
      'e346aaaa/3',
      'e346bbbb/3',
    ]);
    const deleted = (await history('changes', '--kind', 'deleted', '--json')).json();
    expect(deleted).toMatchObject([{ kind: 'deleted', evidence: 'absent', after: null }]);
    const two = (await history('changes', '--kind', 'deleted', '--kind', 'created', '--json')).json();
    expect(two.map(({ kind }) => kind)).toEqual(['created', 'deleted']);
    expect((await history('changes', '--since', '1h')).out).toBe('no change in this time');
  });

  it('follows: prints what is there, then each new change once', async () => {
    const stop = new AbortController();
    const seen: string[] = [];
    let looks = 0;
    const late = versionsOf([{ at: at('11:50'), snapshot: { id: 'late', name: 'late', status: 'RUNNING' } }]);
    await cli(['changes', '--follow', '--since', at('11:30'), '--json', ...here()], {
      out: (line) => {
        seen.push((JSON.parse(line) as { eventId: string }).eventId);
      },
      signal: stop.signal,
      clock: {
        now: () => Date.parse(NOW),
        sleep: async () => {
          looks += 1;
          if (looks === 1)
            await writeItems(
              table,
              itemsOf(late).filter((item) => 'changesPartition' in item),
            );
          if (looks === 4) stop.abort();
        },
      },
    });
    expect(seen).toEqual([expect.stringMatching(/late\/1$/)]);
  });

  it('follows on when the database fails for a while, and says so once', async () => {
    const proxy = await startFaultProxy(table.endpoint);
    const stop = new AbortController();
    const seen: string[] = [];
    const snapshot = { id: 'later', name: 'later', status: 'RUNNING' };
    const later = versionsOf([
      { at: at('11:40'), snapshot },
      { at: at('11:41'), snapshot: { ...snapshot, status: 'ERROR' } },
    ]);
    const inOrder = later.map((version) => itemsOf([version]).filter((item) => 'changesPartition' in item));
    let pauses = 0;
    const { err, exitCode } = await cli(['changes', '-f', '--since', at('11:39'), '--json', ...here(proxy.endpoint)], {
      out: (line) => {
        const { instance, version } = JSON.parse(line) as { instance: { id: string }; version: number };
        if (instance.id === 'later') seen.push(`${instance.id}/${version}`);
      },
      signal: stop.signal,
      clock: {
        now: () => Date.parse(NOW),
        sleep: async () => {
          pauses += 1;
          if (pauses === 1) {
            await writeItems(table, inOrder[0] ?? []);
          } else if (pauses === 2) {
            await writeItems(table, inOrder[1] ?? []);
            proxy.arm('serverError', { operation: 'Query', times: 10_000 });
          } else if (pauses === 4) {
            proxy.disarm();
          } else if (pauses === 6) {
            stop.abort();
          }
        },
      },
    });
    await proxy.stop();
    expect(seen).toEqual(['later/1', 'later/2']);
    expect(err).toMatch(/^roma-history: trying again: .+$/);
    expect(exitCode).toBe(0);
  });

  it('tells uptime with unobserved time for one instance and for all', async () => {
    const span = ['--since', at('08:00'), '--until', at('11:00')];
    expect((await history('uptime', 'e346b', ...span, '--json')).json()).toEqual([
      {
        id: 'e346bbbb',
        from: at('08:00'),
        to: at('11:00'),
        statusMs: { RUNNING: 105 * 60_000, ERROR: 60 * 60_000 },
        unobservedMs: 15 * 60_000,
        availability: 105 / 165,
      },
    ]);
    const each = (await history('uptime', ...span, '--json')).json();
    expect(each.map(({ id }) => id)).toEqual(['a111', 'e346aaaa', 'e346bbbb', 'f000']);
    const all = (await history('uptime', ...span, '--json', '--total')).json();
    expect(all.map(({ id, target }) => id ?? target)).toEqual([
      'a111',
      'e346aaaa',
      'e346bbbb',
      'f000',
      `${OTHER.region}/${OTHER.projectId}`,
      `${TARGET.region}/${TARGET.projectId}`,
    ]);
    expect((await history('uptime', ...span)).out).toContain('63.636 %');
  });

  it.each([
    ['two instances of one name', ['show', 'roma-prod'], 2, /fits 2 instances: a111 .*e346aaaa/],
    ['an ambiguous beginning of an id', ['log', 'e346'], 2, /fits 2 instances/],
    ['an unknown instance', ['log', 'nobody'], 3, /no instance has the id or name "nobody"/],
    ['a malformed time', ['list', '--at', 'tomorrow'], 2, /--at "tomorrow" is not a time/],
    ['a day that does not exist', ['list', '--at', '2026-02-30'], 2, /is not a time/],
    ['a time in the future', ['show', 'f000', '--at', '2027-01-01T00:00:00Z'], 2, /is in the future/],
    ['since after until', ['changes', '--since', '1h', '--until', '2h'], 2, /is not before --until/],
    ['a kind that does not exist', ['changes', '--kind', 'exploded'], 2, /Allowed choices are/],
    [
      'a target that is not recorded',
      ['list', '--target', 'cn-east-3/306506b9a92342df9a5025fc12351cfc'],
      3,
      /is not recorded/,
    ],
    ['a target that is none', ['list', '--target', 'nonsense'], 2, /not of the form region\/projectId/],
    ['an unknown option', ['list', '--colour'], 2, /unknown option '--colour'/],
    ['an unknown command', ['lst'], 2, /unknown command 'lst'/],
    ['both a time and a version', ['show', 'f000', '--at', '1h', '--version', '1'], 2, /cannot be used with/],
  ])('answers %s with one line and the right exit code', async (_, args, exitCode, message) => {
    const result = await history(...args);
    expect(result).toMatchObject({ exitCode, out: '' });
    expect(result.err).toMatch(message);
    expect(result.err).not.toContain('\n');
  });

  it('says that it waits for a target that is not recorded', async () => {
    const stop = new AbortController();
    const target = 'cn-east-3/306506b9a92342df9a5025fc12351cfc';
    const { err, exitCode } = await cli(['changes', '-f', '--target', target, ...here()], {
      signal: stop.signal,
      clock: { now: () => Date.parse(NOW), sleep: async () => stop.abort() },
    });
    expect([exitCode, err]).toEqual([
      0,
      expect.stringMatching(/^roma-history: waiting, because target cn-east-3.* is not recorded/),
    ]);
  });
});
