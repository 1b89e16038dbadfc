import { toMs } from '../core/model/instant';
import type { ChangeKind, Version } from '../core/model/record';
import { type TimeScale, timeScale } from './axis';
import { text } from './escape';
import { countText, durationText, percentText } from './format';
import type { Row } from './model';
import { lengthMs, type Period } from './period';
import type { Bar } from './bars';
import { statusStyle, UNOBSERVED } from './status-style';

export const KIND_WORDS: Record<ChangeKind, string> = {
  baseline: 'Already there',
  created: 'Created',
  statusChanged: 'Status changed',
  updated: 'Updated',
  deleted: 'Deleted',
  reappeared: 'Reappeared',
};

/** Marks differ by shape, not by colour. Drawn around x = 0 at the top of a lane of 34 pixels. */
export const MARK_PATHS: Record<Exclude<ChangeKind, 'baseline'>, string> = {
  created: 'M0 1.5 4.5 9h-9z',
  statusChanged: 'M0 .5 4.5 5 0 9.5-4.5 5z',
  updated: 'M0 2a3 3 0 1 1 0 6 3 3 0 1 1 0-6z',
  deleted: 'M-4 2.5-2.5 1 0 3.5 2.5 1 4 2.5 1.5 5 4 7.5 2.5 9 0 6.5-2.5 9-4 7.5-1.5 5z',
  reappeared: 'M-1.5 1h3v2.5h3v3h-3V9h-3V6.5h-3v-3h3z',
};

/** How marks are drawn: by reference to a symbol where that is allowed, or in full. */
export type DrawMark = (x: string, kind: ChangeKind) => string;

export const markByReference: DrawMark = (x, kind) => `<use href="#${kind}" x="${x}%"/>`;
export const markInFull: DrawMark = (x, kind) =>
  kind === 'baseline'
    ? ''
    : `<svg x="${x}%" class="rih-mark ${kind}" overflow="visible"><path d="${MARK_PATHS[kind]}"/></svg>`;

export interface LaneStyle {
  readonly period: Period;
  readonly scale: TimeScale;
  readonly mark: DrawMark;
}

export const laneStyle = (period: Period, mark: DrawMark): LaneStyle => ({ period, scale: timeScale(period), mark });

/** One instance's life: a bar of states, a mark at each change, under it the time in which the change happened. */
export function laneSvg(row: Row, style: LaneStyle): string {
  const bars = row.bars.map((bar) => barSvg(bar, style)).join('');
  const labels = row.bars.map((bar) => labelSvg(bar, style)).join('');
  const windows = row.changes.map((change) => windowSvg(change, style)).join('');
  const marks = row.changes.map((change) => style.mark(style.scale.at(change.observedAt), change.kind)).join('');
  return `<svg class="s" role="img" aria-label="${text(laneText(row))}">${bars}${labels}${windows}${marks}</svg>`;
}

function barSvg(bar: Bar, style: LaneStyle): string {
  return `<rect class="${statusStyle(bar.status).className}" x="${style.scale.at(bar.from)}%" width="${style.scale.width(bar.from, bar.to)}%"/>`;
}

/** The change happened between the two ends of this line. */
function windowSvg(change: Version, style: LaneStyle): string {
  const from = change.changedAfter ?? style.period.from;
  return `<rect class="w" x="${style.scale.at(from)}%" width="${style.scale.width(from, change.observedAt)}%"/>`;
}

/** Share of what is seen that a letter takes, on a lane of about 900 pixels; and what lies around the words. */
const LETTER_SHARE = 0.0078;
const PADDING_SHARE = 0.018;
/** The lanes of paper and of small screens are about so much shorter. */
const TIGHT = 1.5;

/** Words inside a bar, where they fit; RUNNING is the rule and needs none. */
function labelSvg(bar: Bar, style: LaneStyle): string {
  if (bar.status === 'RUNNING') return '';
  const { className, words } = statusStyle(bar.status);
  const seen = (toMs(bar.to) - toMs(bar.from)) / lengthMs(style.period);
  const needed = words.length * LETTER_SHARE + PADDING_SHARE;
  if (seen < needed) return '';
  return `<svg class="l ${className}${seen < needed * TIGHT ? ' tight' : ''}" x="${style.scale.at(bar.from)}%" width="${style.scale.width(bar.from, bar.to)}%"><text x="7" y="23">${text(words)}</text></svg>`;
}

/** The same in words, for those who do not see it. */
export function laneText(row: Row): string {
  const states = Object.entries(row.uptime.statusMs)
    .toSorted(([, a], [, b]) => b - a)
    .map(([status, ms]) => `${statusStyle(status).words} ${durationText(ms)}`);
  if (row.uptime.unobservedMs > 0) states.push(`${UNOBSERVED.words} ${durationText(row.uptime.unobservedMs)}`);
  return `${row.name ?? row.id}: ${[...states, countText(row.changes.length, 'change')].join(', ')}; availability ${percentText(row.uptime.availability)}`;
}
