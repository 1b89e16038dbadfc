import type { FieldChange } from './record';

/** Whether the snapshot before the changes follows from the one after them. */
export const isInvertible = (changes: readonly FieldChange[]): boolean =>
  changes.every(({ omitted }) => omitted === undefined);

/** How many fields have changed, named or not. */
export const countFields = (changes: readonly FieldChange[]): number =>
  changes.reduce((count, { omitted = 1 }) => count + omitted, 0);

/**
 * The changes without so many of the largest values that they fit. Where even the names of the fields do not, as many
 * are named as do, and one entry counts the others.
 * @param bytesOf what one entry takes of the room
 */
export function fitChanges(
  changes: readonly FieldChange[],
  room: number,
  bytesOf: (change: FieldChange) => number,
): readonly FieldChange[] {
  const entries = changes.map((change) => ({ change, bytes: bytesOf(change) }));
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const entry of entries.toSorted((a, b) => b.bytes - a.bytes)) {
    if (total <= room) break;
    const { field, omitted = 1 } = entry.change;
    const bytes = bytesOf({ field, omitted });
    if (bytes >= entry.bytes) continue;
    total -= entry.bytes - bytes;
    Object.assign(entry, { change: { field, omitted }, bytes });
  }
  if (total <= room) return entries.map(({ change }) => change);
  const count = countFields(changes);
  let left = room - bytesOf({ field: '', omitted: count });
  const named = entries.flatMap(({ change, bytes }) => {
    if (bytes > left || (change.field === '' && change.omitted !== undefined)) return [];
    left -= bytes;
    return [change];
  });
  return [...named, { field: '', omitted: count - countFields(named) }];
}
