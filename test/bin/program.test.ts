import { version } from '../../package.json';
import { cli } from '../support/cli';

describe('a call of roma-history', () => {
  it.each([
    [['targets'], 'no such command; there are list, discover; see "roma-history targets --help"'],
    [['targets', 'lst'], `unknown command 'lst' (Did you mean list?); see "roma-history targets --help"`],
    [['help', 'nope'], /^roma-history: no such command; there are sync, list, .*; see "roma-history --help"$/],
    [['list', '--bogus'], `unknown option '--bogus'; see "roma-history list --help"`],
    [
      ['list', 'extra'],
      `too many arguments for 'list'. Expected 0 arguments but got 1; see "roma-history list --help"`,
    ],
    [['show', 'x', '--version', 'abc'], /it must be a version number from 1 on; see "roma-history show --help"$/],
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
