import { plusMs, toMs } from '../../core/model/instant';
import { zoomsOf } from '../period';
import { type View, WHOLE_VIEW } from '../view';
import { element, every, field } from './elements';
import type { Board } from './board';
import { themeOf, within, zoomOf } from './state';

/** What must not change before one's eyes: done before anything is read. */
export function settle(): void {
  const theme = themeOf(location.hash);
  if (theme !== undefined) document.body.dataset.theme = theme;
  (element('tools') as HTMLDetailsElement).open = !matchMedia('(max-width: 760px)').matches;
}

/** Puts the controls in the state of the page. */
export function showTools({ state: { view, period }, whole }: Board): void {
  const zoom = zoomOf(period, whole);
  for (const radio of every('.zoom input') as readonly HTMLInputElement[]) radio.checked = radio.value === zoom;
  if (field('search').value.trim() !== view.search.trim()) field('search').value = view.search;
  field('filter').value = view.filter;
  field('grouping').value = view.grouping;
  field('from').value = period.from.slice(0, 19);
  field('to').value = period.to.slice(0, 19);
}

export function listenToTools(board: Board): void {
  const choose = (view: Partial<View>): void => board.change({ view: { ...board.state.view, ...view } });
  let later: ReturnType<typeof setTimeout>;
  field('search').addEventListener('input', () => {
    clearTimeout(later);
    later = setTimeout(() => choose({ search: field('search').value }), 120);
  });
  field('filter').addEventListener('change', () => choose({ filter: field('filter').value as View['filter'] }));
  field('grouping').addEventListener('change', () => choose({ grouping: field('grouping').value as View['grouping'] }));
  for (const radio of every('.zoom input') as readonly HTMLInputElement[])
    radio.addEventListener('change', () => {
      const zoom = zoomsOf(board.whole).find(({ id }) => id === radio.value);
      const { from, to } = board.whole;
      board.change({ period: { from: zoom === undefined ? from : plusMs(to, -zoom.ms), to } });
    });
  for (const id of ['from', 'to'])
    field(id).addEventListener('change', () => {
      const { period, whole } = { ...board, ...board.state };
      const next = within(chosen('from', period.from), chosen('to', period.to), whole);
      if (next !== undefined) board.change({ period: next });
    });
  element('theme').addEventListener('click', () => {
    const theme = board.state.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
    board.change({ theme: theme === 'dark' ? 'light' : 'dark' });
  });
  document.addEventListener('click', ({ target }) => {
    if ((target as Element).closest('[data-do=clear]') !== null) board.change({ view: WHOLE_VIEW });
  });
}

/** What a field of seconds says, or the exact time that it shows. */
function chosen(id: string, shown: string): number {
  const { valueAsNumber } = field(id);
  return Math.floor(toMs(shown) / 1000) * 1000 === valueAsNumber ? toMs(shown) : valueAsNumber;
}
