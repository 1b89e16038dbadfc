import { utcTicks } from 'd3-time';
import { utcFormat } from 'd3-time-format';
import { type Instant, toMs } from '../core/model/instant';
import { DAY_MS, lengthMs, type Period } from './period';

/** Horizontal positions are percent of the period that is drawn, so that one picture fits every width. */
export interface TimeScale {
  at(instant: Instant): string;
  width(from: Instant, to: Instant): string;
}

/** A tenth of a pixel on the widest screen. */
const round = (percent: number): number => Math.round(percent * 1000) / 1000;

const placeIn = (period: Period, ms: number): number =>
  round(Math.min(100, Math.max(0, ((ms - toMs(period.from)) / lengthMs(period)) * 100)));

export function timeScale(period: Period): TimeScale {
  const at = (instant: Instant): number => placeIn(period, toMs(instant));
  return { at: (instant) => String(at(instant)), width: (from, to) => String(round(at(to) - at(from))) };
}

/** About so many. */
const TICKS = 10;
/** Words so near to an end of the lane would be cut; in percent. */
const EDGE = 3;
/** On a narrow screen every second word goes, on a very narrow one half of the rest. */
const THINNED = ['', ' class="odd"', ' class="even"', ' class="odd"'];

/** The lines of time, or their words. */
export function axisSvg(period: Period, part: 'lines' | 'words'): string {
  const ticks = utcTicks(new Date(period.from), new Date(period.to), TICKS);
  const drawn = ticks.map((tick, index) => {
    const x = placeIn(period, tick.getTime());
    if (part === 'lines') return `<line x1="${x}%" x2="${x}%" y2="100%"/>`;
    if (x < EDGE || x > 100 - EDGE) return '';
    return `<text x="${x}%" y="20"${THINNED[(ticks.length - index) % 4] ?? ''}>${tickText(tick)}</text>`;
  });
  return `<svg class="s">${drawn.join('')}</svg>`;
}

const day = utcFormat('%-d %b');
const minute = utcFormat('%H:%M');
const second = utcFormat('%H:%M:%S');

/** Days are dates, and hours are those of a clock of 24 hours. */
function tickText(tick: Date): string {
  if (tick.getTime() % DAY_MS === 0)
    return tick.getUTCMonth() === 0 && tick.getUTCDate() === 1 ? String(tick.getUTCFullYear()) : day(tick);
  if (tick.getUTCMilliseconds() !== 0) return `.${String(tick.getUTCMilliseconds()).padStart(3, '0')}`;
  return tick.getUTCSeconds() === 0 ? minute(tick) : second(tick);
}
