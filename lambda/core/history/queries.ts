import { pMapIterable, pMapSkip } from 'p-map';
import { diff } from '../model/diff';
import { type ClosedSpan, type Instant, plusMs, toInstant, toMs } from '../model/instant';
import { type Target, targetName } from '../model/instance';
import type { Reader, Span } from './reader';
import { type Current, type FieldChange, type Gap, isGone, type Version } from '../model/record';
import {
  BEGINNING,
  type History,
  merge,
  presentOf,
  type Segment,
  segments,
  type State,
  stateOf,
  type UnobservedSpan,
  unobservedSpans,
} from './spans';
import { unjudgedSince } from '../model/view';
import { type Uptime, uptimeOf } from './uptime';

/** Instances that are read at the same time, where each needs a query of its own. */
const CONCURRENCY = 16;

/** Without an end it lasts until now. */
type SpanUntil = Span & { readonly from: Instant };

/** What a reader has of a target: its head, and the closed gaps that touch a span. */
type Coverage = Awaited<ReturnType<Reader['coverage']>>;

async function collect<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const result: T[] = [];
  for await (const row of rows) result.push(row);
  return result;
}

/** The span that holds just one time. */
const moment = (at: Instant): ClosedSpan => ({ from: at, to: toInstant(toMs(at) + 1) });

/** Now, and all that was not observed of an instance; what comes after now is a part of that. */
function observed(known: Coverage & { readonly ownGaps: readonly Gap[]; current: Current; nowMs: number }): {
  readonly present: Instant;
  readonly unobserved: readonly UnobservedSpan[];
} {
  const present = presentOf(known);
  const past = unobservedSpans({ ...known, nowMs: toMs(present) });
  return { present, unobserved: merge([...past, { from: plusMs(present, 1) }]) };
}

/** The changes of some targets, oldest first. */
export async function* changesOf(reader: Reader, targets: readonly Target[], span: SpanUntil): AsyncGenerator<Version> {
  const wanted = new Set(targets.map(targetName));
  for await (const version of reader.changes(span)) if (wanted.has(targetName(version.target))) yield version;
}

/**
 * The state of an instance at a time: known, nonexistent or explicitly unobserved; undefined when the instance was
 * never seen. It reads the current row, and then what `instanceStateAt` reads.
 */
export async function stateAt(
  reader: Reader,
  target: Target,
  id: string,
  at: Instant | undefined,
  nowMs: number,
): Promise<State | undefined> {
  const current = await reader.current(target, id);
  return current && instanceStateAt(reader, current, at, nowMs);
}

/**
 * The same for an instance whose current row is at hand. Without a time it is the state now, which the newest rows tell.
 * One query for the gaps with the head; one more when the current row is younger than `at`, and one when an own gap of the
 * instance has closed since.
 */
export async function instanceStateAt(
  reader: Reader,
  current: Current,
  at: Instant | undefined,
  nowMs: number,
): Promise<State> {
  const [coverage, ownGaps, version] = await Promise.all([
    reader.coverage(current.target, moment(at ?? toInstant(nowMs))),
    at === undefined ? [] : ownGapsOf(reader, current, moment(at)),
    at === undefined ? current : versionAt(reader, current, at),
  ]);
  const { present, unobserved } = observed({ ...coverage, ownGaps, current, nowMs });
  return stateOf(version, version ?? (await firstVersion(reader, current)), unobserved, at ?? present);
}

/** Closed own gaps that touch the span; the current row knows whether there can be any. */
export async function ownGapsOf(reader: Reader, current: Current, span: Span): Promise<readonly Gap[]> {
  const { target, id, lastOwnGapTo } = current;
  if (lastOwnGapTo === null) return [];
  if (lastOwnGapTo !== undefined && span.from !== undefined && lastOwnGapTo <= span.from) return [];
  return collect(reader.ownGaps(target, id, span));
}

async function versionAt(reader: Reader, current: Current, at: Instant): Promise<Version | undefined> {
  if (current.observedAt <= at) return current;
  if (current.version === 1) return undefined;
  return reader.versionAt(current.target, current.id, at, { isWhole: current.expiringSince === undefined });
}

async function firstVersion(reader: Reader, current: Current): Promise<Version> {
  if (current.version === 1) return current;
  const [first] = await collect(reader.versions(current.target, current.id, { limit: 1 }));
  return first ?? current;
}

/**
 * The first version that is known from a time on, where it tells something: whether any has expired since `before`, or
 * when nothing is known before, whether there was nothing yet.
 */
export async function versionAfter(
  reader: Reader,
  current: Current,
  from: Instant,
  before: Version | undefined,
): Promise<Version | undefined> {
  if (current.observedAt < from) return undefined;
  if (current.version === 1 || current.version - 1 === before?.version) return current;
  if (before !== undefined && current.expiringSince === undefined) return undefined;
  const [next] = await collect(reader.versions(current.target, current.id, { from, limit: 1 }));
  return next ?? current;
}

/** One instance of the fleet at a time. */
export interface FleetMember {
  /** What is known of the instance now. */
  readonly current: Current;
  /** What was valid then; absent when nothing is known of that time. */
  readonly version?: Version;
  /** Set when nobody looked then, so that the version is what was last known, or when nothing is known of that time. */
  readonly unobserved?: UnobservedSpan | undefined;
  /** Only of now: since when completed runs have not judged a living instance. */
  readonly unjudgedSince?: Instant | undefined;
}

/**
 * All instances of a target now or as of a time, by id: deleted ones too, and those of which it is not known whether
 * they were there then, but not those that were created later. Rows that were the newest then already are taken as they
 * are; only each other one costs a query.
 */
