import * as fc from 'fast-check';
import { canonicalField, canonicalSnapshot, isSameField } from '../../../../lambda/core/model/canonical';
import { canonicalJson } from '../../../../lambda/core/model/canonical-json';
import type { Json, Snapshot } from '../../../../lambda/core/model/instance';

const fieldName = fc.oneof(
  fc.constantFrom('status', 'available_zone_ids', 'name', '1', '01', '10', '-1', 'ä', 'toJSON', ''),
  fc.constantFrom(...Object.getOwnPropertyNames(Object.prototype)),
  fc.string({ maxLength: 4 }),
);
const value = fc.oneof(
  fc.constantFrom<Json>('DELETE_FALIED', 'DELETE_FAILED', 0, null, [], ['b', 'a'], {}),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
);
const fields = fc.uniqueArray(fc.tuple(fieldName, value), { selector: ([name]) => name, maxLength: 6 });
const snapshotOf = (entries: readonly (readonly [string, Json])[]): Snapshot =>
  ({ id: 'i', ...Object.fromEntries(entries) }) as unknown as Snapshot;

describe('the canonical text of a value', () => {
  it('has sorted keys at every depth, also inside of lists, and lists as they are', () => {
    expect(canonicalJson({ b: [{ d: 1, c: { f: null, e: 'x' } }, 2], a: [2, 1] })).toBe(
      '{"a":[2,1],"b":[{"c":{"e":"x","f":null},"d":1},2]}',
    );
  });

  it('levels the order of the availability zones and the misspelt status, in these two fields only', () => {
    expect(canonicalField('available_zone_ids', ['z2', 'z1', { b: 1, a: 2 }, 'z2'])).toBe(
      canonicalField('available_zone_ids', [{ a: 2, b: 1 }, 'z2', 'z2', 'z1']),
    );
    expect(canonicalField('available_zone_ids', ['z1'])).not.toBe(canonicalField('available_zone_ids', ['z1', 'z1']));
    expect(canonicalField('zones', ['z2', 'z1'])).toBe('["z2","z1"]');
    expect(canonicalField('status', 'DELETE_FALIED')).toBe('"DELETE_FAILED"');
    expect(canonicalField('name', 'DELETE_FALIED')).toBe('"DELETE_FALIED"');
  });
});

describe('the canonical text of a snapshot', () => {
  it('does not depend on the order of the fields, and is the text of an equal object', () => {
    fc.assert(
      fc.property(fields, (entries) => {
        const text = canonicalSnapshot(snapshotOf(entries));
        expect(canonicalSnapshot(snapshotOf(entries.toReversed()))).toBe(text);
        // Reading it gives the snapshot, but for what does not count as a change.
        expect(canonicalSnapshot(JSON.parse(text) as Snapshot)).toBe(text);
      }),
    );
  });

  it('two values of a field are the same exactly when their texts are', () => {
    fc.assert(
      fc.property(fieldName, value, value, (field, a, b) => {
        expect(isSameField(field, a, b)).toBe(canonicalField(field, a) === canonicalField(field, b));
      }),
      { numRuns: 2000 },
    );
  });
});
