import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const CLI = join(__dirname, '../../bin/roma-history.ts');
const run = (...args: string[]): string =>
  execFileSync(process.execPath, ['--import', 'tsx', CLI, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });

describe('completion in the shell', () => {
  it.each(['bash', 'zsh', 'fish'])('has a script for %s', (shell) => {
    expect(run('complete', shell)).toContain('roma-history');
  });

  it('suggests commands, and the values of an option', () => {
    expect(run('complete', '--', 'li')).toContain('list\t');
    expect(run('complete', '--', 'changes', '--kind', '')).toContain('statusChanged');
  });

  it('has a script that bash accepts', () => {
    const script = run('complete', 'bash');
    expect(() => execFileSync('bash', ['-n'], { input: script })).not.toThrow();
  });
});
