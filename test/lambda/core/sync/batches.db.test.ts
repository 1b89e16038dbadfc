import { LEASE_MS } from '../../../../lambda/core/sync/lease';
import type { BatchOutcome, Recorder } from '../../../../lambda/core/sync/recorder';
import { onEachWorld } from '../../../support/on-each-world';
import type { SyncWorld } from '../../../support/sync-world';

onEachWorld('the batches of a run', (open) => {
  let world: SyncWorld;
  beforeEach(async () => {
    world = await open();
    world.fill(3);
    await world.tick();
  });

  const inner = (): Recorder => world.store.newRecorder();
  const conflict: BatchOutcome = { kind: 'conflict', reason: 'TransactionConflict' };
  const unanswered: BatchOutcome = { kind: 'unanswered', reason: 'timeout' };
  /** Each action in a batch of its own. */
  const batches: Recorder['batches'] = (actions) => actions.map((action) => [action]);

  it('are tried again after conflicts, six times with growing pauses, and nothing is read for that', async () => {
    const tried: number[] = [];
    let reads = 0;
    const record: Recorder['record'] = async () => {
      tried.push(world.clock.now());
      return conflict;
    };
    const readCurrents: Recorder['readCurrents'] = async () => {
      reads += 1;
      return [];
    };
    world.put('i-0000', 'ERROR');
    expect(await world.tick({ recorder: { ...inner(), record, readCurrents } })).toMatchObject({
      outcome: 'partial',
      because: 'the table could not be written: TransactionConflict',
      versions: [],
    });
    expect(tried.map((at, index) => at - (tried[index - 1] ?? at))).toEqual([0, 50, 100, 200, 400, 800]);
    expect(reads).toBe(0);
    expect(await world.tick()).toMatchObject({ outcome: 'changed', changes: { statusChanged: 1 } });
  });

  it('end with the first one that cannot be written; what is in the table is told', async () => {
    const recorder = inner();
    const sent: string[] = [];
    const record: Recorder['record'] = async (...args) => {
      const [action] = args[2];
      sent.push(action !== undefined && 'id' in action ? action.id : '?');
      return sent.length === 1 ? recorder.record(...args) : conflict;
    };
    for (const id of world.fleet.keys()) world.put(id, 'ERROR');
    const result = await world.tick({ recorder: { ...recorder, batches, record } });
    expect(result).toMatchObject({ outcome: 'partial', changes: { statusChanged: 1 } });
    expect(new Set(sent)).toEqual(new Set(['i-0000', 'i-0001']));
    expect(await world.head()).not.toHaveProperty('fingerprint');
    expect((await world.head())?.observedAt).toBe(result.observedAt);
    expect(await world.tick()).toMatchObject({ outcome: 'changed', changes: { statusChanged: 2 } });
  });

  it('are told also when an error ends the run: what was sent removes the fingerprint and raises the floor', async () => {
    const recorder = inner();
    let sent = 0;
    const record: Recorder['record'] = async (...args) => {
      sent += 1;
      if (sent === 1) return recorder.record(...args);
      throw new Error('no rights');
    };
    for (const id of world.fleet.keys()) world.put(id, 'ERROR');
    const result = await world.tick({ recorder: { ...recorder, batches, record } });
    expect(result).toMatchObject({ outcome: 'partial', because: 'no rights', changes: { statusChanged: 1 } });
    expect(await world.head()).not.toHaveProperty('fingerprint');
    expect((await world.head())?.observedAt).toBe((await world.current('i-0000'))?.observedAt);
  });

  it('are written while the lease is renewed between them, and no request outlives it', async () => {
    const recorder = inner();
    const limits: number[] = [];
    const others: string[] = [];
    const record: Recorder['record'] = async (...args) => {
      limits.push(args[3].timeLimitMs);
      world.wait(15_000);
      others.push((await world.run()).outcome);
      return recorder.record(...args);
    };
    world.fill(6);
    for (const id of world.fleet.keys()) world.put(id, 'ERROR');
    expect(await world.run({ recorder: { ...recorder, batches, record } })).toMatchObject({
      outcome: 'changed',
      versions: { length: 6 },
    });
    expect(new Set(others)).toEqual(new Set(['busy']));
    expect(new Set(limits)).toEqual(new Set([10_000]));
  });

  it('end at once when the lease is lost, and so does the run: its end is for the other to write', async () => {
    const recorder = inner();
    let ends = 0;
    const end: Recorder['end'] = async (...args) => {
      ends += 1;
      return recorder.end(...args);
    };
    world.put('i-0000', 'ERROR');
    const lost: BatchOutcome = { kind: 'lost' };
    expect(await world.run({ recorder: { ...recorder, end, record: async () => lost } })).toMatchObject({
      outcome: 'partial',
      because: 'another run has taken the lease',
      versions: [],
    });
    expect(ends).toBe(0);
  });

  describe('whose answer never came', () => {
    it('are sent again when they were not written: no first sighting is lost', async () => {
      const recorder = inner();
      let sent = 0;
      const record: Recorder['record'] = async (...args) => {
        sent += 1;
        return sent === 1 ? unanswered : recorder.record(...args);
      };
      world.put('new');
      world.put('i-0000', 'ERROR');
      expect(await world.run({ recorder: { ...recorder, record } })).toMatchObject({
        outcome: 'changed',
        changes: { created: 1, statusChanged: 1 },
      });
      expect(await world.kinds('new')).toEqual(['created']);
      expect(await world.kinds('i-0000')).toEqual(['baseline', 'statusChanged']);
    });

    it('are not taken for written because another run wrote the same version since', async () => {
      const record: Recorder['record'] = async () => {
        world.wait(LEASE_MS + 1);
        expect(await world.run()).toMatchObject({ outcome: 'changed' });
        return unanswered;
      };
      world.put('i-0000', 'ERROR');
      expect(await world.run({ recorder: { ...inner(), record } })).toMatchObject({
        outcome: 'partial',
        because: 'another run has taken the lease',
        versions: [],
      });
      expect(await world.kinds('i-0000')).toEqual(['baseline', 'statusChanged']);
    });

    it('are recognised when all that they opened or closed was a gap, and sent again when they only set a record aside', async () => {
      const recorder = inner();
      let sent = 0;
      const losing = {
        ...recorder,
        record: async (...args: Parameters<Recorder['record']>) => {
          sent += 1;
          const outcome = await recorder.record(...args);
          return sent === 1 ? unanswered : outcome;
        },
      };
      world.remove('i-0000');
      world.spoilWithoutId();
      expect(await world.tick({ recorder: losing })).toMatchObject({ outcome: 'unchanged', held: 1 });
      expect([sent, (await world.current('i-0000'))?.unobservedSince]).toEqual([1, expect.anything()]);
      sent = 0;
      world.remove('without-id');
      world.put('i-0000');
      expect(await world.tick({ recorder: losing })).toMatchObject({ outcome: 'unchanged', held: 0 });
      expect([sent, await world.ownGaps('i-0000')]).toEqual([1, [expect.anything()]]);
      sent = 0;
      world.spoil('new');
      expect(await world.tick({ recorder: losing })).toMatchObject({ outcome: 'unchanged', rejected: 1 });
      expect(sent).toBe(2);
    });
  });
});
