import { Command } from 'commander';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Io } from '../../../bin/cli/io';
import { completePlace, hint, placeFlags } from '../../../bin/cli/place';
import { withStoreOptions } from '../../../bin/cli/store';
import { cli } from '../../support/cli';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'place-'));
});
afterEach(() => rmSync(home, { recursive: true }));

const write = (path: string, text: string): void => {
  mkdirSync(join(home, path, '..'), { recursive: true });
  writeFileSync(join(home, path), text);
};
const CONFIG = '.config/roma-history/config.yaml';
const ENVIRONMENTS = `
default: lab
environments:
  prod: { stack: History, region: eu-west-1, profile: ops }
  lab: { dynamodbEndpoint: 'http://127.0.0.1:9' }
`;

async function placeOf(args: readonly string[], environment: Io['environment'] = {}): Promise<string> {
  const command = withStoreOptions(new Command()).action(() => {});
  command.parse(args, { from: 'user' });
  return placeFlags(await completePlace(command, command.opts<{ env?: string }>().env, { HOME: home, ...environment }));
}

describe('where the history is', () => {
  it.each([
    [['--env', 'prod'], {}, ' --stack History --region eu-west-1 --profile ops'],
    [['--env', 'prod', '--region', 'eu-north-1'], {}, ' --stack History --region eu-north-1 --profile ops'],
    [['--env', 'prod', '--local=./x y'], {}, " --local='./x y' --region eu-west-1 --profile ops"],
    [[], {}, ' --dynamodb-endpoint http://127.0.0.1:9'],
    [[], { ROMA_HISTORY_STACK: 'Other' }, ' --stack Other'],
    [['--table', 'T12'], { ROMA_HISTORY_STACK: 'Other' }, ' --table T12'],
  ])('is taken from %j and %j', async (args, environment, flags) => {
    write(CONFIG, ENVIRONMENTS);
    expect(await placeOf(args, environment)).toBe(flags);
  });

  it('needs no config file, and reads it from the XDG place', async () => {
    expect(await placeOf([])).toBe('');
    write('xdg/roma-history/config.yaml', ENVIRONMENTS);
    expect(await placeOf([], { XDG_CONFIG_HOME: join(home, 'xdg') })).toBe(' --dynamodb-endpoint http://127.0.0.1:9');
  });

  it('is missed where no file names environments', async () =>
    expect(placeOf(['--env', 'prod'])).rejects.toThrow(/config.yaml: the file is not there, and names none/));

  it.each([
    [ENVIRONMENTS, ['--env', 'nope'], /no environment "nope" in .*: it names prod, lab/],
    ['environments: { prod: { tabel: T } }', ['--env', 'prod'], /config.yaml is not a list of environments \(.*tabel/],
    ['environments: [', ['--env', 'prod'], /config.yaml is not a list of environments/],
  ])('is refused in %j', async (text, args, message) => {
    write(CONFIG, text);
    await expect(placeOf(args)).rejects.toThrow(message);
    for (const call of [
      ['list', ...args],
      [...args, 'list'],
    ]) {
      const { err, exitCode } = await cli(call, { environment: { HOME: home } });
      expect([exitCode, err.split('\n').length]).toEqual([2, 1]);
    }
  });

  it('is repeated in the commands that are suggested', () => {
    const io = { place: ' --local --table T12' } as Io;
    expect(hint(io, 'run roma-history sync --target a/b; see "roma-history sync --help"')).toBe(
      'run roma-history sync --local --table T12 --target a/b; see "roma-history sync --help"',
    );
    expect(hint(io, '"roma-history targets list" shows them')).toBe(
      '"roma-history targets list --local --table T12" shows them',
    );
  });
});

describe('the AWS profile', () => {
  it('that does not exist is told as such, with the files', async () => {
    write('.aws/config', '[default]\nregion = eu-west-1\n[profile ops]\nregion = eu-west-1\n');
    for (const [args, environment] of [
      [['list', '--profile', 'nope'], {}],
      [['list'], { AWS_PROFILE: 'nope' }],
    ] as const) {
      const { err, exitCode } = await cli(args, { environment: { HOME: home, ...environment } });
      expect([exitCode, err]).toEqual([
        2,
        expect.stringMatching(/there is no AWS profile "nope" in .*config or .*credentials/),
      ]);
    }
  });
});

describe('a command that reads', () => {
  it.each([['list'], ['changes'], ['doctor'], ['uptime'], ['targets list']])('makes no folder: %s', async (command) => {
    const folder = join(home, 'none');
    const { err, exitCode } = await cli([...command.split(' '), `--local=${folder}`]);
    expect([exitCode, err]).toEqual([3, expect.stringContaining(`roma-history sync --local=${folder} --target`)]);
    expect(existsSync(folder)).toBe(false);
    mkdirSync(folder);
    expect((await cli([...command.split(' '), `--local=${folder}`])).exitCode).toBe(3);
    expect(readdirSync(folder)).toEqual([]);
  });
});
