import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

/** `roma-history complete bash|zsh|fish` prints the script; suggestions follow from the registered commands. */
export const completion = (program: Command): void => {
  tab(program);
};
