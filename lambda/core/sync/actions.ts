import { plusMs } from '../model/instant';
import type { Snapshot } from '../model/instance';
import type { Observation } from './observation';
import type { Action } from './recorder';
import type { ChangeKind, Current, Evidence } from '../model/record';
import { changedAfter, gapBefore, type Judgement, makeVersion, marksOf } from './current-row';

export interface RetentionOptions {
  /** How long a superseded version is kept, in ms; absent: for ever. */
  readonly retentionMs?: number | undefined;
}

/** A new version supersedes the newest one of an instance. */
export function supersede(
  observation: Observation,
  { retentionMs }: RetentionOptions,
  current: Current,
  { next, closedGap }: Judgement,
  change: { readonly kind: ChangeKind; readonly evidence: Evidence; readonly snapshot: Snapshot },
): Extract<Action, { kind: 'version' }> {
  const { head, observedAt } = observation;
  const version = makeVersion(observation, current, { ...change, changedAfter: changedAfter(head, current) });
  // The head tells of a gap only when a run completes. Until then this version would hide when it had begun.
  const gap = closedGap ?? gapBefore(observation, current);
  return {
    kind: 'version',
    id: current.id,
    previous: current,
    next: {
      ...marksOf(next),
      expiringSince: next.expiringSince ?? (retentionMs === undefined ? undefined : observedAt),
      ...version,
      ...(gap === undefined ? {} : { lastOwnGapTo: gap.to }),
    },
    closedGap: gap,
    previousExpiresAt: retentionMs === undefined ? undefined : plusMs(observedAt, retentionMs),
  };
}

/** The row goes on without a new version; undefined when there is nothing to write. */
export function touch(
  { runId }: Pick<Observation, 'runId'>,
  current: Current,
  { next, closedGap }: Judgement,
): Extract<Action, { kind: 'touch' }> | undefined {
  if (next === current) return undefined;
  return {
    kind: 'touch',
    id: current.id,
    previous: current,
    next: { ...next, touchedBy: runId },
    closedGap,
  };
}
