import type { Command } from 'commander';
import type { RunCommand } from '../ask';
import type { Io } from '../io';

/** Adds the arguments, options and action to a command. */
type Register = (command: Command, io: Io, run: RunCommand) => void;
type Entry = readonly [about: string, load: () => Promise<{ readonly register: Register }>];

/**
 * Every command, in the order of help: one entry here, and one file. Only the command that is called is loaded, which
 * keeps the start quick.
 */
export const COMMANDS: Readonly<Record<string, Entry>> = {
  sync: ['one run per target now; prints what changed', async () => import('./sync')],
  list: ['the fleet now, or as of a time', async () => import('./list')],
  log: ["one instance's history, newest first", async () => import('./log')],
  show: ["one instance's state, now, at a time, or in a version", async () => import('./show')],
  diff: ['what differs between two versions or times of one instance', async () => import('./diff')],
  changes: ['changes over the whole fleet, oldest first', async () => import('./changes')],
  who: ['who did what to one instance, newest first, as far as traces were kept', async () => import('./who')],
  uptime: [
    'time in each status, availability, unobserved time; of one instance or of all',
    async () => import('./uptime'),
  ],
  targets: ['what is kept in sync, and what could be', async () => import('./targets')],
  doctor: ['what is misconfigured, stale or rejected, and the fix', async () => import('./doctor')],
  report: ['the timeline as one self-contained HTML page', async () => import('./report')],
  serve: ['the timeline as a live page on this machine', async () => import('./serve')],
  export: ['flat tables for other tools, as Parquet, CSV or NDJSON', async () => import('./export')],
  mcp: ['answers for AI assistants: a Model Context Protocol server on stdin and stdout', async () => import('./mcp')],
  'test-subscription': [
    'send one marked sample to one subscriber, through its real rule',
    async () => import('./test-subscription'),
  ],
  replay: [
    'publish recorded changes again, with the same event ids, marked as replayed',
    async () => import('./replay'),
  ],
};
