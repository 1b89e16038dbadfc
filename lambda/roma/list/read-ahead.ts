/** What was read at an offset. */
export interface ReadAt<T> {
  readonly offset: number;
  readonly value: T;
}

/**
 * Reads several offsets at once and gives the results in order. At most `concurrency` are under way or waiting to be
 * taken, so a slow consumer slows the reading down. The first error ends it; nothing that is still under way is left
 * without a listener.
 */
export async function* readAhead<T>(
  offsets: readonly number[],
  concurrency: number,
  read: (offset: number) => Promise<T>,
): AsyncGenerator<ReadAt<T>> {
  const waiting: { readonly offset: number; readonly result: Promise<T> }[] = [];
  let next = 0;
  const fill = (): void => {
    while (waiting.length < concurrency && next < offsets.length) {
      const offset = offsets[next] ?? 0;
      next += 1;
      const result = read(offset);
      result.catch(() => undefined);
      waiting.push({ offset, result });
    }
  };
  try {
    fill();
    for (let head = waiting.shift(); head !== undefined; head = waiting.shift()) {
      const value = await head.result;
      fill();
      yield { offset: head.offset, value };
    }
  } finally {
    await Promise.allSettled(waiting.map(({ result }) => result));
  }
}
