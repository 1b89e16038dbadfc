import { buildTimeline } from '../model';
import type { PackedTimeline } from '../packed';
import { partsOf } from '../parts';
import { sectionsOf } from '../view';
import type { Board } from './board';
import { listenToChart } from './chart-events';
import { listenToDialog, showDialog } from './dialog';
import { element, every, say } from './elements';
import { listenToKeys, makeFocusable } from './keys';
import { listenToSaving } from './save';
import { hashOf, type State, stateOf } from './state';
import { listenToTools, settle, showTools } from './tools';

// Everything can be read without this script. It adds search, filters, groups, any shorter period, and the details of a
// change. It draws with the functions that have written the page, which let no text become an element, and asks no
// server for anything, except that the live page waits for word that something changed.

async function main(): Promise<void> {
  settle();
  const { period: whole, generatedAt, records } = await unpack(element('data').textContent);
  const state = stateOf('', whole);
  const timeline = buildTimeline(records, whole, generatedAt);
  const rows = sectionsOf(timeline, state.view).flatMap((section) => section.rows);
  const board = { whole, state, timeline, rows, change };

  function change(to: Partial<State>): void {
    board.state = { ...board.state, ...to };
    if (to.period !== undefined) board.timeline = buildTimeline(records, to.period, generatedAt);
    if (to.period !== undefined || to.view !== undefined) draw(board);
    history.replaceState(history.state, '', hashOf(board.state, whole) || location.pathname + location.search);
    if (board.state.theme !== undefined) document.body.dataset.theme = board.state.theme;
    if ('change' in to) showDialog(board);
  }

  document.body.classList.add('scripted');
  for (const listen of [listenToTools, listenToChart, listenToKeys, listenToDialog, listenToSaving]) listen(board);
  const restore = (): void => {
    if (location.hash.includes('=')) change(stateOf(location.hash, whole));
  };
  addEventListener('hashchange', restore);
  // Kept beside the address, so that a live page that renews itself stays as it is.
  const keepFolded = ({ target }: Event): void => {
    if (!(target as Element).matches('[data-title]')) return;
    history.replaceState({ folded: every('[data-title]:not([open])').map((group) => group.dataset.title) }, '');
  };
  document.addEventListener('toggle', keepFolded, { capture: true });
  showTools(board);
  makeFocusable();
  restore();
  const { live } = document.body.dataset;
  if (live !== undefined) new EventSource(live).addEventListener('changed', () => location.reload());
}

function draw(board: { -readonly [K in keyof Board]: Board[K] }): void {
  const { parts, rows } = partsOf(board.timeline, board.state.view);
  board.rows = rows;
  for (const [id, html] of Object.entries(parts)) element(id).innerHTML = html;
  const { folded = [] } = (history.state ?? {}) as { readonly folded?: readonly string[] };
  for (const title of folded)
    for (const group of every(`[data-title="${CSS.escape(title)}"]`)) group.removeAttribute('open');
  say(`${rows.length} instances shown`);
  showTools(board);
  makeFocusable();
}

async function unpack(base64: string): Promise<PackedTimeline> {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const json = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return (await new Response(json).json()) as PackedTimeline;
}

void main();
