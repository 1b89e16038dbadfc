import { App } from 'aws-cdk-lib';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../lib/bundle';
import { InstanceHistoryStack } from '../../lib/instance-history-stack';
import { stylesDefinition } from '../../lambda/timeline/assets';
import { parseConfig } from '../../lib/read-config';
import { TARGET } from '../support/stack';

const { context: flags } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };

interface Template {
  readonly Resources: Record<string, { readonly Type: string; readonly Properties: Record<string, unknown> }>;
}

/** Each function's module as it would be deployed, by the description of its function. */
function bundles(outdir: string): Map<string, string> {
  const app = new App({ outdir, context: flags });
  const stack = new InstanceHistoryStack(app, 'Bundles', {
    config: parseConfig({ targets: [TARGET], dashboard: true, export: { bucket: 'lake' } }, 'the test'),
  });
  const template = app.synth().getStackArtifact(stack.artifactId).template as Template;
  const modules = new Map<string, string>();
  for (const { Type, Properties } of Object.values(template.Resources)) {
    const key = (Properties?.Code as { S3Key?: string } | undefined)?.S3Key;
    if (Type !== 'AWS::Lambda::Function' || key === undefined) continue;
    const module = join(outdir, `asset.${key.replace('.zip', '')}`, 'index.mjs');
    if (existsSync(module)) modules.set(String(Properties.Description), readFileSync(module, 'utf8'));
  }
  return modules;
}

describe('the source map of a bundle', () => {
  it('leads from a place in the minified module to the source, and changes nothing of the module', () => {
    const folder = mkdtempSync(join(tmpdir(), 'maps-'));
    const [plain, mapped, map] = ['plain.mjs', 'mapped.mjs', 'publish.map'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    bundle('lambda/publish.handler.ts', plain);
    bundle('lambda/publish.handler.ts', mapped, map);
    const module = readFileSync(mapped, 'utf8');
    expect(readFileSync(plain, 'utf8')).toBe(module);
    const lines = module.slice(0, module.indexOf('the batch was not published')).split('\n');
    const entry = new SourceMap(JSON.parse(readFileSync(map, 'utf8')) as SourceMapPayload).findEntry(
      lines.length - 1,
      lines.at(-1)!.length,
    ) as { originalSource: string; originalLine: number };
    expect(entry.originalSource).toMatch(/lambda\/wire\.ts$/);
    const source = readFileSync('lambda/wire.ts', 'utf8').split('\n');
    expect(source[entry.originalLine]).toContain('the batch was not published');
    rmSync(folder, { recursive: true });
  });
});

describe('the bundles that are deployed', () => {
  const outdir = mkdtempSync(join(tmpdir(), 'bundles-'));
  let modules: Map<string, string>;
  const moduleOf = (word: RegExp): string => [...modules].find(([description]) => word.test(description))?.[1] ?? '';
  const sizeOf = (word: RegExp): number => Buffer.byteLength(moduleOf(word)) || Infinity;

  beforeAll(() => {
    modules = bundles(outdir);
  });
  afterAll(() => rmSync(outdir, { recursive: true, force: true }));

  // A cold start reads and compiles all of it. The limits are what was measured, and a little room.
  it('the sync function has at most 860 KB of code, of which the way through proxies has 20 and attribution 13', () => {
    expect(sizeOf(/^Lists/)).toBeLessThanOrEqual(860 * 1024);
  });

  it('the publisher has at most 430 KB, for it carries neither the API client nor the timeline', () => {
    expect(sizeOf(/^Publishes/)).toBeLessThanOrEqual(430 * 1024);
    expect(sizeOf(/^Publishes/)).toBeLessThan(sizeOf(/^Lists/));
  });

  it('the export has at most 850 KB, with the writer of Parquet and the client of S3', () => {
    expect(sizeOf(/^Exports/)).toBeLessThanOrEqual(850 * 1024);
  });

  it('none loads what no function uses: HTTP/2, the module of http with its WebSocket, and profiles of a person', () => {
    for (const [, module] of modules) {
      expect(module).not.toMatch(/from ?"node:http2?"/);
      expect(module).not.toMatch(/\("node:http2"\)|sso_start_url|credential_process/);
      expect(module).toContain('a function has its credentials in its environment');
    }
  });

  it('the timeline has its styles in it, and nothing that builds them', () => {
    const { TIMELINE_STYLES = 'no styles' } = stylesDefinition();
    expect(moduleOf(/^Draws/)).toContain(JSON.parse(TIMELINE_STYLES));
    expect(moduleOf(/^Draws/)).not.toContain('esbuild');
  });
});
