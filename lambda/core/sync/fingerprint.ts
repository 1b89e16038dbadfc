import { createHash } from 'node:crypto';
import { CANONICAL_VERSION, snapshotCanonicalizer } from '../model/canonical';
import type { CompleteListing } from './listing';
import type { View } from '../model/record';

/** Characters of the digest that are kept: 132 bits, so that the head has room for those of several views. */
const DIGEST_LENGTH = 22;
/** One call of the hash for many records: each call costs as much as a kilobyte of text. */
const CHUNK_LENGTH = 64 * 1024;

/**
 * One digest of everything that a complete listing says, whatever the order of pages, records and keys.
 * Equal digests = nothing changed. @returns 22 characters of base64url
 */
export function fingerprint(listing: CompleteListing, view: View): string {
  const hash = createHash('sha256');
  const canonicalText = snapshotCanonicalizer();
  // No canonical text holds a line break, so that the lines cannot be mistaken for each other.
  let lines = JSON.stringify([CANONICAL_VERSION, view.statusFilter ?? null, view.api]);
  for (const id of [...listing.instances.keys()].toSorted()) {
    const snapshot = listing.instances.get(id);
    if (snapshot !== undefined) lines += `\n+${canonicalText(snapshot)}`;
    if (lines.length < CHUNK_LENGTH) continue;
    hash.update(lines);
    lines = '';
  }
  for (const digest of listing.rejected.map((record) => record.digest).toSorted()) lines += `\n-${digest}`;
  return hash.update(lines).digest('base64url').slice(0, DIGEST_LENGTH);
}
