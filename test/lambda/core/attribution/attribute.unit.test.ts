// Over 300 lines, because all its tests ask one simulated Cloud Trace Service about one fleet.
import { ACTORS } from '../../../support/cts-simulator/trace-log';
import { attributionText } from '../../../../lambda/core/model/attribution-words';
import { readMark } from '../../../../lambda/core/model/attribution';
import type { RunResult } from '../../../../lambda/core/sync/run-result';
import { ActedWorld } from '../../../support/acted-world';
import { TARGET } from '../../../support/fleet';
import { trace } from '../../../support/traces';

const [alice, bob, robot] = ACTORS;
const MINUTE_MS = 60_000;

describe('the asking', () => {
  let acted: ActedWorld;
  const wait = (ms: number): void => acted.world.wait(ms);
  const run = async (options: Parameters<ActedWorld['run']>[0] = {}): Promise<RunResult> => acted.run(options);
  const last = async (id = 'i-1') => acted.last(id);
  const mark = async () => (await acted.world.head())?.attribution;
  const asks = async (minutes: number, every = 5): Promise<number[]> => {
    const times: number[] = [];
    const start = acted.world.clock.now();
    for (let minute = 0; minute < minutes; minute += every) {
      const before = acted.asked;
      await run();
      if (acted.asked > before) times.push(Math.round((acted.world.clock.now() - start) / MINUTE_MS));
      wait(every * MINUTE_MS);
    }
    return times;
  };

  beforeEach(async () => {
    acted = new ActedWorld();
    for (const id of ['i-1', 'i-2', 'i-3', 'i-4', 'i-5']) acted.act(alice, id, {});
    await run();
    expect(acted.asked).toBe(0);
    wait(10 * MINUTE_MS);
    await run();
    wait(5 * MINUTE_MS);
  });

  it('is left out while nothing changes, though the head says that it is on', async () => {
    for (let n = 0; n < 5; n += 1) {
      expect(await run()).toMatchObject({ outcome: 'unchanged', mark: 'on' });
      wait(5 * MINUTE_MS);
    }
    expect(acted.asked).toBe(0);
    expect(await mark()).toBe('on');
  });

  it('follows a change at once, names who did it as likely, and as certain when no trace can be under way', async () => {
    acted.act(bob, 'i-1', { name: 'new' });
    wait(2 * MINUTE_MS);
    await run();
    expect(acted.asked).toBe(1);
    expect(await last()).toMatchObject({
      version: 2,
      kind: 'updated',
      confidence: 'likely',
      actors: [{ user: 'bob', via: 'api', operation: 'updateName' }],
    });
    expect((await last())?.decidedAt).toBeUndefined();
    for (let n = 0; n < 8; n += 1) {
      wait(5 * MINUTE_MS);
      await run();
    }
    expect(await last()).toMatchObject({
      confidence: 'certain',
      actors: [{ user: 'bob', sourceIp: bob?.ip }],
      decidedAt: expect.anything(),
    });
    expect(attributionText((await last())!)).toBe('by bob (api, 10.1.2.40)');
  });

  it('goes on with growing pauses for a day, and then ends', async () => {
    acted.act(bob, 'i-1', { name: 'new' });
    await run();
    wait(5 * MINUTE_MS);
    const times = await asks(26 * 60);
    expect(times.length).toBeLessThan(11);
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    // The last pause is cut, so that the last asking is a day after the change.
    expect(pauses.slice(0, -1)).toEqual(pauses.slice(0, -1).toSorted((a, b) => a - b));
    expect(times.at(-1)).toBeGreaterThanOrEqual(24 * 60 - 10);
    expect(await mark()).toBe('on');
  });

  it('finds a trace that comes late', async () => {
    acted = new ActedWorld({ lagMs: () => 30 * MINUTE_MS });
    acted.act(undefined, 'i-1', {}, []);
    await run();
    wait(5 * MINUTE_MS);
    acted.act(bob, 'i-1', { name: 'new' });
    await run();
    expect(await last()).toMatchObject({ confidence: 'none', reason: 'pending' });
    wait(5 * MINUTE_MS);
    await asks(60);
    expect(await last()).toMatchObject({ confidence: 'certain', actors: [{ user: 'bob' }] });
  });

  it('knows who asked for what took longer than the pause between two runs', async () => {
    acted.trace(bob, 'i-1', 'deleteRomaInstance');
    for (let n = 0; n < 6; n += 1) {
      wait(5 * MINUTE_MS);
      await run();
    }
    expect(acted.asked).toBe(0);
    wait(3 * MINUTE_MS);
    acted.act(undefined, 'i-1', undefined, ['deleteRomaInstanceResult']);
    wait(2 * MINUTE_MS);
    await run();
    wait(5 * MINUTE_MS);
    await asks(60);
    expect(await last()).toMatchObject({ kind: 'deleted', confidence: 'certain', actors: [{ user: 'bob' }] });
  });

  it('says so when it finds nothing, after a day for good', async () => {
    acted.act(undefined, 'i-1', { status: 'ERROR' }, []);
    await run();
    wait(5 * MINUTE_MS);
    await asks(60);
    expect(await last()).toMatchObject({ confidence: 'none', reason: 'nothing-found', actors: [] });
    expect((await last())?.decidedAt).toBeUndefined();
    await asks(24 * 60, 30);
    expect(await last()).toMatchObject({ confidence: 'none', reason: 'nothing-found', decidedAt: expect.anything() });
  });

  it('keeps every trace of its instances, also of those that did not change', async () => {
    wait(90 * MINUTE_MS);
    await run();
    acted.trace(bob, 'i-2', 'updateRomaInstanceName', { ok: false });
    acted.act(alice, 'i-1', { name: 'new' });
    wait(2 * MINUTE_MS);
    await run();
    expect(await acted.store.traces(TARGET, 'i-2')).toMatchObject([{ name: 'updateRomaInstanceName', user: 'bob' }]);
    expect(await acted.store.traces(TARGET, 'i-3')).toEqual([]);
  });

  it.each([
    ['cts-off', 'cts-off'],
    ['no-right', 'no-right'],
    ['unavailable', 'unavailable'],
  ] as const)('ends with the reason %s, changes nothing of the run, and is made up for', async (reason, shown) => {
    acted.broken = { kind: 'refused', reason, problem: 'it does not answer' };
    acted.act(bob, 'i-1', { name: 'new' });
    expect(await run()).toMatchObject({ outcome: 'changed', problem: 'it does not answer' });
    expect(await last()).toMatchObject({ confidence: 'none', reason: shown });
    wait(5 * MINUTE_MS);
    // For two days, and it is asked less and less.
    const failed = await asks(2 * 24 * 60, 30);
    expect(failed.length).toBeLessThan(14);
    expect(await last()).toMatchObject({ confidence: 'none', reason: shown });
    acted.broken = undefined;
    await asks(4 * 24 * 60, 60);
    expect(await last()).toMatchObject({
      confidence: 'certain',
      actors: [{ user: 'bob' }],
      decidedAt: expect.anything(),
    });
    expect(await mark()).toBe('on');
  });

  it('gives up what is older than the traces', async () => {
    acted.broken = { kind: 'refused', reason: 'no-right', problem: 'no' };
    acted.act(bob, 'i-1', { name: 'new' });
    await run();
    await asks(8 * 24 * 60, 60);
    expect(await last()).toMatchObject({ confidence: 'none', reason: 'no-right', decidedAt: expect.anything() });
    expect(await mark()).toBe('on');
  });

  it('takes no longer than its time, however many traces there are, and goes on with the next run', async () => {
    acted.act(bob, 'i-1', { name: 'new' });
    for (let n = 0; n < 60; n += 1) acted.trace(bob, 'i-1', 'updateRomaInstanceDesc');
    wait(2 * MINUTE_MS);
    const keepTrace = acted.store.keepTrace.bind(acted.store);
    acted.store.keepTrace = async (target, id, trace) => {
      wait(1000);
      return keepTrace(target, id, trace);
    };
    const start = acted.world.clock.now();
    expect(await run()).toMatchObject({ outcome: 'changed', problem: expect.stringMatching(/next run goes on/) });
    expect(acted.world.clock.now() - start).toBeLessThan(22_000);
    for (let n = 0; n < 4; n += 1) {
      wait(5 * MINUTE_MS);
      await run();
    }
    expect(await last()).toMatchObject({ actors: expect.arrayContaining([expect.objectContaining({ user: 'bob' })]) });
  });

  it('does not take back what it knew when it cannot ask', async () => {
    acted.act(bob, 'i-1', { name: 'new' });
    wait(2 * MINUTE_MS);
    await run();
    await asks(60);
    const before = await last();
    expect(before).toMatchObject({ confidence: 'certain' });
    acted.broken = { kind: 'refused', reason: 'unavailable', problem: 'down' };
    acted.act(alice, 'i-2', { name: 'other' });
    await run();
    expect(await last()).toEqual(before);
  });

  it('is made up for by the next run when a run dies before it, or in it', async () => {
    acted.act(bob, 'i-1', { name: 'new' });
    await run({ isCut: true });
    wait(5 * MINUTE_MS);
    await run();
    expect(await last()).toMatchObject({ confidence: 'likely', actors: [{ user: 'bob' }] });
    acted.act(alice, 'i-2', { name: 'newer' });
    const recorder = acted.world.store.newRecorder();
    await run({ recorder: { ...recorder, end: async () => Promise.reject(new Error('the line is cut')) } });
    wait(10 * MINUTE_MS);
    await run();
    expect(await last('i-2')).toMatchObject({ confidence: 'likely', actors: [{ user: 'alice' }] });
  });

  it('is made up for when somebody else has run meanwhile, whose run does not ask', async () => {
    acted.act(bob, 'i-1', { name: 'new' });
    const { attribution: _, ...asHeadSays } = { attribution: undefined };
    await acted.world.run(asHeadSays);
    expect(readMark((await mark())!).from).toBeDefined();
    wait(5 * MINUTE_MS);
    await run();
    expect(await last()).toMatchObject({ actors: [{ user: 'bob' }] });
  });

  it.each(['?? !!', 'on on on', 'zzzzzzzzzzzz zzzzzzzzzzzz', ' '])(
    'goes on from the next change where the head says %j, and the run does not fail',
    async (odd) => {
      await acted.store.moveMark(TARGET, 'on', odd);
      expect(await run()).toMatchObject({ outcome: 'unchanged' });
      acted.act(bob, 'i-1', { name: 'new' });
      wait(2 * MINUTE_MS);
      expect(await run()).toMatchObject({ outcome: 'changed' });
      expect(await last()).toMatchObject({ confidence: 'likely', actors: [{ user: 'bob' }] });
    },
  );

  it('stops where it is switched off, and never begins where it was never on', async () => {
    await acted.world.run({ attribution: false });
    expect(await mark()).toBe('off');
    acted.act(bob, 'i-1', { name: 'new' });
    wait(5 * MINUTE_MS);
    expect((await acted.world.run()).mark).toBeUndefined();
    expect(await mark()).toBe('off');
    await acted.world.run({ attribution: true });
    expect(await mark()).toBe('on');
  });

  it('takes a creation whose trace has no id as likely, by the name', async () => {
    acted.act(undefined, 'i-9', { name: 'fresh' }, []);
    acted.log.add({ projectId: TARGET.projectId, before: undefined, after: acted.get('i-9') }, 'createRomaInstance', {
      actor: robot,
      more: { resource_id: '' },
    });
    wait(2 * MINUTE_MS);
    await run();
    await asks(60);
    expect(await last('i-9')).toMatchObject({
      kind: 'created',
      confidence: 'likely',
      actors: [{ user: 'deploy-robot', operation: 'create' }],
    });
  });
});

