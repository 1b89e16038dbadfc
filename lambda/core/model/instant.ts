/**
 * A point in time as text: ISO-8601, UTC, exactly milliseconds (`2026-11-22T10:00:03.120Z`).
 * Because the form is fixed, the order of the text is the order of time, in keys and in comparisons alike.
 */
export type Instant = string;

/** Half-open: `to` is the first instant after it. */
export interface ClosedSpan {
  readonly from: Instant;
  readonly to: Instant;
}

/** @param ms milliseconds since the epoch */
export const toInstant = (ms: number): Instant =>
  // oxlint-disable-next-line no-restricted-globals -- turns a number that is given into text; reads no clock
  new Date(ms).toISOString();

/** @returns milliseconds since the epoch */
export const toMs = (instant: Instant): number =>
  // oxlint-disable-next-line no-restricted-globals -- turns text that is given into a number; reads no clock
  Date.parse(instant);

/** The later of the instants that are given; undefined when there is none. */
export function latest(...instants: readonly (Instant | null | undefined)[]): Instant | undefined {
  let result: Instant | undefined;
  for (const instant of instants) {
    if (instant != null && (result === undefined || instant > result)) result = instant;
  }
  return result;
}

/** `2026-11-22`, in UTC. */
export const dayOf = (instant: Instant): string => instant.slice(0, 10);
export const startOfDay = (day: string): Instant => `${day}T00:00:00.000Z`;

/** The same instant moved by a number of milliseconds. */
export const plusMs = (instant: Instant, ms: number): Instant => toInstant(toMs(instant) + ms);
