import { toInstant } from '../../../lambda/core/model/instant';
import { createReader } from '../../../lambda/dynamodb/reader';
import { createRecorder } from '../../../lambda/dynamodb/recorder';
import { anyEngine, createTestTable, type TestTable } from '../../support/engines';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy';
import { collect, SyncWorld } from '../../support/sync-world';

describe('a run whose database fails', () => {
  let proxy: FaultProxy;
  let table: TestTable;
  let world: SyncWorld;

  beforeEach(async () => {
    table = await createTestTable(anyEngine(), {
      requestTimeout: 1000,
      through: async (endpoint) => {
        proxy = await startFaultProxy(endpoint);
        return proxy.endpoint;
      },
    });
    world = new SyncWorld({
      name: 'through a fault proxy',
      newRecorder: () => createRecorder(table.client, table.tableName),
      reader: createReader(table.client, table.tableName, { now: () => 0 }),
      close: () => table.close(),
    });
    world.put('a');
    world.put('b');
    await world.tick();
    world.put('a', 'ERROR');
  });
  afterEach(async () => {
    table.close();
    await proxy.stop();
  });

  const expectOneChange = async (): Promise<void> => {
    expect(await world.kinds('a')).toEqual(['baseline', 'statusChanged']);
    expect(await world.kinds('b')).toEqual(['baseline']);
    expect(await world.tick()).toMatchObject({ outcome: 'unchanged' });
  };

  it.each([
    'dropBefore',
    'dropAfter',
    'hang',
    'duplicate',
    'serverError',
    'throttle',
    'conflict',
    'throttleInside',
  ] as const)('records exactly once when a batch meets %s', async (fault) => {
    proxy.arm(fault, { operation: 'TransactWriteItems' });
    expect(await world.tick()).toMatchObject({ outcome: 'changed', changes: { statusChanged: 1 } });
    await expectOneChange();
  });

  it.each(['dropBefore', 'dropAfter', 'hang', 'duplicate', 'serverError', 'throttle', 'conflict'] as const)(
    'takes its lease and ends when an update of the head meets %s',
    async (fault) => {
      proxy.arm(fault, { operation: 'UpdateItem' });
      expect(await world.tick()).toMatchObject({ outcome: 'changed' });
      expect(await world.store.reader.head(world.target)).toMatchObject({ outcome: 'changed', dirty: false });
      await expectOneChange();
    },
  );

  it.each(['dropAfter', 'hang'] as const)('recognises its own end when its answer is lost (%s)', async (fault) => {
    const recorder = createRecorder(table.client, table.tableName);
    const result = await world.run({
      recorder: {
        ...recorder,
        end: async (...args) => {
          proxy.arm(fault, { operation: 'UpdateItem' });
          return recorder.end(...args);
        },
      },
    });
    expect(result).toMatchObject({ outcome: 'changed' });
    world.wait();
    await expectOneChange();
  });

  describe('for good says which table, where it is, what happened and what to do', () => {
    const faults = [
      ['dropBefore', /^ did not answer \(.*socket hang up.*\): try again; if it stays so, check the address/],
      ['serverError', /^ failed \(HTTP 500 InternalServerError: The request could not be processed\): the fault is/],
      ['webPage', /^ was not reached: what answers there with HTTP 502 is not DynamoDB; check the address/],
    ] as const;
    const slow = [
      ['hang', /^ did not answer \(.*\): try again/],
      ['throttle', /^ is throttled \(Rate exceeded\): try again later/],
    ] as const;

    it.each([...faults, ...slow])('when it is read (%s)', async (fault, words) => {
      proxy.arm(fault, { operation: 'Query', times: 100 });
      const { outcome, because = '' } = await world.run();
      expect(outcome).toBe('failed');
      const [before, after] = because.split(`table ${table.tableName} at ${proxy.endpoint}`);
      expect(before).toBe('');
      expect(after).toMatch(words);
    });

    it('when it is asked, and that asking again may help', async () => {
      proxy.arm('serverError', { operation: 'Query', times: 100 });
      await expect(collect(world.store.reader.versions(world.target, 'a'))).rejects.toMatchObject({
        code: 'TABLE_FAULT',
        retryable: true,
        message: expect.stringContaining(`table ${table.tableName} at ${proxy.endpoint} failed (HTTP 500`),
      });
    });

    it.each(faults)('when it is written (%s)', async (fault, words) => {
      proxy.arm(fault, { operation: 'TransactWriteItems', times: 100 });
      const { outcome, because = '' } = await world.run();
      expect(outcome).toBe('partial');
      const [before, after] = because.split(`table ${table.tableName} at ${proxy.endpoint}`);
      expect(before).toBe('the table could not be written: ');
      expect(after).toMatch(words);
    });
  });

  it('retries transaction conflicts itself, for the SDK does not, and gives up as partial when they never end', async () => {
    proxy.arm('conflict', { operation: 'TransactWriteItems', times: 5 });
    expect(await world.tick()).toMatchObject({ outcome: 'changed' });
    world.put('b', 'ERROR');
    proxy.arm('conflict', { operation: 'TransactWriteItems', times: 100 });
    expect(await world.tick()).toMatchObject({ outcome: 'partial', versions: [] });
    proxy.disarm();
    expect(await world.tick()).toMatchObject({ outcome: 'changed', changes: { statusChanged: 1 } });
  });

  it('ends as busy when another run writes to the head for as long as it tries to take the lease', async () => {
    proxy.arm('conflict', { operation: 'UpdateItem', times: 100 });
    expect(await world.run()).toMatchObject({ outcome: 'busy', because: expect.stringMatching(/another run/) });
    proxy.disarm();
    expect(await world.tick()).toMatchObject({ outcome: 'changed', changes: { statusChanged: 1 } });
  });

  it('keeps nobody waiting when it fails after it took the lease of a new target', async () => {
    const target = { region: 'cn-east-3', projectId: '0123456789abcdef0123456789abcdef' };
    world.fleet.clear();
    proxy.arm('serverError', { operation: 'PutItem', times: 100 });
    expect(await world.run({ target })).toMatchObject({ outcome: 'failed' });
    proxy.disarm();
    const head = await world.store.reader.head(target);
    expect(head).toMatchObject({ outcome: 'failed', dirty: false });
    expect(head?.lease).toBeUndefined();
    expect(await world.run({ target })).toMatchObject({ outcome: 'unchanged' });
    expect(await world.store.reader.targets()).toContainEqual(target);
  });

  it('has not lost its lease because a renewal or an end failed: that no one answered says nothing', async () => {
    const recorder = createRecorder(table.client, table.tableName);
    const lease = { runId: 'mine', now: toInstant(world.clock.now()), until: toInstant(world.clock.now() + 60_000) };
    expect(await recorder.takeLease(world.target, lease)).toMatchObject({ taken: true });
    const at = toInstant(world.clock.now());
    const end = { runId: 'mine', outcome: 'partial', endedAt: at, fingerprint: 'keep', intervalMs: 300_000 } as const;
    const gap = { target: world.target, from: '2026-11-22T09:00:00.000Z', to: at };
    proxy.arm('serverError', { times: 100 });
    await expect(recorder.renewLease(world.target, lease)).rejects.toThrow('The request could not be processed');
    await expect(recorder.end(world.target, end)).rejects.toThrow('The request could not be processed');
    await expect(recorder.end(world.target, { ...end, gap })).rejects.toThrow('The request could not be processed');
    proxy.disarm();
    expect(await recorder.renewLease(world.target, lease)).toBe(true);
    expect(await recorder.end(world.target, { ...end, gap })).toBe(true);
    expect(await world.gaps()).toEqual([gap]);
  });

  it('waits for a batch no longer than its lease allows, and does not send it once more after that', async () => {
    const recorder = createRecorder(table.client, table.tableName);
    const lease = { runId: 'mine', now: toInstant(world.clock.now()), until: toInstant(world.clock.now() + 60_000) };
    await recorder.takeLease(world.target, lease);
    const sent = (): number => proxy.operations.filter((operation) => operation === 'TransactWriteItems').length;
    const before = sent();
    proxy.arm('hang', { operation: 'TransactWriteItems', times: 100 });
    const outcome = await recorder.record(world.target, 'mine', [{ kind: 'unreject', key: 'a' }], { timeLimitMs: 200 });
    expect(outcome.kind).toBe('unanswered');
    expect(sent()).toBe(before + 1);
  });

  it('closes a gap and ends in one transaction: when it is lost, neither is there', async () => {
    world.wait(3_600_000);
    const recorder = createRecorder(table.client, table.tableName);
    const dying = { ...recorder, end: async () => new Promise<never>(() => {}) };
    void world.run({ recorder: dying });
    while ((await world.kinds('a')).length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(await world.gaps()).toEqual([]);
    world.wait();
    await world.run();
    expect(await world.gaps()).toHaveLength(1);
  });

  it('reads what is known strongly consistently: stale copies change nothing', async () => {
    proxy.freezeWeakReads();
    await world.current('a');
    const recorder = createRecorder(table.client, table.tableName);
    await recorder.readHead(world.target);
    await recorder.readCurrents(world.target, ['a']);
    expect(await world.tick()).toMatchObject({ outcome: 'changed' });
    world.put('a', 'RUNNING');
    expect(await world.tick()).toMatchObject({ outcome: 'changed', changes: { statusChanged: 1 } });
    // The weak reads of this test do see the old state: the proxy is really stale.
    expect(await world.current('a')).toMatchObject({ version: 1 });
    expect((await recorder.readKnown(world.target)).currents.get('a')).toMatchObject({ version: 3 });
    expect(await recorder.readCurrents(world.target, ['a'])).toMatchObject([{ version: 3 }]);
    expect(await recorder.readHead(world.target)).toMatchObject({ lastRunId: 'run-3' });
  });

  it('sets aside what the SDK cannot write, says which field, and records the others', async () => {
    world.put('c', 'RUNNING', { size: Number.NaN });
    world.put('b', 'RUNNING', { size: Number.POSITIVE_INFINITY });
    expect(await world.tick()).toMatchObject({
      outcome: 'changed',
      rejected: 2,
      changes: { statusChanged: 1, updated: 0, created: 0 },
    });
    const { rejections } = await createRecorder(table.client, table.tableName).readKnown(world.target);
    expect(rejections.size).toBe(2);
    for (const [id, value] of [
      ['b', 'Infinity'],
      ['c', 'NaN'],
    ] as const)
      expect(rejections.get(id)?.reason).toContain(`the database refuses it: size: Special numeric value ${value}`);
    expect(await world.current('b')).toMatchObject({ version: 1, unobservedSince: expect.any(String) });
  });

  it('sets aside what the database refuses, and records the others', async () => {
    world.put('c', 'RUNNING', { note: { '': 1 } });
    const recorder = createRecorder(table.client, table.tableName);
    const strict = {
      ...recorder,
      record: async (...[target, runId, batch, options]: Parameters<typeof recorder.record>) =>
        batch.some((action) => action.kind === 'version' && action.id === 'c')
          ? ({ kind: 'invalid', reason: 'ValidationException: empty attribute name' } as const)
          : recorder.record(target, runId, batch, options),
    };
    expect(await world.tick({ recorder: strict })).toMatchObject({
      outcome: 'changed',
      rejected: 1,
      changes: { statusChanged: 1, created: 0 },
    });
    const { rejections } = await recorder.readKnown(world.target);
    const first = rejections.get('c');
    expect(first?.reason).toMatch(/empty attribute name/);
    // Not all was recorded, so the next run must look again.
    expect((await world.store.reader.head(world.target))?.fingerprint).toBeUndefined();
    expect(await world.tick({ recorder: strict })).toMatchObject({ rejected: 1, versions: [] });
    const again = (await recorder.readKnown(world.target)).rejections.get('c');
    expect(again).toMatchObject({ firstObservedAt: first?.firstObservedAt, changedAfter: first?.changedAfter });
    expect(again!.observedAt > first!.observedAt).toBe(true);
  });
});
