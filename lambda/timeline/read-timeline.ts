import pMap from 'p-map';
import { historyOf } from '../core/history/queries';
import { type Instant, toMs } from '../core/model/instant';
import { targetName, type Target } from '../core/model/instance';
import type { Reader } from '../core/history/reader';
import type { Current } from '../core/model/record';
import { buildTimeline, type TargetRecords, type Timeline } from './model';
import type { Period } from './period';

/** Instances, and targets, that are read at the same time. */
const INSTANCES_AT_ONCE = 16;
const TARGETS_AT_ONCE = 2;

/**
 * Reads what is needed to draw a period: per target its head, gaps and current rows, and the older versions of only
 * those instances that changed since the period began.
 * @param options.targets only these; default: all that were ever kept in sync
 */
export async function readTimeline(
  reader: Reader,
  period: Period,
  options: { readonly now: Instant; readonly targets?: readonly Target[] },
): Promise<Timeline> {
  const wanted = options.targets?.length ? options.targets : await reader.targets();
  const targets = [...new Map(wanted.map((target) => [targetName(target), target])).values()];
  const records = await pMap(targets, (target) => readTarget(reader, target, period, toMs(options.now)), {
    concurrency: TARGETS_AT_ONCE,
  });
  return buildTimeline(records, period, options.now);
}

async function readTarget(reader: Reader, target: Target, period: Period, nowMs: number): Promise<TargetRecords> {
  const [known, currents] = await Promise.all([reader.coverage(target, period), inPeriod(reader, target, period)]);
  const instances = await pMap(
    currents,
    async (current) => ({ current, history: await historyOf(reader, current, period, nowMs, known) }),
    { concurrency: INSTANCES_AT_ONCE },
  );
  return { target, head: known.head, instances };
}

/** All but those that were gone before the period. */
async function inPeriod(reader: Reader, target: Target, period: Period): Promise<Current[]> {
  const currents: Current[] = [];
  for await (const current of reader.currents(target)) {
    if (!(current.kind === 'deleted' && current.observedAt < period.from)) currents.push(current);
  }
  return currents;
}
