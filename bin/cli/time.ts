import { spanMs } from '../../lambda/contract';
import { UsageError } from '../../lambda/core/model/errors';
import { type Instant, toInstant } from '../../lambda/core/model/instant';

/** How far the clock here may be behind the clocks of the runs. A time that they recorded must not count as in the future. */
const CLOCK_ERROR_MS = 10 * 60_000;
const ISO = /^(\d{4})-(\d{2})-(\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/**
 * Reads `2026-11-22T10:00:00Z`, `2026-11-22` or a span back from now such as `15m`. A time without a zone is local. A
 * day without a time begins at midnight UTC.
 * @throws UsageError when it is neither, or lies further in the future than clocks may differ
 */
export function parseTime(text: string, nowMs: number, what: string): Instant {
  if (text === 'now') return toInstant(nowMs);
  const span = spanMs(text);
  const ms = span === undefined ? isoMs(text) : nowMs - span;
  if (ms === undefined || Number.isNaN(ms) || ms < 0) {
    throw new UsageError(
      `${what} ${JSON.stringify(text.slice(0, 60))} is not a time: give ISO-8601 such as 2026-11-22T10:00:00Z, or a span back from now such as 15m, 24h, 7d`,
    );
  }
  if (ms > nowMs + CLOCK_ERROR_MS)
    throw new UsageError(`${what} ${text} is in the future: history ends now, at ${toInstant(nowMs)}`);
  return toInstant(ms);
}

function isoMs(text: string): number | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  // Date.parse rolls over days that do not exist, such as the 30th of February.
  const [, year, month, day] = match.map(Number);
  const date = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day));
  if (date.getUTCMonth() !== (month ?? 0) - 1 || date.getUTCDate() !== day) return undefined;
  return Date.parse(text);
}

/** Reads a length of time such as `90`, `90s` or `5m`, in ms; a bare number is seconds. Undefined when the text is something else. */
export const lengthMs = (text: string): number | undefined => spanMs(/^\d+$/.test(text) ? `${text}s` : text);

/**
 * Reads a time that may be left out, which means now. Now is returned as undefined: it is the state in the newest rows,
 * whatever the clock here says.
 */
export const parseMoment = (text: string | undefined, nowMs: number, what: string): Instant | undefined =>
  text === undefined || text === 'now' ? undefined : parseTime(text, nowMs, what);

/**
 * @returns without `to` when the span lasts until now
 * @throws UsageError when the span is empty or reversed
 */
export function parseSpan(
  options: { readonly since?: string | undefined; readonly until?: string | undefined },
  nowMs: number,
  defaultSince: string,
): { readonly from: Instant; readonly to?: Instant } {
  const from = parseTime(options.since ?? defaultSince, nowMs, '--since');
  const to = parseMoment(options.until, nowMs, '--until');
  const end = to ?? toInstant(nowMs);
  if (from >= end) {
    const mend = from > end ? 'swap them' : 'give a later --until';
    throw new UsageError(`--since ${from} is not before --until ${end}: ${mend}`);
  }
  return to === undefined ? { from } : { from, to };
}

/** `3 min ago`; the largest unit that is at least one. */
export function ago(instant: Instant, nowMs: number): string {
  const ms = nowMs - Date.parse(instant);
  return ms < 1000 ? 'now' : `${duration(ms)} ago`;
}

/** A length of time in its largest unit, rounded down: `45 s`, `3 min`, `2 h`, `5 d`. A negative length is shown as `0 s`. */
export function duration(ms: number): string {
  if (ms < 60_000) return `${Math.max(0, Math.floor(ms / 1000))} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  if (ms < 2 * 86_400_000) return `${Math.floor(ms / 3_600_000)} h`;
  return `${Math.floor(ms / 86_400_000)} d`;
}

/** How times are shown: in a time zone on a terminal, as full UTC instants elsewhere. */
export interface TimeStyle {
  readonly zone: string;
  readonly isTerminal: boolean;
}

/** `2026-11-22 10:00:03 GMT+1` on a terminal, the instant itself elsewhere. */
export function showTime(instant: Instant, style: TimeStyle): string {
  if (!style.isTerminal) return instant;
  const { date, clock, zone } = partsOf(instant, style.zone);
  return `${date} ${clock} ${zone}`;
}

/** `10:00–10:45` where both lie on one day, with dates where they do not. */
export function showSpan(from: Instant, to: Instant | undefined, style: TimeStyle, separator = '–'): string {
  if (to === undefined) return `since ${showTime(from, style)}`;
  if (!style.isTerminal) return `${from}${separator}${to}`;
  const a = partsOf(from, style.zone);
  const b = partsOf(to, style.zone);
  if (a.date === b.date && a.zone === b.zone) return `${a.date} ${a.clock}${separator}${b.clock} ${a.zone}`;
  return `${a.date} ${a.clock} ${a.zone}${separator}${b.date} ${b.clock} ${b.zone}`;
}

function partsOf(instant: Instant, timeZone: string): { date: string; clock: string; zone: string } {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  }).formatToParts(new Date(instant));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)?.value ?? '';
  return {
    date: `${part('year')}-${part('month')}-${part('day')}`,
    clock: `${part('hour')}:${part('minute')}:${part('second')}`,
    zone: part('timeZoneName'),
  };
}
