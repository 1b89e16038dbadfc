import { targetName } from '../core/model/instance';
import { toMs } from '../core/model/instant';
import { changesHtml } from './changes-table';
import { axisHtml, type RowStyle, sectionHtml, targetHtml } from './chart';
import { text } from './escape';
import { countText, durationText, percentText, periodText } from './format';
import { laneStyle, markByReference } from './lane';
import type { Row, Timeline } from './model';
import { sectionsOf, type View } from './view';

/** What of the page follows the period and the choice of its reader: the content of elements, by their ids. */
export type Parts = Readonly<Record<(typeof PART_IDS)[number], string>>;
const PART_IDS = ['period', 'tiles', 'targets', 'shown', 'chart', 'list'] as const;

/** Written once by the server, and again in the browser whenever another period or choice is looked at. */
export function partsOf(timeline: Timeline, view: View): { readonly parts: Parts; readonly rows: readonly Row[] } {
  const all = timeline.groups.flatMap((group) => group.rows);
  const sections = sectionsOf(timeline, view);
  const rows = sections.flatMap((section) => section.rows);
  const namesTargets = timeline.groups.length > 1 && view.grouping !== 'target';
  const style: RowStyle = { ...laneStyle(timeline.period, markByReference), namesTargets };
  let index = 0;
  const drawn = sections.map((section) => {
    const html = sectionHtml(section, index, timeline.generatedAt, style);
    index += section.rows.length;
    return html;
  });
  const none = `<p class="none">${noneText(timeline, all.length)}</p>`;
  const parts = {
    period: periodHtml(timeline),
    tiles: tilesHtml(timeline, all),
    targets: targetsHtml(timeline),
    shown: rows.length === all.length ? '' : `${rows.length} of ${all.length}`,
    chart: axisHtml(style) + (drawn.join('') || none),
    list: changesHtml(rows),
  };
  return { parts, rows };
}

const isEmpty = ({ groups }: Timeline): boolean =>
  groups.every((group) => group.observedAt === undefined && group.rows.length === 0);

export function noneText(timeline: Timeline, existing: number): string {
  if (existing > 0)
    return 'No instance fits the search and the filter. <button type="button" data-do="clear">Show all</button>';
  return isEmpty(timeline)
    ? 'Nothing recorded yet. <code>roma-history sync --target region/projectId</code> makes a first run, <code>roma-history doctor</code> says what is missing; a deployed stack makes one within minutes.'
    : 'No instance was known in this period.';
}

function periodHtml({ period, groups }: Timeline): string {
  const [first, ...more] = groups;
  const targets =
    first !== undefined && more.length === 0 ? targetName(first.target) : countText(groups.length, 'target');
  return `${text(targets)} · ${periodText(period)}`;
}

const targetsHtml = ({ groups, generatedAt }: Timeline): string =>
  groups
    .toSorted((a, b) => Number(b.stale) - Number(a.stale))
    .map((group) => targetHtml(group, generatedAt))
    .join('');

function tilesHtml(timeline: Timeline, rows: readonly Row[]): string {
  const { groups, generatedAt, uptime } = timeline;
  const living = rows.filter((row) => !row.deleted);
  const running = living.filter((row) => row.status === 'RUNNING').length;
  const attention = living.length - running;
  const changes = rows.reduce((total, row) => total + row.changes.length, 0);
  const seen = groups.map((group) => group.observedAt ?? '').toSorted()[0];
  const stale = groups.filter((group) => group.stale).length;
  const isUnsure = stale > 0 || living.some((row) => row.blind);
  const well = living.length === 0 ? 'no instance is there' : isUnsure ? 'as last seen' : 'all are running';
  const tile = (title: string, value: string, below: string, bad = false): string =>
    `<div${bad ? ' class="bad"' : ''}><dt>${title}</dt><dd>${value}<small>${below}</small></dd></div>`;
  if (isEmpty(timeline)) return tile('Instances', '0', 'nothing recorded yet');
  return [
    tile('Instances', String(living.length), countText(rows.length - living.length, 'deleted', 'deleted')),
    tile('Running', String(running), `of ${living.length}`),
    tile('Not running', String(attention), attention === 0 ? well : 'listed first', attention > 0),
    tile('Availability', percentText(uptime.availability), 'of the observed time'),
    tile('Changes', changes.toLocaleString('en'), 'in this period'),
    tile(
      'Freshness',
      seen === undefined || seen === '' ? 'never' : durationText(toMs(generatedAt) - toMs(seen)),
      stale === 0 ? 'since the last completed run' : `${countText(stale, 'target is', 'targets are')} stale`,
      stale > 0,
    ),
  ].join('');
}
