import { fitChanges } from '../core/model/fit-changes';
import type { Current, FieldChange } from '../core/model/record';
import { utf8Bytes } from '../core/model/wire-text';
import { toCurrentItem } from './table';

/** An item may have 400 KB; the rest is for the marks that later runs add to a row. */
const MAX_ROW_BYTES = 390 * 1024;

/**
 * What the service counts for a value, at most:
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export function itemBytes(value: unknown): number {
  if (typeof value === 'string') return utf8Bytes(value);
  // A byte for two digits and one more; the text holds at least the digits.
  if (typeof value === 'number') return Math.ceil(String(value).length / 2) + 1;
  if (typeof value !== 'object' || value === null) return 1;
  // Lists and maps take three bytes, and each element one more.
  if (Array.isArray(value)) return value.reduce<number>((sum, inner) => sum + 1 + itemBytes(inner), 3);
  // What is undefined is not stored.
  return Object.entries(value).reduce(
    (sum, [name, inner]) => (inner === undefined ? sum : sum + 1 + utf8Bytes(name) + itemBytes(inner)),
    3,
  );
}

/** The same where a list or object may be stored as its JSON text. */
export const storedBytes = (value: object): number => Math.max(itemBytes(value), utf8Bytes(JSON.stringify(value)));

/** The row with as many values of its changes as an item has room for. All else of a valid record fits. */
export function fitRow(row: Current): Current {
  const item = toCurrentItem(row);
  const bytes = itemBytes(item);
  if (bytes <= MAX_ROW_BYTES) return row;
  const room = MAX_ROW_BYTES - (bytes - itemBytes(item.changes));
  return { ...row, changes: fitChanges(row.changes, room, (change: FieldChange) => storedBytes(change) + 1) };
}
