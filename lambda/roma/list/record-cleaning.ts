import { splitNumber } from 'lossless-json';
import type { Json } from '../../core/model/instance';
import { ExactNumber } from './page-text';
import { REDACTED, type Redactor } from '../http/redaction';
import { type FieldKind, kindOfField } from '../http/secret-fields';

/** Deepest nesting of a snapshot; DynamoDB allows 32 levels, of which the row itself takes a few. */
export const MAX_DEPTH = 24;
/** What is nested deeper than this is not even looked at. */
const MAX_WALKED_DEPTH = 256;
const TOO_DEEP = `(nested deeper than ${MAX_WALKED_DEPTH} levels)`;
/** DynamoDB: magnitude from 1e-130 up to below 1e126, 38 significant digits. */
const LARGEST = 1e126;
const SMALLEST = 1e-130;
const MAX_DIGITS = 38;

export interface Cleaned {
  /** As it may be seen and stored: well-formed text, no secrets, JSON values only. */
  readonly value: Json;
  /** Why DynamoDB could not hold it; undefined when it could. */
  readonly problem?: string | undefined;
  /** At least as large as its JSON in bytes of UTF-8. */
  readonly sizeAtMost: number;
}

/**
 * Makes one raw value fit to be seen: redacts secrets, makes text well-formed (what is stored must equal what is
 * compared, and UTF-8 has no lone surrogates), turns numbers that a double cannot hold into text. Copies only what
 * it changes. Finds on the way what DynamoDB could not hold.
 * @param plainText that no string of the page holds a secret, a lone surrogate or an escape, so that text may be kept unread
 */
export function createCleaner(redactor: Redactor, plainText: boolean): (raw: unknown) => Cleaned {
  const kinds = new Map<string, FieldKind>();
  const kindOf = (field: string): FieldKind => {
    let known = kinds.get(field);
    if (known === undefined) kinds.set(field, (known = kindOfField(field)));
    return known;
  };
  let problem: string | undefined;
  let size = 0;

  const redact = redactor.ofNow();
  const text = (value: string): string => (plainText ? value : redact(value.toWellFormed()));

  const number = (value: number, path: string): Json => {
    const magnitude = Math.abs(value);
    if (magnitude >= LARGEST || (magnitude < SMALLEST && magnitude > 0) || Number.isNaN(value)) {
      problem ??= `${path}: the number ${text(String(value))} is outside of what the database can hold`;
      return text(String(value));
    }
    // A password may be a number, too.
    return plainText || text(String(value)) === String(value) ? value : REDACTED;
  };

  const exact = ({ text: digits }: ExactNumber, path: string): Json => {
    const shown = text(digits);
    const magnitude = Math.abs(Number(digits));
    const significant = splitNumber(digits).digits;
    if (magnitude >= LARGEST || (magnitude < SMALLEST && significant !== '0')) {
      problem ??= `${path}: the number ${shorten(shown)} is outside of what the database can hold`;
    } else if (significant.length > MAX_DIGITS) {
      problem ??= `${path}: the number ${shorten(shown)} has more than ${MAX_DIGITS} significant digits`;
    }
    size += digits.length;
    return shown;
  };

  function clean(value: unknown, path: string, depth: number): Json {
    if (typeof value === 'string') {
      const cleaned = text(value);
      // A character takes at most 3 bytes of UTF-8, or 6 where JSON must escape it.
      size += cleaned.length * 6 + 3;
      return cleaned;
    }
    if (typeof value === 'number') {
      size += 26;
      return number(value, path);
    }
    size += 6;
    if (typeof value === 'boolean') return value;
    if (value === null || value === undefined) return null;
    if (value instanceof ExactNumber) return exact(value, path);
    if (depth >= MAX_DEPTH) problem ??= `nested deeper than ${MAX_DEPTH} levels`;
    if (depth >= MAX_WALKED_DEPTH) return TOO_DEEP;
    return Array.isArray(value) ? list(value, path, depth) : fields(value as Record<string, unknown>, path, depth);
  }

  function list(values: readonly unknown[], path: string, depth: number): Json {
    let copy: Json[] | undefined;
    for (let index = 0; index < values.length; index += 1) {
      const cleaned = clean(values[index], path, depth + 1);
      if (copy === undefined && cleaned !== values[index]) copy = values.slice(0, index) as Json[];
      copy?.push(cleaned);
    }
    return copy ?? (values as Json[]);
  }

  function fields(values: Record<string, unknown>, path: string, depth: number): Json {
    let copy: Record<string, Json> | undefined;
    const names = Object.keys(values);
    const named = nameOfPair(names, values);
    for (const rawField of names) {
      const field = text(rawField);
      size += field.length * 6 + 4;
      const raw = values[rawField];
      const inner = depth === 0 ? shorten(field) : path;
      const kind = kindOf(field);
      const cleaned = tellsSecret(kind === 'holding' ? named : kind, raw) ? REDACTED : clean(raw, inner, depth + 1);
      if (copy === undefined && (cleaned !== raw || field !== rawField)) copy = copyBefore(values, rawField);
      if (copy === undefined) continue;
      if (Object.hasOwn(copy, field))
        problem ??= `${inner}: two fields have the same name once secrets and half characters are replaced`;
      define(copy, field, cleaned);
    }
    return copy ?? (values as Record<string, Json>);
  }

  /** What the fields that name another one say of those that hold it, as in `{name: 'password', value: …}`. */
  function nameOfPair(fields: readonly string[], values: Record<string, unknown>): FieldKind {
    if (!fields.some((field) => kindOf(field) === 'holding')) return 'other';
    const told = fields.filter((field) => kindOf(field) === 'naming').map((field) => values[field]);
    const kinds = told.map((name) => (typeof name === 'string' ? kindOfField(name) : 'other'));
    return kinds.find((kind) => kind === 'secret' || kind === 'secrets') ?? 'other';
  }

  return (raw) => {
    problem = undefined;
    size = 0;
    const value = clean(raw, '', 0);
    return { value, sizeAtMost: size, problem };
  };
}

/** An empty or missing secret, or a flag, tells nothing; and a number of secrets is no secret. */
function tellsSecret(kind: FieldKind, value: unknown): boolean {
  if (kind !== 'secret' && kind !== 'secrets') return false;
  if (value === null || value === undefined || value === '' || typeof value === 'boolean') return false;
  return kind === 'secret' || (typeof value !== 'number' && !(value instanceof ExactNumber));
}

/** Plain assignment would change the prototype for one name. */
const define = (object: Record<string, Json>, field: string, value: Json): void => {
  if (field === '__proto__') {
    Object.defineProperty(object, field, { value, enumerable: true, configurable: true, writable: true });
  } else object[field] = value;
};

/** The fields before one, which needed no change. */
function copyBefore(values: Record<string, unknown>, end: string): Record<string, Json> {
  const copy: Record<string, Json> = {};
  for (const field of Object.keys(values)) {
    if (field === end) break;
    define(copy, field, values[field] as Json);
  }
  return copy;
}

const shorten = (text: string): string => (text.length > 48 ? `${text.slice(0, 45).toWellFormed()}…` : text);
