import * as z from 'zod';
import { spanMs, UNIT_MS } from '../lambda/contract';

/** Writes milliseconds as a span in the largest unit that fits: `5m`, `36h`, `7d`. */
export function spanText(ms: number): string {
  const unit = (['d', 'h', 'm'] as const).find((candidate) => ms % UNIT_MS[candidate] === 0) ?? 's';
  return `${ms / UNIT_MS[unit]}${unit}`;
}

/**
 * A span of time such as `90s`, `5m`, `24h` or `400d`, read as milliseconds.
 * @param limits in milliseconds; `wholly` is the unit that the span must be a multiple of
 */
export function span(limits: { readonly atLeast: number; readonly atMost: number; readonly wholly?: number }) {
  const { atLeast, atMost, wholly = 1000 } = limits;
  const form = 'must be a span of time such as 5m, 24h or 7d';
  return z.string(form).transform((text, context): number => {
    const ms = spanMs(text) ?? Number.NaN;
    const problem = Number.isNaN(ms)
      ? form
      : ms < atLeast || ms > atMost
        ? `must be between ${spanText(atLeast)} and ${spanText(atMost)}`
        : ms % wholly === 0
          ? undefined
          : `must be a multiple of ${spanText(wholly)}`;
    if (problem !== undefined) context.addIssue(`${JSON.stringify(text)} ${problem}`);
    return ms;
  });
}
