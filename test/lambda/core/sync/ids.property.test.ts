import * as fc from 'fast-check';
import type { Recorder } from '../../../../lambda/core/sync/recorder';
import { toInstant } from '../../../../lambda/core/model/instant';
import { MAX_ID_BYTES } from '../../../../lambda/core/model/limits';
import { cutToBytes } from '../../../../lambda/core/model/wire-text';
import { createReader } from '../../../../lambda/dynamodb/reader';
import { createRecorder } from '../../../../lambda/dynamodb/recorder';
import { createTestTable, onEachEngine } from '../../../support/engines';
import { accepted, instance } from '../../../support/fleet';
import { collect, SyncWorld } from '../../../support/sync-world';
import { soakRuns } from '../../../support/soak-runs';

/** When the clock of a world begins. */
const START = Date.parse('2026-11-22T10:00:00.000Z');

/** The first and the last character that text can hold, those around the separator of keys, and all others. */
const character = fc.oneof(
  fc.constantFrom('\u{10FFFF}', '\u0000', '\uFFFF', '#', '$', '"', '/', ' '),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).map((text) => text.toWellFormed()),
);
const id = fc
  .array(character, { minLength: 1, maxLength: 200 })
  .map((characters) => cutToBytes(characters.join(''), MAX_ID_BYTES))
  .filter((text) => text !== '');
const ids = fc.uniqueArray(id, { minLength: 1, maxLength: 12 });

onEachEngine('an id of any characters', (engine) => {
  it('is found in every list that must show it, and by itself', async () => {
    await fc.assert(
      fc.asyncProperty(ids, ids, async (valid, others) => {
        const table = await createTestTable(engine);
        const reader = createReader(table.client, table.tableName, { now: () => START });
        const newRecorder = (): Recorder => createRecorder(table.client, table.tableName);
        const world = new SyncWorld({ name: engine, newRecorder, reader, close: () => table.close() });
        const spoilt = others.filter((other) => !valid.includes(other));
        try {
          for (const one of valid) world.fleet.set(one, accepted(instance(one)));
          for (const one of spoilt) world.spoil(one);
          await world.tick();
          for (const one of valid) world.put(one, 'ERROR');
          await world.tick();

          const sorted = (texts: Iterable<string>): string[] => [...texts].toSorted();
          const { currents, rejections } = await newRecorder().readKnown(world.target);
          expect(sorted(currents.keys())).toEqual(sorted(valid));
          expect(sorted(rejections.keys())).toEqual(sorted(spoilt));
          expect(sorted((await collect(reader.currents(world.target))).map((row) => row.id))).toEqual(sorted(valid));
          expect(sorted((await collect(reader.rejections(world.target))).map(({ key }) => key))).toEqual(
            sorted(spoilt),
          );
          const span = { from: toInstant(START), to: toInstant(world.clock.now()) };
          expect(sorted((await collect(reader.changes(span))).map((version) => version.id))).toEqual(sorted(valid));
          for (const one of valid) {
            expect(await world.kinds(one)).toEqual(['baseline', 'statusChanged']);
            expect(await world.current(one)).toMatchObject({ id: one, status: 'ERROR' });
          }
        } finally {
          world.store.close();
        }
      }),
      { numRuns: soakRuns(10), examples: [[['\u{10FFFF}', '\u{10FFFF}\u{10FFFF}', 'a'], ['\u{10FFFF}a']]] },
    );
  });
});
