import type { Command } from 'commander';
import type { RunCommand } from '../ask';
import type { Io } from '../io';
import { placeOf, type StoreOptions, withStore, withStoreOptions } from '../store';

export function register(command: Command, io: Io, run: RunCommand): void {
  withStoreOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (options: StoreOptions) => {
      // Large, and needed by nobody else.
      const { serveMcp } = await import('../mcp/server');
      await withStore(io, options, async (store) => serveMcp({ run, io, place: placeOf(store) }, store));
    });
}

const EXAMPLES = `
The tools only read: list, at, log, diff, changes, uptime, gaps, explain. Each instance is a resource.

Example, in the configuration of an assistant:
  {"mcpServers": {"roma-history": {"command": "roma-history", "args": ["mcp", "--stack", "RomaInstanceHistory"]}}}`;
