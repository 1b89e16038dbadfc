// Over 300 lines, because all its tests use one page in one browser.
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { plusMs, toMs } from '../../../lambda/core/model/instant';
import { COLUMNS } from '../../../lambda/export/columns';
import { buildTimeline } from '../../../lambda/timeline/model';
import { percentText } from '../../../lambda/timeline/format';
import { inBrowser, type WatchedPage } from '../../support/browser';
import { DAY, demoFleet, HOUR, largeFleet, Life, NORTH, recordsOf } from '../../support/timeline-fleet';
import { now, report } from '../../support/timeline-page';

const ago = (ms: number): string => plusMs(now, -ms);

inBrowser('the page in use', (open) => {
  let watched: WatchedPage | undefined;
  afterEach(async () => {
    expect(watched?.complaints ?? []).toEqual([]);
    await watched?.page.close();
  });
  const visit = async (url = report(), options?: Parameters<typeof open>[0]): Promise<Page> => {
    watched = await open(options);
    await watched.page.goto(url);
    await watched.page.locator('.scripted').waitFor();
    return watched.page;
  };
  const tile = async (page: Page, title: string): Promise<string> =>
    page.evaluate(
      `[...document.querySelectorAll('.tiles div')].find((one) => one.querySelector('dt').textContent === '${title}').querySelector('dd').firstChild.textContent`,
    );
  const drag = async (page: Page, from: number, to: number): Promise<void> => {
    const box = await page.locator('#r3 .lane').boundingBox();
    if (box === null) throw new Error('no lane');
    await page.mouse.move(box.x + box.width * from, box.y + 10);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * to, box.y + 14, { steps: 4 });
    expect(await page.locator('#brush').isVisible()).toBe(true);
    await page.mouse.up();
  };

  it('lets all numbers follow the time that is looked at, exactly', async () => {
    const page = await visit();
    await page.getByText('7 d', { exact: true }).click();
    for (const period of [
      { from: ago(7 * DAY), to: now },
      { from: '2026-11-09T20:00:07.000Z', to: '2026-11-10T22:11:53.000Z' },
    ]) {
      if (period.to !== now) {
        await page.fill('#from', period.from.slice(0, 19));
        await page.fill('#to', period.to.slice(0, 19));
      }
      const expected = buildTimeline(demoFleet(now), period, now);
      const rows = expected.groups.flatMap((group) => group.rows);
      const living = rows.filter((row) => !row.deleted);
      const changes = rows.reduce((total, row) => total + row.changes.length, 0);
      expect(await tile(page, 'Availability')).toBe(percentText(expected.uptime.availability));
      expect(await tile(page, 'Instances')).toBe(String(living.length));
      expect(await tile(page, 'Not running')).toBe(String(living.filter((row) => row.status !== 'RUNNING').length));
      expect(await tile(page, 'Changes')).toBe(String(changes));
      expect(await page.locator('.day tbody tr').count()).toBe(changes);
      expect(await page.locator('#period').textContent()).toContain(period.to.slice(0, 16).replace('T', ' '));
      const shares = await page.locator('.row .share').allTextContents();
      expect(shares.toSorted()).toEqual(rows.map((row) => percentText(row.uptime.availability)).toSorted());
    }
  });

  it('zooms to what is dragged over, and back by its first choice', async () => {
    const page = await visit();
    const whole = await tile(page, 'Changes');
    await drag(page, 0.5, 0.75);
    await page.waitForURL(/from=/);
    const said = new URLSearchParams(new URL(page.url()).hash.slice(1));
    expect(toMs(said.get('from') ?? '') / HOUR).toBeCloseTo(toMs(ago(15 * DAY)) / HOUR, -1);
    expect(toMs(said.get('to') ?? '') / HOUR).toBeCloseTo(toMs(ago(7.5 * DAY)) / HOUR, -1);
    expect(Number(await tile(page, 'Changes'))).toBeLessThan(Number(whole));
    await page.getByText('30 d', { exact: true }).click();
    expect(await tile(page, 'Changes')).toBe(whole);
  });

  it('keeps a period of one’s own, the search and the group over a reload', async () => {
    const page = await visit();
    await page.fill('#from', '2026-11-10T00:00');
    await page.fill('#to', '2026-11-13T00:00');
    await page.selectOption('#grouping', 'target');
    await page.fill('#search', 'claims');
    await page.getByText('1 of 14', { exact: true }).waitFor();
    await page.reload();
    expect(await page.inputValue('#from')).toBe('2026-11-10T00:00');
    expect(await page.inputValue('#search')).toBe('claims');
    expect(await page.inputValue('#grouping')).toBe('target');
    expect(await page.locator('.row:visible').count()).toBe(1);
  });

  it.each([
    ['attention', 4],
    ['gone', 1],
    ['unobserved', 13],
  ])('filters the instances: %s', async (filter, count) => {
    const page = await visit();
    await page.selectOption('#filter', filter);
    expect(await page.locator('.row:visible').count()).toBe(count);
  });

  it('says so when nothing fits, hides empty groups, and shows all again', async () => {
    const page = await visit();
    await page.selectOption('#grouping', 'target');
    expect(await page.locator('details.group').count()).toBe(2);
    await page.fill('#search', 'edge');
    await page.getByText('4 of 16', { exact: true }).waitFor();
    expect(await page.locator('details.group').count()).toBe(1);
    await page.fill('#search', 'nothing like it');
    await page.getByText('No instance fits the search and the filter.').waitFor();
    expect(await page.locator('.group').count()).toBe(0);
    await page.getByText('Show all').click();
    expect(await page.locator('.row').count()).toBe(16);
    expect(await page.inputValue('#search')).toBe('');
  });

  it('folds groups, and keeps them folded while it draws again or is loaded again', async () => {
    const page = await visit();
    await page.selectOption('#grouping', 'target');
    await page.locator('.group summary').first().click();
    expect(await page.locator('.row:visible').count()).toBe(12);
    await page.getByText('7 d', { exact: true }).click();
    expect(await page.locator('.row:visible').count()).toBe(11);
    await page.reload();
    await page.locator('details.group:not([open])').waitFor();
    expect(await page.locator('.row:visible').count()).toBe(11);
    await page.selectOption('#grouping', 'project');
    expect(await page.locator('.group h2').allTextContents()).toEqual(['enterprise project 0']);
  });

  it('opens a change by a click on its bar, its mark or its line, with a link to it', async () => {
    const life = new Life(NORTH, 'the-id', 'roma-billing', {
      error_code: '0',
      error_msg: '-',
      update_time: '2026-10-01T00:00:00Z',
    })
      .saw('baseline', ago(9 * DAY))
      .saw('statusChanged', ago(3 * DAY), {
        status: 'ERROR',
        error_code: 'ROMA.0042',
        error_msg: 'no route to broker',
        update_time: '2026-11-19T14:27:10Z',
      });
    const attributions = [
      {
        observedAt: ago(3 * DAY),
        confidence: 'likely' as const,
        actors: [
          {
            user: 'li.wei',
            principal: null,
            via: 'console' as const,
            sourceIp: '10.1.2.3',
            at: ago(3 * DAY),
            operation: 'update' as const,
            traceId: 't',
          },
        ],
      },
    ];
    const [target] = [recordsOf(NORTH, [life], { now })];
    const page = await visit(
      report([{ ...target, instances: target.instances.map((one) => ({ ...one, attributions })) }]),
    );
    const dialog = page.locator('dialog');
    const expectOpen = async (): Promise<void> => {
      const words = (await dialog.textContent()) ?? '';
      expect(words).toContain('Status changed: roma-billing');
      expect(words).toContain('Change windowafter 2026-11-19 14:24:57, seen 2026-11-19 14:30:00 UTC');
      expect(words).toContain('Reported by the API2026-11-19 14:27:10 UTC (update_time)');
      expect(words).toContain('Evidencea complete listing of the API showed it');
      expect(words).toContain('Wholikely by li.wei (console, 10.1.2.3)');
      expect(words).toContain('ErrorROMA.0042: no route to broker');
      expect(await dialog.locator('tbody tr').allTextContents()).toEqual([
        'statusRUNNINGERROR',
        'error_code0ROMA.0042',
        'error_msg-no route to broker',
        'update_time2026-10-01T00:00:00Z2026-11-19T14:27:10Z',
      ]);
    };
    await page.locator('.row use').hover();
    expect(await page.locator('#tip').textContent()).toContain(
      'reported by the API: 2026-11-19 14:27:10 UTC (update_time)',
    );
    await page.locator('.row rect.err').click();
    await expectOpen();
    await page.waitForURL(/c=/);
    const link = page.url();
    expect(link).toContain('c=the-id%7E2');
    await page.keyboard.press('Escape');
    expect(await dialog.isVisible()).toBe(false);
    await page.waitForURL((url) => url.hash === '');
    await page.locator('.row use').click();
    await expectOpen();
    await dialog.getByText('Close').click();
    await page.locator('.day tbody td').last().click();
    await expectOpen();
    await page.goto('about:blank');
    await page.goto(link);
    await expectOpen();
    await page.keyboard.press('Escape');
    await page.locator('.row rect.run').click();
    expect(await dialog.textContent()).toMatch(/^Already there: roma-billing(?!.*Error)/);
  });

  it('copies ids and links', async () => {
    const page = await visit();
    await page.evaluate(
      `Object.defineProperty(navigator, 'clipboard', { configurable: true, value: { writeText: async (words) => { document.title = words; } } })`,
    );
    await page.fill('#search', 'orders');
    await page.getByText('1 of 16', { exact: true }).waitFor();
    await page.getByText('Copy ids').click();
    const id = await page.title();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    await page.locator('#r0').press('Enter');
    await page.getByText('Copy id', { exact: true }).click();
    expect(await page.title()).toBe(id);
    await page.getByText('Copy link').click();
    expect(await page.title()).toContain(`c=${id}`);
    await page.evaluate(`Object.defineProperty(navigator, 'clipboard', { value: undefined })`);
    await page.getByText('Copy link').click();
    expect(watched?.complaints.splice(0)).toEqual(['dialog: Copy this:']);
  });

  it('saves what is shown as CSV, in which no text is a formula', async () => {
    const life = new Life(NORTH, 'a', '=1+1,"x"')
      .saw('baseline', ago(9 * DAY))
      .saw('updated', ago(HOUR), { note: 'two\nlines' });
    const page = await visit(report([recordsOf(NORTH, [life], { now })]));
    const save = async (button: string): Promise<readonly string[]> => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.click(button)]);
      return readFileSync(await download.path(), 'utf8').split('\r\n');
    };
    const [columns, row] = await save('#csv');
    expect(columns?.split(',')).toEqual(COLUMNS.changes.map(({ name }) => name));
    expect(row).toContain(`,a,"'=1+1,""x""",0,2,updated,RUNNING,RUNNING,"[""note""]",`);
    expect(row).toContain('two\\nlines');
    expect((await save('#csv-instances'))[1]).toMatch(
      /,a,"'=1\+1,""x""",0,RUNNING,false,2026-10-23T14:30:00.000Z,2026-11-22T14:30:00.000Z,1,/,
    );
  });

  it('is walked by keyboard: one stop for the chart, the arrows walk its rows and changes, Enter opens one', async () => {
    const page = await visit();
    const focused = async (): Promise<string> =>
      page.evaluate(`document.activeElement.id || document.activeElement.className || document.activeElement.tagName`);
    const stops: string[] = [];
    for (let step = 0; step < 60 && !stops.includes('A'); step += 1) {
      await page.keyboard.press('Tab');
      const stop = await focused();
      if (stop !== stops.at(-1)) stops.push(stop);
    }
    expect(stops.filter((stop) => /^r\d+$/.test(stop))).toEqual(['r0']);
    await page.locator('#r0').focus();
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe('r1');
    await page.keyboard.press('End');
    expect(await focused()).toBe('r15');
    await page.keyboard.press('Home');
    expect(await focused()).toBe('r0');
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('#tip').textContent()).toMatch(/RUNNING → DELETING\nseen .* UTC, happened after/);
    await page.keyboard.press('Enter');
    expect(await page.locator('dialog h2').textContent()).toBe('Status changed: roma-loyalty-staging');
    await page.keyboard.press('Escape');
    expect(await focused()).toBe('r0');
  });

  it('tells what lies under the pointer, to the second, until the page is scrolled', async () => {
    const page = await visit();
    const row = page.locator('.row', { hasText: 'roma-edge-mqtt' });
    await row.locator('rect.oth').hover();
    expect(await page.locator('#tip').textContent()).toBe(
      'roma-edge-mqtt\nUPGRADING\n2026-11-09 14:30 to 2026-11-10 19:18 UTC',
    );
    await row.locator('use').first().hover();
    expect(await page.locator('#tip').textContent()).toMatch(
      /^roma-edge-mqtt\nStatus changed: RUNNING → UPGRADING\nseen 2026-11-09 14:30:00 UTC, happened after 14:24:57$/,
    );
    await page.mouse.wheel(0, 200);
    await page.locator('#tip').waitFor({ state: 'hidden' });
  });

  it('opens what a finger taps', async () => {
    const page = await visit(report(), { width: 390, height: 844 });
    const box = await page.locator('.row', { hasText: 'roma-orders-prod' }).locator('use').first().boundingBox();
    const session = await page.context().newCDPSession(page);
    await session.send('Emulation.setTouchEmulationEnabled', { enabled: true });
    const touchPoints = [{ x: (box?.x ?? 0) + 14, y: (box?.y ?? 0) + 14 }];
    await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints });
    await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    await page.locator('dialog').waitFor();
    expect(await page.locator('dialog h2').textContent()).toBe('Status changed: roma-orders-prod');
  });

  it('changes its theme by a button', async () => {
    const page = await visit();
    const paper = async (): Promise<string> => page.evaluate(`getComputedStyle(document.body).backgroundColor`);
    const before = await paper();
    await page.click('#theme');
    expect(await paper()).not.toBe(before);
    await page.reload();
    expect(await paper()).not.toBe(before);
    await page.click('#theme');
    expect(await paper()).toBe(before);
  });

  it('paints of 1,000 rows only those in sight, and a search through 10,000 changes makes fewer than a hundred elements', async () => {
    const page = await visit(report(largeFleet(now, 1000, 10_000)));
    const painted = `[...document.querySelectorAll('.row .name')].filter((one) => one.checkVisibility({ contentVisibilityAuto: true })).length`;
    expect(await page.evaluate(painted)).toBeLessThan(200);
    const made = await page.evaluate(`(async () => {
      const made = [], watch = new MutationObserver((all) => made.push(...all.flatMap((one) => [...one.addedNodes])));
      watch.observe(document.body, { childList: true, subtree: true });
      const search = document.querySelector('#search');
      search.value = 'claims-prod';
      search.dispatchEvent(new Event('input'));
      while (document.querySelector('#shown').textContent === '') await new Promise((done) => requestAnimationFrame(done));
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      watch.disconnect();
      return made.filter((node) => node.nodeType === Node.ELEMENT_NODE).length;
    })()`);
    expect(made).toBeLessThan(100);
    await page.fill('#search', '');
    await page.locator('#r999').waitFor({ state: 'attached' });
    expect(await page.evaluate(painted)).toBeLessThan(200);
  });
});
