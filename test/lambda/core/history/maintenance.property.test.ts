import * as fc from 'fast-check';
import { plannedMs } from '../../../../lambda/core/history/maintenance';
import { toInstant, toMs } from '../../../../lambda/core/model/instant';

const MINUTE = 60_000;
const ZONES = ['UTC', 'Asia/Shanghai', 'Asia/Kolkata', 'America/St_Johns'];

/** The time of day in a zone, in minutes: written another way than the code does it. */
const minuteOf = (ms: number, zone: string): number => {
  const [hours = 0, minutes = 0] = new Date(ms)
    .toLocaleTimeString('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
    .split(':')
    .map(Number);
  return hours * 60 + minutes;
};
const clock = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

it('planned time is that of the minutes in the daily window', () => {
  // Winter: no zone of these changes its clocks.
  const winter = Date.parse('2026-11-20T00:00:00.000Z');
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1439 }),
      fc.integer({ min: 0, max: 1439 }),
      fc.integer({ min: 0, max: 3000 }),
      fc.integer({ min: 1, max: 3000 }),
      fc.constantFrom(...ZONES),
      fc.constantFrom('', ':00'),
      (begin, end, start, length, zone, seconds) => {
        const from = winter + start * MINUTE;
        const span = { from: toInstant(from), to: toInstant(from + length * MINUTE) };
        const record = { maintain_begin: clock(begin) + seconds, maintain_end: clock(end) + seconds };
        const isInside = (minute: number): boolean =>
          begin <= end ? minute >= begin && minute < end : minute >= begin || minute < end;
        const expected = Array.from({ length }, (_, minute) => minuteOf(from + minute * MINUTE, zone)).filter(isInside);
        expect(plannedMs(record, span, zone)).toBe(expected.length * MINUTE);
      },
    ),
    { numRuns: 20 },
  );
});

it.each([
  // The clocks of Berlin are set back on 25 October, at 03:00.
  ['2026-10-24T20:00:00.000Z', '2026-10-24T21:00:00.000Z'],
  ['2026-10-25T21:00:00.000Z', '2026-10-25T22:00:00.000Z'],
])('the window follows the clocks of its zone: %s to %s', (from, to) => {
  const record = { maintain_begin: '22:00:00', maintain_end: '23:00:00' };
  const day = { from: toInstant(toMs(from) - 5 * 60 * MINUTE), to: toInstant(toMs(to) + 60 * MINUTE) };
  expect(plannedMs(record, { from, to }, 'Europe/Berlin')).toBe(60 * MINUTE);
  expect(plannedMs(record, day, 'Europe/Berlin')).toBe(60 * MINUTE);
});

it('a record without a window has no planned time, and neither has one whose window is empty', () => {
  const span = { from: '2026-11-22T00:00:00.000Z', to: '2026-11-23T00:00:00.000Z' };
  for (const record of [
    {},
    { maintain_begin: '22:00:00' },
    { maintain_begin: 'x', maintain_end: 7 },
    { maintain_begin: '22:00', maintain_end: '22:00' },
  ])
    expect(plannedMs(record, span, 'UTC')).toBe(0);
});
