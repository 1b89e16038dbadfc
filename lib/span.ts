import * as z from 'zod';

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof UNIT_MS;

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
  return z.string('must be a span of time such as 5m, 24h or 7d').transform((text, context): number => {
    const [, digits, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
    const ms = Number(digits) * UNIT_MS[unit as Unit];
    const problem = Number.isNaN(ms)
      ? 'must be a span of time such as 5m, 24h or 7d'
      : ms < atLeast || ms > atMost
        ? `must be between ${spanText(atLeast)} and ${spanText(atMost)}`
        : ms % wholly === 0
          ? undefined
          : `must be a multiple of ${spanText(wholly)}`;
    if (problem !== undefined) context.addIssue(`${JSON.stringify(text)} ${problem}`);
    return ms;
  });
}
