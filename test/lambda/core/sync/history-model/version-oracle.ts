import { revert } from '../../../../../lambda/core/model/diff';
import { toMs } from '../../../../../lambda/core/model/instant';
import type { Version } from '../../../../../lambda/core/model/record';
import { isGone } from './book';
import type { DeletionOracle } from './deletion-oracle';
import type { RunLog } from './run-log';
import { isSameView, type Runs } from './runs';
import { textOf, type View } from './truth';
import type { World } from './world';

/** Judges each version when it appears: what it says happened, and happened then. */
export class VersionOracle {
  constructor(
    private readonly world: World,
    private readonly runs: Runs,
    private readonly deletions: DeletionOracle,
    /** How far clocks of runs have been off at most. */
    private readonly largestClockErrorMs: () => number,
  ) {}

  /** @returns why the version is not true */
  problemOf(version: Version, previous: Version | undefined): string | undefined {
    const log = this.runs.get(version.runId);
    if (log === undefined) return 'was written by nobody';
    return (
      problemOfForm(version, previous) ??
      this.problemOfState(version, log) ??
      this.problemOfWindow(version, previous, log) ??
      this.problemOfFirst(version, log)
    );
  }

  private problemOfState(version: Version, log: RunLog): string | undefined {
    if (version.evidence === 'absent') {
      const problem = this.deletions.problemOf(version, log);
      return problem && `deletes a living instance: ${problem}`;
    }
    return this.problemOfSighting(version, log.id);
  }

  /** Whether a run can have seen an instance in the state of a version. */
  problemOfSighting(version: Version, runId: string): string | undefined {
    const log = this.runs.get(runId);
    if (log === undefined) return 'was seen by nobody';
    const until = Math.min(log.until, this.world.clock.now());
    const moments = this.world.truths.during(version.id, log.view, log.from, until);
    if (isGone(version) && moments.some(({ exists, isShown }) => !exists || !isShown)) return undefined;
    const text = textOf(version.snapshot);
    const wasSo = moments.some((moment) => moment.isShown && moment.text === text);
    return wasSo ? undefined : 'was never so while its run was reading';
  }

  /** The real change lies between `changedAfter` and `observedAt`, give or take the clock errors of the runs. */
  private problemOfWindow(version: Version, previous: Version | undefined, log: RunLog): string | undefined {
    const { id, changedAfter, observedAt } = version;
    if (changedAfter !== null && changedAfter >= observedAt) return 'has an empty window';
    if (changedAfter === null || previous === undefined) return undefined;
    // What could not be told from a deletion is no change of the instance, nor is its end.
    if ([version, previous].some(this.deletions.isExcused)) return undefined;
    const isBack = version.kind === 'reappeared';
    if (isBack && (this.runs.isFooled(changedAfter) || this.wasHidden(id, changedAfter))) return undefined;
    const slack = 2 * this.largestClockErrorMs() + 1000;
    const isReal = this.world.truths.changed(id, log.view, toMs(changedAfter) - slack, toMs(observedAt) + slack);
    return isReal ? undefined : `says that it happened after ${changedAfter}, but nothing did`;
  }

  /** Whether the instance was there, but hidden from the view of a list that began then: to that view it was gone. */
  private wasHidden(id: string, changedAfter: string): boolean {
    return this.runs.listingsFrom(changedAfter).some(({ log, listing: { from } }) => {
      const [moment] = this.world.truths.during(id, log.view, from, from);
      return moment?.exists === true && !moment.isShown;
    });
  }

  /** What is seen for the first time has come into being, or it was there before. */
  private problemOfFirst(version: Version, log: RunLog): string | undefined {
    if (version.version > 1) return undefined;
    if (version.kind === 'baseline') return this.problemOfBaseline(version, log);
    // Unless a list without a filter had shown it, and could not be recorded: that one tells when it came into being.
    const isSetAside = this.runs.hasShownBefore(log, version.id, ({ statusFilter }) => statusFilter === undefined);
    if (log.view.statusFilter !== undefined && !isSetAside)
      return 'may have had another status before, and is told as new';
    if (version.changedAfter === null) return 'is told as new, but nobody had looked before';
    if (this.runs.isFooled(version.changedAfter)) return undefined;
    const starts = this.runs.listingsFrom(version.changedAfter);
    if (starts.length === 0) return `no list began at ${version.changedAfter}, when it is said not to have been there`;
    // While its record could not be read, another view may have seen it first. What was away from a view in between, and
    // was set aside until then, is taken for something new.
    const views = this.runs.viewsThatShowed(version.id);
    const wasThere = (view: View): boolean =>
      starts.every(({ listing: { from } }) =>
        this.world.truths.during(version.id, view, from, log.until).every(({ isShown }) => isShown),
      );
    return views.every(wasThere) ? `is told as new, but its view showed it at ${version.changedAfter}` : undefined;
  }

  /** A newcomer must be told where the last completed run has looked through the same view and missed nothing. */
  private problemOfBaseline({ id }: Version, log: RunLog): string | undefined {
    const before = this.runs.completionBefore(log);
    const isFirstLook = before === undefined || !isSameView(before.log.view, log.view);
    if (isFirstLook || log.view.statusFilter !== undefined || log.head?.newcomersSince !== undefined) return undefined;
    return this.runs.hasShownBefore(log, id) ? undefined : 'is new, but told as if it had been there before';
  }
}

/** What needs no knowledge of the world. */
function problemOfForm(version: Version, previous: Version | undefined): string | undefined {
  const { kind, status } = version;
  if (version.previousStatus !== (previous?.status ?? null)) return `names ${version.previousStatus} as status before`;
  const since = previous?.status === status ? previous.statusSince : version.observedAt;
  if (version.statusSince !== since) return `says that its status is so since ${version.statusSince}, not ${since}`;
  if (previous === undefined) {
    const isFirst = kind === 'baseline' || kind === 'created' || (kind === 'deleted' && isGone(version));
    return isFirst ? undefined : 'is the first of its instance';
  }
  if (version.observedAt <= previous.observedAt) return 'is not younger than the version before';
  const isSame = textOf(previous.snapshot) === textOf(version.snapshot);
  if (isSame && isGone(previous) === isGone(version)) return 'says nothing new';
  if (textOf(revert(version.snapshot, version.changes)) !== textOf(previous.snapshot))
    return 'has changes that do not lead back to the version before';
  const expected = isGone(previous)
    ? 'reappeared'
    : isGone(version)
      ? 'deleted'
      : status === previous.status
        ? 'updated'
        : 'statusChanged';
  return kind === expected ? undefined : `should be ${expected}`;
}
