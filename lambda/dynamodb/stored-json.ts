import { utf8Bytes } from '../core/model/wire-text';

/**
 * Names that no map of an item can hold: the database refuses the empty one, and the SDK takes the others for the
 * class and the prototype of the map.
 */
const UNSTORABLE_NAMES = new Set(['', 'constructor', '__proto__']);
/** The shortest limit that AWS documents for the name of an attribute. Nested names may be longer, but not in every edition. */
const MAX_NAME_BYTES = 255;

/** Field names are data, so where one stands in the way, the list or object is stored as its JSON text. */
export const toStored = (value: unknown): unknown => (isStorable(value) ? value : JSON.stringify(value));

/** Only lists and objects are stored this way, so a text is always JSON. */
export const fromStored = (stored: unknown): unknown => (typeof stored === 'string' ? JSON.parse(stored) : stored);

function isStorable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isStorable);
  return Object.entries(value).every(
    ([name, inner]) => !UNSTORABLE_NAMES.has(name) && utf8Bytes(name) <= MAX_NAME_BYTES && isStorable(inner),
  );
}
