import { type Paint, painter } from './output';

export interface Terminal {
  readonly out: (line: string) => void;
  readonly paint: Paint;
  readonly isTerminal: boolean;
  /** Cells per line; Infinity when the output is not a terminal. */
  readonly width: number;
}

/**
 * The standard output of this process. A terminal gets colours unless NO_COLOR is set; FORCE_COLOR switches them on
 * elsewhere. When a reader such as `head` closes the pipe, the process ends without a message.
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
