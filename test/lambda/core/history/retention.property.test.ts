import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import * as fc from 'fast-check';
import { fleetAt, instanceUptime, stateAt, targetUptime } from '../../../../lambda/core/history/queries';
import { type Instant, plusMs, toInstant, toMs } from '../../../../lambda/core/model/instant';
import { log } from '../../../../lambda/core/history/log';
import type { Version } from '../../../../lambda/core/model/record';
import { BEGINNING } from '../../../../lambda/core/history/spans';
import { createReader } from '../../../../lambda/dynamodb/reader';
import { createRecorder } from '../../../../lambda/dynamodb/recorder';
import { key } from '../../../../lambda/dynamodb/table';
import { readTimeline } from '../../../../lambda/timeline/read-timeline';
import { anyEngine, createTestTable } from '../../../support/engines';
import type { HistoryStore } from '../../../support/history-stores';
import { InMemoryHistory } from '../../../support/in-memory-history';
import { collect, SyncWorld } from '../../../support/sync-world';

const DAY = 86_400_000;

/** A store whose reader lives at `now`, so that rows expire for it. */
type Open = (now: () => number) => Promise<HistoryStore>;

const inMemory: Open = async (now) => {
  const history = new InMemoryHistory(now);
  return { name: 'in memory', newRecorder: () => history.recorder(), reader: history.reader(), close: () => {} };
};
const onEngine: Open = async (now) => {
  const table = await createTestTable(anyEngine());
  return {
    name: table.tableName,
    newRecorder: () => createRecorder(table.client, table.tableName),
    reader: createReader(table.client, table.tableName, { now }),
    close: () => table.close(),
  };
};

/** Statuses of one instance, and the days that pass after each run. */
const story = fc.array(
  fc.tuple(fc.constantFrom('RUNNING', 'ERROR', 'FROZEN', 'gone'), fc.integer({ min: 1, max: 40 })),
  { minLength: 1, maxLength: 12 },
);

async function checkStory(
  open: Open,
  retentionDays: number,
  days: readonly (readonly [string, number])[],
): Promise<void> {
  let world: SyncWorld | undefined;
  const store = await open(() => world?.clock.now() ?? 0);
  world = new SyncWorld(store);
  world.put('other');
  const all: Version[] = [];
  for (const [status, passed] of days) {
    if (status === 'gone') world.remove('a');
    else world.put('a', status);
    const { versions } = await world.run({ retentionMs: retentionDays * DAY, intervalMs: 100 * DAY });
    all.push(...versions.filter(({ id }) => id === 'a'));
    world.wait(passed * DAY);
  }
  const current = await world.current('a');
  const kept = await world.versions('a');
  if (current !== undefined) {
    expect(kept.at(-1)?.version).toBe(current.version);
    expect(kept.at(-1)?.expiresAt).toBeUndefined();
  }
  // Every time inside of the retention is answered as if nothing had ever expired.
  const oldest = toInstant(world.clock.now() - retentionDays * DAY);
  for (const at of [oldest, ...all.flatMap(({ observedAt }) => [observedAt, plusMs(observedAt, -1)])].filter(
    (each) => each >= oldest,
  )) {
    const expected = all.findLast(({ observedAt }) => observedAt <= at);
    expect((await store.reader.versionAt(world.target, 'a', at))?.version).toBe(expected?.version);
  }
  for (const version of kept)
    if (version.expiresAt !== undefined) expect(toMs(version.expiresAt)).toBeGreaterThan(world.clock.now());
  expect(
    (await collect(store.reader.versions(world.target, 'a', { limit: 2, newestFirst: true }))).map(
      ({ version }) => version,
    ),
  ).toEqual(
    kept
      .map(({ version }) => version)
      .toReversed()
      .slice(0, 2),
  );
  store.close();
}

