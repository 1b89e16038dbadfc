import { NO_RIGHT, OVERLOADED } from '../../support/cts-simulator/list-traces';
import { ACTORS, TraceLog } from '../../support/cts-simulator/trace-log';
import {
  type Fault,
  makeInstance,
  type RomaSimulator,
  seedFleet,
  SEED_PROJECT,
  startRomaSimulator,
} from '../../support/roma-simulator';
import type { TraceReading } from '../../../lambda/core/attribution/ports';
import { toInstant } from '../../../lambda/core/model/instant';
import { pseudonym } from '../../../lambda/cts/pseudonym';
import { createTraceSource } from '../../../lambda/cts/trace-source';
import { createRomaSource, type RomaSource } from '../../../lambda/roma/list/source';
import { ManualClock } from '../../support/manual-clock';

const TARGET = { region: 'cn-north-4', projectId: SEED_PROJECT.id };
const [alice, bob] = ACTORS;
const HOUR_MS = 3_600_000;

describe('the traces of a project', () => {
  let clock: ManualClock;
  let log: TraceLog;
  let simulator: RomaSimulator;
  let source: RomaSource;

  beforeEach(async () => {
    clock = new ManualClock();
    log = new TraceLog({ now: () => clock.now(), lagMs: () => 0 });
    simulator = await startRomaSimulator({
      fleet: seedFleet(),
      traces: log,
      clock: { now: () => clock.now(), sleep: async () => {} },
    });
    const { accessKey, secretKey } = simulator.account;
    source = createRomaSource({
      credentials: { kind: 'keys', accessKey, secretKey },
      clock,
      random: () => 0.5,
      endpoint: simulator.endpoint,
    });
  });
  afterEach(async () => {
    await source.close();
    await simulator.stop();
  });

  const rename = (n: number, actor = alice): void => {
    const instance = makeInstance(TARGET.projectId, n);
    log.told({ projectId: TARGET.projectId, actor, before: instance, after: { ...instance, name: `renamed-${n}` } });
  };
  const read = async (hours = 1, hide?: (text: string) => string): Promise<TraceReading> =>
    createTraceSource({ ...source.traces, hide }).read(
      TARGET,
      { from: toInstant(clock.now() - hours * HOUR_MS), to: toInstant(clock.now() + 1) },
      { deadline: clock.now() + 5_000 },
    );
  const break_ = (fault: Fault, more: object = {}) => simulator.faults.inject({ fault, on: 'traces', ...more });

  it('are read page by page to the end, each once, and say since when they are whole', async () => {
    for (let n = 0; n < 401; n += 1) rename(n);
    const wholeSince = toInstant(clock.now() - HOUR_MS);
    const reading = await read();
    expect(reading).toMatchObject({ kind: 'read', wholeSince });
    expect(reading.kind === 'read' && new Set(reading.traces.map(({ resourceId }) => resourceId)).size).toBe(401);
    expect(simulator.requests.map(({ query }) => [query.limit, query.next === undefined])).toEqual([
      ['200', true],
      ['200', false],
      ['200', false],
    ]);
    expect(simulator.requests[0]?.query).toMatchObject({ trace_type: 'system', resource_type: 'instance' });
    expect(simulator.requests[0]?.query.service_type).toBeUndefined();
  });

  it('are read as they are meant, whatever form they come in, and nothing of what was requested or answered', async () => {
    rename(1);
    clock.time += 1;
    rename(2, bob);
    const reading = await read();
    expect(reading.kind === 'read' && reading.traces).toMatchObject([
      { name: 'updateRomaInstanceName', user: 'bob', userId: null, via: 'api', code: '200', sourceIp: '10.1.2.40' },
      {
        name: 'updateRomaInstanceName',
        user: 'alice',
        userId: alice?.id,
        via: 'console',
        code: '200',
        rating: 'normal',
      },
    ]);
    expect(JSON.stringify(reading)).not.toMatch(/password|Not-For-The-History|job-/);
  });

  it('name nobody where the service acted, and leave out what only read', async () => {
    const instance = makeInstance(TARGET.projectId, 1);
    const act = { projectId: TARGET.projectId, before: instance, after: instance };
    log.add(act, 'freezeRomaInstance', { actor: undefined, more: { user: null, source_ip: null, code: null } });
    log.add(act, 'showRomaInstance', { actor: alice, more: { read_only: true } });
    const reading = await read();
    expect(reading.kind === 'read' && reading.traces).toMatchObject([
      { user: null, sourceIp: null, via: 'system', code: null },
    ]);
  });

  it('hold no secret of ours, and pseudonyms in place of people when that is asked for', async () => {
    const instance = makeInstance(TARGET.projectId, 1);
    const user = {
      name: simulator.account.secretKey,
      access_key_id: 'AKOFALICE00000000001',
      principal_urn: 'iam::1:user:alice',
      account_id: 'a-1',
    };
    log.add({ projectId: TARGET.projectId, before: instance, after: instance }, 'updateRomaInstance', {
      actor: alice,
      more: { user },
    });
    const plain = await read();
    expect(plain.kind === 'read' && plain.traces).toMatchObject([
      { user: '[redacted]', principal: 'iam::1:user:alice' },
    ]);
    const hidden = await read(1, pseudonym('a key of sixteen+'));
    const again = await read(1, pseudonym('a key of sixteen+'));
    expect(hidden).toEqual(again);
    expect(hidden).not.toEqual(await read(1, pseudonym('another key')));
    expect(hidden.kind === 'read' && hidden.traces[0]).toMatchObject({
      principal: expect.stringMatching(/^p-[0-9a-f]{16}$/),
      accessKeyId: expect.stringMatching(/^p-/),
      sourceIp: expect.stringMatching(/^p-/),
      account: 'a-1',
      via: 'console',
    });
    expect(JSON.stringify(hidden)).not.toMatch(/alice|10\.1\.2\.3|AKOFALICE/);
  });

  it('are asked for within the seven days that the service keeps', async () => {
    rename(1);
    expect(await read(24 * 30)).toMatchObject({
      kind: 'read',
      wholeSince: toInstant(clock.now() + 1 - 7 * 24 * HOUR_MS + 600_000),
    });
  });

  it('are not whole when a row cannot be read, or a page does not come, or comes again', async () => {
    for (let n = 0; n < 250; n += 1) rename(n);
    log.add({ projectId: TARGET.projectId, before: undefined, after: makeInstance(TARGET.projectId, 999) }, 'x', {
      actor: alice,
      more: { trace_id: null },
    });
    const spoilt = await read();
    expect(spoilt).toMatchObject({ kind: 'read', problem: '1 traces could not be read' });
    expect(spoilt).not.toHaveProperty('wholeSince');
    break_({ kind: 'reset' }, { after: 1 });
    const half = await read();
    expect(half.kind === 'read' && [half.traces.length, half.wholeSince]).toEqual([199, undefined]);
    clock.time += 60_000;
    const page = { meta_data: { marker: 'again' }, traces: [{ trace_id: 'a', trace_name: 'b', time: clock.now() }] };
    break_({ kind: 'answer', answer: { status: 200, body: page } }, { times: 2 });
    expect(await read()).toMatchObject({ kind: 'read', problem: 'the Cloud Trace Service gave the same page again' });
  });

  const readOf = async (...pages: readonly object[]): Promise<TraceReading & { readonly asked: number }> => {
    let asked = 0;
    const get = async () => ({ body: JSON.stringify(pages[Math.min(asked++, pages.length - 1)]) });
    const span = { from: toInstant(clock.now() - HOUR_MS), to: toInstant(clock.now() + 1) };
    const reading = await createTraceSource({ get, redact: (text) => text }).read(TARGET, span, { deadline: Infinity });
    return { ...reading, asked };
  };
  const row = (trace_id: string, more: object = {}) => ({ trace_id, trace_name: 'x', time: clock.now(), ...more });

  it('go on after a page without rows that has a marker, and end where that says nothing new', async () => {
    const empty = { meta_data: { marker: 'more' }, traces: null };
    expect(await readOf(empty, { traces: [row('a')] })).toMatchObject({ traces: [{ traceId: 'a' }], asked: 2 });
    expect(await readOf(empty)).toMatchObject({ traces: [], wholeSince: expect.anything(), asked: 2 });
  });

  it.each([
    ['a marker that cannot be read', [{ meta_data: { marker: { next: 'x' } }, traces: [] }]],
    ['a marker that lost its digits', [{ meta_data: { marker: 2 ** 70 }, traces: [] }]],
    ['a marker that is too long', [{ meta_data: { marker: 'm'.repeat(5000) }, traces: [] }]],
  ])('are not whole after %s', async (_, pages) => {
    expect(await readOf(...pages)).not.toHaveProperty('wholeSince');
  });

  it('are not whole when two of one id tell two things, and are when one is told twice', async () => {
    const [mine, other] = [row('a', { user: { name: 'alice' } }), row('a', { user: { name: 'bob' } })];
    expect(await readOf({ traces: [mine, other] })).not.toHaveProperty('wholeSince');
    expect(await readOf({ traces: [mine, mine] })).toHaveProperty('wholeSince');
  });

  it('hold no number that lost digits, and no half of a character', async () => {
    const user = { id: 2 ** 70, name: `${'a'.repeat(255)}\u{1F600}`, access_key_id: '\uD800' };
    const reading = await readOf({ traces: [row('a', { user, code: 200, resource_name: 'x'.repeat(9999) })] });
    expect(reading.kind === 'read' && reading.traces).toMatchObject([{ userId: null, code: '200' }]);
    expect(JSON.stringify(reading)).not.toMatch(/\\ud[89a-f]/i);
    expect(JSON.stringify(reading).length).toBeLessThan(1500);
  });

  it('are read though their fields are hostile', async () => {
    const user = JSON.parse('{"__proto__": {"name": "eve"}, "constructor": 1, "name": [], "domain": 7}') as object;
    const odd = ['1700000000', 17000000000000000, null, true, {}].map((time, n) => row(`t-${n}`, { time }));
    const reading = await readOf({
      traces: [row('a', { user }), row('b', { user: 'eve', resource_id: '__proto__' }), ...odd],
    });
    expect(reading).toMatchObject({ problem: '5 traces could not be read' });
    expect(reading.kind === 'read' && reading.traces.map((trace) => trace.user)).toEqual([null, null]);
  });

  it.each([
    ['the service is off', 'cts-off', (): unknown => (log.isOn = false), /enable it/],
    ['the right is missing', 'no-right', () => break_({ kind: 'answer', answer: NO_RIGHT }), /cts:trace:list/],
    ['it is overloaded', 'unavailable', () => break_({ kind: 'answer', answer: OVERLOADED }), /503/],
    ['the key is refused', 'unavailable', () => break_({ kind: 'answer', answer: 'gatewaySignatureFailed' }), /401/],
    ['the line breaks', 'unavailable', () => break_({ kind: 'reset' }), /./],
    ['the body breaks off', 'unavailable', () => break_({ kind: 'truncated' }), /./],
    [
      'something else answers',
      'unavailable',
      () => break_({ kind: 'answer', answer: { status: 200, body: '<html>' } }),
      /ctsEndpoint/,
    ],
    [
      'the list has another form',
      'unavailable',
      () => break_({ kind: 'answer', answer: { status: 200, body: { traces: 'x' } } }),
      /ctsEndpoint/,
    ],
  ] as const)('are refused with the reason when %s, after one request', async (_, reason, arrange, because) => {
    arrange();
    expect(await read()).toMatchObject({ kind: 'refused', reason, problem: expect.stringMatching(because) });
    expect(simulator.requests.length).toBe(1);
  });

  it('are not asked for again at once after an overload, and the list goes on all the same', async () => {
    break_({ kind: 'answer', answer: OVERLOADED }, { times: 'always' });
    await read();
    expect(await read()).toMatchObject({
      kind: 'refused',
      reason: 'unavailable',
      problem: expect.stringMatching(/left alone/),
    });
    expect(simulator.requests.length).toBe(1);
    expect((await source.probe(TARGET)).total).toBe(1);
    expect(source.stats().errors).toMatchObject({ server: 0, client: 0 });
  });

  it('that are refused to a key leave the key to the list', async () => {
    break_({ kind: 'answer', answer: 'gatewaySignatureFailed' });
    await read();
    expect((await source.probe(TARGET)).total).toBe(1);
  });

  it('do not come later than the deadline', async () => {
    break_({ kind: 'stall' });
    const reading = await createTraceSource(source.traces).read(
      TARGET,
      { from: toInstant(clock.now() - 1), to: toInstant(clock.now()) },
      { deadline: clock.now() + 50 },
    );
    expect(reading).toMatchObject({ kind: 'refused', reason: 'unavailable' });
  });
});
