import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json';
import { compareText } from './compare-text';
import { type Json, normalizeStatus, type Snapshot } from './instance';

/** Raised when the canonical form changes, so that fingerprints of the older form are not believed. */
export const CANONICAL_VERSION = 1;

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

/** Whether two values of one field are the same. */
export const isSameField = (field: string, a: Json, b: Json): boolean =>
  a === b || canonicalField(field, a) === canonicalField(field, b);

/** Canonical text of one snapshot, without some of its fields. */
export function canonicalSnapshot(snapshot: Snapshot, without: readonly string[] = []): string {
  const fields = Object.keys(snapshot)
    .filter((field) => !without.includes(field))
    .toSorted();
  return `{${fields.map((field) => `${JSON.stringify(field)}:${canonicalField(field, snapshot[field] ?? null)}`).join(',')}}`;
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
