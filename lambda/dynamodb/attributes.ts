import { type Instant, toInstant, toMs } from '../core/model/instant';
import { fromStored, toStored } from './stored-json';

/** How one property of a record is kept in its item, in both directions. */
interface Attribute {
  /** @default the name of the property */
  readonly name?: string;
  /** Not called without a value: what is undefined is not stored. @default as it is */
  readonly store?: (value: unknown) => unknown;
  /** Also called where the item has no such attribute. @default as it is */
  readonly read?: (stored: unknown) => unknown;
}

/** Every property of a record, but for its target: none can be forgotten in one direction. */
export type Attributes<T> = Readonly<Record<Exclude<keyof T, 'target'>, Attribute>>;

/** Time to live in whole seconds since the epoch, rounded up so that nothing expires early. */
export const toTimeToLive = (instant: Instant): number => Math.ceil(toMs(instant) / 1000);

export const asItIs: Attribute = {};
export const called = (name: string): Attribute => ({ name });
export const nullWhenAbsent: Attribute = { read: (stored) => stored ?? null };
export const json: Attribute = { store: toStored, read: fromStored };
export const timeToLive: Attribute = {
  store: (value) => toTimeToLive(value as Instant),
  read: (stored) => (typeof stored === 'number' ? toInstant(stored * 1000) : undefined),
};

export function itemOf<T extends object>(attributes: Attributes<T>, record: T): Record<string, unknown> {
  const item: Record<string, unknown> = {};
  for (const [property, { name = property, store }] of Object.entries<Attribute>(attributes)) {
    const value = record[property as keyof T];
    if (value !== undefined) item[name] = store === undefined ? value : store(value);
  }
  return item;
}

/** What the item has no attribute for is absent from the record. */
export function recordOf<T extends object>(
  attributes: Attributes<T>,
  item: Readonly<Record<string, unknown>>,
): Omit<T, 'target'> {
  const record: Record<string, unknown> = {};
  for (const [property, { name = property, read }] of Object.entries<Attribute>(attributes)) {
    const value = read === undefined ? item[name] : read(item[name]);
    if (value !== undefined) record[property] = value;
  }
  return record as Omit<T, 'target'>;
}
