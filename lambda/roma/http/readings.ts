/**
 * What a text may say once its escapes are undone: a password in an answer may stand there as JSON, HTML or an address
 * writes it, or as one of them inside another.
 */

/** One way to read a text. */
export interface Reading {
  readonly text: string;
  /** Where in the original the character at `index` begins; at the end, the length of the original. */
  readonly origin: (index: number) => number;
}

/** Escapes inside escapes are undone this often. */
const MAX_DEPTH = 3;

/** Undoes one kind of escapes. Each pattern is linear: what it repeats is bounded, or ends at the next beginning. */
interface Decoder {
  /** Without this there is nothing to undo. */
  readonly sign: string;
  readonly pattern: RegExp;
  readonly plain: (escape: string) => string;
}

const CONTROLS: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const fromJson = (escape: string): string =>
  escape.length > 2 ? hex(escape.replaceAll(/[^0-9a-f]/gi, '')) : (CONTROLS[escape[1] ?? ''] ?? escape.slice(1));

/** HTML's names of what an escaper may escape: U+00A0 to U+00FF in order, and ASCII. */
const LATIN =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml';
const ASCII =
  'quot " amp & lt < gt > apos \' excl ! num # dollar $ percnt % lpar ( rpar ) ast * plus + comma , period . sol / colon : semi ; equals = quest ? commat @ lsqb [ lbrack [ bsol \\ rsqb ] rbrack ] Hat ^ lowbar _ grave ` lcub { lbrace { verbar | vert | rcub } rbrace }';
const NAMES = new Map(LATIN.split(' ').map((name, index) => [name, String.fromCharCode(0xa0 + index)]));
for (const [, name = '', character = ''] of ASCII.matchAll(/(\S+) (\S)/g)) NAMES.set(name, character);

function fromHtml(escape: string): string {
  const name = escape.slice(1).replace(';', '');
  if (!name.startsWith('#')) return NAMES.get(name) ?? NAMES.get(name.toLowerCase()) ?? escape;
  return /^#x/i.test(name) ? hex(name.slice(2)) : codePoint(Number(name.slice(1)));
}

/** One character of UTF-8, or a byte that is none and so may be Latin-1. */
const PERCENT =
  /%(?:u[0-9a-f]{4}|[cd][0-9a-f]%[89ab][0-9a-f]|e[0-9a-f](?:%[89ab][0-9a-f]){2}|f[0-7](?:%[89ab][0-9a-f]){3}|[0-9a-f]{2})/gi;
function fromPercent(escape: string): string {
  if (/^%u/i.test(escape)) return hex(escape.slice(2));
  try {
    return decodeURIComponent(escape);
  } catch {
    return escape.length === 3 ? hex(escape.slice(1)) : escape;
  }
}

const hex = (digits: string): string => codePoint(Number.parseInt(digits, 16));
const codePoint = (code: number): string => (code <= 0x10_ffff ? String.fromCodePoint(code) : '');

const DECODERS: readonly Decoder[] = [
  {
    sign: '\\',
    pattern: /\\(?:u\{[0-9a-f]{1,6}\}|u[0-9a-f]{4}|x[0-9a-f]{2}|[^ux])/gis,
    plain: fromJson,
  },
  { sign: '&', pattern: /&(?:#\d{1,16}|#x[0-9a-f]{1,16}|[a-z]{2,8}\d{0,2});?/gi, plain: fromHtml },
  { sign: '%', pattern: PERCENT, plain: fromPercent },
  { sign: '<', pattern: /<[^<>]*>/g, plain: () => '' },
];

const SIGN = /[\\&%<]/;
/** Whether there may be another way to read the text. */
export const mayBeEscaped = (text: string): boolean => SIGN.test(text);

/** The text as it is, and every other way to read it, each once. */
export function* readings(original: string): Generator<Reading> {
  const seen = new Set([original]);
  let level: Reading[] = [{ text: original, origin: (index) => index }];
  for (let depth = 0; level.length > 0; depth += 1) {
    yield* level;
    if (depth === MAX_DEPTH) return;
    const next: Reading[] = [];
    for (const reading of level) {
      for (const decoder of DECODERS) {
        if (!reading.text.includes(decoder.sign)) continue;
        const text = reading.text.replaceAll(decoder.pattern, decoder.plain);
        if (seen.has(text)) continue;
        seen.add(text);
        next.push({ text, origin: originIn(reading, decoder) });
      }
    }
    level = next;
  }
}

/** Looks for the places of characters only when someone asks, because hardly anyone does. */
function originIn(reading: Reading, decoder: Decoder): Reading['origin'] {
  let places: number[] | undefined;
  return (index) => reading.origin((places ??= placesIn(reading.text, decoder))[index] ?? reading.text.length);
}

/** Where each character of the decoded text begins in the text. */
function placesIn(text: string, { pattern, plain }: Decoder): number[] {
  const places: number[] = [];
  let at = 0;
  for (const { 0: escape, index } of text.matchAll(pattern)) {
    while (at < index) places.push(at++);
    for (let units = plain(escape).length; units > 0; units -= 1) places.push(index);
    at = index + escape.length;
  }
  while (at < text.length) places.push(at++);
  return places;
}
