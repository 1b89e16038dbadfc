import { join } from 'node:path';
import { startTimelineServer } from '../../../bin/cli/timeline/server';
import { plusMs, toMs } from '../../../lambda/core/model/instant';
import type { Reader } from '../../../lambda/core/history/reader';
import { buildTimeline } from '../../../lambda/timeline/model';
import { periodBefore } from '../../../lambda/timeline/period';
import { widgetHtml } from '../../../lambda/timeline/widget';
import { inBrowser, type WatchedPage } from '../../support/browser';
import { DAY, demoFleet, headAt, HOUR, largeFleet, Life, NORTH, recordsOf } from '../../support/timeline-fleet';
import { axe, fileOf, now, report } from '../../support/timeline-page';

inBrowser('the page in a browser', (open) => {
  let watched: WatchedPage | undefined;
  afterEach(async () => watched?.page.close());
  const visit = async (url: string, options?: Parameters<typeof open>[0]): Promise<WatchedPage> => {
    watched = await open(options);
    await watched.page.goto(url);
    return watched;
  };

  it.each([
    [{ scheme: 'light', width: 1440 }],
    [{ scheme: 'dark', width: 1440 }],
    [{ scheme: 'light', width: 390 }],
    [{ scheme: 'dark', width: 390 }],
    [{ forcedColors: 'active', width: 1440 }],
  ] as const)('complains of nothing, asks for nothing and is accessible: %j', async (options) => {
    const { width } = options;
    const { page, complaints, requests } = await visit(report(), options);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    expect(await axe(page)).toEqual([]);
    await page.locator('.row', { hasText: 'roma-orders-prod' }).press('Enter');
    expect(await page.locator('dialog').isVisible()).toBe(true);
    expect(await axe(page)).toEqual([]);
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !url.startsWith('file:') && !url.startsWith('data:'))).toEqual([]);
    expect(requests.filter((url) => url.startsWith('file:'))).toHaveLength(1);
  });

  it('cannot reach a server even when it tries', async () => {
    const { page } = await visit(report());
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
    const { page } = await visit(report());
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
    const { page } = await visit(report());
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

  it('offers nothing to do with a history that has begun nowhere', async () => {
    const { page } = await visit(report([]));
    expect(await page.locator('#chart .none').isVisible()).toBe(true);
    for (const hidden of ['#tools', '.head', '#changes']) expect(await page.locator(hidden).isVisible()).toBe(false);
  });

  it('keeps the words of time in view', async () => {
    const { page } = await visit(report(largeFleet(now, 100, 100)));
    await page.locator('#r60').scrollIntoViewIfNeeded();
    expect((await page.locator('.head').boundingBox())?.y).toBe(0);
  });

  it('shows every name whole, on a desk and on a phone', async () => {
    const name = `roma-${'a-very-long-name-'.repeat(3)}of-64-characters`.padEnd(64, 'x');
    const life = new Life(NORTH, 'a', name).saw('baseline', plusMs(now, -9 * DAY));
    for (const width of [1440, 390]) {
      const { page } = await visit(report([recordsOf(NORTH, [life], { now })]), { width });
      const element = page.locator('.name');
      expect(await element.textContent()).toBe(name);
      expect(await element.evaluate((one) => one.scrollWidth > one.clientWidth)).toBe(false);
      await page.close();
    }
  });

  it('begins with the timeline on a phone: what is broken is on the first screen', async () => {
    const { page } = await visit(report(), { width: 390, height: 844 });
    const box = await page.locator('#r2').boundingBox();
    expect((box?.y ?? 844) + (box?.height ?? 0)).toBeLessThan(844);
    expect(await page.locator('#search').isVisible()).toBe(false);
    await page.getByText('Search, zoom and legend').click();
    expect(await page.locator('#search').isVisible()).toBe(true);
  });

  it('keeps colours and patterns where the system forces its own colours', async () => {
    const { page } = await visit(report(), { forcedColors: 'active' });
    const fill = await page.evaluate(`getComputedStyle(document.querySelector('.lane rect.fro')).fill`);
    expect(fill).toContain('#p-fro');
    expect(await page.evaluate(`getComputedStyle(document.querySelector('pattern .fro')).fill`)).toBe(
      'rgb(47, 127, 181)',
    );
  });

  it('prints 100 instances and 1,000 changes on at most 15 sheets of A4, with patterns and without controls', async () => {
    const { page } = await visit(report(largeFleet(now, 100, 1000)));
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
    expect(pdf.match(/\/Type\s*\/Page\b(?!s)/g)?.length).toBeLessThanOrEqual(15);
    expect(pdf).toMatch(/\/MediaBox\s*\[0 0 59[45](\.\d+)? 84[12](\.\d+)?\]/);
    await page.setViewportSize({ width: 734, height: 1060 });
    await page.emulateMedia({ media: 'print' });
    for (const hidden of ['.tools', '.skip', 'summary', 'footer']) {
      expect(await page.locator(hidden).first().isVisible()).toBe(false);
    }
    expect(await page.locator('.legend').isVisible()).toBe(true);
    const style = async (selector: string): Promise<Record<string, string>> =>
      page.evaluate(
        `(({ fill, printColorAdjust, fontSize }) => ({ fill, printColorAdjust, fontSize }))(getComputedStyle(document.querySelector('${selector}')))`,
      );
    // The words of time come again on each sheet, and no words run out of their place.
    expect(await page.evaluate(`getComputedStyle(document.querySelector('.head')).display`)).toBe('table-header-group');
    const cut = await page.evaluate(
      `[...document.querySelectorAll('.l text')].filter((one) => one.getClientRects().length > 0 && one.getBBox().x + one.getBBox().width > one.parentElement.width.baseVal.value).length`,
    );
    const spilt = await page.evaluate(
      `[...document.querySelectorAll('.day td')].filter((one) => one.scrollWidth > one.clientWidth + 1).length`,
    );
    expect([cut, spilt]).toEqual([0, 0]);
    expect(await style('.lane rect.err')).toMatchObject({
      fill: expect.stringContaining('#p-err'),
      printColorAdjust: 'exact',
    });
    expect(Number.parseFloat((await style('.day td')).fontSize ?? '')).toBeGreaterThanOrEqual(8.6);
    const narrowest = await page.evaluate(
      `Math.min(...[...document.querySelectorAll('.day td')].map((cell) => cell.offsetWidth))`,
    );
    expect(narrowest).toBeGreaterThan(40);
  });

  it('can be read without its script, and shows no control that does nothing', async () => {
    const page = await (await open()).page.context().browser()?.newPage({ javaScriptEnabled: false });
    if (page === undefined) throw new Error('no page');
    await page.goto(report());
    expect(await page.locator('.row:visible').count()).toBe(16);
    expect(await page.locator('.legend').isVisible()).toBe(true);
    expect(await page.getByText('RUNNING → ERROR').first().isVisible()).toBe(true);
    expect(await page.locator('input:visible, select:visible, button:visible').count()).toBe(0);
    await page.close();
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
    await page.locator('#r0').press('Enter');
    await page.evaluate(`document.querySelector('#filter').dispatchEvent(new Event('change'))`);
    expect(await page.locator('dialog dd').first().isVisible()).toBe(true);
    expect(await page.locator('img, .row script, .day script, dialog script, dialog img, [onfocus]').count()).toBe(0);
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
        `<!doctype html><html lang="en"><title>Dashboard</title><main style="background:${paper};color-scheme:${theme};color:CanvasText"><h1>Board</h1>${html}</main></html>`,
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
      await page.locator('#r0').press('Enter');
      await page.evaluate(
        `Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (words) => { document.title = words; } } })`,
      );
      await page.getByText('Copy link').click();
      const link = new URL(await page.title());
      expect(link.searchParams.get('since')).toBe(plusMs(now, -DAY));
      expect(toMs(link.searchParams.get('until') ?? '')).toBeGreaterThanOrEqual(toMs(now));
      expect(link.hash).toMatch(/^#q=roma&c=[0-9a-f-]{36}%7E\d+$/);
      await page.goto(link.href);
      await page.locator('dialog[open]').waitFor();
      expect(complaints).toEqual([]);
      expect(requests.filter((url) => !url.startsWith(server.url) && !url.startsWith('data:'))).toEqual([]);
      await page.close();
    } finally {
      await server.close();
    }
  });
});
