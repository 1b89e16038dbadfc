import { App, Annotations, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
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
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
