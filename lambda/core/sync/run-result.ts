import { CodedError } from '../model/errors';
import type { Instant } from '../model/instant';
import { type Target, targetName } from '../model/instance';
import type { Units } from '../model/units';
import { CHANGE_KINDS, type ChangeKind, type Current, type RunOutcome, type View } from '../model/record';

export type ChangeCounts = Readonly<Record<ChangeKind, number>>;

/** What one run did. */
export interface RunResult {
  readonly target: Target;
  readonly runId: string;
  readonly outcome: RunOutcome;
  /** Why the outcome is what it is, unless it is plainly `changed` or `unchanged`; of those, why absent instances are held. */
  readonly because?: string;
  readonly observedAt?: Instant;
  /** What the run can have been shown. */
  readonly view: View;
  /** Valid records of the last listing. */
  readonly instances: number;
  /** Records of it that failed validation, or that the database refused. */
  readonly rejected: number;
  /** Absent instances that were not written as deleted. */
  readonly held: number;
  /** Instances whose status no document mentions. */
  readonly unknownStatuses: number;
  readonly changes: ChangeCounts;
  /** The versions that were written, or would be (dry run). */
  readonly versions: readonly Current[];
  /** Which changes are asked about after the run, as on the head; absent where nobody is asked. */
  readonly mark?: string | undefined;
  readonly units: Units;
  readonly durationMs: number;
  /** Time between scheduled runs. */
  readonly intervalMs: number;
  /** When the completed run before this one ended. */
  readonly lastCompletedAt?: Instant;
}

export function countChanges(versions: readonly { readonly kind: ChangeKind }[]): ChangeCounts {
  const counts = Object.fromEntries(CHANGE_KINDS.map((kind) => [kind, 0])) as Record<ChangeKind, number>;
  for (const { kind } of versions) counts[kind] += 1;
  return counts;
}

/** A completed run read everything and recorded it to the end. */
export const isCompleted = (outcome: RunOutcome): boolean =>
  outcome === 'changed' || outcome === 'unchanged' || outcome === 'brake';

/** The stable line that `sync --json` prints for a run, and that the function logs. */
export function toRunLine(result: RunResult): Record<string, unknown> {
  return {
    type: 'run',
    target: targetName(result.target),
    outcome: result.outcome,
    instances: result.instances,
    ...result.changes,
    rejected: result.rejected,
    observedAt: result.observedAt ?? null,
    because: result.because ?? null,
    view: {
      api: result.view.api,
      statusFilter: result.view.statusFilter ?? null,
      identity: result.view.identity ?? null,
    },
  };
}

/** A run that did not complete, told to whoever invoked it. */
export class RunFailedError extends CodedError {
  readonly code = 'RUN_FAILED';
  override readonly retryable = true;

  constructor(readonly result: RunResult) {
    super(`the run of ${targetName(result.target)} ended ${result.outcome}: ${result.because ?? 'no reason known'}`);
  }
}
