/** Longest id, in bytes of UTF-8, that is used in a key. */
export const MAX_ID_BYTES = 256;
/** Largest snapshot, and longest raw text of a rejected record, in bytes of UTF-8. */
export const MAX_SNAPSHOT_BYTES = 100 * 1024;