describe('a deletion that traces tell of', () => {
  let acted: ActedWorld;
  const IDS = ['i-1', 'i-2', 'i-3', 'i-4'];
  const minutes = (count: number): void => acted.world.wait(count * MINUTE_MS);
  const gone = async (ids: readonly string[]): Promise<string[]> => {
    const found: string[] = [];
    for (const id of ids) {
      const row = await acted.world.current(id);
      if (row?.kind === 'deleted') found.push(`${id} ${row.evidence}`);
    }
    return found;
  };

  beforeEach(async () => {
    acted = new ActedWorld();
    for (const id of IDS) acted.act(alice, id, { enterprise_project_id: id < 'i-3' ? 'a' : 'b' });
    await acted.run();
    minutes(10);
    await acted.run();
    minutes(5);
  });

  it('has the evidence `traced`, and one that they do not tell of is absent as ever', async () => {
    acted.act(bob, 'i-1', undefined);
    minutes(2);
    expect(await acted.run()).toMatchObject({ outcome: 'changed' });
    expect(await gone(IDS)).toEqual(['i-1 traced']);
    expect(await acted.world.current('i-1')).toMatchObject({ status: 'DELETED' });
    minutes(5);
    acted.act(bob, 'i-3', undefined, []);
    await acted.run();
    expect(await gone(IDS)).toEqual(['i-1 traced', 'i-3 absent']);
  });

  it.each([
    ['of most of the target', ['i-1', 'i-2', 'i-3']],
    ['of all', IDS],
    ['of a whole group', ['i-1', 'i-2']],
  ])('is not held by the brake, id by id: %s', async (_, ids) => {
    const [untold = '', ...told] = ids;
    for (const id of told) acted.act(bob, id, undefined);
    acted.act(bob, untold, undefined, []);
    minutes(2);
    expect(await acted.run()).toMatchObject({ outcome: 'brake', held: 1 });
    expect(await gone(IDS)).toEqual(told.map((id) => `${id} traced`));
    minutes(5);
    acted.trace(undefined, untold, 'deleteRomaInstanceResult', { more: { resource_id: untold } });
    minutes(2);
    expect(await acted.run()).toMatchObject({ outcome: 'changed', held: 0 });
    expect((await gone(IDS)).toSorted()).toEqual(ids.map((id) => `${id} traced`));
  });

  it.each<[string, () => void]>([
    ['the service does not answer', () => (acted.broken = { kind: 'refused', reason: 'unavailable', problem: 'down' })],
    [
      'the Results tell a code that is no success',
      () => IDS.map((id) => acted.trace(undefined, id, 'deleteRomaInstanceResult', { more: { code: 'ROMA.0500' } })),
    ],
    [
      'the Results do not tell how they ended',
      () =>
        IDS.map((id) =>
          acted.trace(undefined, id, 'deleteRomaInstanceResult', { more: { code: null, trace_rating: null } }),
        ),
    ],
    [
      'the cleaning up is told of another instance only by the same name',
      () => IDS.map((id) => acted.trace(bob, id, 'cleanFailedRomaInstance', { more: { resource_id: '' } })),
    ],
    ['only the requests are told', () => IDS.map((id) => acted.trace(bob, id, 'deleteRomaInstance'))],
    [
      'the Results say that they failed',
      () => IDS.map((id) => acted.trace(undefined, id, 'deleteRomaInstanceResult', { ok: false })),
    ],
    [
      'the Results are of an earlier life',
      () =>
        IDS.map((id) =>
          acted.trace(undefined, id, 'deleteRomaInstanceResult', { more: { time: acted.now() - 3_600_000 } }),
        ),
    ],
    [
      'the Results are of other instances',
      () =>
        IDS.map((id) =>
          acted.trace(undefined, id, 'deleteRomaInstanceResult', { more: { resource_id: `${id}-other` } }),
        ),
    ],
  ])('stays held when %s', async (_, arrange) => {
    arrange();
    for (const id of IDS) acted.act(bob, id, undefined, []);
    minutes(2);
    expect(await acted.run()).toMatchObject({ outcome: 'brake', held: 4 });
    expect(await gone(IDS)).toEqual([]);
  });

  it('proves nothing of an instance that was there again after it', async () => {
    for (const id of IDS) acted.act(bob, id, undefined);
    minutes(2);
    expect(await acted.run()).toMatchObject({ changes: { deleted: 4 } });
    for (const id of IDS) acted.act(bob, id, {}, []);
    minutes(1);
    expect(await acted.run()).toMatchObject({ outcome: 'changed' });
    for (const id of IDS) acted.act(bob, id, undefined, []);
    minutes(1);
    expect(await acted.run()).toMatchObject({ outcome: 'brake', held: 4 });
  });

  it('proves something of an instance that has been there again for a while', async () => {
    acted.act(bob, 'i-1', undefined);
    minutes(2);
    await acted.run();
    acted.act(bob, 'i-1', {}, []);
    for (let n = 0; n < 4; n += 1) {
      minutes(5);
      await acted.run();
    }
    for (const id of IDS) acted.act(bob, id, undefined);
    minutes(2);
    expect(await acted.run()).toMatchObject({ outcome: 'changed', held: 0 });
  });

  it('is none that is yet to happen', async () => {
    for (const id of IDS) {
      acted.act(bob, id, undefined, []);
      acted.broken = {
        kind: 'read',
        traces: IDS.map((each) => trace('deleteRomaInstanceResult', '2099-01-01T00:00:00.000Z', { resourceId: each })),
      };
    }
    minutes(2);
    expect(await acted.run()).toMatchObject({ outcome: 'brake', held: 4 });
  });

  it('proves nothing while the instance is listed', async () => {
    acted.trace(bob, 'i-1', 'deleteRomaInstanceResult');
    minutes(2);
    await acted.run();
    expect(await gone(IDS)).toEqual([]);
  });
});
