import * as fc from 'fast-check';
import { countFields, fitChanges, isInvertible } from '../../../../lambda/core/model/fit-changes';
import type { FieldChange } from '../../../../lambda/core/model/record';

const bytesOf = (change: FieldChange): number => Buffer.byteLength(JSON.stringify(change)) + 1;
const bytes = (changes: readonly FieldChange[]): number => changes.reduce((sum, change) => sum + bytesOf(change), 0);
/** Room for the one entry that says how many fields are not named. */
const LEAST = 40;

const name = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.integer({ min: 1, max: 300 }).map((length) => 'n'.repeat(length)),
);
const value = fc.oneof(
  fc.jsonValue(),
  fc.integer({ min: 0, max: 500 }).map((length) => 'v'.repeat(length)),
);
const changes = fc
  .uniqueArray(fc.record({ field: name, from: value, to: value }, { requiredKeys: ['field'] }), {
    selector: ({ field }) => field,
    maxLength: 20,
  })
  .map((all) => all as readonly FieldChange[]);
const room = fc.integer({ min: LEAST, max: 4000 });

describe('changes with little room', () => {
  it('fit into it, in their order, count every field, and never name one that did not change', () => {
    fc.assert(
      fc.property(changes, room, (all, most) => {
        const fitted = fitChanges(all, most, bytesOf);
        expect(bytes(fitted)).toBeLessThanOrEqual(most);
        expect(countFields(fitted)).toBe(all.length);
        const named = fitted.filter(({ field, omitted }) => !(field === '' && omitted !== undefined));
        const fields = all.map(({ field }) => field);
        const places = named.map(({ field }) => fields.indexOf(field));
        expect(places).toEqual(places.filter((place) => place >= 0).toSorted((a, b) => a - b));
        for (const change of named) {
          const whole = all[fields.indexOf(change.field)];
          expect(change).toEqual(change.omitted === undefined ? whole : { field: change.field, omitted: 1 });
        }
      }),
    );
  });

  it('are left as they are where they fit, and only then can be undone', () => {
    fc.assert(
      fc.property(changes, room, (all, most) => {
        const fitted = fitChanges(all, most, bytesOf);
        expect(isInvertible(fitted)).toBe(bytes(all) <= most);
        if (bytes(all) <= most) expect(fitted).toEqual(all);
      }),
    );
  });

  it('fit into less room later, counted as before', () => {
    fc.assert(
      fc.property(changes, room, room, (all, a, b) => {
        const [first, second] = [Math.max(a, b), Math.min(a, b)];
        const fitted = fitChanges(fitChanges(all, first, bytesOf), second, bytesOf);
        expect(bytes(fitted)).toBeLessThanOrEqual(second);
        expect(countFields(fitted)).toBe(all.length);
        expect(fitted.filter(({ field, omitted }) => field === '' && omitted !== undefined).length).toBeLessThan(3);
      }),
    );
  });

  it('lose the largest values first', () => {
    const all = [
      { field: 'a', to: 'x'.repeat(100) },
      { field: 'b', to: 'x'.repeat(200) },
      { field: 'status', from: 'RUNNING', to: 'ERROR' },
    ];
    expect(fitChanges(all, 250, bytesOf)).toEqual([all[0], { field: 'b', omitted: 1 }, all[2]]);
    expect(fitChanges(all, 110, bytesOf)).toEqual([{ field: 'a', omitted: 1 }, { field: 'b', omitted: 1 }, all[2]]);
    expect(fitChanges(all, 65, bytesOf)).toEqual([
      { field: 'a', omitted: 1 },
      { field: '', omitted: 2 },
    ]);
    expect(fitChanges(all, 30, bytesOf)).toEqual([{ field: '', omitted: 3 }]);
  });
});
