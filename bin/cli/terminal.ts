import { type Paint, painter } from './output';
import { openPager, type Pager } from './pager';

export interface Terminal {
  readonly out: (line: string) => void;
  readonly paint: Paint;
  readonly isTerminal: boolean;
  /** Cells per line; Infinity when the output is not a terminal. */
  readonly width: number;
  /** From here on, a terminal shows the output in a pager. */
  readonly page: () => void;
  readonly isPaged: () => boolean;
  readonly close: () => Promise<void>;
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
  const print = (line: string): void => void stdout.write(`${line}\n`);
  let pager: Pager | undefined;
  return {
    out: (line) => (pager?.write ?? print)(line),
    page: () => (pager = isTerminal ? openPager(environment, print) : undefined),
    isPaged: () => pager?.isOpen() === true,
    close: async () => pager?.close(),
    paint: painter(FORCE_COLOR ? FORCE_COLOR !== '0' : isTerminal && !NO_COLOR && TERM !== 'dumb'),
    isTerminal,
    width: isTerminal ? stdout.columns || 80 : Infinity,
  };
}