describe('with a retention, the newest version never expires and all times inside of it stay answerable', () => {
  const seed = Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const check = async (open: Open, numRuns: number): Promise<void> => {
    process.stdout.write(`retention property: seed ${seed}\n`);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 60 }), story, async (days, told) => checkStory(open, days, told)),
      { seed, numRuns },
    );
  };

  it('in memory', async () => check(inMemory, 200));
  it('in DynamoDB', async () => check(onEngine, 15));

  it('that was set later, the times of expired versions are unobserved, not in the state before them', async () => {
    const table = await createTestTable(anyEngine());
    const store: HistoryStore = {
      name: table.tableName,
      newRecorder: () => createRecorder(table.client, table.tableName),
      reader: createReader(table.client, table.tableName, { now: () => world.clock.now() }),
      close: () => table.close(),
    };
    const world = new SyncWorld(store);
    const { reader } = store;
    world.put('other');
    await world.tick();
    world.put('a');
    await world.tick();
    world.put('a', 'ERROR');
    await world.tick();
    const [created, failed] = await world.versions('a');
    world.put('a', 'FROZEN');
    await world.tick({ retentionMs: DAY });
    const state = async (at: Instant | undefined) => {
      const found = await stateAt(reader, world.target, 'a', at ?? '', world.clock.now());
      return found?.is === 'known' ? found.version.status : found?.is;
    };
    expect(await state(created?.observedAt)).toBe('RUNNING');
    expect(await state(failed?.observedAt)).toBe('ERROR');

    // What the database does sooner or later with a version that has expired.
    const Key = key.version(world.target, 'a', failed?.observedAt ?? '');
    await table.client.send(new DeleteCommand({ TableName: table.tableName, Key }));
    expect(await state(failed?.observedAt)).toBe('unobserved');
    expect(await state(plusMs(created?.observedAt ?? '', -1))).toBe('nonexistent');
    const current = await world.current('a');
    const span = { from: failed?.observedAt ?? '', to: plusMs(current?.observedAt ?? '', -1) };
    expect(current && (await instanceUptime(reader, current, span, world.clock.now()))).toMatchObject({
      statusMs: {},
      unobservedMs: toMs(span.to) - toMs(span.from),
    });
    expect(await state(current?.observedAt)).toBe('FROZEN');

    // The one before it is not prolonged: nobody knows any more when it ended.
    const from = created?.observedAt ?? '';
    const whole = { from, to: current?.observedAt ?? '' };
    const known = world.clock.now();
    const uptimes = await collect(targetUptime(reader, world.target, whole, known));
    expect(uptimes.find((one) => one.current.id === 'a')).toMatchObject({
      statusMs: {},
      unobservedMs: toMs(whole.to) - toMs(whole.from),
      availability: null,
    });
    expect((await collect(fleetAt(reader, world.target, from, known)))[0]).toEqual({
      current,
      unobserved: { from: BEGINNING, to: current?.observedAt },
    });
    expect(current && (await collect(log(reader, current, { nowMs: known })))).toEqual([
      expect.objectContaining({ version: expect.objectContaining({ version: 3 }) }),
      { type: 'gap', gap: whole },
      expect.objectContaining({ version: expect.objectContaining({ version: 1 }) }),
    ]);
    const { groups } = await readTimeline(reader, { from, to: plusMs(whole.to, 1000) }, { now: toInstant(known) });
    expect(groups[0]?.rows.find(({ id }) => id === 'a')?.bars.map(({ status }) => status)).toEqual([null, 'FROZEN']);
    store.close();
  });

  it('goes on when the superseded row was removed by hand', async () => {
    const store = await onEngine(() => 0);
    const world = new SyncWorld(store);
    world.put('a');
    await world.tick({ retentionMs: DAY });
    world.put('a', 'ERROR');
    const recorder = store.newRecorder();
    // The row that would get its time to live is not where the plan says.
    const elsewhere = {
      ...recorder,
      record: async (...[target, runId, batch, options]: Parameters<typeof recorder.record>) =>
        recorder.record(
          target,
          runId,
          batch.map((action) =>
            action.kind === 'version' && action.previous !== undefined
              ? { ...action, previous: { ...action.previous, observedAt: plusMs(action.previous.observedAt, -1) } }
              : action,
          ),
          options,
        ),
    };
    expect(await world.tick({ retentionMs: DAY, recorder: elsewhere })).toMatchObject({
      outcome: 'changed',
      changes: { statusChanged: 1 },
    });
    expect(await world.kinds('a')).toEqual(['baseline', 'statusChanged']);
    store.close();
  });
});
