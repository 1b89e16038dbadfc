/** Cuts entries into calls, in their order. One that is larger than a call may be has a call of its own. */
export function cutIntoCalls<T>(
  entries: readonly T[],
  sizeOf: (entry: T) => { readonly items: number; readonly bytes: number },
  most: { readonly items: number; readonly bytes: number },
): T[][] {
  const calls: T[][] = [];
  let [items, bytes] = [Infinity, 0];
  for (const entry of entries) {
    const size = sizeOf(entry);
    if (items + size.items > most.items || bytes + size.bytes > most.bytes) {
      calls.push([]);
      [items, bytes] = [0, 0];
    }
    calls.at(-1)?.push(entry);
    items += size.items;
    bytes += size.bytes;
  }
  return calls;
}
