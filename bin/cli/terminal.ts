import { type Paint, painter } from './output';

export interface Terminal {
  readonly out: (line: string) => void;
  readonly paint: Paint;
  readonly isTerminal: boolean;
  /** Cells of a line; Infinity where the output is no terminal. */
  readonly width: number;
}

/**
 * The standard output of this process. Colours on a terminal, unless NO_COLOR asks for none; FORCE_COLOR asks for them
 * elsewhere. A reader such as `head` that goes away ends the process, quietly.
 */
export function openTerminal(environment: NodeJS.ProcessEnv): Terminal {
  const { NO_COLOR, FORCE_COLOR, TERM } = environment;
  const { stdout } = process;
  const isTerminal = stdout.isTTY;
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  return {
    out: (line) => void stdout.write(`${line}\n`),
    paint: painter(FORCE_COLOR ? FORCE_COLOR !== '0' : isTerminal && !NO_COLOR && TERM !== 'dumb'),
    isTerminal,
    width: isTerminal ? stdout.columns || 80 : Infinity,
  };
}
