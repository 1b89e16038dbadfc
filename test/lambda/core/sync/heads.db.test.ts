import { plusMs } from '../../../../lambda/core/model/instant';
import { onEachWorld } from '../../../support/on-each-world';
import { INTERVAL_MS } from '../../../support/sync-world';

const HOUR = 60 * 60_000;

onEachWorld('a lost head', (open) => {
  it('releases nothing from the brake, because nobody knows for how long nobody looked', async () => {
    const world = await open();
    world.fill(3);
    await world.tick();
    world.fleet.clear();
    await world.tick();
    world.wait(25 * HOUR);
    const recorder = world.recorderWithoutHead();
    expect(await world.tick({ recorder })).toMatchObject({ outcome: 'brake', held: 3, changes: { deleted: 0 } });
  });

  it('leaves the time since each newest version unobserved', async () => {
    const world = await open();
    world.fill(2);
    world.put('gone', 'DELETED');
    const first = await world.tick();
    world.remove('gone');
    world.wait(HOUR);
    const recorder = world.recorderWithoutHead();
    const next = await world.tick({ recorder });
    expect(next).toMatchObject({ outcome: 'unchanged', versions: [] });
    expect(await world.ownGaps('i-0000')).toEqual([
      expect.objectContaining({ from: first.observedAt, to: next.observedAt }),
    ]);
    expect(await world.ownGaps('gone')).toEqual([
      expect.objectContaining({ from: first.observedAt, to: next.observedAt }),
    ]);
  });

  it('takes no gap with it that a run has met and, because it did not complete, not told', async () => {
    const world = await open();
    world.fill(2);
    const first = await world.tick();
    world.put('i-0000', 'ERROR');
    world.wait(HOUR);
    const source = { pageSize: 1, beforePage: (page: number) => void (page > 0 && fail()) };
    const unfinished = await world.tick({ source });
    expect(unfinished).toMatchObject({ outcome: 'partial', changes: { statusChanged: 1 } });
    await world.tick({ recorder: world.recorderWithoutHead() });
    expect(await world.ownGaps('i-0000')).toMatchObject([{ from: first.observedAt, to: unfinished.observedAt }]);
    expect(await world.current('i-0000')).toMatchObject({ lastOwnGapTo: unfinished.observedAt });
  });
});

function fail(): never {
  throw new Error('connection reset');
}

onEachWorld('the settings of the deployed runs', (open) => {
  it('are followed by every run that says nothing else', async () => {
    const world = await open();
    world.fill(3);
    await world.tick({ retentionMs: HOUR, brakeReleaseAfterMs: HOUR, isDeployed: true });
    expect(await world.head()).toMatchObject({ retentionMs: HOUR, brakeReleaseAfterMs: HOUR });
    world.put('i-0000', 'ERROR');
    await world.tick({ brakeReleaseAfterMs: undefined });
    expect((await world.versions('i-0000'))[0]).toHaveProperty('expiresAt');
    // What someone asks of one run stays with that run.
    world.put('i-0001', 'ERROR');
    await world.tick({ retentionMs: null, brakeReleaseAfterMs: 5 });
    expect((await world.versions('i-0001'))[0]).not.toHaveProperty('expiresAt');
    expect(await world.head()).toMatchObject({ retentionMs: HOUR, brakeReleaseAfterMs: HOUR });
    await world.tick({ retentionMs: null, brakeReleaseAfterMs: 2 * HOUR, isDeployed: true });
    expect(await world.head()).not.toHaveProperty('retentionMs');
    expect(await world.head()).toMatchObject({ brakeReleaseAfterMs: 2 * HOUR });
  });
});

onEachWorld('a wrong clock', (open) => {
  it('that the clock of the database tells ends the run, although the API sends no time', async () => {
    const world = await open();
    world.fill(1);
    const recorder = { ...world.store.newRecorder(), clockErrorMs: () => 400_000 };
    expect(await world.tick({ recorder })).toMatchObject({
      outcome: 'failed',
      because: expect.stringContaining("400 s ahead of the database's"),
      versions: [],
    });
    expect(await world.head()).not.toHaveProperty('completedAt');
  });

  it('that was far ahead once does not date what others see later', async () => {
    const world = await open();
    world.fill(2);
    await world.tick();
    const now = world.clock.now();
    world.clock.set(now + 365 * 24 * HOUR);
    world.put('i-0000', 'ERROR');
    await world.tick();
    world.clock.set(now + INTERVAL_MS);
    world.put('i-0001', 'ERROR');
    const right = await world.tick();
    expect(Date.parse(right.observedAt!)).toBeLessThan(now + 2 * INTERVAL_MS);
    world.put('i-0000', 'RUNNING');
    world.put('i-0001', 'RUNNING');
    await world.tick();
    const versions = await world.versions('i-0000');
    expect(versions.map(({ version }) => version)).toEqual([1, 2, 3]);
    // What the wrong clock dated stays in order: one millisecond later.
    const times = versions.map(({ observedAt }) => observedAt);
    expect([times, times[2]]).toEqual([times.toSorted(), plusMs(times[1]!, 1)]);
    const [, , last] = await world.versions('i-0001');
    expect(Date.parse(last!.observedAt)).toBeLessThan(now + 3 * INTERVAL_MS);
  });
});
