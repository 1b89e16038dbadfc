import * as fc from 'fast-check';

/** Two words that every hostile secret holds, and nothing else does: where one of them shows, a part of it has leaked. */
export const MARKS = ['Zx81qK', 'Wv72jR'] as const;

const nasty = fc.oneof(
  fc.constantFrom(...Array.from('"&<>\\\'%+;#:/?=@~|`{}[]$!,.*x0')),
  fc.constantFrom('&lt;', '&#34', '%41', '\\n', '\\u0041', '<b>', '</', '"}', '\\\\', '%u0041', '&amp'),
);
const anyText = fc.oneof(nasty, fc.constantFrom(' ', 'é', 'ß', '中', '😀', '\u00a0', 'ab', '1'));
const around = (piece: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(...[0, 1, 2].map(() => fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(''))))
    .map(([before, between, after]) => `${before}${MARKS[0]}${between}${MARKS[1]}${after}`);

/** Passwords that any way of escaping must change. */
export const hostilePassword = around(anyText);
/** Keys and tokens travel in headers, so they are printable ASCII. */
export const hostileKey = around(nasty).map((key) => key.replaceAll(',', ''));

const each = (text: string, write: (character: string) => string): string => Array.from(text, write).join('');
const isPlain = (character: string): boolean => /[a-z0-9]/i.test(character);
const units = (character: string, write: (unit: number) => string): string =>
  [...Array(character.length).keys()].map((place) => write(character.charCodeAt(place))).join('');
const hex = (code: number, digits = 0): string => code.toString(16).padStart(digits, '0');
const code = (character: string): number => character.codePointAt(0) ?? 0;
const bytes = (character: string): string =>
  [...Buffer.from(character)].map((byte) => `%${hex(byte, 2).toUpperCase()}`).join('');
const named = {
  '"': '&quot;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&apos;',
  é: '&eacute;',
  '\u00a0': '&nbsp;',
};
const html = (text: string): string => each(text, (c) => named[c as keyof typeof named] ?? c);
const but = (write: (character: string) => string) => (text: string) => each(text, (c) => (isPlain(c) ? c : write(c)));

/** How the same text may arrive. */
export const ESCAPES: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  JSON: (text) => JSON.stringify(text).slice(1, -1),
  'JSON with escaped slashes': (text) => JSON.stringify(text).slice(1, -1).replaceAll('/', '\\/'),
  'JSON for HTML': (text) =>
    JSON.stringify(text)
      .slice(1, -1)
      .replaceAll(/[<>&]/g, (c) => `\\u${hex(code(c), 4)}`),
  'JSON in ASCII': but((c) => units(c, (unit) => `\\u${hex(unit, 4)}`)),
  'JSON, all of it': (text) => each(text, (c) => units(c, (unit) => `\\u${hex(unit, 4).toUpperCase()}`)),
  HTML: html,
  'HTML with &#39;': (text) => html(text).replaceAll('&apos;', '&#39;'),
  'HTML, decimal': but((c) => `&#${code(c)};`),
  'HTML, hexadecimal': but((c) => `&#x${hex(code(c))};`),
  'HTML, hexadecimal in capitals': but((c) => `&#X${hex(code(c)).toUpperCase()};`),
  'HTML, padded': but((c) => `&#${String(code(c)).padStart(7, '0')};`),
  'HTML, by half characters': but((c) => units(c, (unit) => `&#${unit};`)),
  'HTML, all of it': (text) => each(text, (c) => `&#${code(c)};`),
  percent: (text) => encodeURIComponent(text),
  'percent, RFC 3986': but(bytes),
  'percent in small letters': (text) => but(bytes)(text).replaceAll(/%../g, (byte) => byte.toLowerCase()),
  'percent, all of it': (text) => each(text, bytes),
  form: (text) => but(bytes)(text).replaceAll('%20', '+'),
};

/** What is left of it where someone has taken its tags out. */
export const STRIPPED: readonly ((text: string) => string)[] = [/<[^>]*>/g, /<[^<>]*>/g].flatMap((tag) =>
  ['', ' '].map((instead) => (text: string) => text.replaceAll(tag, instead)),
);
