import pMap from 'p-map';
import { type Attribution, markText, readMark, type Trace } from '../model/attribution';
import { type Instant, plusMs, toInstant, toMs } from '../model/instant';
import type { Target } from '../model/instance';
import type { Current, Version } from '../model/record';
import { toAttribution } from './attribution';
import { claim, nobody, settledAt, type Timing, windowOf } from './confidence';
import { operationsOf } from './operations';
import type { AttributionPorts, TraceReading } from './ports';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** The service keeps traces for so long. */
const KEPT_MS = 7 * DAY_MS;
/** From the request of an operation to its Result. */
const LONGEST_OPERATION_MS = 60 * MINUTE_MS;
/** Instances that are looked at together. */
const CONCURRENCY = 16;

/** Clocks: what a run tolerates. Lag: a trace is said to take about a minute. */
export const DEFAULT_TIMING: Timing = {
  clockErrorMs: 5 * MINUTE_MS,
  lagMs: 10 * MINUTE_MS,
  firstPauseMs: MINUTE_MS,
};

export interface AttributionOptions {
  readonly target: Target;
  /** Which changes are asked about, as on the head. */
  readonly mark: string;
  /** How long what is found is kept, in ms. Absent: for ever. */
  readonly retentionMs?: number | undefined;
  /** In ms since the epoch. */
  readonly deadline: number;
  readonly timing?: Timing | undefined;
}

/** Whether it is time to ask. Nothing is read or asked to know it. */
export function isDue(mark: string, nowMs: number): boolean {
  const { askAt } = readMark(mark);
  return askAt !== undefined && askAt <= toInstant(nowMs);
}

/**
 * Asks once who made the changes that are marked, and keeps what follows. A change is asked about again with doubling
 * pauses, because traces come late; the last time is a day after it, so that no trace is missed that came in between,
 * and none ages out. While the service cannot be asked, that goes on daily until its seven days are over.
 * @returns why the service did not tell, if so
 */
export async function attribute(
  { traces, store, history, clock }: AttributionPorts,
  options: AttributionOptions,
): Promise<string | undefined> {
  const { target, mark, timing = DEFAULT_TIMING } = options;
  const { from: first } = readMark(mark);
  if (first === undefined) return undefined;
  const inTime = async <T>(work: () => Promise<T>): Promise<T> => {
    if (clock.now() < options.deadline) return work();
    throw new Error('the time for attributing changes was over; the next run goes on');
  };
  const eachOf = async <T>(ids: Iterable<string>, work: (id: string) => Promise<T>): Promise<T[]> =>
    pMap(ids, async (id) => inTime(async () => work(id)), { concurrency: CONCURRENCY });
  const rows = new Map<string, Current>();
  for await (const row of history.currents(target)) await inTime(async () => rows.set(row.id, row));
  const changed = [...rows.values()].flatMap(({ id, observedAt }) => (observedAt >= first ? [id] : []));
  const versions: Version[] = [];
  await eachOf(changed, async (id) => {
    for await (const version of history.versions(target, id, { from: first }))
      if (version.kind !== 'baseline') versions.push(version);
  });

  const now = clock.now();
  const [earliest = first] = versions.map((version) => windowOf(version, timing).from).toSorted();
  // Only a Result may be in the window of a change, whose request was some runs before.
  const from = plusMs(earliest, -LONGEST_OPERATION_MS);
  const reading = await traces.read(target, { from, to: toInstant(now) }, options);
  const found = reading.kind === 'read' ? byInstance(reading.traces, rows) : new Map<string, Trace[]>();
  const expiresAt = options.retentionMs === undefined ? undefined : toInstant(now + options.retentionMs);
  const wholeSince = reading.kind === 'read' ? reading.wholeSince : undefined;
  const asked = {
    at: toInstant(now),
    wholeSince,
    otherwise: wholeSince === undefined ? 'unavailable' : 'too-old',
  } as const;

  await eachOf(new Set([...found.keys(), ...changed]), async (id) => {
    const known = await history.traces(target, id, { from: plusMs(from, -KEPT_MS) });
    const told = found.get(id) ?? [];
    // Where people are no longer kept by name, what is told anew stands in place of what was kept.
    const isKnown = new Set(known.map(({ traceId, user }) => `${traceId} ${user}`));
    const fresh = told.filter(({ traceId, user }) => !isKnown.has(`${traceId} ${user}`));
    for (const trace of fresh) await inTime(async () => store.keepTrace(target, id, trace, expiresAt));
    const mine = versions.filter((version) => version.id === id);
    const before = mine.length === 0 ? [] : await history.attributions(target, id, { from: first });
    const operations = operationsOf([...known, ...told]);
    for (const version of mine) {
      const verdict = claim(version, operations, asked, timing);
      const isRefused = reading.kind === 'refused' && verdict.confidence === 'none';
      const kept = before.find(({ observedAt }) => observedAt === version.observedAt);
      // What follows from fewer traces must not stand in place of what followed from all.
      if (wholeSince === undefined && kept !== undefined && kept.confidence !== 'none') continue;
      const isSettled = verdict.confidence !== 'none' && asked.at >= settledAt(version, timing);
      const isDecided = isSettled || !isOpen(version, reading, now);
      const decidedAt = kept?.decidedAt ?? (isDecided ? asked.at : undefined);
      const next = toAttribution(version, isRefused ? nobody(reading.reason) : verdict, asked.at, decidedAt);
      if (kept === undefined || !isSame(kept, next)) await store.keep(next, expiresAt);
    }
  });
  const open = versions.filter((version) => isOpen(version, reading, now)).map(({ observedAt }) => observedAt);
  await store.moveMark(target, mark, nextMark(open, now, timing));
  return reading.problem;
}

const isSame = (a: Attribution, b: Attribution): boolean =>
  a.confidence === b.confidence &&
  a.reason === b.reason &&
  a.decidedAt === b.decidedAt &&
  a.actors.map(({ traceId }) => traceId).join() === b.actors.map(({ traceId }) => traceId).join();

/** Whether it must be asked about again: until all was read a day later, or the service has forgotten it. */
function isOpen({ observedAt }: Version, reading: TraceReading, nowMs: number): boolean {
  const age = nowMs - toMs(observedAt);
  return age < DAY_MS || (age < KEPT_MS && (reading.kind === 'refused' || reading.wholeSince === undefined));
}

/** @param open when the changes were observed that must be asked about again */
function nextMark(open: readonly Instant[], nowMs: number, { firstPauseMs }: Timing): string {
  const [from] = open.toSorted();
  if (from === undefined) return markText({});
  const askAt = open.map((observedAt) => {
    const age = nowMs - toMs(observedAt);
    let due = firstPauseMs;
    while (due <= age) due += Math.min(due, DAY_MS);
    return toMs(observedAt) + (age < DAY_MS ? Math.min(due, DAY_MS) : due);
  });
  return markText({ from, askAt: toInstant(Math.min(...askAt)) });
}

/** Traces of the instances that are known: by id, and where a trace has none, by name. */
function byInstance(traces: readonly Trace[], rows: ReadonlyMap<string, Current>): Map<string, Trace[]> {
  const found = new Map<string, Trace[]>();
  const add = (id: string, trace: Trace) => found.set(id, [...(found.get(id) ?? []), trace]);
  for (const trace of traces) {
    const { resourceId, resourceName } = trace;
    if (resourceId !== null) {
      if (rows.has(resourceId)) add(resourceId, trace);
    } else if (/roma/i.test(trace.name) && resourceName !== null)
      for (const { id, name } of rows.values()) if (name === resourceName) add(id, { ...trace, byName: true });
  }
  return found;
}
