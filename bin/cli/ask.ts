import { NotFoundError, UsageError } from '../../lambda/core/model/errors';
import { EXIT } from './exit';
import type { Io } from './io';
import { painter } from './output';

/** Runs one command line. @returns the exit code */
export type RunCommand = (argv: readonly string[], io: Io) => Promise<number>;

/** What other programs may ask: commands that read, and the options and arguments that each takes. */
export const QUESTIONS = {
  list: { command: ['list'], options: ['at', 'status', 'target'], args: [] },
  show: { command: ['show'], options: ['at', 'version', 'target'], args: ['instance'] },
  log: { command: ['log'], options: ['since', 'until', 'limit', 'target'], args: ['instance'] },
  diff: { command: ['diff'], options: ['target'], args: ['instance', 'a', 'b'] },
  changes: { command: ['changes'], options: ['since', 'until', 'kind', 'target'], args: [] },
  who: { command: ['who'], options: ['since', 'target'], args: ['instance'] },
  uptime: { command: ['uptime'], options: ['since', 'until', 'target'], args: ['instance'] },
  targets: { command: ['targets', 'list'], options: [], args: [] },
} as const satisfies Record<
  string,
  { command: readonly string[]; options: readonly string[]; args: readonly string[] }
>;
export type Question = keyof typeof QUESTIONS;

export interface Answer {
  /** What the command prints with --json, line by line. */
  readonly rows: readonly Record<string, unknown>[];
  /** There are more rows than were asked for. */
  readonly isTruncated: boolean;
}

export interface Asker {
  readonly run: RunCommand;
  readonly io: Io;
  /** The options that say where the history is. */
  readonly place: readonly string[];
}

/**
 * The answer of a command, in the same shapes as its --json. Values can be neither options nor further words.
 * @throws UsageError, NotFoundError or Error with the one line that the command prints
 */
export async function ask(
  { run, io, place }: Asker,
  question: Question,
  values: Readonly<Record<string, string | number | undefined>>,
  most: number,
): Promise<Answer> {
  const { command, options, args } = QUESTIONS[question];
  const rows: Record<string, unknown>[] = [];
  const errors: string[] = [];
  let isTruncated = false;
  const out = (line: string): void => {
    isTruncated = rows.length >= most;
    if (isTruncated) throw new Error('enough');
    rows.push(JSON.parse(line) as Record<string, unknown>);
  };
  const flags = options.flatMap((name) => (values[name] === undefined ? [] : [`--${name}=${values[name]}`]));
  const words = args.flatMap((name) => values[name] ?? []).map(String);
  const time = { zone: 'UTC', isTerminal: false };
  const quiet: Io = {
    ...io,
    out,
    err: (line) => errors.push(line),
    paint: painter(false),
    width: Infinity,
    time,
    page: undefined,
  };
  const exitCode = await run([...command, '--json', ...flags, ...place, '--', ...words], quiet);
  if (exitCode === EXIT.done || isTruncated) return { rows, isTruncated };
  const message = errors.join(' ').replace(/^roma-history: /, '');
  if (exitCode === EXIT.usage) throw new UsageError(message);
  throw exitCode === EXIT.notFound ? new NotFoundError(message) : new Error(message);
}
