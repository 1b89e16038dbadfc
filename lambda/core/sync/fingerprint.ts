import { createHash } from 'node:crypto';
import { CANONICAL_VERSION, canonicalSnapshot } from '../model/canonical';
import type { CompleteListing } from './listing';
import type { View } from '../model/record';

/** Characters of the digest that are kept: 132 bits, so that the head has room for those of several views. */
const DIGEST_LENGTH = 22;
/** Of the digest of the bytes, likewise: 96 bits. */
const BYTES_LENGTH = 16;
/** Between the two digests of what is kept; neither holds it. */
const BETWEEN = '.';
/**
 * One digest of everything that a complete listing says, whatever the order of pages, records and keys.
 * Equal digests = nothing changed. @returns 22 characters of base64url
 */
export function fingerprint(listing: CompleteListing, view: View): string {
  const hash = createHash('sha256');
  const { ignoreFields = [] } = view;
  // No canonical text holds a line break, so that the lines cannot be mistaken for each other.
  hash.update(JSON.stringify([CANONICAL_VERSION, view.statusFilter ?? null, view.api, ...ignoreFields]));
  for (const id of [...listing.instances.keys()].toSorted()) {
    const snapshot = listing.instances.get(id);
    if (snapshot !== undefined) hash.update(`\n+${canonicalSnapshot(snapshot, ignoreFields)}`);
  }
  for (const digest of listing.rejected.map((record) => record.digest).toSorted()) hash.update(`\n-${digest}`);
  return hash.digest('base64url').slice(0, DIGEST_LENGTH);
}

/** One digest of all pages of a list in order; undefined when one of them has none. */
export function digestOfPages(digests: readonly (string | undefined)[]): string | undefined {
  if (digests.includes(undefined)) return undefined;
  return createHash('sha256').update(digests.join('\n')).digest('base64url').slice(0, BYTES_LENGTH);
}

/**
 * What is remembered of a complete listing: what it says, and the bytes that said it. They are one text, so that
 * whatever makes one of them unbelievable takes the other with it. Where fields are ignored, bytes tell more than the rows hold.
 */
export const rememberedAs = (listing: CompleteListing, view: View): string =>
  [fingerprint(listing, view), view.ignoreFields === undefined ? listing.bytes : undefined]
    .filter((digest) => digest !== undefined)
    .join(BETWEEN);

/** Whether two that are remembered say the same, in whatever bytes. */
export const saysTheSame = (a: string, b: string): boolean => a.split(BETWEEN)[0] === b.split(BETWEEN)[0];

/** The digest of the bytes, where one is remembered. */
export const bytesIn = (remembered: string | undefined): string | undefined => remembered?.split(BETWEEN)[1];
