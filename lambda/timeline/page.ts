import { createHash } from 'node:crypto';
import { CHANGE_KINDS } from '../core/model/record';
import { pageScript, pageStyles } from './assets';
import { definitions } from './definitions';
import { text } from './escape';
import { durationText, momentText, periodText } from './format';
import { KIND_WORDS, MARK_PATHS } from './lane';
import type { Row, Timeline } from './model';
import { pack } from './packed';
import { type Parts, partsOf } from './parts';
import { lengthMs, type Period, zoomsOf } from './period';
import { statusStyle } from './status-style';
import { FILTERS, GROUPINGS, WHOLE_VIEW } from './view';

/**
 * The timeline as one HTML page that needs nothing else: no request leaves it, and its content policy forbids any.
 * All text of the API is shown as text.
 * @param options.liveFrom path of the live page's event stream; without it the page asks no server for anything
 */
export function timelinePage(timeline: Timeline, { liveFrom }: { readonly liveFrom?: string } = {}): string {
  const { lane, page } = pageStyles();
  const css = lane + page;
  const script = pageScript();
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${contentPolicy(css, script, liveFrom)}">`,
    '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="referrer" content="no-referrer">',
    `<title>ROMA Connect instances, ${periodText(timeline.period)}</title>`,
    `<link rel="icon" href="data:,"><style>${css}</style></head>`,
    bodyHtml(timeline, liveFrom),
    `<script type="text/plain" id="data">${pack(timeline)}</script><script>${script}</script></body></html>\n`,
  ].join('');
}

const digest = (source: string): string => `'sha256-${createHash('sha256').update(source).digest('base64')}'`;

/** Only this style and this script; nothing is loaded, sent or framed. The live page may ask its own origin. */
const contentPolicy = (css: string, script: string, liveFrom: string | undefined): string =>
  [
    "default-src 'none'",
    `style-src ${digest(css)}`,
    `script-src ${digest(script)}`,
    'img-src data:',
    ...(liveFrom === undefined ? [] : ["connect-src 'self'"]),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');

function bodyHtml(timeline: Timeline, liveFrom: string | undefined): string {
  const { parts, rows } = partsOf(timeline, WHOLE_VIEW);
  const live = liveFrom === undefined ? '' : ` data-live="${text(liveFrom)}"`;
  const isStale = timeline.groups.some((group) => group.stale);
  return (
    `<body class="rih"${live}>${definitions({ marks: true })}` +
    '<a class="skip" href="#changes">Skip to the changes</a><main>' +
    headerHtml(timeline, parts, liveFrom) +
    `<dl class="tiles" id="tiles">${parts.tiles}</dl>` +
    `<details class="fold" id="tools" open><summary>Search, zoom and legend</summary>${toolsHtml(timeline.period)}${legendHtml(rows)}</details>` +
    `<details class="fold"${isStale ? ' open' : ''}><summary>Targets</summary><ul class="targets" id="targets">${parts.targets}</ul></details>` +
    `<div id="chart" aria-label="Timeline" role="region">${parts.chart}</div>` +
    `<section class="changes" id="changes" aria-label="Changes"><h2>Changes</h2><p class="none">Newest first, UTC. Each change happened between the two times, give or take the error of the clocks.</p><div id="list">${parts.list}</div></section>` +
    '<footer>Availability is the share of the observed time that an instance was RUNNING; hatched time was not observed and does not count. All numbers are those of the period that is shown. Drag over the chart to zoom. Arrow keys walk the instances and their changes, Enter opens a change.</footer></main>' +
    '<dialog id="details" aria-labelledby="title"><div id="change"></div><form method="dialog"><button type="button" data-copy="link">Copy link</button><button type="button" data-copy="id">Copy id</button><button>Close</button></form></dialog>' +
    '<div id="brush" hidden></div><div id="tip" role="tooltip" hidden></div><div id="said" role="status" aria-live="polite"></div>'
  );
}

function headerHtml({ generatedAt }: Timeline, parts: Parts, liveFrom: string | undefined): string {
  const how = liveFrom === undefined ? 'written' : 'live, read';
  return `<header class="top"><div><h1>ROMA Connect instances</h1><p id="period">${parts.period}</p></div><p>${how} ${momentText(generatedAt)} UTC</p></header>`;
}

/** Shown by the script, without which they can do nothing. */
function toolsHtml(period: Period): string {
  const zooms = [{ id: 'all', title: durationText(lengthMs(period)) }, ...zoomsOf(period)].map(
    ({ id, title }) =>
      `<label><input type="radio" name="zoom" value="${id}"${id === 'all' ? ' checked' : ''}>${title}</label>`,
  );
  const choice = (id: string, label: string, choices: Readonly<Record<string, string>>): string =>
    `<select id="${id}" aria-label="${label}">${Object.entries(choices)
      .map(([value, words]) => `<option value="${value}">${words}`)
      .join('')}</select>`;
  const time = (id: string): string =>
    `<label for="${id}">${id}</label><input type="datetime-local" step="1" id="${id}">`;
  return (
    `<div class="script"><div class="tools"><fieldset class="zoom"><legend>Show the last</legend>${zooms.join('')}</fieldset>` +
    `<div class="custom">${time('from')}${time('to')}UTC</div>` +
    `<div class="custom"><input type="search" id="search" placeholder="Name, id or status" aria-label="Search instances">${choice('filter', 'Filter instances', FILTERS)}${choice('grouping', 'Group instances', GROUPINGS)}<span id="shown"></span></div>` +
    '<div class="custom"><button id="csv" type="button">Changes as CSV</button><button id="csv-instances" type="button">Instances as CSV</button><button data-copy="ids" type="button">Copy ids</button><button id="theme" type="button">Light / dark</button></div></div></div>'
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
  const marks = CHANGE_KINDS.map((kind) =>
    kind === 'baseline' || !kinds.has(kind)
      ? ''
      : `<li><svg class="glyph" viewBox="-6 -1 12 12" aria-hidden="true"><path class="rih-mark ${kind}" d="${MARK_PATHS[kind]}"/></svg>${KIND_WORDS[kind]}</li>`,
  );
  const range = kinds.size > 0 ? '<li><svg aria-hidden="true"><rect class="w"/></svg>change window</li>' : '';
  return `<ul class="legend" aria-label="Legend">${bars.join('')}${marks.join('')}${range}</ul>`;
}
