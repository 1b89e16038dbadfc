import { setTimeout as wait } from 'node:timers/promises';
import type { Io } from '../../bin/cli/io';
import { painter } from '../../bin/cli/output';
import { run } from '../../bin/cli/program';
import { toMs } from '../../lambda/core/model/instant';

export interface CliResult {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
  /** The lines of the output as JSON. */
  readonly json: () => Record<string, unknown>[];
}

export const NOW = '2026-11-22T12:00:00.000Z';

/** Runs the command line in this process, with a fixed clock and a terminal of 100 cells in UTC. */
export async function cli(args: readonly string[], overrides: Partial<Io> = {}): Promise<CliResult> {
  const out: string[] = [];
  const err: string[] = [];
  const exitCode = await run(args, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    environment: {},
    clock: { now: () => toMs(NOW), sleep: async () => wait(1) },
    paint: painter(false),
    width: 100,
    time: { zone: 'UTC', isTerminal: true },
    signal: new AbortController().signal,
    ...overrides,
  });
  return {
    exitCode,
    out: out.join('\n'),
    err: err.join('\n'),
    json: () => out.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}
