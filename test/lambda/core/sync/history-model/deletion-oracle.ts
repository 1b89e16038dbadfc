import { isGap } from '../../../../../lambda/core/model/gap';
import { toMs } from '../../../../../lambda/core/model/instant';
import type { Current, Head, Version } from '../../../../../lambda/core/model/record';
import { isGone } from './book';
import { BRAKE_RELEASE_AFTER_MS, idsOf, type Listing, type RunLog } from './run-log';
import type { Completion, Runs } from './runs';
import type { World } from './world';

/** So many views a row must remember at least. */
export const VIEWS_OF_A_ROW = 4;

/**
 * Judges deletions that were inferred from an absence. They must be real, with two exceptions: the operator has said
 * that what a view does not show is gone; and instances that an identity has lost the rights of look exactly as if they
 * were deleted. Of the latter the history promises only that the brake holds them for its time where they are all
 * instances (two or more) of one enterprise project, over half of all, or the last.
 */
export class DeletionOracle {
  /** Since when the brake has held an instance without a gap. */
  private readonly heldSince = new Map<string, number>();
  /** Deletions that never happened, but could not be told from real ones. */
  private readonly excused = new Set<string>();

  constructor(
    private readonly world: World,
    private readonly runs: Runs,
    private readonly intervalMs: number,
  ) {}

  isExcused = ({ id, version }: Version): boolean => this.excused.has(`${id} ${version}`);

  /** @returns why the deletion is false */
  problemOf(version: Version, log: RunLog): string | undefined {
    const { id } = version;
    const { view, allowsMassDeletion } = log;
    if (view.statusFilter !== undefined) return 'a status filter hides more than what is deleted';
    const listing = log.listings.findLast(({ isWhole }) => isWhole);
    if (listing === undefined) return 'its run has not read a whole list';
    const moments = this.world.truths.during(id, view, listing.from, listing.until);
    const isAlwaysShown = moments.every(({ isShown, exists }) => isShown && exists);
    if (isAlwaysShown) return 'the instance was alive and shown all the time';
    if (!allowsMassDeletion && !this.runs.hasShown(view, id)) return 'its view has never shown the instance';
    if (moments.some(({ exists }) => !exists)) return undefined;
    const excuse = allowsMassDeletion ? undefined : this.brakeThatHolds(version, log, listing);
    if (excuse !== undefined) return excuse;
    this.excused.add(`${id} ${version.version}`);
    return undefined;
  }

  /** Why the brake must hold the deletion of an instance that is hidden, if so. */
  private brakeThatHolds({ id, observedAt }: Version, log: RunLog, listing: Listing): string | undefined {
    const row = log.known.get(id);
    if (row === undefined || row.status === 'DELETING') return undefined;
    if (this.isReleased(id, toMs(observedAt))) return undefined;
    const shown = idsOf(listing.records);
    const living = [...log.known.values()].filter((each) => !isGone(each));
    // Which of them the view is known to have shown is a matter of memory: each reading must ask for the brake.
    const sets = [
      living,
      living.filter((each) => this.runs.hasShown(log.view, each.id)),
      living.filter((each) => shown.has(each.id) || this.isRemembered(each, log)),
    ];
    if (sets.every((rows) => isMass(rows, shown)))
      return 'over half of the instances, or the last, were hidden at once';
    const groups = sets.map((rows) => rows.filter((each) => each.enterpriseProjectId === row.enterpriseProjectId));
    const isGroup = row.enterpriseProjectId !== null && groups.every((group) => isHiddenGroup(group, shown));
    return isGroup ? `all instances of enterprise project ${row.enterpriseProjectId} were hidden at once` : undefined;
  }

  private isRemembered({ id }: Current, { view }: RunLog): boolean {
    return this.runs.viewsThatShowed(id).length <= VIEWS_OF_A_ROW && this.runs.hasShownForSure(view, id);
  }

  private isReleased(id: string, at: number): boolean {
    const since = this.heldSince.get(id);
    const last = this.runs.completions.at(-1);
    const isWatched = last !== undefined && !isGap(last.at, at, this.intervalMs);
    return since !== undefined && at - since >= BRAKE_RELEASE_AFTER_MS && isWatched;
  }

  noteCompletion({ at, listing, isAfterLoss }: Completion, head: Head, currents: readonly Current[]): void {
    const before = this.runs.completions.at(-2);
    if (before === undefined || isAfterLoss || isGap(before.at, at, this.intervalMs)) this.heldSince.clear();
    const shown = idsOf(listing.records);
    for (const current of currents) {
      if (shown.has(current.id) || isGone(current)) this.heldSince.delete(current.id);
      else if (head.outcome === 'brake' && !this.heldSince.has(current.id)) this.heldSince.set(current.id, at);
    }
  }
}

function isMass(living: readonly Current[], shown: ReadonlySet<string | undefined>): boolean {
  const missing = living.filter(({ id }) => !shown.has(id));
  const unexpected = missing.filter(({ status }) => status !== 'DELETING');
  return unexpected.length * 2 > living.length || (missing.length === living.length && missing.length > 0);
}

const isHiddenGroup = (group: readonly Current[], shown: ReadonlySet<string | undefined>): boolean =>
  group.length >= 2 && group.every(({ id }) => !shown.has(id));
