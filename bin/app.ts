import { App, Annotations, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { scheduleSettings } from '../lambda/contract';
import type { Config } from '../lib/config';
import { InstanceHistoryStack } from '../lib/instance-history-stack';
import { ConfigError, readConfig } from '../lib/read-config';

/** The example in `cdk.json`, with which `cdk synth` works in a fresh clone. No Huawei Cloud project has this id. */
const EXAMPLE_PROJECT = '0123456789abcdef0123456789abcdef';

const app = new App();
try {
  const config = readConfig(app.node.tryGetContext('config'));
  const stack = new InstanceHistoryStack(app, config.stackName, { config });
  if (config.targets.some(({ projectId }) => projectId === EXAMPLE_PROJECT)) {
    Annotations.of(stack).addWarningV2(
      'roma-instance-history:example-target',
      'the target in cdk.json is an example: put your own region and project id there, or in a file given by -c config=FILE, before you deploy',
    );
  }
  warnOfRename(stack, config);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

/** What an earlier synthesis has left in the same folder tells a rename: a stack of another name with the same targets. */
function warnOfRename(stack: InstanceHistoryStack, { targets }: Config): void {
  const settings = targets.map((target) => scheduleSettings({ ...target, intervalMs: target.every ?? 0 }));
  for (const file of readdirSync(app.outdir)) {
    if (!file.endsWith('.template.json') || file === stack.templateFile) continue;
    const template = readFileSync(join(app.outdir, file), 'utf8');
    if (!settings.some(({ description }) => template.includes(`"${description}"`))) continue;
    Annotations.of(stack).addWarningV2(
      'roma-instance-history:renamed-stack',
      `${join(app.outdir, file)} has the same targets under another "stackName". If that stack is deployed, this one is not its new name: it runs beside it, with an empty history. To move, destroy that stack and adopt its table by "existingTable". If both are meant, delete the file`,
    );
  }
}
