import { toMs } from '../../core/model/instant';
import type { Board } from './board';
import { changeText, hideTip, rowOf, showTip } from './chart-events';
import { changeName } from './dialog';
import { every, say } from './elements';

/** The chart is one stop of the Tab key. */
export function makeFocusable(): void {
  for (const [index, row] of every('.row').entries()) row.tabIndex = index === 0 ? 0 : -1;
}

/** Arrow keys walk the rows and the changes of a row, Enter opens one. */
export function listenToKeys(board: Board): void {
  let place = -1;
  document.addEventListener('focusin', ({ target }) => {
    for (const row of every('.row.on')) row.classList.remove('on');
    (target as Element).closest('.row')?.classList.add('on');
    place = -1;
    hideTip();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') hideTip();
    const element = event.target as HTMLElement;
    const row = element.classList.contains('row') ? rowOf(board, element) : undefined;
    if (row === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const list = every('.row').filter((one) => one.checkVisibility());
    const at = list.indexOf(element);
    const next = { ArrowDown: list[at + 1], ArrowUp: list[at - 1], Home: list[0], End: list.at(-1) }[event.key];
    const { changes } = row;
    if (next !== undefined) {
      element.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    } else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
      const isRight = event.key === 'ArrowRight';
      const from = place === -1 && !isRight ? changes.length : place;
      place = Math.max(0, Math.min(changes.length - 1, from + (isRight ? 1 : -1)));
      const change = changes[place];
      if (change === undefined) return;
      const lane = (element.querySelector('.lane') ?? element).getBoundingClientRect();
      const { from: start, to } = board.timeline.period;
      const share = (toMs(change.observedAt) - toMs(start)) / (toMs(to) - toMs(start));
      showTip(changeText(change), lane.x + share * lane.width, lane.y);
      say(changeText(change));
    } else if (event.key === 'Enter') {
      const change = changes.at(place) ?? row.records.history.versions.at(-1);
      if (change !== undefined) board.change({ change: changeName(row, change) });
    } else return;
    event.preventDefault();
  });
}
