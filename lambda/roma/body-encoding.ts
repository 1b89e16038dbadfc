import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';

export class BodyTooLarge extends Error {}

/** Undoes a Content-Encoding. @throws BodyTooLarge when more than `max` bytes would come out */
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

function decoderOf(name: string, bytes: Uint8Array) {
  switch (name) {
    case 'gzip':
    case 'x-gzip':
      return promisify<Uint8Array, { maxOutputLength: number }, Uint8Array>(gunzip);
    case 'br':
      return promisify<Uint8Array, { maxOutputLength: number }, Uint8Array>(brotliDecompress);
    case 'deflate':
      // Some servers send the bare stream without zlib's header, whose low four bits are always 8.
      return promisify<Uint8Array, { maxOutputLength: number }, Uint8Array>(
        ((bytes[0] ?? 0) & 0x0f) === 8 ? inflate : inflateRaw,
      );
    case '':
    case 'identity':
      return undefined;
    default:
      throw new Error(`the body has the unknown encoding ${JSON.stringify(name.slice(0, 32))}`);
  }
}
