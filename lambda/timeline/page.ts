import { createHash } from 'node:crypto';
import { targetName } from '../core/model/instance';
import { toMs } from '../core/model/instant';
import { CHANGE_KINDS } from '../core/model/record';
import { timeScale, type Zoom, zoomsOf } from './axis';
import { changesHtml } from './changes-table';
import { definitions } from './definitions';
import { text } from './escape';
import { countText, durationText, momentText, percentText, periodText } from './format';
import { axisHtml, groupHtml, rowHtml } from './group';
import { KIND_WORDS, type LaneStyle, markByReference, MARK_PATHS } from './lane';
import type { Row, Timeline } from './model';
import { PAGE_SCRIPT } from './script';
import { statusStyle } from './status-style';
import { pageStyle } from './style';

export interface PageOptions {
  /** Path of the live page's event stream; without it the page asks no server for anything. */
  readonly liveFrom?: string;
}

/**
 * The timeline as one HTML page that needs nothing else: no request leaves it, and its content policy forbids any.
 * All text of the API is shown as text.
 */
export function timelinePage(timeline: Timeline, options: PageOptions = {}): string {
  const zooms = zoomsOf(timeline.period);
  const css = pageStyle(zooms);
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${contentPolicy(css, options)}">`,
    '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="referrer" content="no-referrer">',
    `<title>ROMA Connect instances, ${periodText(timeline.period)}</title>`,
    `<link rel="icon" href="data:,"><style>${css}</style></head>`,
    bodyHtml(timeline, zooms, options),
    `<script type="application/json" id="words">${JSON.stringify(hoverWords(timeline))}</script><script>${PAGE_SCRIPT}</script></body></html>\n`,
  ].join('');
}

const digest = (source: string): string => `'sha256-${createHash('sha256').update(source).digest('base64')}'`;

