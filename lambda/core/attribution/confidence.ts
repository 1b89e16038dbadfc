import type { Claim, Reason, Trace } from '../model/attribution';
import { type ClosedSpan, type Instant, plusMs } from '../model/instant';
import type { OperationKind } from '../model/operation';
import type { Version } from '../model/record';
import { beginOf, distinct, endOf, type Operation } from './operations';
import { isNobody } from './trace';

/** A claim, with the traces of those who asked for the operations. */
export interface Verdict extends Pick<Claim, 'confidence' | 'reason'> {
  readonly actors: readonly Trace[];
}

export interface Timing {
  /** How far the clocks of a run and of the services may be apart, in ms. */
  readonly clockErrorMs: number;
  /** How much later than an operation its trace may come, in ms. */
  readonly lagMs: number;
  /** The first pause after a change; each one doubles its age. */
  readonly firstPauseMs: number;
}

/** How well the traces around a change are known. */
export interface Asked {
  readonly at: Instant;
  /** Every trace since then was read. Absent: not every one was. */
  readonly wholeSince?: Instant | undefined;
  /** Why nobody can be named where not every trace of the time was read. */
  readonly otherwise: Reason;
}

/** A Result that comes later than this after its request may belong to a request that nobody knows. */
const LONGEST_CERTAIN_MS = 24 * 60 * 60_000;

/** What is to be explained of a change beside its fields. */
const BEGINS = '(begins)';
const DELETING = '(deleting)';
const ENDS = '(ends)';
const ABOUT: Partial<Record<OperationKind, RegExp>> = {
  create: /^\(begins\)$/,
  delete: /^\((deleting|ends)\)$/,
  cleanFailed: /^\(ends\)$/,
  updateName: /^name$/,
  updateDescription: /^description$/,
  updateSecurityGroup: /^security_group/,
  updateMaintenance: /^maintain_/,
  updatePublicIp: /^publicip_/,
};

function toExplain({ kind, status, changes }: Version): readonly string[] {
  if (kind === 'created') return [BEGINS];
  if (kind === 'deleted') return [ENDS];
  // The time of an update changes with everything else.
  const fields = changes.map(({ field }) => field.split('/')[0] ?? '').filter((field) => field !== 'update_time');
  // Only a deletion makes an instance DELETING.
  const parts = fields.map((field) => (field === 'status' && status === 'DELETING' ? DELETING : field));
  return kind === 'reappeared' ? [kind, ...parts] : parts;
}

const isAbout = ({ kind }: Operation, part: string): boolean => ABOUT[kind]?.test(part) === true;

/** An instance is there, or DELETING, from the request on, however that ends. */
const explains = (operation: Operation, part: string): boolean =>
  isAbout(operation, part) && (part === BEGINS || part === DELETING ? operation.isTaken : operation.outcome === 'done');

/** Whether the operation may be behind it: one that failed half-way, one that does not tell its fields, or an unknown one. */
const mayExplain = (operation: Operation, part: string): boolean =>
  operation.outcome !== 'refused' &&
  (isAbout(operation, part) ||
    (operation.kind === 'cleanFailed' && part === DELETING) ||
    operation.kind === 'other' ||
    (operation.kind === 'update' && !part.startsWith('(')));

/** The time in which a change happened, as wide as the clocks allow. */
export const windowOf = ({ changedAfter, listedFrom, observedAt }: Version, { clockErrorMs }: Timing): ClosedSpan => ({
  from: plusMs(changedAfter ?? listedFrom, -clockErrorMs),
  to: plusMs(observedAt, clockErrorMs),
});

/** From when on all traces of a change can be expected to be there: the clock that dated it and that of now may differ both ways. */
export const settledAt = (version: Version, { clockErrorMs, lagMs }: Timing): Instant =>
  plusMs(version.observedAt, 2 * clockErrorMs + lagMs);

/**
 * Who made a change. Strict, because a wrong name does harm: a claim is `certain` only when all traces of the time were
 * read and had the time to come, and when all operations that could be behind any part of the change are of one actor.
 * @param operations of the instance, also those whose time is another
 */
export function claim(version: Version, operations: readonly Operation[], asked: Asked, timing: Timing): Verdict {
  const wide = windowOf(version, timing);
  const parts = toExplain(version);
  const possible = within(operations, wide).filter((operation) => parts.some((part) => mayExplain(operation, part)));
  const isExplained =
    parts.length > 0 && parts.every((part) => possible.some((operation) => explains(operation, part)));
  const isWhole = asked.wholeSince !== undefined && asked.wholeSince <= wide.from && version.changedAfter !== null;
  const isSettled = asked.at >= settledAt(version, timing);
  const narrow = windowOf(version, { ...timing, clockErrorMs: 0 });
  const near = isExplained ? [] : within(operations, narrow).filter(({ outcome }) => outcome !== 'refused');
  const traces = [...new Set([...possible, ...near])].flatMap(({ askedBy }) => askedBy);
  const actors = distinct(traces);
  if (traces.every(isNobody)) {
    if (!isSettled) return nobody('pending');
    // A trace may fail to name its user, and the service creates nothing by itself.
    const isOwn = actors.length > 0 && parts[0] !== BEGINS && traces.every(({ via }) => via === 'system');
    if (!isWhole) return nobody(asked.otherwise);
    return nobody(isOwn ? 'system-action' : 'nothing-found');
  }
  if (actors.length > 1) return { confidence: 'candidates', actors: traces };
  const behind = possible.filter((operation) => parts.some((part) => explains(operation, part)));
  const isCertain =
    isExplained &&
    isWhole &&
    isSettled &&
    behind.every((operation) => endOf(operation) <= plusMs(beginOf(operation), LONGEST_CERTAIN_MS)) &&
    traces.every(({ byName }) => byName !== true);
  if (!isCertain) return { confidence: 'likely', actors: traces };
  return { confidence: 'certain', actors: behind.flatMap(({ askedBy }) => askedBy) };
}

export const nobody = (reason: Reason): Verdict => ({ confidence: 'none', reason, actors: [] });

/** Operations that were going on in the span. */
const within = (operations: readonly Operation[], { from, to }: ClosedSpan): readonly Operation[] =>
  operations.filter((operation) => beginOf(operation) <= to && endOf(operation) >= from);
