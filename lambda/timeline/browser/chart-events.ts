import { toMs } from '../../core/model/instant';
import type { Version } from '../../core/model/record';
import { KIND_WORDS } from '../lane';
import { byText, whatChanged } from '../changes-table';
import { displayName } from '../chart';
import { reportedText } from '../details';
import { momentText, periodText, timeText } from '../format';
import type { Bar } from '../bars';
import type { Row } from '../model';
import { lengthMs, type Period } from '../period';
import { statusStyle } from '../status-style';
import type { Board } from './board';
import { changeName } from './dialog';
import { element } from './elements';
import { within } from './state';

/** Pixels from a mark within which it is meant: by a mouse, and by a finger. */
const REACH = { mouse: 6, touch: 18 };
/** Pixels after which it is a drag. */
const DRAG = 6;

/** What lies at a place of the chart. */
interface Hit {
  readonly row: Row;
  readonly change?: Version | undefined;
  readonly bar?: Bar | undefined;
}

const laneAt = (target: EventTarget | null): HTMLElement | null => (target as Element).closest<HTMLElement>('.lane');

/** The row whose element this is, or lies in. */
export function rowOf(board: Board, target: EventTarget | null): Row | undefined {
  const found = (target as Element).closest('.row');
  return found === null ? undefined : board.rows[Number(found.id.slice(1))];
}

/** @returns the time at a place of the lane, in milliseconds since the epoch; and how long a pixel is */
function timeAt(lane: HTMLElement, x: number, period: Period): { readonly at: number; readonly pixel: number } {
  const box = lane.getBoundingClientRect();
  const pixel = lengthMs(period) / box.width;
  return { at: toMs(period.from) + Math.min(box.width, Math.max(0, x - box.x)) * pixel, pixel };
}

function hitAt(board: Board, { target, clientX, pointerType }: PointerEvent): Hit | undefined {
  const row = rowOf(board, target);
  const lane = laneAt(target);
  if (row === undefined || lane === null) return undefined;
  const { at, pixel } = timeAt(lane, clientX, board.timeline.period);
  const distance = ({ observedAt }: Version): number => Math.abs(toMs(observedAt) - at) / pixel;
  const [nearest] = row.changes.toSorted((a, b) => distance(a) - distance(b));
  const isNear = nearest !== undefined && distance(nearest) <= REACH[pointerType === 'touch' ? 'touch' : 'mouse'];
  if (isNear) return { row, change: nearest };
  const bar = row.bars.find(({ from, to }) => toMs(from) <= at && at <= toMs(to));
  if (bar === undefined) return undefined;
  // What has brought this state may lie before the period.
  const change = row.records.history.versions.findLast(({ observedAt }) => toMs(observedAt) <= at);
  return { row, bar, change };
}

/** What stands beside the pointer. */
function tipText({ row, bar, change }: Hit): string {
  if (bar !== undefined) return [displayName(row), statusStyle(bar.status).words, periodText(bar)].join('\n');
  return change === undefined
    ? ''
    : [displayName(row), changeText(change), byText(row, change) ?? []].flat().join('\n');
}

export function changeText(change: Version): string {
  const { kind, observedAt, changedAfter } = change;
  const after = changedAfter === null ? '' : `, happened after ${timeText(changedAfter, observedAt)}`;
  const reported = reportedText(change);
  return [
    `${KIND_WORDS[kind]}: ${whatChanged(change, 300)}`,
    `seen ${momentText(observedAt)} UTC${after}`,
    ...(reported === undefined ? [] : [`reported by the API: ${reported}`]),
  ].join('\n');
}

export function showTip(words: string, x: number, y: number): void {
  const tip = element('tip');
  tip.textContent = words;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - box.width - 8))}px`;
  tip.style.top = `${y + 18 + box.height > innerHeight ? Math.max(8, y - box.height - 12) : y + 18}px`;
}

export const hideTip = (): void => {
  element('tip').hidden = true;
};

/** Tells what lies under the pointer, opens it, and zooms to what is dragged over. */
export function listenToChart(board: Board): void {
  const chart = element('chart');
  const brush = element('brush');
  let start: { readonly x: number; readonly lane: HTMLElement } | undefined;
  let isDragged = false;
  const end = (): void => {
    start = undefined;
    brush.hidden = true;
  };

  chart.addEventListener('pointerdown', (event) => {
    const lane = laneAt(event.target);
    isDragged = false;
    if (lane !== null && event.button === 0) start = { x: event.clientX, lane };
  });
  document.addEventListener('pointermove', (event) => {
    if (start !== undefined && (isDragged || Math.abs(event.clientX - start.x) > DRAG)) {
      isDragged = true;
      hideTip();
      const lane = start.lane.getBoundingClientRect();
      const [left = 0, right = 0] = [start.x, event.clientX]
        .map((x) => Math.min(lane.right, Math.max(lane.left, x)))
        .toSorted((a, b) => a - b);
      const box = chart.getBoundingClientRect();
      brush.hidden = false;
      Object.assign(brush.style, { left: `${left}px`, width: `${right - left}px`, top: `${Math.max(0, box.top)}px` });
      brush.style.height = `${Math.min(innerHeight, box.bottom) - Math.max(0, box.top)}px`;
      return;
    }
    const hit = event.pointerType === 'touch' ? undefined : hitAt(board, event);
    if (hit === undefined) hideTip();
    else showTip(tipText(hit), event.clientX, event.clientY);
  });
  document.addEventListener('pointerup', (event) => {
    if (start !== undefined && isDragged) {
      const { period } = board.timeline;
      const times = [start.x, event.clientX].map((x) => timeAt(start?.lane ?? chart, x, period).at);
      const next = within(Math.min(...times), Math.max(...times), board.whole);
      if (next !== undefined) board.change({ period: next });
    }
    end();
  });
  document.addEventListener('pointercancel', end);
  document.addEventListener('scroll', hideTip, { capture: true, passive: true });
  chart.addEventListener('click', (event) => {
    const hit = isDragged ? undefined : hitAt(board, event);
    hideTip();
    if (hit?.change !== undefined) board.change({ change: changeName(hit.row, hit.change) });
  });
}
