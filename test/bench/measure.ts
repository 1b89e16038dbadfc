/** One line of the table: what was measured, beside what, and what was hoped for. */
export interface Finding {
  readonly what: string;
  readonly ours: string;
  readonly beside: string;
  readonly goal: string;
  /** Undefined where there is no goal. */
  readonly met?: boolean;
}

export interface Measure {
  readonly letter: string;
  readonly title: string;
  readonly run: (bench: Bench) => Promise<readonly Finding[]>;
}

export interface Bench {
  /** Where the embedded database that counts units as documented listens. */
  readonly endpoint: string;
  /** Numbers of the measures that ran before, for those that compute with them. */
  readonly numbers: Map<string, number>;
  /** Also measure what takes many minutes to set up. */
  readonly long: boolean;
  /** Says on stderr what is going on. */
  progress(text: string): void;
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** Nearest rank. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

export const round = (value: number, digits = 2): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: digits });
export const times = (ours: number, beside: number): string => `${round(ours / beside)}×`;

/** Milliseconds that something takes by the wall clock. */
export async function wallTime(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}
