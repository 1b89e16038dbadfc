import { plusMs } from '../../../lambda/core/model/instant';
import type { Gap } from '../../../lambda/core/model/record';
import { buildTimeline, type Row, type TargetRecords } from '../../../lambda/timeline/model';
import { periodBefore, periodBetween } from '../../../lambda/timeline/period';
import { DAY, demoFleet, HOUR, headAt, Life, MINUTE, NORTH, recordsOf, SOUTH } from '../../support/timeline-fleet';

const now = '2026-11-22T12:00:00.000Z';
const ago = (ms: number): string => plusMs(now, -ms);
const day = periodBefore(now, DAY);

function onlyRow(records: TargetRecords, period = day): Row {
  const rows = buildTimeline([records], period, now).groups.flatMap((group) => group.rows);
  expect(rows).toHaveLength(1);
  return rows[0] as Row;
}

describe('the rows of a timeline', () => {
  it('draws one bar a status and one mark a change, cut at the period', () => {
    const life = new Life(NORTH, 'a', 'alpha')
      .saw('baseline', ago(9 * DAY))
      .saw('statusChanged', ago(6 * HOUR), { status: 'ERROR' })
      .saw('updated', ago(5 * HOUR), { cpu: 8 })
      .saw('statusChanged', ago(3 * HOUR), { status: 'RUNNING' });
    const row = onlyRow(recordsOf(NORTH, [life], { now }));
    expect(row.bars).toEqual([
      { from: ago(DAY), to: ago(6 * HOUR), status: 'RUNNING' },
      { from: ago(6 * HOUR), to: ago(3 * HOUR), status: 'ERROR' },
      { from: ago(3 * HOUR), to: now, status: 'RUNNING' },
    ]);
    expect(row.changes.map((change) => change.kind)).toEqual(['statusChanged', 'updated', 'statusChanged']);
    expect(row.uptime.availability).toBeCloseTo(21 / 24, 10);
  });

  it('draws a gap as unobserved and does not count it as time that was available or not', () => {
    const gap: Gap = { target: NORTH, from: ago(10 * HOUR), to: ago(4 * HOUR) };
    const life = new Life(NORTH, 'a', 'alpha').saw('baseline', ago(2 * DAY));
    const row = onlyRow(recordsOf(NORTH, [life], { now, gaps: [gap] }));
    expect(row.bars.map((bar) => bar.status)).toEqual(['RUNNING', null, 'RUNNING']);
    expect(row.uptime).toMatchObject({ unobservedMs: 6 * HOUR, availability: 1 });
  });

  it('says that the end is not known while runs are missing', () => {
    const life = new Life(NORTH, 'a', 'alpha').saw('baseline', ago(2 * DAY));
    const records = recordsOf(NORTH, [life], { now, head: headAt(NORTH, ago(2 * HOUR)) });
    const [group] = buildTimeline([records], day, now).groups;
    expect(group).toMatchObject({ stale: true, observedAt: ago(2 * HOUR) });
    expect(group?.rows[0]).toMatchObject({ blind: true, status: 'RUNNING' });
    expect(group?.rows[0]?.bars.at(-1)).toEqual({ from: ago(2 * HOUR), to: now, status: null });
  });

  it('is fresh while the last completed run is younger than the gap threshold', () => {
    const life = new Life(NORTH, 'a', 'alpha').saw('baseline', ago(2 * DAY));
    const records = recordsOf(NORTH, [life], { now, head: headAt(NORTH, ago(12 * MINUTE)) });
    expect(buildTimeline([records], day, now).groups[0]?.stale).toBe(false);
  });

  it('ends the lane of a deleted instance, even where nobody looked later', () => {
    const gap: Gap = { target: NORTH, from: ago(3 * HOUR), to: ago(2 * HOUR) };
    const life = new Life(NORTH, 'a', 'alpha').saw('baseline', ago(2 * DAY)).saw('deleted', ago(6 * HOUR));
    const row = onlyRow(recordsOf(NORTH, [life], { now, gaps: [gap] }));
    expect(row.bars).toEqual([{ from: ago(DAY), to: ago(6 * HOUR), status: 'RUNNING' }]);
    expect(row).toMatchObject({ deleted: true, blind: false, status: 'DELETED' });
  });

  it('begins the lane of a created instance at its creation, and of a baseline with what nobody saw', () => {
    const created = new Life(NORTH, 'a', 'alpha').saw('created', ago(6 * HOUR));
    const there = new Life(NORTH, 'b', 'beta').saw('baseline', ago(6 * HOUR));
    const rows = buildTimeline([recordsOf(NORTH, [created, there], { now })], day, now).groups[0]?.rows;
    expect(rows?.[0]?.bars).toEqual([{ from: ago(6 * HOUR), to: now, status: 'RUNNING' }]);
    expect(rows?.[1]?.bars.map((bar) => bar.status)).toEqual([null, 'RUNNING']);
    expect(rows?.[1]?.changes).toEqual([]);
  });

  it('leaves out what was gone before the period or came after it', () => {
    const gone = new Life(NORTH, 'a', 'alpha').saw('baseline', ago(9 * DAY)).saw('deleted', ago(5 * DAY));
    const later = new Life(NORTH, 'b', 'beta').saw('created', ago(HOUR));
    const period = periodBetween(ago(3 * DAY), ago(2 * DAY));
    expect(buildTimeline([recordsOf(NORTH, [gone, later], { now })], period, now).groups[0]?.rows).toEqual([]);
  });

  it('has no state after now, where the period goes on', () => {
    const life = new Life(NORTH, 'a', 'alpha').saw('baseline', ago(9 * DAY));
    const row = onlyRow(recordsOf(NORTH, [life], { now }), periodBetween(ago(DAY), plusMs(now, DAY)));
    expect(row.bars).toEqual([{ from: ago(DAY), to: now, status: 'RUNNING' }]);
  });

  it('puts what does not run first and what is deleted last', () => {
    const rows = buildTimeline(demoFleet(now), periodBefore(now, 30 * DAY), now).groups[1]?.rows ?? [];
    const rank = rows.map((row) => (row.deleted ? 2 : Number(row.status === 'RUNNING')));
    expect(rank).toEqual(rank.toSorted((a, b) => a - b));
    expect(new Set(rank)).toEqual(new Set([0, 1, 2]));
  });

  it('groups by target, in the order of their names', () => {
    const groups = buildTimeline(demoFleet(now), day, now).groups;
    expect(groups.map((group) => group.target)).toEqual([SOUTH, NORTH]);
  });
});

describe('a period', () => {
  it.each([
    ['ends before it begins', now, ago(HOUR)],
    ['is empty', now, now],
    ['is longer than five years', ago(2000 * DAY), now],
  ])('is refused when it %s', (_, from, to) => {
    expect(() => periodBetween(from, to)).toThrow(/cannot be drawn: it must end after it begins/);
  });
});
