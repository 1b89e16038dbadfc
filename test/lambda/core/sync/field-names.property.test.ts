import * as fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { canonicalSnapshot } from '../../../../lambda/core/model/canonical';
import { type ChangeEvent } from '../../../../lambda/core/publish/change-event';
import { eventId } from '../../../../lambda/core/model/record';
import { apply, diff, revert } from '../../../../lambda/core/model/diff';
import type { Snapshot } from '../../../../lambda/core/model/instance';
import { isChangeEvent } from '../../../../lambda/events';
import { anyEngine, onEachEngine } from '../../../support/engines';
import { PageWorld } from '../../../support/page-world';
import { collect } from '../../../support/sync-world';
import { soakRuns } from '../../../support/soak-runs';

const LONG = 'x'.repeat(64 * 1024);
/** Names that mean something to objects, to JSON, to the SDK or to paths, and such as no map of an item can have. */
const NAMES = [
  ...Object.getOwnPropertyNames(Object.prototype),
  ...'then toJSON prototype 0 1 -1 __type $unknown M S N NULL version a/b ~ ~1 / " a'.split(' '),
  '',
  '\u0000',
  '\uFFFF',
  '\u{10FFFF}',
  'é'.repeat(128),
];
const name = fc.constantFrom(...NAMES);
/** Values that the SDK may take for a class, where they are called `constructor`. */
const scalar = fc.constantFrom('0', '-1.5', '12345678901234567890', '"x"', '""', 'null', 'true', '[]', '{}');
const classLike = fc.constantFrom('Set', 'Map', 'Number', 'String', 'Boolean', 'Object', 'Uint8Array');

/** JSON text, for an object in JavaScript is not what a page holds. */
const { object } = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    classLike.map((each) => `{"name":"${each}"}`),
    tie('object'),
    fc.array(tie('object'), { maxLength: 2 }).map((all) => `[${all.join(',')}]`),
  ),
  object: fc
    .uniqueArray(fc.tuple(name, tie('value')), { selector: ([field]) => field, maxLength: 4 })
    .map((fields) => `{${fields.map(([field, value]) => `${JSON.stringify(field)}:${value}`).join(',')}}`),
}));
const record = fc.record({ fields: object, inner: object, status: fc.constantFrom('RUNNING', 'ERROR') }).map(
  ({ fields, inner, status }) =>
    (id: string) =>
      `{"id":"${id}","status":"${status}","inner":[${inner}]${fields === '{}' ? '' : `,${fields.slice(1, -1)}`}}`,
);
const story = fc.array(fc.tuple(record, record), { minLength: 2, maxLength: 4 });

/** What must be recorded of one instance: each state once, as `JSON.parse` reads it. */
function statesOf(texts: readonly string[]): Snapshot[] {
  const states: Snapshot[] = [];
  for (const text of texts) {
    // Numbers that a double does not hold are kept as text.
    const state = JSON.parse(text.replaceAll(/12345678901234567890/g, '"$&"')) as Snapshot;
    const last = states.at(-1);
    if (last === undefined || canonicalSnapshot(last) !== canonicalSnapshot(state)) states.push(state);
  }
  return states;
}

const expectSame = (actual: unknown, expected: unknown): void => {
  if (!isDeepStrictEqual(actual, expected)) expect(JSON.stringify(actual)).toBe(JSON.stringify(expected));
};

/** Runs that each show one page, given as the text of each instance's record. */
async function play(world: PageWorld, pages: readonly ReadonlyMap<string, string>[]): Promise<void> {
  for (const [index, page] of pages.entries()) {
    // Something changes in every run, so that each one compares all.
    const result = await world.show([...page.values(), `{"id":"other","status":"S${index}"}`]);
    expect(result).toMatchObject({ outcome: 'changed', rejected: 0 });
  }
  const eventsOf = new Map<string, ChangeEvent>();
  for (const event of await world.events()) {
    expect([isChangeEvent(event), eventsOf.has(event.eventId)]).toEqual([true, false]);
    eventsOf.set(event.eventId, event);
  }
  const replayed = new Map((await world.replayed()).map((event) => [event.eventId, event]));
  for (const id of pages[0]?.keys() ?? []) {
    const states = statesOf(pages.map((page) => page.get(id) ?? ''));
    const versions = await world.versions(id);
    expectSame(
      versions.map(({ snapshot }) => snapshot),
      states,
    );
    expectSame((await world.current(id))?.snapshot, states.at(-1));
    for (const [index, version] of versions.entries()) {
      const [before, after] = [states[index - 1], states[index]!];
      const event = eventsOf.get(eventId(version));
      if (event?.truncated !== true) expectSame([event?.before, event?.after], [before ?? null, after]);
      if (before === undefined) continue;
      const { changes } = version;
      expectSame(changes, diff(before, after));
      expectSame([revert(after, changes), apply(before, changes)], [before, after]);
      expectSame(replayed.get(eventId(version)), { ...event, replayed: true });
    }
  }
  expect(await collect(world.store.reader.rejections(world.target))).toEqual([]);
}

const VALUES = ['1', '{"name":"Set"}', '{"name":"String"}', '[{"a":{}}]', 'null'];

onEachEngine('the names of fields', (engine) => {
  it('are data, whatever means something to objects, at the top and inside, with any value', async () => {
    const inherited = Object.getOwnPropertyNames(Object.prototype);
    const world = await PageWorld.open(engine);
    try {
      const pages = VALUES.flatMap((value) => ['top', 'inside'].map((place) => ({ value, place })));
      const recordOf = (id: string, field: string, { value, place }: (typeof pages)[number]): string => {
        const named = `${JSON.stringify(field)}:${value}`;
        return `{"id":"${id}","status":"RUNNING",${place === 'top' ? named : `"in":[{"b":{${named}}}]`}}`;
      };
      await play(
        world,
        pages.map(
          (page) => new Map([...NAMES, LONG].map((field, index) => [`i${index}`, recordOf(`i${index}`, field, page)])),
        ),
      );
      expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(inherited);
    } finally {
      await world.close();
    }
  });
});

describe('records with fields of any names', () => {
  it('are recorded, compared, told and told again without loss', async () => {
    await fc.assert(
      fc.asyncProperty(story, async (pages) => {
        const world = await PageWorld.open(anyEngine());
        try {
          await play(
            world,
            pages.map(
              ([a, b]) =>
                new Map([
                  ['a', a('a')],
                  ['b', b('b')],
                ]),
            ),
          );
        } finally {
          await world.close();
        }
      }),
      { numRuns: soakRuns(12) },
    );
  }, 600_000);
});
