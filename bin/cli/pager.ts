import { spawn } from 'node:child_process';
import { once } from 'node:events';

export type Pager = NonNullable<ReturnType<typeof openPager>>;

/** The shell's exit codes for a program that is not there or cannot be run. */
const NOT_STARTED = [126, 127];

/**
 * Shows the output in a pager, as git does: `ROMA_HISTORY_PAGER`, else `PAGER`, else `less`, which ends by itself where all fits
 * on the screen. Who leaves it early ends the process.
 * @param print writes a line where the pager cannot be started
 * @returns undefined when no pager is wanted
 */
export function openPager(environment: NodeJS.ProcessEnv, print: (line: string) => void) {
  const command = environment.ROMA_HISTORY_PAGER ?? environment.PAGER ?? (process.platform === 'win32' ? '' : 'less');
  if (command === '' || command === 'cat') return undefined;
  const lines: string[] = [];
  let isWritten = false;
  const start = () => {
    // Ctrl-C is for the pager.
    process.on('SIGINT', () => {});
    const env = { LESS: 'FRX', LV: '-c', ...environment };
    const child = spawn(command, { shell: true, stdio: ['pipe', 'inherit', 'inherit'], env });
    child.stdin.on('error', () => {});
    child.on('close', (code) => {
      if (!isWritten && !NOT_STARTED.includes(code ?? 0)) process.exit(0);
    });
    return { input: child.stdin, closed: once(child, 'close') };
  };
  let pager: ReturnType<typeof start> | undefined;
  return {
    write: (line: string): void => {
      lines.push(line);
      pager ??= start();
      pager.input.write(`${line}\n`);
    },
    isOpen: () => pager !== undefined,
    /** Ends when the reader has left the pager. */
    close: async (): Promise<void> => {
      isWritten = true;
      pager?.input.end();
      const [code] = (await pager?.closed) ?? [];
      if (NOT_STARTED.includes(Number(code))) for (const line of lines) print(line);
    },
  };
}
