import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

describe('the app', () => {
  let dir: string;
  beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'app-'))));
  afterAll(() => rmSync(dir, { recursive: true }));

  it('says all that is wrong with a configuration in one message without a trace, and fails', () => {
    const file = join(dir, 'mine.json');
    writeFileSync(file, JSON.stringify({ targets: [], every: '10s', color: 'blue' }));
    const { status, stderr } = spawnSync(process.execPath, [require.resolve('tsx/cli'), 'bin/app.ts'], {
      env: { ...process.env, CDK_CONTEXT_JSON: JSON.stringify({ config: file }), CDK_OUTDIR: join(dir, 'out') },
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr.split('\n')).toEqual([
      `the configuration in ${file} has 3 problems:`,
      '  every: "10s" must be between 1m and 1d',
      '  color: is no known option',
      expect.stringMatching(/^ {2}targets: must name at least one target/),
      '',
    ]);
  });

  it('warns when the stack has a new name, as far as an earlier synthesis shows it', () => {
    const file = join(dir, 'renamed.json');
    const out = join(dir, 'renamed.out');
    const synth = (stackName: string, projectId: string): string => {
      writeFileSync(file, JSON.stringify({ stackName, targets: [{ region: 'cn-north-4', projectId }] }));
      const context = { config: file, 'aws:cdk:bundling-stacks': [] };
      const { status } = spawnSync(process.execPath, [require.resolve('tsx/cli'), 'bin/app.ts'], {
        env: { ...process.env, CDK_CONTEXT_JSON: JSON.stringify(context), CDK_OUTDIR: out },
      });
      expect(status).toBe(0);
      // What the CDK command prints.
      return readFileSync(join(out, `${stackName}.metadata.json`), 'utf8');
    };
    const mine = '106506b9a92342df9a5025fc12351cfc';
    expect(synth('Before', mine)).not.toContain('same targets');
    expect(synth('After', mine)).toContain('Before.template.json has the same targets');
    expect(synth('Other', 'a-third-project-of-ours')).not.toContain('same targets');
  });
});
