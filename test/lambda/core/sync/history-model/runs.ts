import { toMs } from '../../../../../lambda/core/model/instant';
import type { Head } from '../../../../../lambda/core/model/record';
import { idsOf, type Listing, type RunLog, startOf } from './run-log';
import { nameOfView, type Truths, type View } from './truth';

/** A run that completed, the list that it believed, and how it dated what it saw, in ms. */
export interface Completion {
  readonly log: RunLog;
  readonly listing: Listing;
  readonly at: number;
  /** Nobody knows any more what came before, because the head was lost. */
  readonly isAfterLoss: boolean;
}

/** All runs of a story, and what they were shown. */
export class Runs {
  private readonly logs = new Map<string, RunLog>();
  readonly completions: Completion[] = [];

  constructor(private readonly truths: Truths) {}

  get count(): number {
    return this.logs.size;
  }

  get last(): RunLog | undefined {
    return [...this.logs.values()].at(-1);
  }

  add(log: RunLog): void {
    this.logs.set(log.id, log);
  }

  get(id: string | undefined): RunLog | undefined {
    return this.logs.get(id ?? '');
  }

  /** The run that completed before another one began, as the head told it. */
  completionBefore({ head }: RunLog): Completion | undefined {
    return this.completions.findLast(({ at }) => head?.completedObservedAt !== undefined && at === timeOf(head));
  }

  /** Whether a view has ever shown an instance, to any run. */
  hasShown(view: View, id: string): boolean {
    return [...this.logs.values()].some(
      (log) => isSameView(log.view, view) && log.listings.some(({ records }) => idsOf(records).has(id)),
    );
  }

  /** Whether a run before this one was shown an instance, valid or not. */
  hasShownBefore(run: RunLog, id: string, views: (view: View) => boolean = () => true): boolean {
    return [...this.logs.values()].some(
      (log) => log !== run && views(log.view) && log.listings.some(({ records }) => idsOf(records).has(id)),
    );
  }

  /**
   * Whether a completed run was shown a valid record through a view, so that whoever keeps the history must know it. Of a
   * newcomer whose first version the database refuses there is no row that could remember the view.
   */
  hasShownForSure(view: View, id: string): boolean {
    return this.completions.some(
      ({ log, listing }) =>
        isSameView(log.view, view) &&
        !(log.refused.has(id) && !log.known.has(id)) &&
        listing.records.some((record) => record.accepted && record.snapshot.id === id),
    );
  }

  /** Views through which runs were shown an instance, valid or not, the first one first. */
  viewsThatShowed(id: string): readonly View[] {
    const views = new Map<string, View>();
    for (const { view, listings } of this.logs.values())
      if (listings.some(({ records }) => idsOf(records).has(id))) views.set(nameOfView(view), view);
    return [...views.values()];
  }

  /** Lists that began at a time, as the clocks of their runs told it. */
  listingsFrom(instant: string): readonly { readonly log: RunLog; readonly listing: Listing }[] {
    return [...this.logs.values()].flatMap((log) =>
      log.listings.filter((each) => startOf(log, each) === instant).map((listing) => ({ log, listing })),
    );
  }

  /**
   * Whether an instance came back while a list was read that began then. Ids of the real API are never used again;
   * nothing but that can make a list look as if it had missed nothing.
   */
  isFooled(instant: string): boolean {
    return this.listingsFrom(instant).some(({ log, listing }) =>
      this.truths.cameBack(log.view, listing.from, listing.until),
    );
  }
}

export const isSameView = (a: View, b: View): boolean => nameOfView(a) === nameOfView(b);

const timeOf = (head: Head): number => toMs(head.completedObservedAt ?? '');
