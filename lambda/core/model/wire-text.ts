/**
 * JSON for queues, topics and buses. U+FFFE and U+FFFF are escaped: JSON may hold them as they are, but queues and
 * topics refuse every character that XML cannot hold.
 */
export const wireText = (value: unknown): string =>
  JSON.stringify(value).replaceAll(/[\uFFFE\uFFFF]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`);

/** The value of a JSON text; undefined for any other text. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Length of the text in UTF-8, in which the limits of the services are counted. */
export const utf8Bytes = (text: string): number => Buffer.byteLength(text, 'utf8');

/** The longest start of the text that fits into so many bytes of UTF-8, no character cut in two. */
export function cutToBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxBytes) return text;
  let end = Math.max(0, maxBytes);
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
