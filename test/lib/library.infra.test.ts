import { Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InstanceHistory, type InstanceHistoryProps } from '../../lib';
import { codeBlocks, PAGE } from '../support/documents';
import { appWithoutBundling, TARGET } from '../support/stack';

/** The code in the docstring of the construct. */
function docstring(): string {
  const source = readFileSync('lib/instance-history.ts', 'utf8');
  const [, comment] = /@example\n([\s\S]*?)\n \*\//.exec(source) ?? [];
  return comment!.replaceAll(/^ \* ?/gm, '');
}

const examples = [
  ['docstring', docstring()],
  ...codeBlocks(PAGE.construct, 'ts').map((code) => [PAGE.construct, code] as const),
] as const;

describe('the construct in another app', () => {
  const history = (props: Partial<InstanceHistoryProps> = {}) => {
    const stack = new Stack(appWithoutBundling(), 'Platform');
    return { stack, roma: new InstanceHistory(stack, 'RomaHistory', { targets: [TARGET], ...props }) };
  };

  it.each(examples)('is imported by a name that the package exports: %s', (_place, example) => {
    const { name, exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string; exports: object };
    const [, path] = new RegExp(`from '${name}(/[a-z]+)?'`).exec(example)!;
    expect(Object.keys(exports)).toContain(`.${path ?? ''}`);
  });

  it.each(examples)('compiles as shown: %s', (_place, example) => {
    const dir = mkdtempSync(resolve('.example-'));
    try {
      writeFileSync(join(dir, 'example.ts'), example);
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

  it('has the outputs that --stack reads, the secret to fill among them', () => {
    const keys = Object.keys((Template.fromStack(history().stack).toJSON() as { Outputs: object }).Outputs);
    for (const name of ['HistoryTableName', 'CredentialsSecretArn', 'SyncFunctionName', 'EventBusName'])
      expect(keys).toContainEqual(expect.stringMatching(new RegExp(`^RomaHistory${name}[0-9A-F]{8}$`)));
  });

  it('reads secrets of any name, also two of the same', () => {
    const stack = new Stack(appWithoutBundling(), 'Platform');
    const secret = (scope: Construct, id: string) => Secret.fromSecretNameV2(scope, id, `roma/${scope.node.id}/${id}`);
    const { sync } = new InstanceHistory(stack, 'RomaHistory', {
      targets: [
        { ...TARGET, secret: secret(stack, 'Roma-Keys') },
        { ...TARGET, region: 'cn-south-1', secret: secret(new Construct(stack, 'One'), 'Secret') },
        { ...TARGET, region: 'cn-north-1', secret: secret(new Construct(stack, 'Another'), 'Secret') },
      ],
    });
    expect(sync.secret.node.id).toBe('Secret');
    const policies = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy')) as {
      Properties: { PolicyDocument: { Statement: { Sid?: string }[] } };
    }[];
    for (const { Properties } of policies) {
      const names = Properties.PolicyDocument.Statement.flatMap(({ Sid }) => (Sid === undefined ? [] : [Sid]));
      // What IAM accepts.
      expect(new Set(names).size).toBe(names.length);
      for (const name of names) expect(name).toMatch(/^[A-Za-z0-9]+$/);
    }
    const all = JSON.stringify(policies);
    for (const name of ['Platform/Roma-Keys', 'One/Secret', 'Another/Secret'])
      expect(all).toContain(`roma/${name}-??????`);
  });

  it('refuses targets that cannot be kept in sync, all of them in one message', () => {
    const targets = [TARGET, { region: 'cn-north-4', projectId: 'short', every: Duration.seconds(30) }, TARGET];
    expect(() => history({ targets })).toThrow(
      /properties of InstanceHistory has 3 problems:\n {2}targets\[1\]\.projectId: .*\n {2}targets\[1\]\.every: .*\n {2}targets\[2\]: /,
    );
    expect(() => history({ every: Duration.seconds(90) })).toThrow(/every: "90s" must be a multiple of 1m/);
  });
});
