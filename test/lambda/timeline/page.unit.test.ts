import { plusMs } from '../../../lambda/core/model/instant';
import { buildTimeline, type TargetRecords } from '../../../lambda/timeline/model';
import { timelinePage } from '../../../lambda/timeline/page';
import { periodBefore } from '../../../lambda/timeline/period';
import { DAY, demoFleet, headAt, HOUR, largeFleet, Life, NORTH, recordsOf, SOUTH } from '../../support/timeline-fleet';

const now = '2026-11-22T12:00:00.000Z';
const ago = (ms: number): string => plusMs(now, -ms);
const draw = (records: readonly TargetRecords[], days = 30): string =>
  timelinePage(buildTimeline(records, periodBefore(now, days * DAY), now));
/** Without its style, its script and the data of the script. */
const bodyOf = (html: string): string => html.slice(html.indexOf('<body'), html.indexOf('<script type="text/plain"'));

const HOSTILE = [
  '<script>alert(1)</script>',
  '</svg><img src=x onerror=alert(1)>',
  '" onmouseover="alert(1)" x="',
  "' autofocus onfocus='alert(1)",
  '&lt;b&gt;',
  '\u202Egnp.exe',
  'two\nlines\u0000\u001B[2J',
  '</style><style>*{display:none}',
];

