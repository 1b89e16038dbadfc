import { describeError, UsageError } from '../core/model/errors';
import { toInstant } from '../core/model/instant';
import type { Reader } from '../core/history/reader';
import type { Clock } from '../core/model/clock';
import { timeScale } from './axis';
import { changesHtml } from './changes-table';
import { definitions } from './definitions';
import { text } from './escape';
import { countText } from './format';
import { axisHtml, groupHtml, rowHtml } from './group';
import { type LaneStyle, markInFull } from './lane';
import type { Timeline } from './model';
import { readTimeline } from './read-timeline';
import { WIDGET_STYLE } from './style';
import { readWidgetRequest, type WidgetRequest } from './widget-request';

/**
 * Bytes of HTML. Lambda's own limit for an answer is 6 MB as JSON, in which quotes and escapes count twice; a
 * dashboard that cleans and draws it within a few hundred milliseconds is the nearer one.
 */
export const WIDGET_BYTES = 400_000;
/** What the newest changes, the axes and the style may take of it. */
const REST_BYTES = 100_000;
/** The heading and the lines of time of one target, at most. */
const GROUP_BYTES = 4000;
const LISTED_CHANGES = 20;
/** Names stand above the lanes in a narrower widget. */
const NARROW = 640;

export type WidgetAnswer = string | { readonly markdown: string };

const DOCUMENTATION = `## Timeline of ROMA Connect instances

One line an instance, what does not run first; hatched where nobody looked. The dashboard's time range and theme are used.

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
export async function answerWidget(event: unknown, ports: { reader: Reader; clock: Clock }): Promise<WidgetAnswer> {
  try {
    const request = readWidgetRequest(event);
    if (request === 'describe') return { markdown: DOCUMENTATION };
    const { period, targets } = request;
    const timeline = await readTimeline(ports.reader, period, { now: toInstant(ports.clock.now()), targets });
    return widgetHtml(timeline, request);
  } catch (error) {
    if (error instanceof UsageError) return `<p>${text(describeError(error))}</p>`;
    throw error;
  }
}

/** The timeline without a script or a reference, which a dashboard removes; cut to the size that it can show. */
export function widgetHtml(timeline: Timeline, request: Pick<WidgetRequest, 'theme' | 'width'>): string {
  const zooms = [{ id: 'all', title: '', factor: 1 }];
  const style: LaneStyle = { period: timeline.period, scale: timeScale(timeline.period), zooms, mark: markInFull };
  let left = WIDGET_BYTES - REST_BYTES;
  let index = 0;
  const groups: string[] = [];
  for (const group of timeline.groups) {
    left -= GROUP_BYTES;
    if (left < 0) break;
    const rows: string[] = [];
    for (const row of group.rows) {
      const html = rowHtml(row, index, style);
      left -= Buffer.byteLength(html);
      if (left < 0) break;
      rows.push(html);
      index += 1;
    }
    const missing = group.rows.length - rows.length;
    const note = missing === 0 ? undefined : `${countText(missing, 'more instance')}: roma-history report shows all`;
    groups.push(groupHtml(group, rows, { now: timeline.generatedAt, style, note }));
  }
  const unseen = timeline.groups.length - groups.length;
  const all = timeline.groups.flatMap((group) => group.rows);
  return (
    `<div class="rih${request.width < NARROW ? ' small' : ''}" data-theme="${request.theme}"><style>${WIDGET_STYLE}</style>${definitions({ marks: false })}` +
    `${axisHtml(style)}${groups.join('') || '<p class="none">No target has been kept in sync yet.</p>'}` +
    `${unseen === 0 ? '' : `<p class="none">${countText(unseen, 'more target')}: name one as the parameter of this widget</p>`}<h3>Newest changes</h3>${changesHtml(all, { limit: LISTED_CHANGES, links: false })}</div>`
  );
}
