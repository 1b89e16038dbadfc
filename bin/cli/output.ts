import { styleText } from 'node:util';
import { compareText } from '../../lambda/core/model/compare-text';
import type { RunOutcome } from '../../lambda/core/model/record';

/**
 * All text from outside passes through here before it is printed. A name may hold terminal escapes, line breaks, marks
 * that change the direction of writing, or 64 KB of anything.
 */

/** How many code units of a text are shown unless the caller asks for all. */
const MAX_SHOWN = 400;
/** Control, format, surrogate, private and separator characters: none of them is visible. */
export const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
/** More than two combining marks in a row spill into other lines. */
const STACKED = /(\p{M}{2})\p{M}+/gu;
/** When the output is pasted into a spreadsheet, text that begins with these would become a formula. */
const FORMULA = /^[=+\-@]/;

const escapeCharacter = (character: string): string => {
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (character === '\t') return '\\t';
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
};

/** Text that fits on one line, moves no cursor and hides nothing. It is cut after `most` code units. */
export function safeText(text: string, most = MAX_SHOWN): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  const escaped = cut.replaceAll(UNSAFE, escapeCharacter).replaceAll(STACKED, '$1');
  return FORMULA.test(escaped) ? `'${escaped}'` : escaped;
}

/** A whole line that may hold text from outside, such as an error. */
export const safeLine = (text: string): string => text.slice(0, 2000).replaceAll(UNSAFE, escapeCharacter);

/** The database returns fields in any order. Sorting them gives equal values equal texts. */
const sortedFields = (_field: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => compareText(a, b)))
    : value;

/** A JSON value as one safe line of text. */
export const safeValue = (value: unknown, most = MAX_SHOWN): string =>
  value === undefined
    ? '(absent)'
    : safeText(typeof value === 'string' ? value : JSON.stringify(value, sortedFields), most);

/** One JSON object on one line. Its own fields keep their order; nested fields are sorted. Characters that JSON allows but a
 * terminal would act on are escaped, which does not change the value. */
export const jsonLine = (value: unknown): string =>
  JSON.stringify(value, (field, within) => (field === '' ? within : sortedFields(field, within))).replaceAll(
    /[\u007f-\u009f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff][\udc00-\udfff]/g,
    (text) =>
      text.length === 2 && !/[\p{Cf}\p{Co}\p{Cn}]/u.test(text)
        ? text
        : [...Array(text.length).keys()]
            .map((place) => `\\u${text.charCodeAt(place).toString(16).padStart(4, '0')}`)
            .join(''),
  );

export type Colour = 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'gray' | 'bold';
export type Paint = (colour: Colour | undefined, text: string) => string;

export const painter =
  (hasColours: boolean): Paint =>
  (colour, text) =>
    colour !== undefined && hasColours ? styleText(colour, text, { validateStream: false }) : text;

const STATUS_COLOURS: Readonly<Partial<Record<string, Colour>>> = {
  RUNNING: 'green',
  ERROR: 'red',
  CREATE_FAILED: 'red',
  DELETE_FAILED: 'red',
  CREATING: 'yellow',
  DELETING: 'yellow',
  FREEZING: 'yellow',
  FROZEN: 'cyan',
  DELETED: 'gray',
  SOFT_DELETED: 'gray',
};
/** An undocumented status gets a colour that stands out. */
export const statusColour = (status: string): Colour =>
  (Object.hasOwn(STATUS_COLOURS, status) ? STATUS_COLOURS[status] : undefined) ?? 'magenta';

const OUTCOME_COLOURS: Readonly<Record<RunOutcome, Colour>> = {
  changed: 'green',
  unchanged: 'gray',
  brake: 'magenta',
  partial: 'yellow',
  busy: 'yellow',
  failed: 'red',
};
export const outcomeColour = (outcome: RunOutcome): Colour => OUTCOME_COLOURS[outcome];
