import { targetName } from '../core/model/instance';
import type { Instant } from '../core/model/instant';
import { axisSvg } from './axis';
import { cut, text } from './escape';
import { agoText, countText, momentText, percentText } from './format';
import { type LaneStyle, laneSvg } from './lane';
import type { Group, Row } from './model';
import { statusStyle } from './status-style';
import type { Section } from './view';

/** The API allows 64 characters, and a name is shown whole. */
const NAME_LENGTH = 256;

export const displayName = (row: Pick<Row, 'id' | 'name'>): string =>
  row.name === null || row.name.trim() === '' ? row.id : row.name;

export interface RowStyle extends LaneStyle {
  /** Whether each row says of which target it is. */
  readonly namesTargets: boolean;
}

/** @param index number of the row on the page; the table of changes refers to it */
export function rowHtml(row: Row, index: number, style: RowStyle): string {
  const { className, words } = statusStyle(row.deleted ? 'DELETED' : row.status);
  const { region, projectId } = row.target;
  const of = style.namesTargets ? `<small>${text(`${region}/${cut(projectId, 9)}`)}</small>` : '';
  return (
    `<li class="row${row.deleted ? ' gone' : ''}" id="r${index}">` +
    `<div class="who"><span class="name" title="${text(row.id)}">${text(cut(displayName(row), NAME_LENGTH))}${of}</span>` +
    `<span class="chip ${className}">${text(cut(words, 24))}${row.blind ? ' ?' : ''}</span></div>` +
    `<div class="lane">${laneSvg(row, style)}</div>` +
    `<div class="share">${percentText(row.uptime.availability)}</div></li>`
  );
}

/** The words of time above the lanes. */
export const axisHtml = (style: LaneStyle): string =>
  `<div class="head" aria-hidden="true"><div class="axis"><div class="who">UTC</div><div class="lane">${axisSvg(style.period, 'words')}</div><div class="share">Available</div></div></div>`;

export const rowsHtml = (rows: readonly string[], style: LaneStyle): string =>
  `<div class="rows"><div class="grid" aria-hidden="true">${axisSvg(style.period, 'lines')}</div><ol>${rows.join('')}</ol></div>`;

export function freshnessHtml(group: Group, now: Instant): string {
  if (group.observedAt === undefined) return '<span class="fresh bad">no run has completed yet</span>';
  const seen = `as of ${momentText(group.observedAt)} UTC, ${agoText(group.observedAt, now)}`;
  if (group.stale) return `<span class="fresh bad">stale: ${seen}</span>`;
  const held = group.outcome === 'brake' || group.outcome === 'partial' || group.outcome === 'failed';
  const reason = held ? ` · last run ended ${group.outcome}${group.because ? `: ${cut(group.because, 160)}` : ''}` : '';
  return `<span class="fresh${held ? ' bad' : ''}">${text(seen + reason)}</span>`;
}

/** What is known of each target, on one line. */
export const targetHtml = (group: Group, now: Instant): string =>
  `<li><strong>${text(targetName(group.target))}</strong> ${countText(group.rows.length, 'instance')} · ${percentText(group.uptime.availability)} available · ${freshnessHtml(group, now)}</li>`;

/** A part of the chart; one with a title can be folded. @param firstIndex number of its first row */
export function sectionHtml(section: Section, firstIndex: number, now: Instant, style: RowStyle): string {
  const rows = rowsHtml(
    section.rows.map((row, place) => rowHtml(row, firstIndex + place, style)),
    style,
  );
  const { title, group, availability } = section;
  if (title === undefined) return `<section class="group">${rows}</section>`;
  return (
    `<details class="group" open data-title="${text(title)}"><summary><h2>${text(title)}</h2>` +
    `<span>${countText(section.rows.length, 'instance')} · ${percentText(availability)} available${group === undefined ? '' : ` · ${freshnessHtml(group, now)}`}</span></summary>${rows}</details>`
  );
}
