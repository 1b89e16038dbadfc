import pMap from 'p-map';
import { UNIT_MS } from '../contract';
import { dayOf, type Instant, plusMs, startOfDay, toInstant } from '../core/model/instant';
import type { Reader, Span } from '../core/history/reader';
import type { Current, Version } from '../core/model/record';
import { mergeByTime } from './merge-by-time';

/** After so many days without a change it costs less to ask the instances when the next one was. */
const QUIET_DAYS = 10;
/** Instances that are asked at the same time. */
const AT_ONCE = 16;

export interface ChangesSource extends Pick<Reader, 'targets' | 'currents' | 'versions'> {
  /** The changes of one day in each shard of the index, oldest first; both times inclusive. */
  shards(day: string, first: Instant, last: Instant): readonly AsyncIterable<Version>[];
  now(): number;
}

/**
 * Changes of all targets in the order of time. The index knows them by day, so every day of the span is asked for, but
 * not the days between the last change and the next one where there are many of them.
 */
export async function* changesOf(
  source: ChangesSource,
  { from, to }: Span & { from: Instant },
): AsyncGenerator<Version> {
  // Nothing is observed in the future; the clock of a run may be a little ahead of this one.
  const end = toInstant(source.now() + UNIT_MS.d);
  const last = plusMs(to === undefined || to > end ? end : to, -1);
  const lastDay = dayOf(last);
  let day = dayOf(from);
  let quietDays = 0;
  while (day <= lastDay) {
    quietDays += 1;
    for await (const version of mergeByTime(source.shards(day, from, last))) {
      quietDays = 0;
      yield version;
    }
    day = dayOf(plusMs(startOfDay(day), UNIT_MS.d));
    if (quietDays < QUIET_DAYS || day >= lastDay) continue;
    // Without a next one, today is asked for all the same: a row that was written just now may not be seen everywhere.
    const next = dayOf((await nextVersionAt(source, startOfDay(day))) ?? toInstant(source.now()));
    if (next > day) day = next < lastDay ? next : lastDay;
    quietDays = 0;
  }
}

/** When the first version, of whatever instance, was observed from a day on. No change comes before it. */
async function nextVersionAt(source: ChangesSource, from: Instant): Promise<Instant | undefined> {
  let next: Instant | undefined;
  const found = (at: Instant | undefined): void => {
    if (at !== undefined && at >= from && (next === undefined || at < next)) next = at;
  };
  for (const target of await source.targets()) {
    const older: Current[] = [];
    for await (const current of source.currents(target)) {
      found(current.observedAt);
      if (current.observedAt > from && current.version > 1) older.push(current);
    }
    await pMap(
      older,
      async ({ id }) => {
        // Only what comes before all that was found matters, and nothing comes before the day itself.
        if (next !== undefined && dayOf(next) === dayOf(from)) return;
        const span = next === undefined ? { from } : { from, to: next };
        for await (const { observedAt } of source.versions(target, id, { ...span, limit: 1 })) found(observedAt);
      },
      { concurrency: AT_ONCE },
    );
  }
  return next;
}
