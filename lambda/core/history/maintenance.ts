import { UNIT_MS } from '../../contract';
import { type ClosedSpan, toMs } from '../model/instant';

/** `22:00:00` or `22:00`, as time since midnight. */
function clockMs(text: unknown): number | undefined {
  const [, hours, minutes] = typeof text === 'string' ? (/^(\d{1,2}):(\d\d)/.exec(text) ?? []) : [];
  return hours === undefined ? undefined : Number(hours) * UNIT_MS.h + Number(minutes) * UNIT_MS.m;
}

/** How far the clocks of a zone are ahead of UTC at a time. */
function offsetMs(zone: Intl.DateTimeFormat, ms: number): number {
  const name = zone.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign = '+', hours = 0, minutes = 0] = /([+-])(\d\d):(\d\d)/.exec(name) ?? [];
  return Number(`${sign}1`) * (Number(hours) * UNIT_MS.h + Number(minutes) * UNIT_MS.m);
}

/**
 * How much of a span lies in the daily maintenance window of a record, from `maintain_begin` to `maintain_end`, in ms. The API
 * does not say in which zone these are.
 * @throws RangeError when the zone does not exist
 */
export function plannedMs(record: Readonly<Record<string, unknown>>, span: ClosedSpan, zone: string): number {
  const begin = clockMs(record.maintain_begin);
  const end = clockMs(record.maintain_end);
  if (begin === undefined || end === undefined) return 0;
  const length = (end - begin + UNIT_MS.d) % UNIT_MS.d;
  const format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
  const [from, to] = [toMs(span.from), toMs(span.to)];
  let sum = 0;
  for (let wall = from - (from % UNIT_MS.d) - 2 * UNIT_MS.d + begin; wall < to + UNIT_MS.d; wall += UNIT_MS.d) {
    const start = wall - offsetMs(format, wall - offsetMs(format, wall));
    sum += Math.max(0, Math.min(start + length, to) - Math.max(start, from));
  }
  return sum;
}
