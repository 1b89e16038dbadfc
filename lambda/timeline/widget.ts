import { describeError, UsageError } from '../core/model/errors';
import { toInstant } from '../core/model/instant';
import type { Reader } from '../core/history/reader';
import type { Clock } from '../core/model/clock';
import { type Target, targetName } from '../core/model/instance';
import { pageStyles } from './assets';
import { changesHtml } from './changes-table';
import { axisHtml, rowHtml, rowsHtml, type RowStyle, targetHtml } from './chart';
import { definitions } from './definitions';
import { text } from './escape';
import { countText } from './format';
import { laneStyle, markInFull } from './lane';
import type { Timeline } from './model';
import { readTimeline } from './read-timeline';
import { noneText } from './parts';
import { sectionsOf, WHOLE_VIEW } from './view';
import { readWidgetRequest, type WidgetRequest } from './widget-request';

/**
 * Bytes of HTML. Lambda's own limit for an answer is 6 MB as JSON, in which quotes and escapes count twice; a
 * dashboard that cleans and draws it within a few hundred milliseconds is the nearer one.
 */
export const WIDGET_BYTES = 400_000;
/** What the newest changes, the axes, the targets and the style may take of it. */
const REST_BYTES = 100_000;
/** Of which it is said how fresh they are; stale ones first. */
const LISTED_TARGETS = 20;
const LISTED_CHANGES = 20;
/** Names stand above the lanes in a narrower widget. */
const NARROW = 640;

export type WidgetAnswer = string | { readonly markdown: string };

const DOCUMENTATION = `## Timeline of ROMA Connect instances

One line per instance, the worst first; hatched where nobody looked. The dashboard's time range and theme are used.

### Parameters

Parameter | Description
---|---
**target** | *(optional)* The one target to draw, as \`region/projectId\`. Default: all.

### Example

\`\`\` yaml
target: cn-north-4/106506b9a92342df9a5025fc12351cfc
\`\`\``;

/**
 * Answers a CloudWatch dashboard. What the user of the dashboard can mend is answered in words; a failure to read is
 * thrown, so that it is seen where errors of functions are.
 */
export async function answerWidget(
  event: unknown,
  ports: { reader: Reader; clock: Clock; drawn?: readonly Target[] | undefined },
): Promise<WidgetAnswer> {
  try {
    const request = readWidgetRequest(event);
    if (request === 'describe') return { markdown: DOCUMENTATION };
    const { period } = request;
    const { drawn = request.targets } = ports;
    const names = drawn.map(targetName);
    if (!request.targets.every((target) => names.includes(targetName(target))))
      throw new UsageError(`this widget draws only ${names.join(', ')}`);
    const targets = request.targets.length === 0 ? drawn : request.targets;
    const timeline = await readTimeline(ports.reader, period, { now: toInstant(ports.clock.now()), targets });
    return widgetHtml(timeline, request);
  } catch (error) {
    if (error instanceof UsageError) return `<p>${text(describeError(error))}</p>`;
    throw error;
  }
}

/** The timeline without a script or a reference, which a dashboard removes; cut to the size that it can show. */
export function widgetHtml(timeline: Timeline, request: Pick<WidgetRequest, 'theme' | 'width'>): string {
  const { groups, period, generatedAt } = timeline;
  const style: RowStyle = { ...laneStyle(period, markInFull), namesTargets: groups.length > 1 };
  const all = sectionsOf(timeline, WHOLE_VIEW).flatMap((section) => section.rows);
  let left = WIDGET_BYTES - REST_BYTES;
  const rows: string[] = [];
  for (const [index, row] of all.entries()) {
    const html = rowHtml(row, index, style);
    left -= Buffer.byteLength(html);
    if (left < 0) break;
    rows.push(html);
  }
  const targets = groups.toSorted((a, b) => Number(b.stale) - Number(a.stale));
  const told = targets.slice(0, LISTED_TARGETS).map((group) => targetHtml(group, generatedAt));
  const more = (count: number, what: string, rest: string): string =>
    count === 0 ? '' : `<p class="none">${countText(count, `more ${what}`)}: ${rest}</p>`;
  const { lane, widget } = pageStyles();
  return (
    `<div class="rih${request.width < NARROW ? ' small' : ''}" data-theme="${request.theme}"><style>${lane}${widget}</style>${definitions({ marks: false })}` +
    `<ul class="targets">${told.join('')}</ul>${more(groups.length - told.length, 'target', 'name one as the parameter of this widget')}` +
    `${axisHtml(style)}${rows.length === 0 ? `<p class="none">${noneText(timeline, 0)}</p>` : rowsHtml(rows, style)}` +
    `${more(all.length - rows.length, 'instance', 'roma-history report shows all')}<h2>Newest changes</h2>${changesHtml(all, { limit: LISTED_CHANGES, links: false })}</div>`
  );
}
