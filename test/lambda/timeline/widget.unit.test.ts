import { plusMs, toMs } from '../../../lambda/core/model/instant';
import type { Reader } from '../../../lambda/core/history/reader';
import { buildTimeline } from '../../../lambda/timeline/model';
import { periodBefore } from '../../../lambda/timeline/period';
import { answerWidget, WIDGET_BYTES, widgetHtml } from '../../../lambda/timeline/widget';
import { readWidgetRequest } from '../../../lambda/timeline/widget-request';
import { ManualClock } from '../../support/manual-clock';
import { DAY, demoFleet, HOUR, largeFleet, Life, NORTH, recordsOf } from '../../support/timeline-fleet';

const now = '2026-11-22T12:00:00.000Z';
const start = toMs(now) - DAY;
const end = toMs(now);
const light = { theme: 'light', width: 1200 } as const;
const context = { timeRange: { mode: 'relative', start, end }, theme: 'dark', width: 588, height: 369 };
/** A reader that must not be asked. */
const noReader = {} as Reader;

describe('what a dashboard asks for', () => {
  it('is its time range, theme, width and the target of its parameters', () => {
    const target = 'cn-north-4/106506b9a92342df9a5025fc12351cfc';
    expect(readWidgetRequest({ target, widgetContext: context })).toEqual({
      period: periodBefore(now, DAY),
      theme: 'dark',
      width: 588,
      targets: [NORTH],
    });
  });

  it('is the zoomed range while the dashboard is zoomed in', () => {
    const timeRange = { ...context.timeRange, zoom: { start: end - HOUR, end } };
    expect(readWidgetRequest({ widgetContext: { ...context, timeRange } })).toMatchObject({
      period: periodBefore(now, HOUR),
    });
  });

  it.each([
    ['nothing', {}],
    ['a time that is none', { widgetContext: { timeRange: { start: 'now', end } } }],
    ['a time that no clock has', { widgetContext: { timeRange: { start: -1e17, end } } }],
    ['an empty range', { widgetContext: { timeRange: { start: end, end } } }],
    ['a target of another form', { target: '<b>', widgetContext: context }],
  ])('is refused in words when it is %s', async (_, event) => {
    const answer = await answerWidget(event, { reader: noReader, clock: new ManualClock() });
    expect(answer).toMatch(/^<p>[^<>]+<\/p>$/);
  });
});

describe('the widget', () => {
  it('describes itself in Markdown', async () => {
    const answer = await answerWidget({ describe: true }, { reader: noReader, clock: new ManualClock() });
    expect(answer).toEqual({ markdown: expect.stringContaining('**target**') });
  });

  it('draws no target but those that it may draw, and says so', async () => {
    const drawn = [{ region: 'cn-north-4', projectId: '106506b9a92342df9a5025fc12351cfc' }];
    const event = { target: 'cn-north-4/another-project-of-ours', widgetContext: context };
    const answer = await answerWidget(event, { reader: noReader, clock: new ManualClock(), drawn });
    expect(answer).toBe('<p>this widget draws only cn-north-4/106506b9a92342df9a5025fc12351cfc</p>');
  });

  it('lets a failure to read be seen', async () => {
    const reader = { targets: async () => Promise.reject(new Error('throttled')) } as unknown as Reader;
    await expect(answerWidget({ widgetContext: context }, { reader, clock: new ManualClock(end) })).rejects.toThrow(
      'throttled',
    );
  });

  it('holds nothing that a dashboard takes away', () => {
    const html = widgetHtml(buildTimeline(demoFleet(now), periodBefore(now, 30 * DAY), now), light);
    expect(html).not.toMatch(/<(script|use|iframe|object|link|form)\b|\son\w+=|href=/i);
    expect(html).toContain('data-theme="light"');
    expect(html).toContain('<path d="');
  });

  it('leaves the rest of the dashboard as it is: every rule of its style is its own', () => {
    const html = widgetHtml(buildTimeline(demoFleet(now), periodBefore(now, DAY), now), light);
    const css = /<style>([^]*?)<\/style>/.exec(html)?.[1] ?? '';
    const selectors = [...css.matchAll(/(?<=^|\})\s*([^{}@]+)\{/g)].flatMap((match) => (match[1] ?? '').split(','));
    expect(selectors.length).toBeGreaterThan(50);
    for (const selector of selectors) expect(selector.trim()).toMatch(/^(svg)?\.rih/);
  });

  it('stays within its size whatever the size of the fleet, and says what is missing', () => {
    const html = widgetHtml(buildTimeline(largeFleet(now, 2000, 40_000), periodBefore(now, 30 * DAY), now), light);
    expect(Buffer.byteLength(html)).toBeLessThan(WIDGET_BYTES);
    expect(html).toMatch(/[\d,]+ more instances: roma-history report shows all/);
    expect(html.match(/<tr class=/g)).toHaveLength(20);
  });

  it('stays within its size whatever the number of targets', () => {
    const targets = Array.from({ length: 300 }, (_, index) => {
      const target = { ...NORTH, projectId: `project-0000000000-${index}` };
      return recordsOf(target, [new Life(target, 'a', 'alpha').saw('baseline', plusMs(now, -2 * DAY))], { now });
    });
    const html = widgetHtml(buildTimeline(targets, periodBefore(now, 30 * DAY), now), light);
    expect(Buffer.byteLength(html)).toBeLessThan(WIDGET_BYTES);
    expect(html).toMatch(/280 more targets: name one/);
  });

  it('shows hostile names as text', () => {
    const life = new Life(NORTH, 'a', '</style><img src=x onerror=alert(1)>')
      .saw('baseline', plusMs(now, -2 * DAY))
      .saw('statusChanged', plusMs(now, -HOUR), { status: '"><svg onload=alert(1)>' });
    const html = widgetHtml(buildTimeline([recordsOf(NORTH, [life], { now })], periodBefore(now, DAY), now), light);
    expect(html).not.toMatch(/<img|<svg onload/);
  });
});
