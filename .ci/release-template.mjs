// Makes a folder with a template and the code of its functions, which the AWS CLI deploys: no Node, no CDK, no bootstrap.
// Usage: node .ci/release-template.mjs FOLDER [CONFIGURATION]
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const folder = resolve(process.argv[2] ?? 'template');
const work = mkdtempSync(join(tmpdir(), 'template-'));
try {
  // The discovery needs to know no project: the secret says whose they are.
  const released = join(work, 'config.json');
  writeFileSync(released, JSON.stringify({ targets: [], discovery: 'daily' }));
  const config = process.argv[3] ?? released;
  const out = join(work, 'cdk.out');
  const cdk = resolve('node_modules', '.bin', 'cdk');
  execFileSync(cdk, ['synth', '--quiet', '-c', `config=${config}`, '-o', out], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const file = readdirSync(out).find((name) => name.endsWith('.template.json'));
  const template = JSON.parse(readFileSync(join(out, file), 'utf8'));
  // Both are for stacks that the CDK deploys.
  delete template.Parameters;
  delete template.Rules;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [id, { Type, Properties, Metadata }] of Object.entries(template.Resources)) {
    if (Type !== 'AWS::Lambda::Function') continue;
    cpSync(join(out, Metadata['aws:asset:path']), join(folder, id), { recursive: true });
    Properties.Code = `./${id}`;
  }
  writeFileSync(join(folder, 'template.json'), `${JSON.stringify(template, undefined, 2)}\n`);
} finally {
  rmSync(work, { recursive: true });
}
