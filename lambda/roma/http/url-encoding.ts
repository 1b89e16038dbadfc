/** What is signed and what is sent must be the same text, so both are encoded here. */

/** RFC 3986 over UTF-8: only letters, digits and `-_.~` stay. */
const percentEncode = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

export const encodeQuery = (query: readonly (readonly [string, string])[]): string =>
  query.map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`).join('&');

export const encodePath = (path: string): string => path.split('/').map(percentEncode).join('/');
