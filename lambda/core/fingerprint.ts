import { createHash } from 'node:crypto';
import { CANONICAL_VERSION, canonicalSnapshot } from './canonical';
import type { CompleteListing } from './listing';
import type { ListingQuestion } from './record';

/** What of a target's options decides which instances are seen; a change of it must not look like "unchanged". */
export interface ListingOptions {
  readonly statusFilter?: string;
  readonly api?: string;
}

/** The question that a list answers; kept on the head, for answers to different questions cannot be compared. */
export const questionOf = ({ api = 'v2', statusFilter }: ListingOptions): ListingQuestion => ({
  api,
  ...(statusFilter === undefined ? {} : { statusFilter }),
});

export const isSameQuestion = (a: ListingQuestion, b: ListingQuestion): boolean =>
  a.api === b.api && a.statusFilter === b.statusFilter;

/** One call of the hash for many records: each call costs as much as a kilobyte of text. */
const CHUNK_LENGTH = 64 * 1024;

/**
 * One digest of everything that a complete listing says, whatever the order of pages, records and keys.
 * Equal digests = nothing changed. @returns 64 hexadecimal digits
 */
export function fingerprint(listing: CompleteListing, options: ListingOptions): string {
  const hash = createHash('sha256');
  // No canonical text holds a line break, so that the lines cannot be mistaken for each other.
  let lines = JSON.stringify([CANONICAL_VERSION, options.statusFilter ?? null, options.api ?? 'v2']);
  for (const id of [...listing.instances.keys()].toSorted()) {
    const snapshot = listing.instances.get(id);
    if (snapshot !== undefined) lines += `\n+${canonicalSnapshot(snapshot)}`;
    if (lines.length < CHUNK_LENGTH) continue;
    hash.update(lines);
    lines = '';
  }
  for (const digest of listing.rejected.map((record) => record.digest).toSorted()) lines += `\n-${digest}`;
  return hash.update(lines).digest('hex');
}
