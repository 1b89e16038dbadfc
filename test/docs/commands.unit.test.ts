import { Command } from 'commander';
import { COMMANDS } from '../../bin/cli/commands';
import { completion } from '../../bin/cli/completion';
import type { Io } from '../../bin/cli/io';
import { PAGE, PAGES, readPage } from '../support/documents';

const program = new Command('roma-history').option('--version').option('--env <name>');
beforeAll(async () => {
  for (const [name, [, load]] of Object.entries(COMMANDS))
    (await load()).register(program.command(name), {} as Io, async () => 0);
  completion(program, {} as Io, async () => 0);
});

/** Every call in the code of a page: its words, without what follows a pipe. */
function callsIn(page: string): string[][] {
  const code = [...readPage(page).matchAll(/```[\s\S]*?```|`[^`]+`/g)].flatMap(([block]) =>
    block.replaceAll('`', '').split('\n'),
  );
  return code
    .flatMap((line) => [...line.matchAll(/(?:roma-history|npm run cli --) +([^|)#]+)/g)].map(([, call = '']) => call))
    .map((call) => call.trim().split(/\s+/))
    .filter(([first = '']) => /^[-a-z<]/.test(first));
}

/** What is wrong with a call, if anything. */
function problemOf(words: readonly string[], command: Command = program): string | undefined {
  const [first = '', ...others] = words;
  if (command.commands.length > 0 && !first.startsWith('-')) {
    if (first === '<command>') return undefined;
    const next = command.commands.find((one) => one.name() === first);
    return next === undefined ? `${command.name()} has no command ${first}` : problemOf(others, next);
  }
  const unknown = words.find(
    (word) => /^--?[a-z]/.test(word) && !command.options.some(({ short, long }) => word === short || word === long),
  );
  return unknown === undefined ? undefined : `${command.name()} has no option ${unknown}`;
}

describe('the commands that the documents show', () => {
  it.each(PAGES)('%s: exist, with the options that stand there', (page) => {
    const problems = callsIn(page).flatMap((words) => {
      const problem = problemOf(words);
      return problem === undefined ? [] : [`${words.join(' ')}: ${problem}`];
    });
    expect(problems).toEqual([]);
  });

  it('are looked for in the right places', () => {
    expect(callsIn(PAGE.start).length).toBeGreaterThan(5);
    expect(callsIn(PAGE.commands).length).toBeGreaterThan(15);
    expect(callsIn(PAGE.runbook).length).toBeGreaterThan(5);
    expect(problemOf(['--stack', 'NAME', 'doctor'])).toBe('roma-history has no option --stack');
    expect(problemOf(['targets', 'lst'])).toBe('targets has no command lst');
    expect(problemOf(['list', '--at', 'T', '--bogus'])).toBe('list has no option --bogus');
  });
});