/** Only this style and this script; nothing is loaded, sent or framed. The live page may ask its own origin. */
export const contentPolicy = (css: string, options: PageOptions): string =>
  [
    "default-src 'none'",
    `style-src ${digest(css)}`,
    `script-src ${digest(PAGE_SCRIPT)}`,
    'img-src data:',
    ...(options.liveFrom === undefined ? [] : ["connect-src 'self'"]),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');

function bodyHtml(timeline: Timeline, zooms: readonly Zoom[], options: PageOptions): string {
  const style: LaneStyle = { period: timeline.period, scale: timeScale(timeline.period), zooms, mark: markByReference };
  const rows = timeline.groups.flatMap((group) => group.rows);
  let index = 0;
  const groups = timeline.groups.map((group) =>
    groupHtml(
      group,
      group.rows.map((row) => rowHtml(row, index++, style)),
      { now: timeline.generatedAt, style },
    ),
  );
  const live = options.liveFrom === undefined ? '' : ` data-live="${text(options.liveFrom)}"`;
  return (
    `<body class="rih" data-from="${toMs(timeline.period.from)}" data-to="${toMs(timeline.period.to)}"${live}>${definitions({ marks: true })}` +
    '<a class="skip" href="#changes">Skip to the changes</a><main>' +
    headerHtml(timeline, options) +
    tilesHtml(timeline, rows) +
    toolsHtml(zooms) +
    legendHtml(rows) +
    `<div aria-label="Timeline" role="region">${axisHtml(style)}${groups.join('') || '<p class="none">No target has been kept in sync yet: run roma-history sync.</p>'}</div>` +
    `<section class="changes" id="changes" aria-label="Changes"><h2>Changes</h2><p class="none">Newest first, UTC. Each change happened between the two times, give or take the error of the clocks.</p>${changesHtml(rows)}</section>` +
    '<footer>Availability is the share of the observed time that an instance was RUNNING; hatched time was not observed and does not count. It is told for the whole period, however far you look into it. Arrow keys walk the instances and their changes.</footer></main>' +
    '<div id="tip" role="tooltip" hidden></div><div class="said" role="status" aria-live="polite"></div>'
  );
}

function headerHtml({ period, generatedAt, groups }: Timeline, options: PageOptions): string {
  const targets =
    groups.length === 1 && groups[0] !== undefined ? targetName(groups[0].target) : countText(groups.length, 'target');
  const live =
    options.liveFrom === undefined
      ? `written ${momentText(generatedAt)} UTC`
      : `live, read ${momentText(generatedAt)} UTC`;
  return `<header class="top"><div><h1>ROMA Connect instances</h1><p>${text(targets)} · ${periodText(period)}</p></div><p>${live}</p></header>`;
}

function tilesHtml({ groups, generatedAt, uptime }: Timeline, rows: readonly Row[]): string {
  const living = rows.filter((row) => !row.deleted);
  const running = living.filter((row) => row.status === 'RUNNING').length;
  const attention = living.length - running;
  const changes = rows.reduce((total, row) => total + row.changes.length, 0);
  const seen = groups.map((group) => group.observedAt ?? '').toSorted()[0];
  const stale = groups.filter((group) => group.stale).length;
  const tile = (title: string, value: string, below: string, bad = false): string =>
    `<div${bad ? ' class="bad"' : ''}><dt>${title}</dt><dd>${value}<small>${below}</small></dd></div>`;
  return `<dl class="tiles">${[
    tile('Instances', String(living.length), countText(rows.length - living.length, 'deleted', 'deleted')),
    tile('Running', String(running), `of ${living.length}`),
    tile('Not running', String(attention), attention === 0 ? 'all is well' : 'listed first', attention > 0),
    tile('Availability', percentText(uptime.availability), 'of the observed time'),
    tile('Changes', changes.toLocaleString('en'), 'in this period'),
    tile(
      'Freshness',
      seen === undefined || seen === '' ? 'never' : durationText(toMs(generatedAt) - toMs(seen)),
      stale === 0 ? 'since the last completed run' : `${countText(stale, 'target is', 'targets are')} stale`,
      stale > 0,
    ),
  ].join('')}</dl>`;
}

function toolsHtml(zooms: readonly Zoom[]): string {
  const radios = zooms.map(
    (zoom, index) =>
      `<label><input type="radio" name="zoom" id="z${index}" data-id="${zoom.id}" value="${zoom.factor}"${index === 0 ? ' checked' : ''}>${zoom.title}</label>`,
  );
  return (
    `<div class="tools"><fieldset class="zoom"><legend>Show the last</legend>${radios.join('')}</fieldset>` +
    '<div class="script custom"><label for="from">from</label><input type="datetime-local" id="from"><label for="to">to</label><input type="datetime-local" id="to"></div>' +
    '<div class="script custom"><input type="search" id="search" placeholder="Name, id or status" aria-label="Search instances"><select id="filter" aria-label="Filter instances"><option value="">all instances<option value="attention">not running<option value="changed">changed<option value="unobserved">partly unobserved<option value="gone">deleted</select><span id="shown"></span></div>' +
    '<div class="script"><button id="theme" type="button">Light / dark</button></div></div>'
  );
}

/** Only what the page shows is explained. */
function legendHtml(rows: readonly Row[]): string {
  const styles = new Map(
    rows
      .flatMap((row) => row.bars)
      .map((bar) => {
        const style = statusStyle(bar.status);
        return [style.className, style.className === 'oth' ? 'Other status' : style.words] as const;
      }),
  );
  const bars = [...styles]
    .toSorted(([a], [b]) => Number(a === 'gap') - Number(b === 'gap'))
    .map(([className, words]) => `<li><svg aria-hidden="true"><rect class="${className}"/></svg>${words}</li>`);
  const kinds = new Set(rows.flatMap((row) => row.changes.map((change) => change.kind)));
  const marks = CHANGE_KINDS.filter((kind) => kind !== 'baseline' && kinds.has(kind)).map((kind) =>
    kind === 'baseline'
      ? ''
      : `<li><svg class="glyph" viewBox="-6 -1 12 12" aria-hidden="true"><path class="rih-mark ${kind}" d="${MARK_PATHS[kind]}"/></svg>${KIND_WORDS[kind]}</li>`,
  );
  const range =
    kinds.size > 0 ? '<li><svg aria-hidden="true"><rect class="w"/></svg>it happened in this time</li>' : '';
  return `<ul class="legend" aria-label="Legend">${bars.join('')}${marks.join('')}${range}</ul>`;
}

/** What the script says of a bar, by class. A bar of an unknown status says its own name inside of it. */
function hoverWords(timeline: Timeline): Record<string, string> {
  const bars = timeline.groups.flatMap((group) => group.rows.flatMap((row) => row.bars));
  return Object.fromEntries(
    bars.map((bar) => {
      const style = statusStyle(bar.status);
      return [style.className, style.className === 'oth' ? 'Other status' : style.words];
    }),
  );
}
