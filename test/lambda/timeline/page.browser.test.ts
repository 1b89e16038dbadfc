// Over 300 lines, because its tests share one browser, which takes seconds to start.
import { readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { startTimelineServer } from '../../../bin/cli/timeline/server';
import { plusMs, toMs } from '../../../lambda/core/model/instant';
import type { Reader } from '../../../lambda/core/history/reader';
import { buildTimeline, type TargetRecords } from '../../../lambda/timeline/model';
import { timelinePage } from '../../../lambda/timeline/page';
import { periodBefore } from '../../../lambda/timeline/period';
import { widgetHtml } from '../../../lambda/timeline/widget';
import { inBrowser, type WatchedPage } from '../../support/browser';
import { DAY, demoFleet, headAt, HOUR, largeFleet, Life, NORTH, recordsOf } from '../../support/timeline-fleet';

const now = '2026-11-22T14:30:00.000Z';
const folder = mkdtempSync(join(tmpdir(), 'timeline-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function fileOf(html: string): string {
  const file = join(folder, `${(files += 1)}.html`);
  writeFileSync(file, html);
  return pathToFileURL(file).href;
}
const report = (records: readonly TargetRecords[], days = 30): string =>
  fileOf(timelinePage(buildTimeline(records, periodBefore(now, days * DAY), now)));
const demo = (): string => report(demoFleet(now));

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}
async function axe(page: Page): Promise<readonly string[]> {
  // Evaluated by the debugger, which the page's content policy does not bind.
  await page.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  const { violations } = (await page.evaluate('axe.run()')) as { violations: readonly Finding[] };
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`);
}

inBrowser('the page in a browser', (open) => {
  let watched: WatchedPage | undefined;
  afterEach(async () => watched?.page.close());
  const visit = async (url: string, options?: Parameters<typeof open>[0]): Promise<WatchedPage> => {
    watched = await open(options);
    await watched.page.goto(url);
    return watched;
  };

  it.each([
    ['light', 1440],
    ['dark', 1440],
    ['light', 390],
    ['dark', 390],
  ] as const)('complains of nothing, asks for nothing and is accessible (%s, %d wide)', async (scheme, width) => {
    const { page, complaints, requests } = await visit(demo(), { scheme, width });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    expect(await axe(page)).toEqual([]);
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !url.startsWith('file:') && !url.startsWith('data:'))).toEqual([]);
    expect(requests.filter((url) => url.startsWith('file:'))).toHaveLength(1);
  });

  it('cannot reach a server even when it tries', async () => {
    const { page } = await visit(demo());
    const tried = await page.evaluate(
      `fetch('http://127.0.0.1:9/').then(() => 'sent', (error) => String(error.message))`,
    );
    const blocked = await page.evaluate(
      `new Promise((resolve) => { addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective)); new Image().src = 'http://127.0.0.1:9/x.png'; })`,
    );
    expect(tried).not.toBe('sent');
    expect(blocked).toBe('img-src');
  });

  it('draws the picture: bars in place, coloured, patterned, marks and hatching', async () => {
    const { page } = await visit(demo());
    const picture = JSON.parse(
      await page.evaluate(`JSON.stringify((() => {
        const row = [...document.querySelectorAll('.row')].find((one) => one.textContent.includes('roma-inventory'));
        const lane = row.querySelector('.lane').getBoundingClientRect();
        const at = (element) => { const box = element.getBoundingClientRect(); return [(box.x - lane.x) / lane.width, box.width / lane.width]; };
        return {
          bars: [...row.querySelectorAll('rect:not(.w)')].map((bar) => [bar.classList[0], ...at(bar), getComputedStyle(bar).fill]),
          marks: row.querySelectorAll('use').length,
          visible: [...row.querySelectorAll('rect:not(.w)')].every((bar) => bar.getBoundingClientRect().height > 10),
        };
      })())`),
    ) as { bars: [string, number, number, string][]; marks: number; visible: boolean };
    expect(picture.bars.map(([name]) => name)).toEqual(['run', 'gap', 'run', 'fng', 'fro']);
    expect(picture.bars[0]?.[1]).toBeCloseTo(0, 2);
    expect(picture.bars[3]?.[1]).toBeCloseTo(24 / 30, 2);
    expect(picture.bars[4]?.[2]).toBeCloseTo(5.7 / 30, 2);
    expect(picture.bars[1]?.[3]).toContain('#p-gap');
    expect(picture.bars[4]?.[3]).toContain('#p-fro');
    expect(picture).toMatchObject({ marks: 2, visible: true });
  });

  it('looks like a timeline: colours of several statuses on quiet paper', async () => {
    const { page } = await visit(demo());
    const png = (await page.screenshot()).toString('base64');
    const shares = (await page.evaluate(`(async () => {
      const bytes = Uint8Array.from(atob('${png}'), (character) => character.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes]));
      const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext('2d');
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, image.width, image.height);
      const near = (r, g, b) => { let count = 0; for (let i = 0; i < data.length; i += 4) if (Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 24) count += 1; return count / (data.length / 4); };
      return { green: near(60, 180, 145), blue: near(47, 127, 181), red: near(213, 94, 0), paper: near(251, 250, 247) + near(255, 255, 255) };
    })()`)) as Record<string, number>;
    expect(shares.green).toBeGreaterThan(0.05);
    expect(shares.green).toBeLessThan(0.4);
    expect(shares.blue).toBeGreaterThan(0.001);
    expect(shares.red).toBeGreaterThan(0.0003);
    expect(shares.paper).toBeGreaterThan(0.5);
  });

  it('leaves hostile names inert', async () => {
    const names = [
      '<img src=x onerror=alert(1)>',
      '</svg><script>alert(2)</script>',
      '" onfocus="alert(3)',
      '\u202Eevil',
    ];
    const lives = names.map((name, index) =>
      new Life(NORTH, `${name}-${index}`, name, { description: name })
        .saw('baseline', plusMs(now, -9 * DAY))
        .saw('statusChanged', plusMs(now, -HOUR), { status: name })
        .saw('updated', plusMs(now, -HOUR / 2), { description: `${name} again` }),
    );
    const { page, complaints } = await visit(report([recordsOf(NORTH, lives, { now })], 7));
    for (const row of await page.locator('.row .lane').all()) await row.hover();
    await page.keyboard.press('Tab');
    expect(complaints).toEqual([]);
    expect(await page.locator('img, .row script, .day script, [onfocus]').count()).toBe(0);
    expect((await page.locator('.name').allTextContents()).toSorted()).toContain('<img src=x onerror=alert(1)>');
  });

  it('shows the last week and the last day by a radio button, without a script', async () => {
    const page = await (await open()).page.context().browser()?.newPage({ javaScriptEnabled: false });
    if (page === undefined) throw new Error('no page');
    await page.goto(demo());
    const width = async (): Promise<number> => (await page.locator('.row svg.s').first().boundingBox())?.width ?? 0;
    const whole = await width();
    await page.getByLabel('7 d', { exact: true }).check({ force: true });
    expect((await width()) / whole).toBeCloseTo(30 / 7, 1);
    await page.getByLabel('24 h', { exact: true }).check({ force: true });
    expect((await width()) / whole).toBeCloseTo(30, 0);
    expect(await page.locator('#search').isVisible()).toBe(false);
    expect(await page.getByText('RUNNING → ERROR').first().isVisible()).toBe(true);
    await page.close();
  });

  it('zooms to a period of one’s own and keeps it, with the search, over a reload', async () => {
    const { page } = await visit(demo());
    await page.fill('#from', '2026-11-10T00:00');
    await page.fill('#to', '2026-11-13T00:00');
    await page.fill('#search', 'orders');
    await page.getByText('1 of 16', { exact: true }).waitFor();
    await page.reload();
    expect(await page.inputValue('#from')).toBe('2026-11-10T00:00');
    expect(await page.inputValue('#search')).toBe('orders');
    const factor = Number(await page.evaluate(`getComputedStyle(document.body).getPropertyValue('--z')`));
    expect(factor).toBeCloseTo(10, 1);
    expect(await page.locator('.row:visible').count()).toBe(1);
    expect(await page.locator('.day tbody tr:visible').count()).toBe(3);
  });

  it.each([
    ['attention', 4],
    ['gone', 1],
    ['unobserved', 13],
  ])('filters the instances: %s', async (filter, count) => {
    const { page } = await visit(demo());
    await page.selectOption('#filter', filter);
    expect(await page.locator('.row:visible').count()).toBe(count);
  });

  it('is walked by keyboard: the tools in order, one stop for the chart, then the changes', async () => {
    const { page } = await visit(demo());
    const focused = async (): Promise<string> =>
      page.evaluate(`document.activeElement.id || document.activeElement.className || document.activeElement.tagName`);
    const stops: string[] = [];
    for (let step = 0; step < 40 && !stops.includes('A'); step += 1) {
      await page.keyboard.press('Tab');
      const stop = await focused();
      if (stop !== stops.at(-1)) stops.push(stop);
    }
    expect(stops).toEqual(['skip', 'z0', 'from', 'to', 'search', 'filter', 'theme', 'r0', 'A']);
    await page.locator('#r0').focus();
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe('r1');
    await page.keyboard.press('End');
    expect(await focused()).toBe('r15');
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe('r2');
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('#tip').textContent()).toMatch(/RUNNING → UPGRADING\nseen .* UTC, happened after/);
    await page.keyboard.press('Enter');
    expect(await page.evaluate(`document.activeElement.closest('tr').textContent`)).toContain('RUNNING → UPGRADING');
    await page.keyboard.press('Escape');
  });

  it('tells what lies under the pointer', async () => {
    const { page } = await visit(demo());
    const row = page.locator('.row', { hasText: 'roma-edge-mqtt' });
    await row.locator('rect.oth').hover();
    expect(await page.locator('#tip').textContent()).toBe(
      'roma-edge-mqtt\nUPGRADING\n2026-11-09 14:30 to 2026-11-10 19:18 UTC',
    );
    await row.locator('use').first().hover();
    expect(await page.locator('#tip').textContent()).toMatch(
      /^roma-edge-mqtt\nStatus changed: RUNNING → UPGRADING\nseen 2026-11-09 14:30:00 UTC, happened after 14:24:57$/,
    );
    await page.mouse.move(2, 2);
    expect(await page.locator('#tip').isVisible()).toBe(false);
  });

  it('changes its theme by a button', async () => {
    const { page } = await visit(demo());
    const paper = async (): Promise<string> => page.evaluate(`getComputedStyle(document.body).backgroundColor`);
    const before = await paper();
    await page.click('#theme');
    const dark = await paper();
    expect(dark).not.toBe(before);
    await page.click('#theme');
    expect(await paper()).toBe(before);
  });

  it('answers a search among 500 instances and 10,000 changes in less than two seconds', async () => {
    const { page, complaints } = await visit(report(largeFleet(now, 500, 10_000)));
    const took = (await page.evaluate(`(async () => {
      const search = document.querySelector('#search'), start = performance.now();
      search.value = 'claims-prod';
      search.dispatchEvent(new Event('input'));
      while (document.querySelector('#shown').textContent === '') await new Promise((done) => requestAnimationFrame(done));
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      return performance.now() - start;
    })()`)) as number;
    expect(took).toBeLessThan(2000);
    expect(complaints).toEqual([]);
  });
});

inBrowser('the widget in a browser', (open) => {
  it.each([
    ['light', 1100],
    ['dark', 480],
  ] as const)('is drawn without a script and is accessible (%s, %d wide)', async (theme, width) => {
    const { page, complaints } = await open({ width });
    const html = widgetHtml(buildTimeline(demoFleet(now), periodBefore(now, 7 * DAY), now), { theme, width });
    const paper = theme === 'dark' ? '#0f1b2a' : '#fff';
    await page.goto(
      fileOf(
        `<!doctype html><html lang="en"><title>Dashboard</title><main style="background:${paper};"><h1 hidden>Board</h1>${html}</main></html>`,
      ),
    );
    expect(await page.locator('.rih-mark').first().isVisible()).toBe(true);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    expect(await axe(page)).toEqual([]);
    expect(complaints).toEqual([]);
    if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `widget-${theme}.png`) });
    await page.close();
  });
});

inBrowser('the live page in a browser', (open) => {
  it('renews itself when a run has ended, and keeps what was searched for', async () => {
    const fleet = demoFleet(now);
    let runs = 1;
    const reader = {
      targets: async () => [NORTH],
      head: async () => headAt(NORTH, now, { lastRunId: `run-${runs}` }),
      coverage: async () => ({ head: headAt(NORTH, now), gaps: [] }),
      async *currents() {
        yield* (fleet[0]?.instances ?? []).slice(0, runs).map(({ current }) => current);
      },
      async *ownGaps() {},
      async *versions() {},
      versionAt: async () => undefined,
    } as unknown as Reader;
    const server = await startTimelineServer({
      reader,
      clock: { now: () => toMs(now), sleep: async () => new Promise((resolve) => void setImmediate(resolve)) },
      port: 0,
      since: '24h',
    });
    try {
      const { page, complaints, requests } = await open();
      await page.goto(server.url);
      expect(await page.locator('.row').count()).toBe(1);
      await page.fill('#search', 'roma');
      await page.waitForURL(/#q=roma/);
      // Those that changed on this day are not drawn: this reader has no older versions.
      runs = 12;
      await page.locator('.row').nth(4).waitFor();
      expect(await page.inputValue('#search')).toBe('roma');
      expect(complaints).toEqual([]);
      expect(requests.filter((url) => !url.startsWith(server.url) && !url.startsWith('data:'))).toEqual([]);
      await page.close();
    } finally {
      await server.close();
    }
  });
});
