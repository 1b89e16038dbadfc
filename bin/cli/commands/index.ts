import type { Command } from 'commander';
import type { RunCommand } from '../ask';
import type { Io } from '../io';

interface Entry {
  readonly name: string;
  readonly description: string;
  /** Adds the arguments, options and action. Only the command that is called is loaded, which keeps the start quick. */
  readonly load: () => Promise<(command: Command, io: Io, run: RunCommand) => void>;
}

/** Every command: one entry here and one file each. */
export const COMMANDS: readonly Entry[] = [
  {
    name: 'sync',
    description: 'one run per target now; prints what changed',
    load: async () => (await import('./sync')).registerSync,
  },
  {
    name: 'list',
    description: 'the fleet now, or as of a time',
    load: async () => (await import('./list')).registerList,
  },
  {
    name: 'log',
    description: "one instance's history, newest first",
    load: async () => (await import('./log')).registerLog,
  },
  {
    name: 'show',
    description: "one instance's state, now, at a time, or in a version",
    load: async () => (await import('./show')).registerShow,
  },
  {
    name: 'diff',
    description: 'what differs between two versions or times of one instance',
    load: async () => (await import('./diff')).registerDiff,
  },
  {
    name: 'changes',
    description: 'changes over the whole fleet, oldest first',
    load: async () => (await import('./changes')).registerChanges,
  },
  {
    name: 'uptime',
    description: 'time in each status, availability, unobserved time; of one instance or of all',
    load: async () => (await import('./uptime')).registerUptime,
  },
  {
    name: 'targets',
    description: 'what is kept in sync, and what could be',
    load: async () => (await import('./targets')).registerTargets,
  },
  {
    name: 'doctor',
    description: 'what is misconfigured, stale or rejected, and the fix',
    load: async () => (await import('./doctor')).registerDoctor,
  },
  {
    name: 'report',
    description: 'the timeline as one self-contained HTML page',
    load: async () => (await import('./report')).registerReport,
  },
  {
    name: 'serve',
    description: 'the timeline as a live page on this machine',
    load: async () => (await import('./serve')).registerServe,
  },
  {
    name: 'export',
    description: 'flat tables for other tools, as Parquet, CSV or NDJSON',
    load: async () => (await import('./export')).registerExport,
  },
  {
    name: 'mcp',
    description: 'answers for AI assistants: a Model Context Protocol server on stdin and stdout',
    load: async () => (await import('./mcp')).registerMcp,
  },
  {
    name: 'replay',
    description: 'publish recorded changes again, with the same event ids, marked as replayed',
    load: async () => (await import('./replay')).registerReplay,
  },
];
