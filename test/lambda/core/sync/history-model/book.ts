import { GAP_FACTOR } from '../../../../../lambda/core/model/gap';
import { toInstant, toMs } from '../../../../../lambda/core/model/instant';
import { isDeletedStatus } from '../../../../../lambda/core/model/instance';
import type { State } from '../../../../../lambda/core/history/spans';
import type { Version } from '../../../../../lambda/core/model/record';
import { textOf } from './truth';

/** What one run learned of an instance, dated by the time of its observation in ms. */
export type Look = { readonly at: number } & (
  | { readonly is: 'state'; readonly text: string; readonly status: string }
  | { readonly is: 'gone' }
  /** It was shown and could not be read, or missing and could not be judged. */
  | { readonly is: 'unknown' }
);

/** Deleted as far as a version knows. */
export const isGone = (version: Pick<Version, 'kind' | 'status'>): boolean =>
  version.kind === 'deleted' || isDeletedStatus(version.status);

/** What a version says of an instance. */
export const lookOf = (version: Version): Look =>
  isGone(version)
    ? { at: toMs(version.observedAt), is: 'gone' }
    : { at: toMs(version.observedAt), is: 'state', text: textOf(version.snapshot), status: version.status };

/**
 * All that the answers of readers may rest on: what the runs that recorded something really saw, which the row oracle
 * holds against the truth. An answer about a time T is true within its window when
 *
 * - `known` version V: the last look at the instance up to T saw V's state, and is not further before T than two
 *   completed runs may be apart without a gap (2.5 intervals). A look is a completed run whose list showed the instance
 *   or judged its absence, or an unfinished one that wrote down what it saw of it; a completed run that was shown the
 *   instance and could not read it, or missed it and could not judge that, ends what was known.
 * - `nonexistent`: the last look saw that it was gone, and that run or a later completed one is not further before T
 *   than 2.5 intervals (ids are never used again, so whoever looks sees nothing of it). Before it was first seen: its first
 *   version is no baseline, and T is not later than 2.5 intervals after the run whose list did not show it yet.
 * - `unobserved` is always true; that nobody answers so where runs did look is asked after each completed run.
 *
 * Times are compared as the runs dated them, so that errors of their clocks do not blur this.
 */
export class Book {
  private readonly looks = new Map<string, Look[]>();
  private readonly firsts = new Map<string, Version>();
  private readonly completions: number[] = [];
  /** How a completed run dated what its list showed, by the time at which the list began. */
  private readonly observedAt = new Map<string, number>();
  /** Of which even a mark could not be written; nothing is asked of them. */
  readonly exempt = new Set<string>();

  constructor(readonly intervalMs: number) {}

  get reachMs(): number {
    return GAP_FACTOR * this.intervalMs;
  }

  note(id: string, look: Look): void {
    const looks = [...(this.looks.get(id) ?? []), look];
    this.looks.set(
      id,
      looks.toSorted((a, b) => a.at - b.at),
    );
  }

  noteVersion(version: Version): void {
    if (version.version === 1) this.firsts.set(version.id, version);
    this.note(version.id, lookOf(version));
  }

  /** @param listedFrom when the list of the run began, by its own clock */
  noteCompletion(at: number, listedFrom: string): void {
    this.completions.push(at);
    this.observedAt.set(listedFrom, at);
  }

  /** Everything that a run has ever seen. */
  get ids(): readonly string[] {
    return [...this.looks.keys()];
  }

  lastLook(id: string, at: number): Look | undefined {
    return this.looks.get(id)?.findLast((look) => look.at <= at);
  }

  /** Why an answer about an instance at a time is not true within its window; undefined when it is. */
  problemOf(id: string, at: number, answer: State): string | undefined {
    if (answer.is === 'unobserved' || this.exempt.has(id)) return undefined;
    const says = `${id} at ${toInstant(at)} is said to be ${answer.is === 'known' ? answer.version.status : answer.is}`;
    const look = this.lastLook(id, at);
    if (answer.is === 'nonexistent') {
      if (answer.deletedBy !== undefined && toMs(answer.deletedBy.observedAt) > at) return `${says} by a later version`;
      return this.mayBeNonexistent(id, at, look) ? undefined : `${says}, but ${describe(look)}`;
    }
    if (look?.is !== 'state') return `${says}, but ${describe(look)}`;
    if (look.text !== textOf(answer.version.snapshot) || look.status !== answer.version.status)
      return `${says} as in version ${answer.version.version}, but ${describe(look)}`;
    const isTooOld = at - look.at > this.reachMs;
    return isTooOld ? `${says}, but ${describe(look)}, and nobody has looked since` : undefined;
  }

  private mayBeNonexistent(id: string, at: number, look: Look | undefined): boolean {
    if (at <= this.nonexistentUntil(id)) return true;
    const isRecent = (each: number): boolean => each <= at && at - each <= this.reachMs;
    return look?.is === 'gone' && [look.at, ...this.completions].some(isRecent);
  }

  /** Until when it is known that an instance was not there yet. */
  private nonexistentUntil(id: string): number {
    const first = this.firsts.get(id);
    if (first === undefined || first.kind === 'baseline' || first.changedAfter === null) return -Infinity;
    const since = this.observedAt.get(first.changedAfter) ?? toMs(first.changedAfter);
    const looks = (this.looks.get(id) ?? []).filter(({ at }) => at <= toMs(first.observedAt));
    // What had been there without ever being readable, and had gone, is forgotten: ids are never used again.
    const seen = looks.slice(looks.findLastIndex(({ is }) => is === 'gone') + 1).find(({ at }) => at > since);
    return Math.min((seen?.at ?? Infinity) - 1, since + this.reachMs);
  }

  /** How long in a span an instance may be said to have been in each status, and not to have existed, at most. */
  allowance(id: string, from: number, to: number): { readonly statusMs: Map<string, number>; nonexistentMs: number } {
    const statusMs = new Map<string, number>();
    const looks = this.looks.get(id) ?? [];
    let nonexistentMs = overlap(from, to, -Infinity, this.nonexistentUntil(id) + 1);
    for (const [place, look] of looks.entries()) {
      const end = looks[place + 1]?.at ?? Infinity;
      if (look.is === 'state') {
        const length = overlap(from, to, look.at, Math.min(end, look.at + this.reachMs));
        statusMs.set(look.status, (statusMs.get(look.status) ?? 0) + length);
      } else if (look.is === 'gone') {
        const [begin, until] = [Math.max(from, look.at), Math.min(to, end)];
        nonexistentMs += this.watchedMs([look.at, ...this.completions], begin, until);
      }
    }
    return { statusMs, nonexistentMs };
  }

  /** How much of a span lies within reach of a run before it. */
  private watchedMs(runs: readonly number[], from: number, to: number): number {
    const times = runs.toSorted((a, b) => a - b);
    return times.reduce((sum, at, place) => {
      const end = Math.min(times[place + 1] ?? Infinity, at + this.reachMs);
      return sum + overlap(from, to, at, end);
    }, 0);
  }
}

const overlap = (from: number, to: number, begin: number, end: number): number =>
  Math.max(0, Math.min(to, end) - Math.max(from, begin));

function describe(look: Look | undefined): string {
  if (look === undefined) return 'nobody had seen it yet';
  const when = toInstant(look.at);
  if (look.is === 'gone') return `the run at ${when} saw that it was gone`;
  if (look.is === 'unknown') return `the run at ${when} could not tell`;
  return `the run at ${when} saw ${look.status} ${look.text.slice(0, 200)}`;
}
