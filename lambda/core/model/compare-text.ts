/** The order of keys, ids and instants. The page needs it, too, so it is not beside what needs Node. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
