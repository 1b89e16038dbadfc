import * as fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { canonicalSnapshot } from '../../../../lambda/core/model/canonical';
import { apply, diff, revert, settle } from '../../../../lambda/core/model/diff';
import type { Json, Snapshot } from '../../../../lambda/core/model/instance';

/** Names that mean something to objects, and those that are awkward in a path. */
const strange = fc.constantFrom('', '0', 'then', 'toJSON', 'a/b', '/', ...Object.getOwnPropertyNames(Object.prototype));
/** Few names and few values, so that two of them often have fields in common, at every depth. */
const similar = fc.letrec<{ node: Json; fields: Json }>((tie) => ({
  node: fc.oneof({ withCrossShrink: true }, fc.constantFrom<Json>(0, null, 'x'.repeat(30)), tie('fields')),
  fields: fc.dictionary(fc.constantFrom('a', 'c/d', 'e~1', '', '__proto__', 'constructor'), tie('node')),
})).node;
const json = fc.oneof(similar, fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>);
const field = fc
  .oneof(fc.constantFrom('name', 'a/b', 'a~b', 'available_zone_ids', 'status'), strange, fc.string({ maxLength: 6 }))
  .filter((name) => name !== 'id');
const snapshot: fc.Arbitrary<Snapshot> = fc
  .tuple(
    fc.dictionary(field, json, { maxKeys: 6 }),
    similar,
    fc.constantFrom('RUNNING', 'ERROR', 'DELETE_FALIED', 'DELETE_FAILED'),
    fc.option(fc.shuffledSubarray(['z1', 'z2', 'z3'])),
  )
  .map(([fields, tags, status, zones]) => {
    const more = zones === null ? {} : { available_zone_ids: zones };
    // As JSON.parse makes it: a plain object, whatever its fields are called.
    return JSON.parse(JSON.stringify({ ...fields, tags, id: 'i', status, ...more })) as Snapshot;
  });

describe('the difference of two snapshots', () => {
  it('leads from one to the other, and exactly back, once the newer one is settled on the stored one', () => {
    fc.assert(
      fc.property(snapshot, snapshot, (stored, listed) => {
        const settled = settle(stored, listed);
        const changes = diff(stored, settled);
        expect(canonicalSnapshot(settled)).toBe(canonicalSnapshot(listed));
        expect(isDeepStrictEqual(revert(settled, changes), stored)).toBe(true);
        expect(isDeepStrictEqual(apply(stored, changes), settled)).toBe(true);
      }),
    );
  });

  it('changes no prototype, whatever path an event names', () => {
    const base = { id: 'i', status: 'RUNNING' };
    const rebuilt = apply(base, [
      { field: '__proto__/polluted', to: true },
      { field: 'constructor/prototype/polluted', to: true },
    ]);
    expect(JSON.stringify(rebuilt)).toBe(
      '{"id":"i","status":"RUNNING","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    );
    expect([Object.getPrototypeOf(rebuilt), 'polluted' in {}]).toEqual([Object.prototype, false]);
  });

  it('leads back through a field inside of an object, and leaves its neighbours and both snapshots alone', () => {
    const stored = { id: 'i', status: 'RUNNING', tags: { long: 'x'.repeat(100), 'a/b': { on: true, keep: [1] } } };
    const listed = { ...stored, tags: { ...stored.tags, 'a/b': { keep: [1], on: null } } };
    const [before, after] = [structuredClone(stored), structuredClone(listed)];
    const changes = diff(stored, listed);
    expect(changes).toEqual([{ field: 'tags/a~1b/on', from: true, to: null }]);
    expect(revert(listed, changes)).toEqual(before);
    expect(apply(stored, changes)).toEqual(after);
    expect([stored, listed]).toEqual([before, after]);
  });

  it('is empty exactly when the canonical texts are equal', () => {
    fc.assert(
      fc.property(snapshot, snapshot, (a, b) => {
        expect(diff(a, b).length === 0).toBe(canonicalSnapshot(a) === canonicalSnapshot(b));
      }),
    );
  });

  it('is never longer than one entry a top-level field', () => {
    fc.assert(
      fc.property(snapshot, snapshot, (a, b) => {
        const whole = [...new Set([...Object.keys(a), ...Object.keys(b)])].map((name) => ({
          field: name.replaceAll('~', '~0').replaceAll('/', '~1'),
          ...(Object.hasOwn(a, name) ? { from: a[name] } : {}),
          ...(Object.hasOwn(b, name) ? { to: b[name] } : {}),
        }));
        expect(JSON.stringify(diff(a, b)).length).toBeLessThanOrEqual(JSON.stringify(whole).length);
      }),
    );
  });

  it('tells an absent field from one that is null', () => {
    const base = { id: 'i', status: 'RUNNING' };
    expect(diff(base, { ...base, name: null })).toEqual([{ field: 'name', to: null }]);
    expect(diff({ ...base, name: null }, base)).toEqual([{ field: 'name', from: null }]);
    expect(diff({ ...base, name: null }, { ...base, name: 'a' })).toEqual([{ field: 'name', from: null, to: 'a' }]);
    expect(diff({ ...base, name: null }, { ...base, site: null })).toEqual([
      { field: 'name', from: null },
      { field: 'site', to: null },
    ]);
    expect(diff({ ...base, tags: { a: null } }, { ...base, tags: {} })).toEqual([{ field: 'tags/a', from: null }]);
    expect(diff({ ...base, tags: {} }, { ...base, tags: { a: null } })).toEqual([{ field: 'tags/a', to: null }]);
  });

  it('names the field inside of an object, unless that would be longer than the whole', () => {
    const base = { id: 'i', status: 'RUNNING' };
    const long = 'x'.repeat(100);
    expect(diff({ ...base, tags: { long, env: 'a' } }, { ...base, tags: { long, env: 'b' } })).toEqual([
      { field: 'tags/env', from: 'a', to: 'b' },
    ]);
    expect(
      diff({ ...base, tags: { long, x: { y: 1 }, z: 1 } }, { ...base, tags: { long, x: { y: 2 }, z: 2 } }),
    ).toEqual([
      { field: 'tags/x/y', from: 1, to: 2 },
      { field: 'tags/z', from: 1, to: 2 },
    ]);
    expect(diff({ ...base, tags: { a: 1, b: 1, c: 1 } }, { ...base, tags: { a: 2, b: 2, c: 2 } })).toEqual([
      { field: 'tags', from: { a: 1, b: 1, c: 1 }, to: { a: 2, b: 2, c: 2 } },
    ]);
  });

  it('ignores the order of keys and of availability zones, but not of other lists', () => {
    const a = { id: 'i', status: 'RUNNING', available_zone_ids: ['z1', 'z2'], other: { x: 1, y: 2 }, list: [1, 2] };
    const b = { list: [1, 2], other: { y: 2, x: 1 }, available_zone_ids: ['z2', 'z1'], status: 'RUNNING', id: 'i' };
    expect(diff(a, b)).toEqual([]);
    expect(diff(a, { ...b, list: [2, 1] })).toHaveLength(1);
  });
});
