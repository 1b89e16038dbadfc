/**
 * Bytes of all events of one call, and so of one event. AWS documents 1 MB for the commercial regions; what holds in the
 * others it does not say, and the page of the Chinese ones has 256 KB.
 */
export const maxBytesIn = (region = ''): number =>
  /^(?!cn-)[a-z]{2}-[a-z]+-\d+$/.test(region) ? 1_000_000 : 256 * 1024;
