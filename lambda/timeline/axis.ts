import { scaleUtc, type ScaleTime } from 'd3-scale';
import { utcFormat } from 'd3-time-format';
import type { Instant } from '../core/model/instant';
import { durationText } from './format';
import { DAY_MS, lengthMs, type Period, ZOOMS } from './period';

/** Horizontal positions are percent of the whole period, so that one picture fits every width and zoom. */
export interface TimeScale {
  at(instant: Instant): string;
  width(from: Instant, to: Instant): string;
}

const scaleOf = (period: Period): ScaleTime<number, number> =>
  scaleUtc()
    .domain([new Date(period.from), new Date(period.to)])
    .range([0, 100]);

/** What a rounded position may be off by: less than a pixel at the closest zoom, and no other minute. */
const PRECISION_MS = 30_000;

export function timeScale(period: Period): TimeScale {
  const scale = scaleOf(period);
  const digits = Math.max(2, Math.ceil(Math.log10(lengthMs(period) / PRECISION_MS / 100)));
  const factor = 10 ** digits;
  const round = (value: number): number => Math.round(value * factor) / factor;
  const at = (instant: Instant): number => round(Math.min(100, Math.max(0, scale(new Date(instant)))));
  return { at: (instant) => String(at(instant)), width: (from, to) => String(round(at(to) - at(from))) };
}

export interface Zoom {
  readonly id: string;
  readonly title: string;
  /** How many times the period is wider than what is seen. */
  readonly factor: number;
}

/** The whole period and each shorter zoom, the widest first. */
export function zoomsOf(period: Period): readonly Zoom[] {
  const length = lengthMs(period);
  const shorter = ZOOMS.filter((zoom) => zoom.ms < length * 0.99).toReversed();
  return [
    { id: 'all', title: durationText(length), factor: 1 },
    ...shorter.map((zoom) => ({ id: zoom.id, title: zoom.title, factor: length / zoom.ms })),
  ];
}

/** About so many ticks are seen at once. */
const TICKS_IN_VIEW = 10;
/** The closest zooms of a long period have ticks only near its end, where they look. */
const MOST_TICKS = 800;

/** The lines of one zoom, or their words. */
export function axisSvg(period: Period, zoom: Zoom, part: 'lines' | 'words'): string {
  const scale = scaleOf(period);
  const ticks = scale.ticks(Math.round(TICKS_IN_VIEW * zoom.factor)).slice(-MOST_TICKS);
  const left = 100 - 100 / zoom.factor;
  return ticks
    .map((tick, index) => {
      const at = scale(tick);
      const x = Math.round(at * 10_000) / 10_000;
      if (part === 'lines') return `<line x1="${x}%" x2="${x}%" y2="100%"/>`;
      if (Math.abs(at - left) * zoom.factor < EDGE || (100 - at) * zoom.factor < EDGE) return '';
      return `<text x="${x}%" y="20"${THINNED[(ticks.length - index) % 4] ?? ''}>${tickText(tick)}</text>`;
    })
    .join('');
}

/** Words so near to an end of the lane would be cut; in percent of what is seen. */
const EDGE = 3;
/** On a narrow screen every second word goes, on a very narrow one half of the rest. */
const THINNED = ['', ' class="odd"', ' class="even"', ' class="odd"'];

const day = utcFormat('%-d %b');
const minute = utcFormat('%H:%M');
const second = utcFormat('%H:%M:%S');

/** Days are dates, and hours are those of a clock of 24 hours. */
function tickText(tick: Date): string {
  if (tick.getTime() % DAY_MS === 0)
    return tick.getUTCMonth() === 0 && tick.getUTCDate() === 1 ? String(tick.getUTCFullYear()) : day(tick);
  return tick.getUTCSeconds() === 0 ? minute(tick) : second(tick);
}
