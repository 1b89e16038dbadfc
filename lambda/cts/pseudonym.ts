import { createHmac } from 'node:crypto';

/** The same stand-in for the same text, from which nobody without the key gets the text back. */
export const pseudonym =
  (key: string) =>
  (text: string): string =>
    `p-${createHmac('sha256', key).update(text).digest('hex').slice(0, 16)}`;
