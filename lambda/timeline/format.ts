import { utcFormat } from 'd3-time-format';
import type { Instant } from '../core/model/instant';
import { toMs } from '../core/model/instant';
import { DAY_MS, HOUR_MS, lengthMs, type Period } from './period';

const dateAndTime = utcFormat('%Y-%m-%d %H:%M:%S');
const minute = utcFormat('%Y-%m-%d %H:%M');
const time = utcFormat('%H:%M:%S');
const longDay = utcFormat('%A, %-d %B %Y');

/** `2026-11-22 10:00:03` (UTC). */
export const momentText = (instant: Instant): string => dateAndTime(new Date(instant));
/** `2026-11-22 10:00` (UTC). */
export const minuteText = (instant: Instant): string => minute(new Date(instant));
/** To the minute, or where it is short to the second. */
export function periodText(period: Period): string {
  const show = lengthMs(period) < HOUR_MS ? momentText : minuteText;
  return `${show(period.from)} to ${show(period.to)} UTC`;
}
/** `10:00:03`, or with the date where the instant lies on another day than `day`. */
export const timeText = (instant: Instant, day: Instant): string =>
  instant.slice(0, 10) === day.slice(0, 10) ? time(new Date(instant)) : momentText(instant);
export const dayText = (instant: Instant): string => longDay(new Date(instant));

const UNITS = [
  ['d', DAY_MS],
  ['h', HOUR_MS],
  ['min', 60_000],
  ['s', 1000],
] as const;

/** The two largest units: `3 d 4 h`, `12 min 5 s`. */
export function durationText(ms: number): string {
  const parts: string[] = [];
  let left = Math.max(0, ms);
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.length > 0 ? parts.join(' ') : '0 s';
}

export const agoText = (instant: Instant, now: Instant): string => `${durationText(toMs(now) - toMs(instant))} ago`;

/** Rounded down, so that 100 % is said only of what never failed. */
export function percentText(share: number | null): string {
  if (share === null) return '–';
  const hundredths = Math.floor(share * 10_000 + 1e-9);
  return hundredths === 10_000 ? '100 %' : `${(hundredths / 100).toFixed(2)} %`;
}

export const countText = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
