import pMap from 'p-map';
import { historyOf } from '../core/history/queries';
import { type Instant, latest, plusMs, toMs } from '../core/model/instant';
import { type Target, uniqueTargets } from '../core/model/instance';
import { claimOf } from '../core/publish/attribution-event';
import type { Reader } from '../core/history/reader';
import { type Current, isGone } from '../core/model/record';
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
  const targets = uniqueTargets(wanted);
  const lastsUntilNow = period.to >= options.now;
  const known = await pMap(
    targets,
    (target) => readTarget(reader, target, lastsUntilNow ? { from: period.from } : period),
    { concurrency: TARGETS_AT_ONCE },
  );
  const shown = lastsUntilNow ? { ...period, to: endOf(known, period.to) } : period;
  const records = await pMap(known, (target) => withHistories(reader, target, shown, toMs(options.now)), {
    concurrency: TARGETS_AT_ONCE,
  });
  return buildTimeline(records, shown, options.now);
}

interface KnownTarget {
  readonly target: Target;
  readonly coverage: Awaited<ReturnType<Reader['coverage']>>;
  /** All but those that were gone before the period. */
  readonly currents: readonly Current[];
}

async function readTarget(reader: Reader, target: Target, span: { from: Instant; to?: Instant }): Promise<KnownTarget> {
  const currents: Current[] = [];
  const [coverage] = await Promise.all([
    reader.coverage(target, span),
    (async () => {
      for await (const current of reader.currents(target))
        if (!isGone(current) || current.observedAt >= span.from) currents.push(current);
    })(),
  ]);
  return { target, coverage, currents };
}

/** A period until now holds all that is recorded, also where the clock of the reader is behind those of the runs. */
function endOf(known: readonly KnownTarget[], to: Instant): Instant {
  let newest: Instant | undefined;
  for (const { coverage, currents } of known) {
    newest = latest(newest, coverage.head?.completedObservedAt);
    for (const { observedAt } of currents) newest = latest(newest, observedAt);
  }
  return newest === undefined || newest < to ? to : plusMs(newest, 1);
}

async function withHistories(
  reader: Reader,
  { target, coverage, currents }: KnownTarget,
  period: Period,
  nowMs: number,
): Promise<TargetRecords> {
  const { head } = coverage;
  const instances = await pMap(
    currents,
    async (current) => {
      const history = await historyOf(reader, current, period, nowMs, coverage);
      const isAsked = head?.attribution !== undefined && history.versions.some((one) => one.observedAt >= period.from);
      const known = isAsked ? await reader.attributions(target, current.id, period) : [];
      const attributions = known.map(({ observedAt, ...claim }) => ({ observedAt, ...claimOf(claim) }));
      return { current, history, attributions };
    },
    { concurrency: INSTANCES_AT_ONCE },
  );
  return { target, head, instances };
}