export async function* fleetAt(
  reader: Reader,
  target: Target,
  at: Instant | undefined,
  nowMs: number,
): AsyncGenerator<FleetMember> {
  const coverage = await reader.coverage(target, moment(at ?? toInstant(nowMs)));
  const memberOf = async (current: Current): Promise<FleetMember | typeof pMapSkip> => {
    const version = at === undefined ? current : await versionAt(reader, current, at);
    const ownGaps = at === undefined ? [] : await ownGapsOf(reader, current, moment(at));
    const { present, unobserved } = observed({ ...coverage, ownGaps, current, nowMs });
    const time = at ?? present;
    const next = version ?? (await versionAfter(reader, current, plusMs(time, 1), undefined)) ?? current;
    const state = stateOf(version, next, unobserved, time);
    const since = at === undefined && !isGone(current) ? unjudgedSince(coverage.head, current) : undefined;
    if (state.is !== 'unobserved') return version === undefined ? pMapSkip : { current, version, unjudgedSince: since };
    if (version !== undefined) return { current, version, unobserved: state.during, unjudgedSince: since };
    // A list that began at that time or later did not show it yet.
    if (next.version === 1 && next.changedAfter !== null && next.changedAfter >= time) return pMapSkip;
    return { current, unobserved: state.during ?? { from: BEGINNING, to: next.observedAt } };
  };
  yield* pMapIterable(reader.currents(target), memberOf, { concurrency: CONCURRENCY });
}

/** When the instance was not observed in a span that lasts until now where it has no end. */
export async function unobservedIn(
  reader: Reader,
  current: Current,
  { from, to }: SpanUntil,
  nowMs: number,
): Promise<readonly UnobservedSpan[]> {
  const span = { from, to };
  const [coverage, ownGaps] = await Promise.all([
    reader.coverage(current.target, span),
    ownGapsOf(reader, current, span),
  ]);
  const { present, unobserved } = observed({ ...coverage, ownGaps, current, nowMs });
  return unobserved.filter((gap) => gap.from < (to ?? present) && (gap.to === undefined || gap.to > from));
}

/** Versions of an instance that matter in a span, and what was not observed. */
export async function historyOf(
  reader: Reader,
  current: Current,
  span: ClosedSpan,
  nowMs: number,
  known?: Coverage,
): Promise<History> {
  const { target, id } = current;
  const isWithin = current.observedAt > span.from && current.observedAt < span.to;
  const [coverage, ownGaps, atStart, inside] = await Promise.all([
    known ?? reader.coverage(target, span),
    ownGapsOf(reader, current, span),
    versionAt(reader, current, span.from),
    current.observedAt <= span.from || current.version === 1 ? [] : collect(reader.versions(target, id, span)),
  ]);
  const versions: Version[] = [];
  for (const version of [atStart, ...inside, isWithin ? current : undefined])
    if (version !== undefined && version.version > (versions.at(-1)?.version ?? 0)) versions.push(version);
  const after = await versionAfter(reader, current, span.to, versions.at(-1));
  return {
    versions: after === undefined ? versions : [...versions, after],
    unobserved: observed({ ...coverage, ownGaps, current, nowMs }).unobserved,
  };
}

/** With the zone of the maintenance windows, planned down-time is told apart and counts neither way. */
export interface UptimeSpan extends SpanUntil {
  readonly maintenanceZone?: string | undefined;
}

export interface InstanceUptime extends Uptime {
  readonly current: Current;
}

/** Time in each status of one instance. */
export async function instanceUptime(
  reader: Reader,
  current: Current,
  { from, to, maintenanceZone }: UptimeSpan,
  nowMs: number,
): Promise<InstanceUptime> {
  const known = await reader.coverage(current.target, { from, to });
  const span = { from, to: to ?? presentOf({ ...known, current, nowMs }) };
  const history = await historyOf(reader, current, span, nowMs, known);
  return { current, ...uptimeOf(segments(history, span), span, maintenanceZone) };
}

/** All of a span, cut into segments of one state each. */
export interface InstanceSegments {
  readonly current: Current;
  readonly span: ClosedSpan;
  readonly segments: readonly Segment[];
}

/**
 * The segments of every instance of a target that existed at some time of the span, or since `since`, where the span is
 * a part of a longer one.
 */
export async function* targetSegments(
  reader: Reader,
  target: Target,
  { from, to, since = from }: SpanUntil & { readonly since?: Instant },
  nowMs: number,
): AsyncGenerator<InstanceSegments> {
  const known = await reader.coverage(target, { from, to });
  const span = { from, to: to ?? presentOf({ ...known, nowMs }) };
  const segmentsOfRow = async (current: Current): Promise<InstanceSegments | typeof pMapSkip> => {
    if (isGone(current) && current.observedAt <= since) return pMapSkip;
    return { current, span, segments: segments(await historyOf(reader, current, span, nowMs, known), span) };
  };
  yield* pMapIterable(reader.currents(target), segmentsOfRow, { concurrency: CONCURRENCY });
}

/** The uptime of every instance of a target that existed at some time of the span. */
export async function* targetUptime(
  reader: Reader,
  target: Target,
  span: UptimeSpan,
  nowMs: number,
): AsyncGenerator<InstanceUptime> {
  for await (const { current, span: closed, segments } of targetSegments(reader, target, span, nowMs))
    yield { current, ...uptimeOf(segments, closed, span.maintenanceZone) };
}

/** Differences between two versions, field by field, in the direction of time or against it. */
export const versionDiff = (a: Version, b: Version): readonly FieldChange[] => {
  const status = (version: Version) => ({ ...version.snapshot, status: version.status });
  return diff(status(a), status(b));
};
