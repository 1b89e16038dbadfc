/**
 * Text of the API as HTML that can only be read: no markup, no attribute, no control character, nothing that turns the
 * direction of the text around it. Safe in element content and in quoted attributes.
 */
export const text = (value: string): string =>
  value.replaceAll(UNSAFE, (character) => ENTITIES[character] ?? '\u{FFFD}');

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
  '\n': ' ',
  '\r': ' ',
  '\t': ' ',
};

/** C0 and C1 controls, separators, marks and overrides of direction, lone surrogates, and what HTML knows. */
const UNSAFE =
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class -- these are the characters to replace
  /[&<>"'`\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** At most `length` characters, the last one an ellipsis where something was cut. Never splits a character. */
export function cut(value: string, length: number): string {
  if (value.length <= length) return value;
  const end = length - 1;
  const splits = /[\uD800-\uDBFF]/.test(value.charAt(end - 1));
  return `${value.slice(0, splits ? end - 1 : end)}…`;
}
