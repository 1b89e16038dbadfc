import { isSameField } from './canonical';
import { canonicalJson } from './canonical-json';
import type { Json, Snapshot } from './instance';
import type { FieldChange } from './record';

/** A bag of fields; a snapshot, or an object inside of one. */
type Fields = { readonly [field: string]: Json };

const has = (fields: Fields, field: string): boolean => Object.hasOwn(fields, field);
/** Plain assignment would change the prototype for one name. */
const set = (fields: Record<string, Json>, field: string, value: Json): unknown =>
  Object.defineProperty(fields, field, { value, enumerable: true, configurable: true, writable: true });
const isFields = (value: Json | undefined): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** JSON Pointer without its leading slash. */
const escape = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
const unescape = (name: string): string => name.replaceAll('~1', '/').replaceAll('~0', '~');

/**
 * Every difference between two snapshots, sorted by field. Objects are compared field by field, arrays as a whole.
 * Where the entries of a top-level field would be longer than its two values, it becomes one entry, so that the
 * changes are never much larger than the two snapshots.
 */
export function diff(before: Snapshot, after: Snapshot): readonly FieldChange[] {
  if (isSame(before, after)) return [];
  const changes: FieldChange[] = [];
  for (const field of fieldsOf(before, after)) {
    if (has(before, field) && has(after, field) && isSameField(field, before[field] ?? null, after[field] ?? null)) {
      continue;
    }
    changes.push(
      ...compact(entry(before, after, field, escape(field)), entriesOf(before, after, field, escape(field))),
    );
  }
  return changes;
}

/** The answer for nearly every record of nearly every run, without sorting or copying anything. */
function isSame(before: Snapshot, after: Snapshot): boolean {
  const fields = Object.keys(after);
  if (fields.length !== Object.keys(before).length) return false;
  for (const field of fields) {
    if (!has(before, field) || !isSameField(field, before[field] ?? null, after[field] ?? null)) return false;
  }
  return true;
}

const fieldsOf = (a: Fields, b: Fields): string[] => [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted();

function entry(before: Fields, after: Fields, field: string, path: string): FieldChange {
  // Whether `from` and `to` are there at all tells whether the field was.
  return {
    field: path,
    ...(has(before, field) ? { from: before[field] ?? null } : {}),
    ...(has(after, field) ? { to: after[field] ?? null } : {}),
  };
}

function entriesOf(before: Fields, after: Fields, field: string, path: string): FieldChange[] {
  const from = has(before, field) ? before[field] : undefined;
  const to = has(after, field) ? after[field] : undefined;
  if (!isFields(from) || !isFields(to)) return [entry(before, after, field, path)];
  const changes: FieldChange[] = [];
  for (const inner of fieldsOf(from, to)) {
    if (has(from, inner) && has(to, inner) && canonicalJson(from[inner] ?? null) === canonicalJson(to[inner] ?? null))
      continue;
    changes.push(...entriesOf(from, to, inner, `${path}/${escape(inner)}`));
  }
  return changes;
}

const compact = (whole: FieldChange, parts: FieldChange[]): FieldChange[] =>
  parts.length > 1 && JSON.stringify(parts).length > JSON.stringify([whole]).length ? [whole] : parts;

/** The snapshot before the changes, from the one after them. @throws Error when values of the changes are left out */
export const revert = (after: Snapshot, changes: readonly FieldChange[]): Snapshot =>
  rewrite(after, changes, (change) => ('from' in change ? { value: change.from ?? null } : undefined));

/** The snapshot after the changes, from the one before them. @throws Error when values of the changes are left out */
export const apply = (before: Snapshot, changes: readonly FieldChange[]): Snapshot =>
  rewrite(before, changes, (change) => ('to' in change ? { value: change.to ?? null } : undefined));

function rewrite(
  snapshot: Snapshot,
  changes: readonly FieldChange[],
  side: (change: FieldChange) => { value: Json } | undefined,
): Snapshot {
  const result: Record<string, Json> = { ...snapshot };
  /** Objects that are not part of the snapshot, so that they may be changed. */
  const copies = new Set<unknown>();
  for (const change of changes) {
    if (change.omitted !== undefined) throw new Error('values of the changes are left out, so nothing can be rebuilt');
    const path = change.field.split('/').map(unescape);
    const last = path.pop() ?? '';
    let parent = result;
    for (const step of path) {
      const inner = (has(parent, step) ? parent[step] : {}) as Record<string, Json>;
      const copy = copies.has(inner) ? inner : { ...inner };
      copies.add(copy);
      set(parent, step, copy);
      parent = copy;
    }
    const wanted = side(change);
    if (wanted === undefined) delete parent[last];
    else set(parent, last, wanted.value);
  }
  return result as Snapshot;
}

/**
 * The newer snapshot, in which every top-level field that did not really change keeps the form in which it is stored
 * (order of the availability zones, spelling). So the changes between two stored snapshots are exactly invertible.
 */
export function settle(stored: Snapshot, listed: Snapshot): Snapshot {
  let result: Record<string, Json> | undefined;
  for (const field of Object.keys(listed)) {
    const before = stored[field] ?? null;
    const now = listed[field] ?? null;
    if (before === now || !has(stored, field) || !isSameField(field, before, now)) continue;
    result ??= { ...listed };
    result[field] = before;
  }
  return result === undefined ? listed : (result as Snapshot);
}
