import { plusMs, toInstant, toMs } from '../../core/model/instant';
import { lengthMs, type Period, zoomsOf } from '../period';
import { FILTERS, GROUPINGS, type View, WHOLE_VIEW } from '../view';

/** What a link to the page says. */
export interface State {
  readonly view: View;
  /** What is looked at; lies within the period of the page. */
  readonly period: Period;
  /** The dialog that is open: `id~version`. */
  readonly change?: string | undefined;
  /** As the system has it unless it is said. */
  readonly theme?: 'light' | 'dark' | undefined;
}

const isKey = <T extends object>(of: T, key: string | null): key is Extract<keyof T, string> =>
  key !== null && Object.hasOwn(of, key);

/** @param hash with its `#`; whatever it does not say, or says wrongly, is as on the whole page */
export function stateOf(hash: string, whole: Period): State {
  const said = new URLSearchParams(hash.slice(1));
  const filter = said.get('f');
  const grouping = said.get('g');
  return {
    view: {
      search: said.get('q') ?? '',
      filter: isKey(FILTERS, filter) ? filter : WHOLE_VIEW.filter,
      grouping: isKey(GROUPINGS, grouping) ? grouping : WHOLE_VIEW.grouping,
    },
    period: periodOf(said, whole),
    change: said.get('c') ?? undefined,
    theme: themeOf(hash),
  };
}

export function themeOf(hash: string): State['theme'] {
  const theme = new URLSearchParams(hash.slice(1)).get('theme');
  return theme === 'light' || theme === 'dark' ? theme : undefined;
}

function periodOf(said: URLSearchParams, whole: Period): Period {
  const zoom = zoomsOf(whole).find(({ id }) => id === said.get('z'));
  if (zoom !== undefined) return { from: plusMs(whole.to, -zoom.ms), to: whole.to };
  return within(Date.parse(said.get('from') ?? ''), Date.parse(said.get('to') ?? ''), whole) ?? whole;
}

/** Undefined where nothing of at least a second is left of it. Milliseconds since the epoch. */
export function within(from: number, to: number, whole: Period): Period | undefined {
  const [start, end] = [Math.max(from, toMs(whole.from)), Math.min(to, toMs(whole.to))];
  return end - start >= 1000 ? { from: toInstant(start), to: toInstant(end) } : undefined;
}

/** The zoom that a period is, if any: `all` or one that ends with the page. */
export function zoomOf(period: Period, whole: Period): string | undefined {
  if (period.to !== whole.to) return undefined;
  if (period.from === whole.from) return 'all';
  return zoomsOf(whole).find(({ ms }) => ms === lengthMs(period))?.id;
}

/** Empty for the whole page. */
export function hashOf({ view, period, change, theme }: State, whole: Period): string {
  const said = new URLSearchParams();
  if (view.search !== '') said.set('q', view.search);
  if (view.filter !== '') said.set('f', view.filter);
  if (view.grouping !== '') said.set('g', view.grouping);
  const zoom = zoomOf(period, whole);
  if (zoom === undefined) {
    said.set('from', period.from);
    said.set('to', period.to);
  } else if (zoom !== 'all') said.set('z', zoom);
  if (change !== undefined) said.set('c', change);
  if (theme !== undefined) said.set('theme', theme);
  return said.size === 0 ? '' : `#${said}`;
}
