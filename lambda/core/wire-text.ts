/**
 * JSON for queues, topics and buses. U+FFFE and U+FFFF are escaped: JSON may hold them as they are, but queues and
 * topics refuse every character that XML cannot hold.
 */
export const wireText = (value: unknown): string =>
  JSON.stringify(value).replaceAll(/[\uFFFE\uFFFF]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`);

/** Length of the text in UTF-8, in which the limits of the services are counted. */
export const utf8Bytes = (text: string): number => new TextEncoder().encode(text).length;
