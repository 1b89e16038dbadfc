import type { Clock } from '../../lambda/core/model/clock';
import { jsonLine, type Paint } from './output';
import type { TimeStyle } from './time';

/** Everything outside the process that a command uses; tests pass their own. */
export interface Io {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  /** Shows what follows in a pager. */
  readonly page?: (() => void) | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly paint: Paint;
  /** Cells of a terminal's line; Infinity where there is none. */
  readonly width: number;
  readonly time: TimeStyle;
  /** The flags that say where this command finds the history, for the commands that it suggests. */
  readonly place?: string;
  /** Every changed field is shown, with its whole values. */
  readonly isFull?: boolean;
  /** Renders one object where the output is YAML. */
  readonly yaml?: (value: unknown) => string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Prints an object in the form of `--json`, or as YAML. */
export const printJson = (io: Io, value: unknown): void => io.out((io.yaml ?? jsonLine)(value));
