import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { cli } from '../../support/cli';

/** Neither a history nor a place for its words. */
const NO_HISTORY = {
  environment: { ROMA_HISTORY_STACK: '', XDG_CACHE_HOME: '/dev/null', XDG_CONFIG_HOME: '/dev/null' },
};

const suggestions = async (...words: string[]): Promise<string[]> =>
  (await cli(['__complete', '--', ...words], NO_HISTORY)).out.split('\n').filter((line) => line !== '');
const names = async (...words: string[]): Promise<string[]> =>
  (await suggestions(...words)).map((line) => line.split('\t')[0] ?? '');
const script = async (shell: string): Promise<string> => (await cli(['complete', shell])).out;

describe('what may stand in place of the last word', () => {
  it('is a command, with what it does, or a command of a command', async () => {
    expect(await suggestions('li')).toEqual(['list\tthe fleet now, or as of a time']);
    expect(await names('')).toEqual(expect.arrayContaining(['changes', 'complete', 'help', 'sync', 'targets']));
    expect(await names('targets', '')).toEqual(['list', 'discover', 'help']);
    expect(await names('help', 'di')).toEqual(['diff']);
    expect(await names('complete', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  it('is an option of the command, and of no other', async () => {
    expect(await names('log', "it's", '--t')).toEqual(['--target', '--table']);
    expect(await names('log', '--k')).toEqual([]);
    expect(await names('changes', '--k')).toEqual(['--kind']);
  });

  it('is a value of the option before it, also behind "="', async () => {
    expect(await names('changes', '--kind', 'st')).toEqual(['statusChanged']);
    expect(await names('sync', '--api=')).toEqual(['--api=v2', '--api=v3']);
    expect(await names('list', '--at', '')).toEqual([]);
  });

  it('is a file where the option names one, or may', async () => {
    for (const words of [
      ['report', '-o', 'fi'],
      ['report', '--output=fi'],
      ['list', '--local', 'da'],
    ])
      expect(await suggestions(...words)).toEqual([':files']);
    expect(await names('list', '--local', '--j')).toEqual(['--json']);
  });

  it('is nothing after a word that no one can complete', async () => {
    expect(await names('log', '--local', './nowhere', 'roma')).toEqual([]);
    expect(await names('nonsense', 'x')).toEqual([]);
  });
});

describe('completion in the shell', () => {
  it.each(['bash', 'zsh', 'fish'])('has a script for %s that asks the program', async (shell) => {
    expect(await script(shell)).toContain('roma-history __complete -- ');
  });

  it('has none for another shell', async () => {
    expect(await cli(['complete', 'tcsh'])).toMatchObject({ exitCode: 2, out: '' });
  });

  it('answers in a bash that has nothing but itself, however often the script was read', async () => {
    const source = await script('bash');
    const program = `roma-history() { "${process.execPath}" --import tsx "${join(__dirname, '../../../bin/roma-history.ts')}" "$@"; }`;
    const press = (line: string): string =>
      `COMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}; _roma_history; echo "\${COMPREPLY[@]}"`;
    const out = execFileSync('bash', ['--norc', '--noprofile'], {
      input: [program, source, source, press('roma-history targets '), press('roma-history sync --api=')].join('\n'),
      encoding: 'utf8',
    });
    expect(out).toBe('list discover help\nv2 v3\n');
  });
});
