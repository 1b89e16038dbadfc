import { systemClock } from '../../lambda/system-clock';
import { painter } from './output';
import { openPager, type Pager } from './pager';

/**
 * The standard output of this process. A terminal gets colours unless NO_COLOR is set; FORCE_COLOR switches them on
 * elsewhere. When a reader such as `head` closes the pipe, the process ends without a message.
 */
export function openTerminal(environment: NodeJS.ProcessEnv) {
  const { NO_COLOR, FORCE_COLOR, TERM } = environment;
  const { stdout } = process;
  const isTerminal = stdout.isTTY;
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  const print = (line: string): void => void stdout.write(`${line}\n`);
  let pager: Pager | undefined;
  return {
    out: (line: string): void => (pager?.write ?? print)(line),
    /** From here on, a terminal shows the output in a pager. */
    page: (): void => void (pager = isTerminal ? openPager(environment, print) : undefined),
    isPaged: (): boolean => pager?.isOpen() === true,
    close: async (): Promise<void> => pager?.close(),
    paint: painter(FORCE_COLOR ? FORCE_COLOR !== '0' : isTerminal && !NO_COLOR && TERM !== 'dumb'),
    err: (line: string): void => void process.stderr.write(`${line}\n`),
    environment,
    clock: systemClock,
    time: { zone: Intl.DateTimeFormat().resolvedOptions().timeZone, isTerminal },
    /** Cells per line; Infinity when the output is not a terminal. */
    width: isTerminal ? stdout.columns || 80 : Infinity,
  };
}
