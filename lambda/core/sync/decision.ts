import { closedGap, DEFAULT_INTERVAL_MS, isGap } from '../model/gap';
import { type Instant, toMs } from '../model/instant';
import type { Target } from '../model/instance';
import type { Listing } from './listing';
import { changedAfter } from './current-row';
import { missing } from './membership';
import { newcomersSince, observationTime } from './observation';
import type { Known, RowStore } from './recorder';
import type { SyncPorts } from './sync-options';
import { type Plan, reconcile, type ReconcileOptions } from './reconcile';
import type { Head, RunOutcome } from '../model/record';
import { clockProblem, type TargetLister } from './lister';
import { stateOfView, viewId as idOf, viewOf, type ViewOptions } from '../model/view';

export interface DecisionOptions extends Omit<ReconcileOptions, 'retentionMs'>, ViewOptions {
  readonly target: Target;
  /** Null: superseded versions are kept for ever. Absent: as the head says. */
  readonly retentionMs?: number | null | undefined;
  readonly intervalMs?: number;
}

/** What a run has decided to write, and from what. */
export interface Decision {
  readonly plan: Plan;
  readonly observedAt: Instant;
  readonly listing: Listing;
  readonly known: Known;
  /** As on the head: only of a listing that may have missed an instance. */
  readonly newcomersSince: Head['newcomersSince'];
}

/** Twice as long as the clocks of the services may be apart. */
const JUST_BACK_MS = 10 * 60_000;

/** Reads what is known, lists again while something may have been missed, and makes the plan. Writes nothing. */
export async function decide(
  ports: Pick<SyncPorts, 'tracedDeletions'> & { readonly recorder: RowStore; readonly lister: TargetLister },
  options: DecisionOptions,
  run: { readonly runId: string; readonly head: Head; readonly first: Listing; readonly signal: AbortSignal },
): Promise<Decision | { readonly wrongClock: string }> {
  const { head, runId } = run;
  const known = await ports.recorder.readKnown(options.target);
  const confirmation = await ports.lister.confirm(run.first, known, run.signal);
  const { listing } = confirmation;
  const wrongClock = clockProblem(listing);
  if (wrongClock !== undefined) return { wrongClock };
  const observedAt = observationTime(head, listing, known);
  const view = viewOf(options);
  const viewId = idOf(view);
  const lastSeen = stateOfView(head, viewId)?.observedAt;
  const isViewGap =
    lastSeen !== undefined && isGap(toMs(lastSeen), toMs(observedAt), head.intervalMs ?? DEFAULT_INTERVAL_MS);
  const gap = closedGap(head, observedAt, options.intervalMs);
  // Where the head does not know the view any more, or was lost, nobody knows for how long nobody has looked.
  const closesGap = listing.kind === 'complete' && (lastSeen === undefined || isViewGap || gap !== undefined);
  const absent = confirmation.absenceConfirmed && view.statusFilter === undefined ? missing(known, listing) : [];
  const seen = new Map(
    absent.flatMap((row) => {
      const at = changedAfter(head, row) ?? row.observedAt;
      // A trace of the deletion from which it has just come back would look like that of another one.
      const isBack = row.kind === 'reappeared' && toMs(at) - toMs(row.observedAt) < JUST_BACK_MS;
      return isBack ? [] : [[row.id, at] as const];
    }),
  );
  const observation = {
    ...confirmation,
    traced: seen.size === 0 ? undefined : await ports.tracedDeletions?.(options.target, seen, run.signal),
    view,
    viewId,
    known,
    head,
    runId,
    observedAt,
    closesGap,
    viewGapSince: isViewGap ? lastSeen : undefined,
  };
  return {
    plan: reconcile(observation, { ...options, ...settingsOf(options, head) }),
    observedAt,
    listing,
    known,
    newcomersSince: confirmation.isExhaustive ? undefined : newcomersSince(observation),
  };
}

/** Deployed runs say how versions are kept and deletions are held; all others do as the head remembers. */
const settingsOf = ({ retentionMs, brakeReleaseAfterMs }: DecisionOptions, head: Head) => ({
  retentionMs: retentionMs === undefined ? head.retentionMs : (retentionMs ?? undefined),
  brakeReleaseAfterMs: brakeReleaseAfterMs ?? head.brakeReleaseAfterMs,
});

/** How a run ends that records this plan of a complete listing to its end. */
export const completedOutcome = (plan: Plan | undefined, versions: readonly unknown[]): RunOutcome =>
  plan?.brake === true ? 'brake' : versions.length > 0 ? 'changed' : 'unchanged';
