import { Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InstanceHistory, type InstanceHistoryProps } from '../../lib';
import { appWithoutBundling, TARGET } from './support/stack';

/** The code in the docstring of the construct. */
function example(): string {
  const source = readFileSync('lib/instance-history.ts', 'utf8');
  const [, comment] = /@example\n([\s\S]*?)\n \*\//.exec(source) ?? [];
  return comment!.replaceAll(/^ \* ?/gm, '');
}

describe('the construct in another app', () => {
  const history = (props: Partial<InstanceHistoryProps> = {}) => {
    const stack = new Stack(appWithoutBundling(), 'Platform');
    return { stack, roma: new InstanceHistory(stack, 'RomaHistory', { targets: [TARGET], ...props }) };
  };

  it('compiles as its docstring shows, and makes what it says', () => {
    const dir = mkdtempSync(resolve('.example-'));
    try {
      writeFileSync(join(dir, 'example.ts'), example());
      const tsconfig = {
        extends: '../tsconfig.json',
        compilerOptions: { paths: { 'roma-instance-history/construct': ['../lib/index.ts'] }, noUnusedLocals: false },
        include: ['example.ts'],
      };
      writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify(tsconfig));
      execFileSync(join('node_modules', '.bin', 'tsc'), ['--noEmit', '-p', dir], { stdio: 'pipe' });
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('stands twice in one stack', () => {
    const { stack, roma } = history();
    const another = new InstanceHistory(stack, 'Another', { targets: [{ ...TARGET, region: 'cn-south-1' }] });
    expect(another.history.table.tableName).not.toBe(roma.history.table.tableName);
    expect(Object.keys(Template.fromStack(stack).findResources('AWS::DynamoDB::Table'))).toHaveLength(2);
  });

  it('refuses targets that cannot be kept in sync, all of them in one message', () => {
    const targets = [TARGET, { region: 'cn-north-4', projectId: 'short', every: Duration.seconds(30) }, TARGET];
    expect(() => history({ targets })).toThrow(
      /properties of InstanceHistory has 3 problems:\n {2}targets\[1\]\.projectId: .*\n {2}targets\[1\]\.every: .*\n {2}targets\[2\]: /,
    );
    expect(() => history({ every: Duration.seconds(90) })).toThrow(/every: "90s" must be a multiple of 1m/);
  });
});
