import { spanMs, UNIT_MS } from '../../lambda/contract';
import { UsageError } from '../../lambda/core/model/errors';
import { type Instant, toInstant } from '../../lambda/core/model/instant';

/** How far the clock here may be behind the clocks of the runs. A time that they recorded must not count as in the future. */
const CLOCK_ERROR_MS = 10 * 60_000;
const DAY_MS = UNIT_MS.d;
const WALL =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?)?(?: ?(Z|[A-Z]{2,5}|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d\d(?::\d\d)?)?))?$/;

/**
 * Reads a time as this program prints it (`2026-11-22T10:00:00.000Z`, `2026-11-22 11:00:00 CET`, `2 h ago`), a day, `today`,
 * `yesterday`, a time of day, which is the last that has passed, or a span back from now such as `15m` or `1d12h`. What has no
 * zone is in `zone`, as printed times are.
 * @throws UsageError when it is none of these, or lies further in the future than clocks may differ
 */
export function parseTime(text: string, nowMs: number, what: string, zone: string): Instant {
  if (text === 'now') return toInstant(nowMs);
  const found = readings(text, nowMs, zone).map((one) => wallMs(one, zone));
  const ms = backMs(text, nowMs) ?? found.find((one) => one !== undefined && one <= nowMs + CLOCK_ERROR_MS) ?? found[0];
  if (ms === undefined || Number.isNaN(ms) || ms < 0) {
    const named = / ([A-Z]{2,5})$/.exec(text)?.[1];
    throw new UsageError(
      `${what} ${JSON.stringify(text.slice(0, 60))} is not a time${named === undefined || named === 'UTC' ? '' : ` of this machine, whose zone is ${zone}`}: give one such as 2026-11-22T10:00:00Z, "2026-11-22 11:00", 11:00, yesterday, or a span back from now such as 15m, 24h, 1d12h`,
    );
  }
  if (ms > nowMs + CLOCK_ERROR_MS)
    throw new UsageError(`${what} ${text} is in the future: history ends now, at ${toInstant(nowMs)}`);
  return toInstant(ms);
}

/** `1d12h` before now, also as this program prints it: `2 h ago`. */
function backMs(text: string, nowMs: number): number | undefined {
  const span = text.replaceAll(/^≥ ?| (?=[a-z])|ago$|(?<=m)in/g, '');
  const parts = span.match(/\d{1,9}[smhdw]/g) ?? [];
  if (parts.length === 0 || parts.join('') !== span) return undefined;
  return parts.reduce((ms, part) => ms - (spanMs(part) ?? NaN), nowMs);
}

/** The texts that one may stand for, newest first: in another zone, a time of day may be on another day. */
function readings(text: string, nowMs: number, zone: string): readonly string[] {
  const today = Date.parse(partsOf(toInstant(nowMs), zone).date);
  const day = (days: number): string => toInstant(today + days * DAY_MS).slice(0, 10);
  if (/^\d\d:/.test(text)) return [1, 0, -1, -2].map((days) => `${day(days)} ${text}`);
  return [text === 'today' ? day(0) : text === 'yesterday' ? day(-1) : text];
}

function wallMs(text: string, zone: string): number | undefined {
  const [, date = '', clock = '00:00', seconds = ':00', named] = WALL.exec(text) ?? [];
  const wall = Date.parse(`${date}T${clock}${seconds}Z`);
  // Date.parse rolls over days that do not exist, such as the 30th of February.
  if (Number.isNaN(wall) || !toInstant(wall).startsWith(date)) return undefined;
  if (named === 'Z' || named === 'UTC' || named === 'GMT') return wall;
  const [, sign, hours = '', minutes = '0', rest = '0'] =
    /^(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d\d)(?::(\d\d))?)?$/.exec(named ?? '') ?? [];
  if (sign !== undefined)
    return Number(hours) > 14 || Number(minutes) > 59
      ? undefined
      : wall -
          Number(`${sign}1`) * (Number(hours) * UNIT_MS.h + Number(minutes) * UNIT_MS.m + Number(rest) * UNIT_MS.s);
  // The zone's offset near that time. When clocks are set back, an hour comes twice and the name of the zone tells which is meant.
  const found = [wall - DAY_MS, wall + DAY_MS].map((near) => {
    const local = partsOf(toInstant(near), zone);
    return wall - (Date.parse(`${local.date}T${local.clock}Z`) - Math.floor(near / 1000) * 1000);
  });
  return found.find((ms) => {
    const local = partsOf(toInstant(ms), zone);
    return (
      `${local.date} ${local.clock}` === `${date} ${toInstant(wall).slice(11, 19)}` &&
      [undefined, local.zone].includes(named)
    );
  });
}

/** Reads a length of time such as `90`, `90s` or `5m`, in ms; a bare number is seconds. Undefined when the text is something else. */
export const lengthMs = (text: string): number | undefined => spanMs(/^\d+$/.test(text) ? `${text}s` : text);

/**
 * Reads a time that may be left out, which means now. Now is returned as undefined: it is the state in the newest rows,
 * whatever the clock here says.
 */
export const parseMoment = (
  text: string | undefined,
  nowMs: number,
  what: string,
  zone: string,
): Instant | undefined => (text === undefined || text === 'now' ? undefined : parseTime(text, nowMs, what, zone));

export interface SpanOptions {
  readonly since?: string;
  readonly until?: string;
}

/**
 * @returns without `to` when the span lasts until now
 * @throws UsageError when the span is empty or reversed
 */
export function parseSpan(
  options: SpanOptions,
  nowMs: number,
  defaultSince: string,
  zone: string,
): { readonly from: Instant; readonly to?: Instant } {
  const from = parseTime(options.since ?? defaultSince, nowMs, '--since', zone);
  const to = parseMoment(options.until, nowMs, '--until', zone);
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

/** `10:00:03`, or the whole time where it lies on another day than `near`. */
export function clockText(instant: Instant, near: Instant, style: TimeStyle): string {
  const { date, clock } = partsOf(instant, style.zone);
  return style.isTerminal && date === partsOf(near, style.zone).date ? clock : showTime(instant, style);
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
