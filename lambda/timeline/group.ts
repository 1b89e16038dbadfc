import { targetName } from '../core/model/instance';
import type { Instant } from '../core/model/instant';
import { axisSvg } from './axis';
import { cut, text } from './escape';
import { agoText, countText, momentText, percentText } from './format';
import { type LaneStyle, laneSvg } from './lane';
import type { Group, Row } from './model';
import { statusStyle } from './status-style';

/** Longer names are cut; the whole name is in the title. */
const NAME_LENGTH = 64;

export const displayName = (row: Pick<Row, 'id' | 'name'>): string =>
  row.name === null || row.name.trim() === '' ? row.id : row.name;

/** @param index number of the row on the page; the table of changes refers to it */
export function rowHtml(row: Row, index: number, style: LaneStyle): string {
  const { className, words } = row.deleted ? statusStyle('DELETED') : statusStyle(row.status);
  const name = displayName(row);
  return (
    `<li class="row${row.deleted ? ' gone' : ''}" id="r${index}">` +
    `<div class="who"><span class="name" title="${text(`${cut(name, 256)} · ${row.id}`)}">${text(cut(name, NAME_LENGTH))}</span>` +
    `<span class="chip ${className}">${text(cut(words, 24))}${row.blind ? ' ?' : ''}</span></div>` +
    `<div class="lane">${laneSvg(row, style)}</div>` +
    `<div class="share">${percentText(row.uptime.availability)}</div></li>`
  );
}

/** The lines of time behind the lanes, one set a zoom. */
export const gridHtml = (style: LaneStyle): string =>
  `<div class="grid" aria-hidden="true">${style.zooms.map((zoom, index) => `<svg class="s a a${index}">${axisSvg(style.period, zoom, 'lines')}</svg>`).join('')}</div>`;

/** The words of time above the lanes. */
export const axisHtml = (style: LaneStyle): string =>
  `<div class="axis" aria-hidden="true"><div class="who">UTC</div><div class="lane">${style.zooms.map((zoom, index) => `<svg class="s a a${index}">${axisSvg(style.period, zoom, 'words')}</svg>`).join('')}</div><div class="share">Available</div></div>`;

export function freshnessHtml(group: Group, now: Instant): string {
  if (group.observedAt === undefined) return '<span class="fresh bad">no run has completed yet</span>';
  const seen = `as of ${momentText(group.observedAt)} UTC, ${agoText(group.observedAt, now)}`;
  if (group.stale) return `<span class="fresh bad">stale: ${seen}</span>`;
  const held = group.outcome === 'brake' || group.outcome === 'partial' || group.outcome === 'failed';
  const reason = held ? ` · last run ended ${group.outcome}${group.because ? `: ${cut(group.because, 160)}` : ''}` : '';
  return `<span class="fresh${held ? ' bad' : ''}">${text(seen + reason)}</span>`;
}

export function groupHtml(
  group: Group,
  rows: readonly string[],
  options: { readonly now: Instant; readonly style: LaneStyle; readonly note?: string | undefined },
): string {
  const name = targetName(group.target);
  return (
    `<section class="group" aria-label="${text(name)}"><div class="head"><h2>${text(group.target.region)} <small>${text(group.target.projectId)}</small></h2>` +
    `<p>${countText(group.rows.length, 'instance')} · ${percentText(group.uptime.availability)} available · ${freshnessHtml(group, options.now)}</p></div>` +
    (rows.length > 0
      ? `<div class="rows">${gridHtml(options.style)}<ol>${rows.join('')}</ol></div>`
      : '<p class="none">No instance was known in this period.</p>') +
    `${options.note === undefined ? '' : `<p class="none">${text(options.note)}</p>`}</section>`
  );
}
