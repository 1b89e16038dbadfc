import { compareText } from '../core/model/compare-text';
import type { Version } from '../core/model/record';

/** Order of versions that were observed at the same time: by target, then by id. */
const byPlace = (a: Version, b: Version): number =>
  compareText(a.target.region, b.target.region) ||
  compareText(a.target.projectId, b.target.projectId) ||
  compareText(a.id, b.id);

/** Merges streams that are each in time order into one, in a fixed order also where times are equal. */
export async function* mergeByTime(streams: readonly AsyncIterable<Version>[]): AsyncGenerator<Version> {
  const iterators = streams.map((stream) => stream[Symbol.asyncIterator]());
  try {
    const heads = await Promise.all(iterators.map(async (iterator) => iterator.next()));
    for (;;) {
      let earliest: string | undefined;
      for (const head of heads) {
        if (head.done !== true && (earliest === undefined || head.value.observedAt < earliest))
          earliest = head.value.observedAt;
      }
      if (earliest === undefined) return;
      const together: Version[] = [];
      for (const [place, iterator] of iterators.entries()) {
        let head = heads[place];
        while (head !== undefined && head.done !== true && head.value.observedAt === earliest) {
          together.push(head.value);
          head = await iterator.next();
          heads[place] = head;
        }
      }
      yield* together.toSorted(byPlace);
    }
  } finally {
    await Promise.all(iterators.map(async (iterator) => iterator.return?.()));
  }
}