describe('the page', () => {
  it('shows hostile names, ids, statuses and values as text', () => {
    const lives = HOSTILE.map((text, index) =>
      new Life(NORTH, `${text}${index}`, text, { description: text })
        .saw('baseline', ago(20 * DAY))
        .saw('statusChanged', ago(12 * DAY), { status: text })
        .saw('updated', ago(HOUR), { description: `${text}!`, [text]: text }),
    );
    const head = headAt(NORTH, now, { outcome: 'partial', because: HOSTILE.join(' ') });
    const html = draw([recordsOf(NORTH, lives, { now, head })]);
    const body = bodyOf(html);
    expect(body).not.toMatch(/<script|<img|<style|<b>|\son(mouseover|error|focus)=["']/i);
    // oxlint-disable-next-line no-control-regex -- these must not be there
    expect(body).not.toMatch(/[\u202A-\u202E\u0000-\u001F\u007F]/);
    expect(body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(body).toContain('&amp;lt;b&amp;gt;');
    expect(html.match(/<script\b/g)).toHaveLength(2);
  });

  it('forbids every request in its content policy and refers to nothing outside', () => {
    const html = draw(demoFleet(now));
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1];
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; img-src data:; /);
    // What only Node has would end the script at once.
    expect(html).not.toContain('node:');
    expect(html.replaceAll('"http://www.w3.org/2000/svg"', '')).not.toMatch(/https?:\/\/|\ssrc=|@import/);
  });

  it('holds 500 instances over 30 days with 10,000 changes in less than 3.5 MB', () => {
    const html = draw(largeFleet(now, 500, 10_000));
    expect(html.match(/class="row" id/g)).toHaveLength(500);
    expect(bodyOf(html).match(/<tr class=/g)).toHaveLength(10_000);
    expect(Buffer.byteLength(html)).toBeLessThan(3_500_000);
  });

  it('says how many changes it draws without listing them', () => {
    expect(draw(largeFleet(now, 20, 10_040))).toContain('40 older changes are drawn above but not listed');
  });

  it('offers the zooms that are shorter than the period', () => {
    const zooms = (days: number): string[] =>
      [...draw(demoFleet(now), days).matchAll(/name="zoom" value="([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(zooms(30)).toEqual(['all', '7d', '24h', '1h']);
    expect(zooms(90)).toEqual(['all', '30d', '7d', '24h', '1h']);
    expect(zooms(1 / 24)).toEqual(['all']);
  });

  it('lists the changes newest first with the time in which each happened', () => {
    const life = new Life(NORTH, 'a', 'alpha')
      .saw('baseline', ago(9 * DAY))
      .saw('statusChanged', '2026-11-20T10:00:03.120Z', { status: 'ERROR' })
      .saw('updated', '2026-11-21T00:01:00.000Z', { cpu: 16 });
    const html = draw([recordsOf(NORTH, [life], { now })]);
    expect(html).toContain(
      '<tr class=statusChanged data-v=2><td>10:00:03<td>09:55:00<td><a href=#r0>alpha</a><td>Status changed<td>RUNNING → ERROR',
    );
    expect(html).toContain('<td>2026-11-20 23:55:57<td><a href=#r0>alpha</a><td>Updated<td>cpu = 16 (new)');
    expect(html.indexOf('Saturday, 21 November 2026')).toBeLessThan(html.indexOf('Friday, 20 November 2026'));
  });

  it('lists a time that ticks with every change only where nothing else changed', () => {
    const life = new Life(NORTH, 'a', 'alpha', { update_time: 1 })
      .saw('baseline', ago(9 * DAY))
      .saw('statusChanged', ago(3 * DAY), { status: 'ERROR', update_time: 2 })
      .saw('updated', ago(2 * DAY), { cpu: 16, update_time: 3 })
      .saw('updated', ago(DAY), { update_time: 4 });
    const html = bodyOf(draw([recordsOf(NORTH, [life], { now })]));
    expect([...html.matchAll(/<td>([^<]+)(?=<tr|<\/t)/g)].map((match) => match[1])).toEqual([
      'update_time: 3 → 4',
      'cpu = 16 (new)',
      'RUNNING → ERROR',
    ]);
  });

  it('tells how a deletion is known', () => {
    const life = new Life(NORTH, 'a', 'alpha').saw('baseline', ago(9 * DAY)).saw('deleted', ago(DAY));
    expect(draw([recordsOf(NORTH, [life], { now })])).toContain('Deleted<td>absent from two equal listings');
  });

  it('tells the lane in words', () => {
    const life = new Life(NORTH, 'a', 'alpha')
      .saw('baseline', ago(40 * DAY))
      .saw('statusChanged', ago(3 * DAY), { status: 'FROZEN' });
    expect(draw([recordsOf(NORTH, [life], { now })])).toContain(
      'aria-label="alpha: Running 27 d, Frozen 3 d, 1 change; availability 90.00 %"',
    );
  });

  it('never rounds up to 100 %', () => {
    const life = new Life(NORTH, 'a', 'alpha')
      .saw('baseline', ago(40 * DAY))
      .saw('statusChanged', ago(DAY), { status: 'ERROR' })
      .saw('statusChanged', ago(DAY - 1000), { status: 'RUNNING' });
    expect(draw([recordsOf(NORTH, [life], { now })])).toContain('<div class="share">99.99 %</div>');
  });

  it('says so when nothing was ever recorded, and that all is well of nothing', () => {
    for (const records of [[], [{ target: NORTH, head: undefined, instances: [] }]]) {
      expect(bodyOf(draw(records))).toContain(
        'Nothing recorded yet. <code>roma-history sync --target region/projectId</code> makes a first run',
      );
      expect(bodyOf(draw(records))).not.toMatch(/all are running|Availability<\/dt>/);
    }
    const listed = bodyOf(draw([recordsOf(NORTH, [], { now })]));
    expect(listed).toContain('No instance was known in this period');
    expect(listed).not.toContain('all are running');
  });

  it('says that all are running only where that was just seen', () => {
    const life = new Life(NORTH, 'a', 'alpha').saw('baseline', ago(9 * DAY));
    expect(draw([recordsOf(NORTH, [life], { now })])).toContain('<small>all are running</small>');
    const stale = headAt(NORTH, ago(2 * HOUR));
    expect(bodyOf(draw([recordsOf(NORTH, [life], { now, head: stale })]))).toContain('<small>as last seen</small>');
  });

  it('puts the worst first over all targets: broken, in between, frozen, running, gone', () => {
    const statuses = ['RUNNING', 'FROZEN', 'CREATING', 'ERROR', 'DELETE_FAILED', 'UPGRADING'];
    const targets = [NORTH, SOUTH].map((target, place) =>
      recordsOf(
        target,
        statuses
          .filter((_, index) => index % 2 === place)
          .map((status) => new Life(target, status, `is-${status}`, { status }).saw('baseline', ago(9 * DAY)))
          .concat(new Life(target, `gone-${place}`, null).saw('baseline', ago(9 * DAY)).saw('deleted', ago(DAY))),
        { now },
      ),
    );
    const ids = [...bodyOf(draw(targets)).matchAll(/class="name" title="([^"]+)"/g)].map((match) => match[1]);
    expect(ids).toEqual(['DELETE_FAILED', 'ERROR', 'CREATING', 'UPGRADING', 'FROZEN', 'RUNNING', 'gone-0', 'gone-1']);
  });

  it('writes the same page for the same history', () => {
    expect(draw(demoFleet(now))).toBe(draw(demoFleet(now)));
  });
});
