import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import * as fc from 'fast-check';
import { MAX_SNAPSHOT_BYTES } from '../../lambda/core/model/limits';

const utf8 = (text: string): number => Buffer.byteLength(text);
const times = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join();

/** Fields of about so many bytes of JSON, each form large in another way; `mark` makes them differ from run to run. */
const FORMS: Readonly<Record<string, (bytes: number, mark: string) => string>> = {
  'one long text': (bytes, mark) => `"d":"${mark}${'x'.repeat(bytes)}"`,
  'text that JSON escapes': (bytes, mark) => `"d":"${mark}${'\\u0001'.repeat(bytes / 6)}"`,
  'text that queues need escaped': (bytes, mark) => `"name":"${mark}${'\uFFFF'.repeat(bytes / 3)}"`,
  'a long name and text': (bytes, mark) =>
    `"name":"${mark}${'n'.repeat(bytes / 2)}","d":"${mark}${'x'.repeat(bytes / 2)}"`,
  'many fields': (bytes, mark) => times(bytes / 12, (index) => `"${index}${mark}":0`),
  'many values': (bytes, mark) => times(bytes / 13, (index) => `"f${index}":"${mark}"`),
  'many fields inside of one': (bytes, mark) =>
    `"in":{"keep":"${'x'.repeat(bytes / 2)}",${times(bytes / 30, (index) => `"f${index}":"${mark}"`)}}`,
  'a list of many small values': (bytes, mark) => `"l":["${mark}",${times(bytes / 2, () => '0')}]`,
  'lists of nothing': (bytes, mark) => `"l":["${mark}",${times(bytes / 3, () => '[]')}]`,
  'names that a path escapes': (bytes, mark) => `"${'~'.repeat(bytes / 2)}${mark}":{"${'/'.repeat(bytes / 2)}":1}`,
  'two long names': (bytes, mark) => `"a${mark}${'x'.repeat(bytes / 2)}":1,"b${mark}${'y'.repeat(bytes / 2)}":2`,
  'names that no map can have': (bytes, mark) =>
    `"constructor":"${mark}${'x'.repeat(bytes)}","__proto__":1,"":"${mark}"`,
};
/** What an instance looks like in one run: in which way its record is large, and how near to the largest. */
export interface LargeState {
  readonly form: string;
  readonly size: number;
}

export const largeState: fc.Arbitrary<LargeState> = fc.record({
  form: fc.constantFrom(...Object.keys(FORMS)),
  size: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.double({ min: 0, max: 1, noNaN: true })),
});

/** A record as large as it may be at most. */
export function largeText(id: string, status: string, run: number, { form, size }: LargeState): string {
  const make = (bytes: number): string =>
    `{"id":"${id}","status":"${status}",${FORMS[form]?.(Math.max(60, Math.floor(bytes)), `v${run}`)}}`;
  const text = make(size * (MAX_SNAPSHOT_BYTES - 200));
  const excess = utf8(JSON.stringify(JSON.parse(text))) - MAX_SNAPSHOT_BYTES;
  return excess <= 0 ? text : make(size * (MAX_SNAPSHOT_BYTES - 200 - excess * 1.2));
}

/** As the service counts: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
function bytesOf({ S, N, L, M }: AttributeValue): number {
  if (S !== undefined) return utf8(S);
  if (N !== undefined) return Math.ceil(N.replaceAll(/^-|\.|e.*$/gi, '').length / 2) + 1;
  if (L !== undefined) return 3 + L.reduce((sum, value) => sum + 1 + bytesOf(value), 0);
  if (M !== undefined)
    return 3 + Object.entries(M).reduce((sum, [name, value]) => sum + 1 + utf8(name) + bytesOf(value), 0);
  return 1;
}

export const itemBytes = (item: Record<string, AttributeValue>): number => bytesOf({ M: item }) - 3;
