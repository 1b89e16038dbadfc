import { Command, CommanderError } from 'commander';
import { describeError, NotFoundError, UsageError } from '../lambda/core/errors';
import { COMMANDS } from './commands';
import { completion } from './completion';
import { EXIT, ExitCode } from './exit';
import type { Io } from './io';
import { safeLine } from './output';

function build(io: Io): Command {
  const program = new Command('roma-history')
    .description('The history of Huawei Cloud ROMA Connect instances.')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help of a command')
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.replace(/\n$/, '')),
      // Errors are told once, by `run`, in one line.
      writeErr: () => {},
      getOutHelpWidth: () => (Number.isFinite(io.width) ? io.width : 100),
      getErrHelpWidth: () => (Number.isFinite(io.width) ? io.width : 100),
    });
  for (const register of COMMANDS) register(program, io);
  completion(program);
  program.addHelpText(
    'after',
    '\nT is ISO-8601 or a span back (15m, 24h, 7d). Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found.',
  );
  return program;
}

/** Runs one command. @returns the exit code */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
    const program = build(io);
    if (argv.length === 0) {
      program.outputHelp();
      return EXIT.usage;
    }
    await program.parseAsync([...argv], { from: 'user' });
    return EXIT.done;
  } catch (error) {
    return fail(error, io);
  }
}

function fail(error: unknown, io: Io): number {
  if (error instanceof ExitCode) return error.exitCode;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.done;
    if (error.code === 'commander.help') return EXIT.usage;
    io.err(`roma-history: ${safeLine(describeError(error).replace(/^error: /, ''))}; see "roma-history --help"`);
    return EXIT.usage;
  }
  io.err(`roma-history: ${safeLine(describeError(error))}`);
  if (error instanceof UsageError) return EXIT.usage;
  return error instanceof NotFoundError ? EXIT.notFound : EXIT.failed;
}
