import type { Command } from 'commander';
import type { RunCommand } from '../ask';
import type { Io } from '../io';

/** Adds the arguments, options and action to a command. */
type Register = (command: Command, io: Io, run: RunCommand) => void;

/** Every command, in the order of help: one entry here, one below, and one file. */
export const COMMANDS = {
  sync: 'one run per target now; prints what changed',
  list: 'the fleet now, or as of a time',
  log: "one instance's history, newest first",
  show: "one instance's state, now, at a time, or in a version",
  diff: 'what differs between two versions or times of one instance',
  changes: 'changes over the whole fleet, oldest first',
  uptime: 'time in each status, availability, unobserved time; of one instance or of all',
  targets: 'what is kept in sync, and what could be',
  doctor: 'what is misconfigured, stale or rejected, and the fix',
  report: 'the timeline as one self-contained HTML page',
  serve: 'the timeline as a live page on this machine',
  export: 'flat tables for other tools, as Parquet, CSV or NDJSON',
  mcp: 'answers for AI assistants: a Model Context Protocol server on stdin and stdout',
  replay: 'publish recorded changes again, with the same event ids, marked as replayed',
} as const;

/** Only the command that is called is loaded, which keeps the start quick. */
export const LOADERS: Readonly<Record<keyof typeof COMMANDS, () => Promise<Register>>> = {
  sync: async () => (await import('./sync')).registerSync,
  list: async () => (await import('./list')).registerList,
  log: async () => (await import('./log')).registerLog,
  show: async () => (await import('./show')).registerShow,
  diff: async () => (await import('./diff')).registerDiff,
  changes: async () => (await import('./changes')).registerChanges,
  uptime: async () => (await import('./uptime')).registerUptime,
  targets: async () => (await import('./targets')).registerTargets,
  doctor: async () => (await import('./doctor')).registerDoctor,
  report: async () => (await import('./report')).registerReport,
  serve: async () => (await import('./serve')).registerServe,
  export: async () => (await import('./export')).registerExport,
  mcp: async () => (await import('./mcp')).registerMcp,
  replay: async () => (await import('./replay')).registerReplay,
};
