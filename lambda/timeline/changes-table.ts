import { attributionText } from '../core/model/attribution-words';
import { byMeaning, ticksAlone } from '../core/model/by-meaning';
import { countFields } from '../core/model/fit-changes';
import type { Json } from '../core/model/instance';
import { dayOf } from '../core/model/instant';
import type { FieldChange, Version } from '../core/model/record';
import { cut, text } from './escape';
import { countText, dayText, timeText } from './format';
import { displayName } from './chart';
import { KIND_WORDS } from './lane';
import { type ChangeAttribution, grouped, type Row } from './model';

/** A change and the number of its row on the page. */
export interface NumberedChange {
  readonly change: Version;
  readonly row: Row;
  readonly index: number;
}

/** Older changes are drawn, but not listed: a page must stay one that a browser can hold. */
export const MOST_LISTED = 10_000;
/** With more changes than this a browser may skip the days that are not seen. */
const LONG = 300;
/** Characters of all descriptions together. */
const DETAIL_BUDGET = 700_000;

/** The changes of the rows, newest first, a table a day (a browser skips what is not seen). */
export function changesHtml(
  rows: readonly Row[],
  options: { readonly limit?: number; readonly links?: boolean } = {},
): string {
  const { limit = MOST_LISTED, links = true } = options;
  const all = rows.flatMap((row, index) => row.changes.map((change) => ({ change, row, index }))).toSorted(newestFirst);
  if (all.length === 0) return '<p class="none">Nothing changed in this period.</p>';
  const listed = all.slice(0, limit);
  const room = Math.max(60, Math.min(600, Math.floor(DETAIL_BUDGET / listed.length)));
  const left = all.length - listed.length;
  const note =
    left === 0
      ? ''
      : `<p class="none">${countText(left, 'older change is', 'older changes are')} drawn above but not listed; <code>roma-history changes</code> lists them.</p>`;
  return [...grouped(listed, ({ change }) => dayOf(change.observedAt)).values()]
    .map((day) => dayHtml(day, room, links, listed.length > LONG))
    .join('')
    .concat(note);
}

const newestFirst = (a: NumberedChange, b: NumberedChange): number => {
  if (a.change.observedAt !== b.change.observedAt) return a.change.observedAt < b.change.observedAt ? 1 : -1;
  return a.index - b.index || b.change.version - a.change.version;
};

function dayHtml(entries: readonly NumberedChange[], room: number, links: boolean, isLong: boolean): string {
  const first = entries[0]?.change.observedAt ?? '';
  const sectionClass = isLong ? `day n${Math.min(13, Math.floor(Math.log2(entries.length)))}` : 'day';
  const day = dayText(first);
  return (
    `<section class="${sectionClass}"><h3 id="d${first.slice(0, 10)}">${day} <small>${countText(entries.length, 'change')}</small></h3><table aria-labelledby="d${first.slice(0, 10)}"><thead><tr><th>Seen at<th>Happened after<th>Instance<th>Change<th>What</thead><tbody>` +
    `${entries.map((entry) => rowHtml(entry, room, links)).join('')}</tbody></table></section>`
  );
}

/** Without the end tags that HTML does not ask for: there may be ten thousand of these. */
function rowHtml({ change, row, index }: NumberedChange, room: number, links: boolean): string {
  const name = cut(displayName({ id: row.id, name: change.name }), room < 120 ? 32 : 64);
  const after = change.changedAfter === null ? 'unknown' : timeText(change.changedAfter, change.observedAt);
  const by = byText(row, change);
  return `<tr class=${change.kind}${links ? ` data-v=${change.version}` : ''}><td>${timeText(change.observedAt, change.observedAt)}<td>${after}<td>${links ? `<a href=#r${index}>${text(name)}</a>` : text(name)}<td>${KIND_WORDS[change.kind]}<td>${text(cut(whatChanged(change, room), room) + (by === undefined ? '' : `, ${by}`))}`;
}

export const attributionOf = ({ records }: Row, { observedAt }: Version): ChangeAttribution | undefined =>
  records.attributions?.find((attribution) => attribution.observedAt === observedAt);

/** Who made a change, and how sure that is; undefined where nobody asked. */
export function byText(row: Row, change: Version): string | undefined {
  const known = attributionOf(row, change);
  return known && cut(attributionText(known), 200);
}

/** What a change did, in a line of about `room` characters. */
export function whatChanged(change: Version, room: number): string {
  if (change.kind === 'created') return change.status;
  if (change.kind === 'deleted') {
    if (change.evidence === 'traced') return 'absent, and a trace tells of its deletion';
    return change.evidence === 'absent' ? 'absent from two equal listings' : `reported by the API as ${change.status}`;
  }
  const parts: string[] = [];
  if (change.kind === 'reappeared') parts.push(change.status);
  if (change.kind === 'statusChanged') parts.push(`${change.previousStatus ?? 'none'} → ${change.status}`);
  const others = byMeaning(change.changes).filter((entry) => entry.field !== 'status');
  const telling = others.filter((entry) => !ticksAlone(entry.field));
  const fields = telling.length === 0 && parts.length === 0 ? others : telling;
  const each = Math.max(12, Math.floor(room / 4));
  for (const [index, entry] of fields.entries()) {
    const part = fieldText(entry, each);
    if (parts.join('; ').length + part.length > room - 12 && index > 0) {
      parts.push(`${countFields(fields.slice(index))} more`);
      break;
    }
    parts.push(part);
  }
  return parts.join('; ');
}

const fieldText = (change: FieldChange, room: number): string => {
  const field = cut(change.field, 48);
  if (change.omitted !== undefined) return `${field === '' ? `${change.omitted} more` : field} (too large to be kept)`;
  if (change.from === undefined) return `${field} = ${valueText(change.to, room)} (new)`;
  if (change.to === undefined) return `${field} removed (was ${valueText(change.from, room)})`;
  return `${field}: ${valueText(change.from, room)} → ${valueText(change.to, room)}`;
};

export const valueText = (value: Json | undefined, room: number): string =>
  cut(typeof value === 'string' ? value : JSON.stringify(value ?? null), room);
