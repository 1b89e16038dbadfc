import { pMapIterable } from 'p-map';

/**
 * Reads several offsets at once and gives the results in order. At most `concurrency` are under way or waiting to be
 * taken, so a slow consumer slows the reading down. The first error ends it. Nothing is under way any more when it ends.
 */
export async function* readAhead<T>(
  offsets: readonly number[],
  concurrency: number,
  read: (offset: number) => Promise<T>,
): AsyncGenerator<{ readonly offset: number; readonly value: T }> {
  const underWay = new Set<Promise<T>>();
  const readAt = async (offset: number) => {
    const reading = read(offset);
    underWay.add(reading);
    try {
      return { offset, value: await reading };
    } finally {
      underWay.delete(reading);
    }
  };
  try {
    yield* pMapIterable(offsets, readAt, { concurrency });
  } finally {
    await Promise.allSettled(underWay);
  }
}
