import { App } from 'aws-cdk-lib';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InstanceHistoryStack } from '../../lib/instance-history-stack';
import { parseConfig } from '../../lib/read-config';
import { TARGET } from '../support/stack';

const { context: flags } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };

interface Template {
  readonly Resources: Record<string, { readonly Type: string; readonly Properties: Record<string, unknown> }>;
}

/** Size of each function's module as it would be deployed, in bytes, by the description of its function. */
function bundleSizes(outdir: string): Map<string, number> {
  const app = new App({ outdir, context: flags });
  const stack = new InstanceHistoryStack(app, 'Bundles', { config: parseConfig({ targets: [TARGET] }, 'the test') });
  const template = app.synth().getStackArtifact(stack.artifactId).template as Template;
  const sizes = new Map<string, number>();
  for (const { Type, Properties } of Object.values(template.Resources)) {
    const key = (Properties?.Code as { S3Key?: string } | undefined)?.S3Key;
    if (Type !== 'AWS::Lambda::Function' || key === undefined) continue;
    const module = join(outdir, `asset.${key.replace('.zip', '')}`, 'index.mjs');
    const size = statSync(module, { throwIfNoEntry: false })?.size;
    if (size !== undefined) sizes.set(String(Properties.Description), size);
  }
  return sizes;
}

describe('the bundles that are deployed', () => {
  const outdir = mkdtempSync(join(tmpdir(), 'bundles-'));
  let sizes: Map<string, number>;
  const sizeOf = (word: RegExp): number => [...sizes].find(([description]) => word.test(description))?.[1] ?? Infinity;

  beforeAll(() => {
    sizes = bundleSizes(outdir);
  });
  afterAll(() => rmSync(outdir, { recursive: true, force: true }));

  // A cold start reads and compiles all of it. The limits are what was measured, and a little room.
  it('the sync function has at most 900 KB of code', () => {
    expect(sizeOf(/^Lists/)).toBeLessThanOrEqual(900 * 1024);
  });

  it('the publisher has at most 550 KB, for it carries neither the API client nor the timeline', () => {
    expect(sizeOf(/^Publishes/)).toBeLessThanOrEqual(550 * 1024);
    expect(sizeOf(/^Publishes/)).toBeLessThan(sizeOf(/^Lists/));
  });
});
