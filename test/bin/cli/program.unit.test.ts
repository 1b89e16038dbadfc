import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { version } from '../../../package.json';
import { cli } from '../../support/cli';

/** The folder that a call would use: a file is in its place, so that nothing is made. */
async function folderOf(args: readonly string[]): Promise<string | undefined> {
  const { err } = await cli(args);
  return /the folder (.*) of the database/.exec(err)?.[1];
}

describe('--local', () => {
  const home = process.cwd();
  let folder: string;
  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'program-')));
    for (const name of ['.roma-history', 'roma-prod', 'data']) writeFileSync(join(folder, name), '');
    process.chdir(folder);
  });
  afterAll(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['alone', ['list', '--local'], '.roma-history'],
    ['before another option', ['list', '--local', '--json'], '.roma-history'],
    ['with a folder', ['list', '--local', 'data'], 'data'],
    ['before an argument', ['show', '--local', 'roma-prod'], '.roma-history'],
    ['before an argument that may be left out', ['uptime', '--local', 'roma-prod'], '.roma-history'],
    ['with a path before an argument', ['show', '--local', './data', 'roma-prod'], 'data'],
    ['joined to its folder', ['show', 'roma-prod', '--local=data'], 'data'],
    ['of a command in a command', ['targets', 'list', '--local', 'data'], 'data'],
  ])('%s names the right folder', async (_, args, name) => {
    expect(await folderOf(args)).toBe(join(folder, name));
  });
});

describe('a call of roma-history', () => {
  it.each([
    [['targets'], 'no such command; the commands are list, discover; see "roma-history targets --help"'],
    [['targets', 'lst'], `unknown command 'lst' (Did you mean list?); see "roma-history targets --help"`],
    [['help', 'nope'], /^roma-history: no such command; the commands are sync, list, .*; see "roma-history --help"$/],
    [['list', '--bogus'], `unknown option '--bogus'; see "roma-history list --help"`],
    [
      ['list', 'extra'],
      `too many arguments for 'list'. Expected 0 arguments but got 1; see "roma-history list --help"`,
    ],
    [['--local', 'list'], `unknown option '--local': write options after the command; see "roma-history --help"`],
    [['list', '--local', ''], /^roma-history: --local is empty: name a folder, or leave the value out$/],
    [
      ['log', 'roma-prod', '--local', 'data'],
      /Expected 1 argument but got 2 \(to name a folder, write --local=dir or --local .\/dir\);/,
    ],
    [['log', '-dash'], /^roma-history: unknown option '-dash' \(write an id that begins with "-" last, after "--"\);/],
    [['show', 'x', '--version', 'abc'], /it must be a version number, 1 or higher; see "roma-history show --help"$/],
  ])('%j is wrong usage, told in one line', async (args, expected) => {
    const { exitCode, err, out } = await cli(args);
    expect([exitCode, out]).toEqual([2, '']);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    if (typeof expected === 'string') expect(err.trimEnd()).toBe(`roma-history: ${expected}`);
    else expect(err.trimEnd()).toMatch(expected);
  });

  it('tells its version', async () => {
    expect(await cli(['--version'])).toMatchObject({ exitCode: 0, out: version, err: '' });
  });
});
