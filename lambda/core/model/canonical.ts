import { createHash } from 'node:crypto';
import { type Json, normalizeStatus, type Snapshot } from './instance';

/** Raised when the canonical form changes, so that fingerprints of the older form are not believed. */
export const CANONICAL_VERSION = 1;

const isObject = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** JSON text with sorted keys: equal text = equal value, whatever the order in which keys were sent or stored. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonicalJson).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const parts: string[] = [];
  for (const key of Object.keys(value).toSorted())
    parts.push(`${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`);
  return `{${parts.join(',')}}`;
}

/**
 * Canonical text of one top-level field of a snapshot. What does not count as a change is levelled here, and only
 * here: the order of the availability zones, and the misspelt twin of a status.
 */
export function canonicalField(field: string, value: Json): string {
  if (field === 'available_zone_ids' && Array.isArray(value)) {
    return canonicalJson(
      (value as readonly Json[]).toSorted((a, b) => compareText(canonicalJson(a), canonicalJson(b))),
    );
  }
  if (field === 'status' && typeof value === 'string') return JSON.stringify(normalizeStatus(value));
  return canonicalJson(value);
}

export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Whether two values of one field are the same. Most are, and are told so without writing their texts. */
export const isSameField = (field: string, a: Json, b: Json): boolean =>
  a === b || (isComposed(a) || field === 'status' ? canonicalField(field, a) === canonicalField(field, b) : false);

const isComposed = (value: Json): boolean => typeof value === 'object' && value !== null;

interface SortedFields {
  readonly fields: readonly string[];
  /** Whether an object keeps them in the order in which they are set. */
  readonly keepTheirOrder: boolean;
}

/** Sorts the names once for all records that have the same ones in the same order, as the records of a list do. */
function fieldSorter(): (snapshot: Snapshot) => SortedFields {
  let last: readonly string[] = [];
  let sorted: SortedFields = { fields: [], keepTheirOrder: true };
  return (snapshot) => {
    const fields = Object.keys(snapshot);
    if (fields.length !== last.length || fields.some((field, index) => field !== last[index])) {
      last = fields;
      sorted = { fields: fields.toSorted(), keepTheirOrder: !fields.some((field) => /^\d|^__proto__$/.test(field)) };
    }
    return sorted;
  };
}

/** Gives the canonical texts of whole snapshots. One for each list: it is fastest where records have the same fields. */
export function snapshotCanonicalizer(): (snapshot: Snapshot) => string {
  const sortedFields = fieldSorter();
  return (snapshot) => {
    const { fields, keepTheirOrder } = sortedFields(snapshot);
    if (!keepTheirOrder) return inParts(snapshot, fields);
    // Plain values are written by one call for all of them, which is several times faster than one call each.
    const plain: Record<string, Json> = {};
    for (const field of fields) {
      const value = snapshot[field] ?? null;
      if (!isComposed(value))
        plain[field] = field === 'status' && typeof value === 'string' ? normalizeStatus(value) : value;
      else if (isShortList(value)) plain[field] = value;
      else return inParts(snapshot, fields);
    }
    return JSON.stringify(plain);
  };
}

/** Canonical text of one whole snapshot. */
export const canonicalSnapshot = (snapshot: Snapshot): string => snapshotCanonicalizer()(snapshot);

/** A list that is its own canonical form: of at most one plain value. */
const isShortList = (value: Json): boolean =>
  Array.isArray(value) &&
  (value.length === 0 || (value.length === 1 && !isComposed((value as readonly Json[])[0] ?? null)));

function inParts(snapshot: Snapshot, fields: readonly string[]): string {
  const parts: string[] = [];
  for (const field of fields) {
    parts.push(`${JSON.stringify(field)}:${canonicalField(field, snapshot[field] ?? null)}`);
  }
  return `{${parts.join(',')}}`;
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
