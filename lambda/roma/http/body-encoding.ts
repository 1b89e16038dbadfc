import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';

export class BodyTooLarge extends Error {}

/**
 * Undoes a Content-Encoding. undici's own interceptor refuses a bare deflate stream and is experimental.
 * @throws BodyTooLarge when more than `max` bytes would come out
 */
export async function decode(bytes: Uint8Array, encodings: string | undefined, max: number): Promise<Uint8Array> {
  let result = bytes;
  const names = (encodings ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  for (const name of names.toReversed()) {
    const decoder = decoderOf(name, result);
    if (decoder === undefined || result.byteLength === 0) continue;
    try {
      result = await decoder(result, { maxOutputLength: max });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw new BodyTooLarge();
      throw error;
    }
  }
  return result;
}

type Decoder = (bytes: Uint8Array, limits: { maxOutputLength: number }) => Promise<Uint8Array>;

function decoderOf(name: string, bytes: Uint8Array): Decoder | undefined {
  switch (name) {
    case 'gzip':
    case 'x-gzip':
      return promisify(gunzip);
    case 'br':
      return promisify(brotliDecompress);
    case 'deflate':
      // Some servers send the bare stream without zlib's header, whose low four bits are always 8.
      return promisify(((bytes[0] ?? 0) & 0x0f) === 8 ? inflate : inflateRaw);
    case '':
    case 'identity':
      return undefined;
    default:
      // Its name is text from outside, and may be anything.
      throw new Error('the body has a Content-Encoding that was not asked for, neither gzip nor deflate nor br');
  }
}

/** JSON is always UTF-8; a page of a proxy is what its Content-Type says. @param isCut it may end within a character */
export function toText(bytes: Uint8Array, contentType: string = '', isCut = false): string {
  const charset = /json/i.test(contentType) ? undefined : /charset=["']?([\w.-]{1,40})/i.exec(contentType)?.[1];
  try {
    return new TextDecoder(charset).decode(bytes, { stream: isCut });
  } catch {
    return new TextDecoder().decode(bytes, { stream: isCut });
  }
}
