// Makes a folder with a template and the code of its functions, which the AWS CLI deploys: no Node, no CDK, no bootstrap.
// Usage: node .ci/release-template.mjs FOLDER
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const folder = resolve(process.argv[2] ?? 'template');
const work = mkdtempSync(join(tmpdir(), 'template-'));
try {
  // The discovery needs to know no project: the secret says whose they are.
  const config = join(work, 'config.json');
  writeFileSync(config, JSON.stringify({ stackName: 'RomaInstanceHistory', targets: [], discovery: 'daily' }));
  const out = join(work, 'cdk.out');
  const cdk = resolve('node_modules', '.bin', 'cdk');
  execFileSync(cdk, ['synth', '--quiet', '-c', `config=${config}`, '-o', out], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const template = JSON.parse(readFileSync(join(out, 'RomaInstanceHistory.template.json'), 'utf8'));
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
