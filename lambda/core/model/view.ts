import { sha256 } from './canonical';
import { type Instant, latest } from './instant';
import type { Current, Head, View, ViewState } from './record';

/** Views that the head remembers, the last completed one included: a schedule's, and those of people beside it. */
export const MAX_VIEWS = 3;
/** Views that a row names: those that the head remembers, and one that may come back. */
const MAX_VIEWS_OF_A_ROW = MAX_VIEWS + 1;

/** The view of rows and heads that release 1.0 wrote: it did not know who had asked. */
const UNNAMED = 'unnamed';

/** What of a target's options decides which instances an answer can be expected to show. */
export interface ViewOptions {
  /** `v2` or `v3`. @default v2 */
  readonly api?: string;
  /** Only instances with this status are listed. */
  readonly statusFilter?: string;
  /** A change of these fields alone is none. It does not decide what is shown, so the name of the view does not tell it. */
  readonly ignoreFields?: readonly string[];
  /** Who asks: a short digest that is the same for the same identity. @default an identity without a name */
  readonly identity?: string;
}

export const viewOf = ({ api = 'v2', statusFilter, ignoreFields = [], identity = '' }: ViewOptions): View => ({
  api,
  identity,
  statusFilter,
  ignoreFields: ignoreFields.length === 0 ? undefined : ignoreFields,
});

/** Short name of a view in rows and heads. */
export const viewId = ({ api, statusFilter, identity }: View): string =>
  identity === undefined ? UNNAMED : sha256(JSON.stringify([api, statusFilter ?? null, identity])).slice(0, 10);

/** What the head remembers of each view, that of the last completed run first. */
export function viewsOf(head: Head): readonly ViewState[] {
  const { completedObservedAt: observedAt, listedFrom, listedWith, otherViews = [] } = head;
  if (observedAt === undefined || listedFrom === undefined) return otherViews;
  const view = listedWith === undefined ? UNNAMED : viewId(listedWith);
  const { fingerprint, newcomersSince, unjudged } = head;
  return [{ view, observedAt, listedFrom, fingerprint, newcomersSince, unjudged }, ...otherViews];
}

export const stateOfView = (head: Head, view: string): ViewState | undefined =>
  viewsOf(head).find((state) => state.view === view);

/** The views that the head remembers beside the one of the run that has just completed. */
export const otherViews = (head: Head, present: string): readonly ViewState[] =>
  viewsOf(head)
    .filter(({ view }) => view !== present)
    .slice(0, MAX_VIEWS - 1);

/** Views that have shown the instance, and would show it still if nothing had happened to it. */
const viewsShowing = ({ views = [UNNAMED] }: Pick<Current, 'views'>): readonly string[] => views;

export const isShownTo = (row: Pick<Current, 'views'>, view: string): boolean => viewsShowing(row).includes(view);

/** The row after the view has shown it: the same one when the view had done so before. */
export const shownTo = <T extends Pick<Current, 'views'>>(row: T, view: string): T =>
  row.views?.includes(view) === true
    ? row
    : { ...row, views: [view, ...(row.views ?? [])].slice(0, MAX_VIEWS_OF_A_ROW) };

/** The row after the view has stopped to show it for a reason that says nothing of its end. */
export const notShownTo = (row: Current, view: string): Current =>
  isShownTo(row, view) ? { ...row, views: viewsShowing(row).filter((each) => each !== view) } : row;

const statesOf = (row: Current, states: readonly ViewState[]): readonly ViewState[] =>
  states.filter(({ view }) => isShownTo(row, view));

/** When a run last knew what the instance was like: its newest version, or a later completed run in a view that shows it. */
export const lastObserved = (row: Current, states: readonly ViewState[]): Instant =>
  latest(row.observedAt, row.lastOwnGapTo, ...statesOf(row, states).map(({ observedAt }) => observedAt)) ??
  row.observedAt;

/**
 * When the last listing began that told what the instance was like.
 * @param isNewcomer a deleted instance that has come back: a listing that can have missed newcomers did not judge it
 */
export const lastListedFrom = (row: Current, states: readonly ViewState[], isNewcomer: boolean): Instant | undefined =>
  latest(
    ...statesOf(row, states).map(({ listedFrom, newcomersSince }) =>
      isNewcomer && newcomersSince !== undefined ? newcomersSince : listedFrom,
    ),
  );

/**
 * Since when completed runs have not judged a living instance, because a record of it could not be read, because its
 * absence proves nothing, or because their views have never shown it; undefined while they do.
 */
export function unjudgedSince(head: Head | undefined, row: Current): Instant | undefined {
  if (row.unobservedSince !== undefined) return row.unobservedSince;
  if (head?.completedObservedAt === undefined) return undefined;
  const since = lastObserved(row, viewsOf(head));
  return since < head.completedObservedAt ? since : undefined;
}
