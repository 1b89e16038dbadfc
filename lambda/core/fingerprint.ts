import { CANONICAL_VERSION, canonicalSnapshot, sha256 } from './canonical';
import type { CompleteListing } from './listing';

/** What of a target's options decides which instances are seen; a change of it must not look like "unchanged". */
export interface ListingOptions {
  readonly statusFilter?: string;
  readonly api?: string;
}

/**
 * One digest of everything that a complete listing says, whatever the order of pages, records and keys.
 * Equal digests = nothing changed. @returns 64 hexadecimal digits
 */
export function fingerprint(listing: CompleteListing, options: ListingOptions): string {
  const digests: string[] = [];
  for (const snapshot of listing.instances.values()) digests.push(`+${sha256(canonicalSnapshot(snapshot))}`);
  for (const { digest } of listing.rejected) digests.push(`-${digest}`);
  const header = JSON.stringify([CANONICAL_VERSION, options.statusFilter ?? null, options.api ?? 'v2']);
  return sha256([header, ...digests.toSorted()].join('\n'));
}
