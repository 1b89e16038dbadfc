import { Command, CommanderError } from 'commander';
import { describeError, NotFoundError, UsageError } from '../../lambda/core/model/errors';
import { version } from '../../package.json';
import { COMMANDS } from './commands';
import { completion } from './completion';
import { EXIT, ExitCode } from './exit';
import type { Io } from './io';
import { safeLine } from './output';
import { DEFAULT_FOLDER } from './store';

function build(io: Io): Command {
  const program = new Command('roma-history')
    .description('The history of Huawei Cloud ROMA Connect instances.')
    .version(version, '--version', 'show the version')
    .enablePositionalOptions()
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
  completion(program, io);
  program.addHelpText(
    'after',
    '\nT is ISO-8601 or a span back (15m, 24h, 7d). Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found.',
  );
  return program;
}

/** Runs one command. @returns the exit code */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const program = build(io);
  try {
    if (argv.length === 0) {
      program.outputHelp();
      return EXIT.usage;
    }
    await program.parseAsync(joinFolder(argv, commandOf(program, argv)), { from: 'user' });
    return EXIT.done;
  } catch (error) {
    return fail(error, io, commandOf(program, argv));
  }
}

/**
 * The words of a call, with the folder joined to `--local`. A command that takes arguments takes a bare word behind
 * `--local` for one of them, as in `show --local roma-prod`: only what looks like a path is the folder there.
 */
function joinFolder(argv: readonly string[], { parent, registeredArguments }: Command): string[] {
  const place = argv.indexOf('--local');
  if (place < 0 || parent === null || argv.slice(0, place).includes('--')) return [...argv];
  const next = argv[place + 1];
  const isFolder =
    next !== undefined &&
    !next.startsWith('-') &&
    (registeredArguments.length === 0 || !/^[^.~/\\][^/\\]*$/.test(next));
  const local = `--local=${isFolder ? next : DEFAULT_FOLDER}`;
  return [...argv.slice(0, place), local, ...argv.slice(place + (isFolder ? 2 : 1))];
}

/** The command that a call is about, as far as it is known. */
function commandOf(program: Command, argv: readonly string[]): Command {
  const next = program.commands.find((command) => command.name() === argv[0]);
  return next === undefined ? program : commandOf(next, argv.slice(1));
}

const fullName = (command: Command): string =>
  command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;

function usageProblem(error: CommanderError, command: Command): string {
  if (error.code === 'commander.help')
    return `no such command; there are ${command.commands.map((one) => one.name()).join(', ')}`;
  const what = describeError(error)
    .replace(/^error: /, '')
    .replace(/\.$/, '');
  const takesArguments = command.registeredArguments.length > 0;
  switch (error.code) {
    case 'commander.unknownOption':
      if (command.parent === null) return `${what}: options stand behind the command`;
      return takesArguments ? `${what} (an id that begins with "-" stands behind "--", after all options)` : what;
    case 'commander.excessArguments':
      return takesArguments ? `${what} (a folder is named by --local=dir or --local ./dir)` : what;
    default:
      return what;
  }
}

function fail(error: unknown, io: Io, command: Command): number {
  if (error instanceof ExitCode) return error.exitCode;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.done;
    io.err(`roma-history: ${safeLine(usageProblem(error, command))}; see "${fullName(command)} --help"`);
    return EXIT.usage;
  }
  io.err(`roma-history: ${safeLine(describeError(error))}`);
  if (error instanceof UsageError) return EXIT.usage;
  return error instanceof NotFoundError ? EXIT.notFound : EXIT.failed;
}
