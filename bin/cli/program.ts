import { Command, CommanderError } from 'commander';
import { describeError, NotFoundError, UsageError } from '../../lambda/core/model/errors';
import { version } from '../../package.json';
import { COMMANDS } from './commands';
import { completion } from './completion';
import { EXIT, ExitCode } from './exit';
import type { Io } from './io';
import { flow } from './layout';
import { safeLine } from './output';
import { completePlace, hint, placeFlags, useAws } from './place';
import type { RowOptions } from './rows';
import { DEFAULT_FOLDER } from './store';

const NOTES = [
  '<time> is a time as it is printed (2026-11-22T10:00:00Z, "2026-11-22 11:00:00 CET", "2 h ago"), a day, today, yesterday, the time of day that passed last (11:00), or a span back from now (15m, 24h, 1d12h). Without a zone it is in the time zone of this machine (TZ), as the times on a terminal are.',
  'Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found.',
];

/** These print history, which may be longer than a screen. */
const PAGED = new Set(['list', 'log', 'show', 'diff', 'changes', 'uptime']);

async function build(io: { -readonly [key in keyof Io]: Io[key] }, argv: readonly string[]): Promise<Command> {
  const program = new Command('roma-history')
    .description('The history of Huawei Cloud ROMA Connect instances.')
    .version(version, '--version', 'show the version')
    .enablePositionalOptions()
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help of a command')
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureHelp({ minWidthToWrap: 20 })
    .configureOutput({
      writeOut: (text) => io.out(text.replace(/\n$/, '')),
      // `run` prints each error once, in one line.
      writeErr: () => {},
      getOutHelpWidth: () => (Number.isFinite(io.width) ? io.width : 100),
      getErrHelpWidth: () => (Number.isFinite(io.width) ? io.width : 100),
    });
  for (const [name, [about, load]] of Object.entries(COMMANDS)) {
    const command = program.command(name).description(about);
    if (argv.includes(name)) (await load()).register(command, io, run);
  }
  completion(program, io, run);
  program
    .option('--env <name>', 'an environment of the config file', undefined)
    .hook('preAction', async (_, command) => {
      const named = command.opts<{ env?: string }>().env ?? program.opts<{ env?: string }>().env;
      const place = await completePlace(command, named, io.environment);
      useAws(place, io.environment);
      io.place = placeFlags(place);
      const { output, follow, watch } = command.opts<RowOptions & { follow?: boolean; watch?: boolean }>();
      if (PAGED.has(command.name()) && follow !== true && watch !== true) io.page?.();
      if (output === 'json' || output === 'yaml') command.setOptionValue('json', true);
      if (output === 'yaml') io.yaml = (await import('./yaml')).yamlItem;
    });
  const notes = NOTES.map((note) => flow([note], { width: Math.min(io.width, 100), indent: 0 }));
  program.addHelpText('after', `\n${notes.join('\n')}`);
  return program;
}

/** Runs one command. @returns the exit code */
export async function run(argv: readonly string[], given: Io): Promise<number> {
  const io = { ...given };
  const { AWS_REGION, AWS_PROFILE } = process.env;
  const program = await build(io, argv);
  try {
    if (argv.length === 0) {
      program.outputHelp();
      return EXIT.usage;
    }
    await program.parseAsync(joinFolder(argv, commandOf(program, argv)), { from: 'user' });
    return EXIT.done;
  } catch (error) {
    return fail(error, io, commandOf(program, argv));
  } finally {
    // A command may have set them, for itself alone.
    Object.assign(process.env, { AWS_REGION, AWS_PROFILE });
    if (AWS_REGION === undefined) delete process.env.AWS_REGION;
    if (AWS_PROFILE === undefined) delete process.env.AWS_PROFILE;
  }
}

/**
 * Joins the folder to `--local`. For a command that takes arguments, `--local` takes a folder only if it looks like a
 * path: in `show --local roma-prod`, the last word is the instance.
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
  if (argv[0] === '--env') return commandOf(program, argv.slice(2));
  const next = program.commands.find((command) => command.name() === argv[0]);
  return next === undefined ? program : commandOf(next, argv.slice(1));
}

const fullName = (command: Command): string =>
  command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;

function usageProblem(error: CommanderError, command: Command): string {
  if (error.code === 'commander.help')
    return `no such command; the commands are ${command.commands.map((one) => one.name()).join(', ')}`;
  const what = describeError(error)
    .replace(/^error: /, '')
    .replace(/\.$/, '');
  const takesArguments = command.registeredArguments.length > 0;
  switch (error.code) {
    case 'commander.unknownOption':
      if (command.parent === null) return `${what}: write options after the command`;
      return takesArguments ? `${what} (write an id that begins with "-" last, after "--")` : what;
    case 'commander.excessArguments':
      return takesArguments ? `${what} (to name a folder, write --local=dir or --local ./dir)` : what;
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
  io.err(`roma-history: ${safeLine(hint(io, describeError(error)))}`);
  if (error instanceof UsageError) return EXIT.usage;
  return error instanceof NotFoundError ? EXIT.notFound : EXIT.failed;
}
