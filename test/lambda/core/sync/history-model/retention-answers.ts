import { fleetAt, historyOf, instanceUptime, stateAt } from '../../../../../lambda/core/history/queries';
import { type Instant, plusMs, toInstant, toMs } from '../../../../../lambda/core/model/instant';
import { log, type LogEntry } from '../../../../../lambda/core/history/log';
import type { Reader } from '../../../../../lambda/core/history/reader';
import { isGone, type Version } from '../../../../../lambda/core/model/record';
import { segments, type State, type UnobservedSpan } from '../../../../../lambda/core/history/spans';
import { readTimeline } from '../../../../../lambda/timeline/read-timeline';
import { TARGET } from '../../../../support/fleet';
import { collect } from '../../../../support/sync-world';

export interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

/** What was ever recorded of one instance, also where nothing is left of it. */
export class Truth {
  constructor(readonly versions: readonly Version[]) {}

  at = (time: Instant): Version | undefined => this.versions.findLast(({ observedAt }) => observedAt <= time);

  /** Not there: not yet created, or deleted. Before a baseline nobody knows. */
  isAway(time: Instant): boolean {
    const version = this.at(time);
    return version === undefined ? this.versions[0]?.kind !== 'baseline' : isGone(version);
  }

  /** The version is the one that was valid in all of the span. */
  isThroughout = (version: Version, { from, to }: Span): boolean =>
    this.at(from)?.version === version.version && this.at(plusMs(to, -1))?.version === version.version;

  isAwayThroughout = ({ from, to }: Span): boolean =>
    this.isAway(from) && !this.versions.some((one) => one.observedAt > from && one.observedAt < to && !isGone(one));

  /** Milliseconds of a span in each status; `undefined` is the time in which it was away. */
  lengths({ from, to }: Span): Map<string | undefined, number> {
    const inside = this.versions.map(({ observedAt }) => observedAt).filter((at) => at > from && at < to);
    const cuts = [from, ...inside, to];
    const result = new Map<string | undefined, number>();
    for (const [place, start] of cuts.slice(0, -1).entries()) {
      const status = this.isAway(start) ? undefined : this.at(start)?.status;
      result.set(status, (result.get(status) ?? 0) + toMs(cuts[place + 1] ?? to) - toMs(start));
    }
    return result;
  }
}

/** Every answer of a reader about instance `a`, at a time and in a span: true, or said to be unobserved. */
export async function checkAnswers(
  reader: Reader,
  truth: Truth,
  nowMs: number,
  { at, span }: { readonly at: Instant; readonly span: Span },
): Promise<void> {
  const current = await reader.current(TARGET, 'a');
  if (current === undefined) return;
  const state = await stateAt(reader, TARGET, 'a', at, nowMs);
  expectTrue(state, truth, { from: at, to: plusMs(at, 1) }, `state at ${at}`);

  const member = (await collect(fleetAt(reader, TARGET, at, nowMs))).find((one) => one.current.id === 'a');
  if (member === undefined) expectThat(truth.isAway(at), `the fleet at ${at} lacks the instance`);
  else if (member.version === undefined)
    expectThat(
      state?.is === 'unobserved' && member.unobserved !== undefined && (member.unobserved.to ?? '9') > at,
      `the fleet at ${at} knows less than the state, or says so of another time`,
    );
  else
    expectThat(truth.at(at)?.version === member.version.version, `the fleet at ${at} shows ${member.version.version}`);

  const parts = segments(await historyOf(reader, current, span, nowMs), span);
  for (const part of parts) expectTrue(part, truth, part, `the history from ${part.from} to ${part.to}`);

  const uptime = await instanceUptime(reader, current, span, nowMs);
  const lengths = truth.lengths(span);
  for (const [status, ms] of Object.entries(uptime.statusMs))
    expectThat(ms <= (lengths.get(status) ?? 0), `uptime says ${ms} ms of ${status}`);
  expectThat(uptime.nonexistentMs <= (lengths.get(undefined) ?? 0), `uptime says ${uptime.nonexistentMs} ms away`);
  const known = Object.values(uptime.statusMs).reduce((sum, ms) => sum + ms, 0);
  expectThat(known + uptime.nonexistentMs + uptime.unobservedMs === toMs(span.to) - toMs(span.from), 'uptime adds up');

  const timeline = await readTimeline(reader, span, { now: toInstant(nowMs), targets: [TARGET] });
  const bars = timeline.groups[0]?.rows.find(({ id }) => id === 'a')?.bars ?? [];
  for (const bar of bars) {
    const from = truth.at(bar.from);
    const inside = truth.versions.filter(({ observedAt }) => observedAt > bar.from && observedAt < bar.to);
    const isTrue = [from, ...inside].every((one) => one !== undefined && !isGone(one) && one.status === bar.status);
    expectThat(bar.status === null || isTrue, `the lane says ${bar.status} from ${bar.from} to ${bar.to}`);
  }
  for (const time of [span.from, at, plusMs(span.to, -1)].filter((one) => one >= span.from && one < span.to))
    if (!bars.some(({ from, to }) => from <= time && time < to))
      expectThat(truth.at(time) === undefined || truth.isAway(time), `nothing is drawn at ${time}`);

  checkLog(await collect(log(reader, current, { nowMs })), truth, undefined);
  checkLog(await collect(log(reader, current, { ...span, nowMs })), truth, span.to);

  const changes = (await collect(reader.changes(span))).filter(({ id }) => id === 'a');
  const left = truth.versions.filter(
    ({ kind, observedAt }) => kind !== 'baseline' && observedAt >= span.from && observedAt < span.to,
  );
  for (const { version } of changes)
    expectThat(
      left.some((one) => one.version === version),
      `change ${version} is none`,
    );
}

function expectTrue(state: State | undefined, truth: Truth, span: Span, what: string): void {
  if (state?.is === 'known')
    expectThat(truth.isThroughout(state.version, span), `${what} is version ${state.version.version}`);
  else if (state?.is === 'nonexistent') expectThat(truth.isAwayThroughout(span), `${what} is nonexistent`);
  else expectThat(state?.is === 'unobserved', `${what} is missing`);
}

/** Where a version is missing between two lines, or between the newest line and the end, a gap says so. */
function checkLog(entries: readonly LogEntry[], truth: Truth, end: Instant | undefined): void {
  const last = end === undefined ? truth.versions.at(-1) : truth.at(plusMs(end, -1));
  let newer = last && { version: last.version + 1, observedAt: end ?? last.observedAt };
  let gaps: UnobservedSpan[] = [];
  for (const entry of entries) {
    if (entry.type === 'gap') {
      gaps.push(entry.gap);
      continue;
    }
    const { version, observedAt } = entry.version;
    const next = newer;
    expectThat(truth.at(observedAt)?.version === version, `the log shows version ${version}`);
    expectThat(
      next?.version === version + 1 ||
        gaps.some(({ from, to }) => from <= observedAt && (to === undefined || to >= (next?.observedAt ?? to))),
      `the log is silent after version ${version}`,
    );
    newer = { version, observedAt };
    gaps = [];
  }
}

function expectThat(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}
