/** An EventBridge event pattern, or the filter of an event source mapping, which has the same syntax. */
export type Pattern = { readonly [key: string]: Pattern | readonly unknown[] };

type Matcher = (value: unknown) => boolean;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `*` stands for any run of characters. */
const wildcard = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`))
      .join('.*')}$`,
    's',
  );

const text =
  (test: (value: string) => boolean): Matcher =>
  (value) =>
    typeof value === 'string' && test(value);
const lower = (value: unknown): unknown => (typeof value === 'string' ? value.toLowerCase() : value);

const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function numeric(conditions: unknown): Matcher {
  if (!Array.isArray(conditions) || conditions.length === 0 || conditions.length % 2 !== 0) {
    throw new PatternError('"numeric" takes pairs of operator and number');
  }
  const tests = Array.from({ length: conditions.length / 2 }, (_, index) => {
    const compare = COMPARE[String(conditions[2 * index])];
    const bound: unknown = conditions[2 * index + 1];
    if (compare === undefined || typeof bound !== 'number') {
      throw new PatternError(`"numeric" does not know ${JSON.stringify(conditions)}`);
    }
    return (value: number) => compare(value, bound);
  });
  return (value) => typeof value === 'number' && tests.every((test) => test(value));
}

function affix(name: 'prefix' | 'suffix', operand: unknown): Matcher {
  const test = (value: string, part: string) => (name === 'prefix' ? value.startsWith(part) : value.endsWith(part));
  if (typeof operand === 'string') return text((value) => test(value, operand));
  const ignoring = isObject(operand) ? operand['equals-ignore-case'] : undefined;
  if (typeof ignoring !== 'string') throw new PatternError(`"${name}" takes a text`);
  return text((value) => test(value.toLowerCase(), ignoring.toLowerCase()));
}

function anythingBut(operand: unknown): Matcher {
  if (isObject(operand)) {
    const matchers = matchersOf(operand);
    return (value) => matchers.every((matches) => !matches(value));
  }
  const refused: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  return (value) => !refused.includes(value);
}

/** A pattern that EventBridge would refuse when the rule is made. */
export class PatternError extends Error {}

/** The content filters of one object such as `{ "prefix": "ER" }`. */
function matchersOf(filter: Readonly<Record<string, unknown>>): readonly Matcher[] {
  return Object.entries(filter).map(([name, operand]): Matcher => {
    switch (name) {
      case 'prefix':
      case 'suffix':
        return affix(name, operand);
      case 'anything-but':
        return anythingBut(operand);
      case 'numeric':
        return numeric(operand);
      case 'equals-ignore-case': {
        const wanted: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
        return (value) => wanted.some((each) => lower(each) === lower(value));
      }
      case 'wildcard': {
        const wanted: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
        const patterns = wanted.map((each) => wildcard(String(each)));
        return text((value) => patterns.some((pattern) => pattern.test(value)));
      }
      case 'exists':
        return (value) => (value !== undefined) === operand;
      default:
        throw new PatternError(`the filter ${JSON.stringify(name)} is not known here`);
    }
  });
}

function matchesValue(alternatives: readonly unknown[], value: unknown): boolean {
  // An array in the event matches when any of its elements does, so an empty one never matches.
  const offered: readonly unknown[] = Array.isArray(value) ? value : [value];
  return alternatives.some((alternative) => {
    if (!isObject(alternative)) return offered.includes(alternative);
    const matchers = matchersOf(alternative);
    if ('exists' in alternative) return matchers.every((matches) => matches(value));
    return offered.some((each) => each !== undefined && matchers.every((matches) => matches(each)));
  });
}

/**
 * Whether an event matches: every field of the pattern must, each by any of its alternatives.
 * @throws PatternError when the pattern uses something that EventBridge, or this imitation, does not know
 */
export function matchesPattern(pattern: Pattern, event: unknown): boolean {
  return Object.entries(pattern).every(([key, wanted]) => {
    if (key === '$or') {
      return (wanted as readonly Pattern[]).some((alternative) => matchesPattern(alternative, event));
    }
    const value = isObject(event) ? event[key] : undefined;
    if (Array.isArray(wanted)) return matchesValue(wanted, value);
    if (!isObject(wanted)) throw new PatternError(`the field ${JSON.stringify(key)} of a pattern takes a list`);
    const nested: Pattern = wanted;
    return Array.isArray(value)
      ? value.some((element) => matchesPattern(nested, element))
      : matchesPattern(nested, value);
  });
}

/**
 * Checks the whole pattern, without an event.
 * @throws PatternError for what EventBridge would refuse when the rule is made
 */
export function checkPattern(pattern: Pattern): void {
  for (const [key, wanted] of Object.entries(pattern)) {
    if (key === '$or') for (const alternative of wanted as readonly Pattern[]) checkPattern(alternative);
    else if (isObject(wanted)) checkPattern(wanted);
    else if (!Array.isArray(wanted) || wanted.length === 0) {
      throw new PatternError(`the field ${JSON.stringify(key)} of a pattern takes a list that is not empty`);
    } else for (const alternative of wanted) if (isObject(alternative)) matchersOf(alternative);
  }
}
