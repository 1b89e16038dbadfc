import * as fc from 'fast-check';
import { plusMs, toMs } from '../../../lambda/core/model/instant';
import type { Version } from '../../../lambda/core/model/record';
import { type ChangesSource, changesOf } from '../../../lambda/dynamodb/changes';
import { currentOf, TARGET, versionsOf } from '../../support/history-rows';
import { collect } from '../../support/sync-world';

const NOW = '2026-11-22T12:00:00.000Z';
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const ago = (minutes: number): string => plusMs(NOW, -minutes * MINUTE);

/** A table of these instances, and how often it was asked. */
function sourceOf(lives: readonly (readonly Version[])[]): { source: ChangesSource; requests: () => number } {
  let requests = 0;
  const ask = async function* <T>(rows: readonly T[]): AsyncGenerator<T> {
    requests += 1;
    yield* rows;
  };
  const within = (from: string, to: string) => (version: Version) =>
    version.observedAt >= from && version.observedAt <= to;
  const source: ChangesSource = {
    now: () => toMs(NOW),
    targets: async () => [TARGET],
    currents: () => ask(lives.map((life) => currentOf(life))),
    versions: (_target, id, { from = '', to = '9999', limit = Infinity } = {}) =>
      ask(
        (lives.find(([first]) => first?.id === id) ?? [])
          .filter(({ observedAt }) => observedAt >= from && observedAt < to)
          .slice(0, limit),
      ),
    shards: (day, first, last) =>
      [0, 1].map((shard) =>
        ask(
          lives
            .filter((_, place) => place % 2 === shard)
            .flatMap((life) => life.filter(({ kind }) => kind !== 'baseline'))
            .filter((version) => version.observedAt.startsWith(day) && within(first, last)(version))
            .toSorted((a, b) => (a.observedAt < b.observedAt ? -1 : 1)),
        ),
      ),
  };
  return { source, requests: () => requests };
}

/** Minutes ago in a year or two, in bursts with long quiet times between. */
const minutes = fc.uniqueArray(
  fc.tuple(fc.constantFrom(0, 12, 25, 40, 300, 301, 600), fc.nat(4000)).map(([days, extra]) => days * 1440 + extra),
  { minLength: 1, maxLength: 8 },
);
const lives = fc.array(fc.record({ minutes, isBaseline: fc.boolean() }), { maxLength: 5 }).map((all) =>
  all.map((life, place) =>
    versionsOf(
      life.minutes
        .toSorted((a, b) => b - a)
        .map((one, index) => ({
          at: ago(one),
          snapshot: { id: `i${place}`, status: index % 2 === 0 ? 'RUNNING' : 'ERROR' },
          ...(index === 0 && life.isBaseline ? { kind: 'baseline' as const } : {}),
        })),
    ),
  ),
);

describe('the changes of a span', () => {
  it('are all of them, in order, however long the quiet times are', async () => {
    await fc.assert(
      fc.asyncProperty(
        lives,
        fc.nat(900 * 1440),
        fc.option(fc.nat(700 * 1440), { nil: undefined }),
        async (all, since, until) => {
          const from = ago(since);
          const to = until === undefined ? undefined : ago(until);
          const { source } = sourceOf(all);
          const told = await collect(changesOf(source, to === undefined ? { from } : { from, to }));
          const expected = all
            .flat()
            .filter(
              ({ kind, observedAt }) =>
                kind !== 'baseline' && observedAt >= from && (to === undefined || observedAt < to),
            )
            .map(({ id, observedAt }) => `${observedAt} ${id}`);
          expect(told.map(({ id, observedAt }) => `${observedAt} ${id}`)).toEqual(expected.toSorted());
        },
      ),
      { numRuns: 300 },
    );
  });

  it('ask for few of many quiet days, and ask no instance while days are few', async () => {
    const life = versionsOf([{ at: ago(100), snapshot: { id: 'a', status: 'RUNNING' } }]);
    const long = sourceOf([life]);
    expect(await collect(changesOf(long.source, { from: plusMs(NOW, -6000 * DAY) }))).toHaveLength(1);
    expect(long.requests()).toBeLessThan(30);
    const short = sourceOf([life]);
    await collect(changesOf(short.source, { from: plusMs(NOW, -8 * DAY), to: NOW }));
    expect(short.requests()).toBe(9 * 2);
  });
});
