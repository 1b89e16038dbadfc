import { parse, splitNumber } from 'lossless-json';

/** A number of the page that a double does not hold exactly. */
export class ExactNumber {
  constructor(readonly text: string) {}
}

/**
 * Finds pages with a number that a double might not hold: more than 15 characters of digits, or an exponent of three
 * digits. It may also find text; then the page is only read more slowly, with the same result.
 */
const LONG_NUMBER = /[:,[\s]-?(?:[\d.]{16,}|[\d.]+[eE][+-]?\d{3})/;

/** The number if a double denotes exactly the same decimal value, else its text. */
function exactNumber(text: string): number | ExactNumber {
  const value = Number(text);
  if (!Number.isFinite(value)) return new ExactNumber(text);
  const sent = splitNumber(text);
  const held = splitNumber(String(value));
  const same = sent.digits === held.digits && sent.exponent === held.exponent && sent.sign === held.sign;
  return same ? value : new ExactNumber(text);
}

/**
 * Parses the JSON text of a page. A number that a double cannot hold comes as `ExactNumber`, whatever its length.
 * @throws SyntaxError when the text is not JSON
 */
export function parsePageText(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  try {
    return parse(text, undefined, {
      parseNumber: exactNumber,
      onDuplicateKey: ({ newValue }: { newValue: unknown }) => newValue,
    });
  } catch (error) {
    // This parser recurses; JSON.parse does not. Nesting so deep is rejected in any case.
    if (error instanceof RangeError) return JSON.parse(text);
    throw error;
  }
}
