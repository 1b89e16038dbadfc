import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pageDefinition } from '../lambda/timeline/assets';
import { bundle } from '../lib/bundle';
import { dependencies } from '../package.json';

// Makes `dist`, which is all that is published: the command, the three entry points with their types, and the functions
// as they are deployed. The entry points import their packages; the functions are bundled with theirs.
const ROOT = join(__dirname, '..');
const DIST = join(ROOT, 'dist');
/** Not published: they belong beside a release. */
const MAPS = join(ROOT, 'source-maps');
const HANDLER = /\.handler\.ts$/;
const ENTRY_POINTS = { construct: 'lib/index.ts', events: 'lambda/events/index.ts', reader: 'lambda/reader.ts' };
const REQUIRE = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

async function main(): Promise<void> {
  for (const folder of [DIST, MAPS]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(MAPS);
  const common = { bundle: true, platform: 'node', absWorkingDir: ROOT, logLevel: 'warning' } as const;
  const library = { ...common, packages: 'external', target: 'node20' } as const;

  // Both ES modules and CommonJS can import CommonJS, and a construct needs `__dirname` to find its functions.
  await build({ ...library, entryPoints: ENTRY_POINTS, outdir: DIST, format: 'cjs' });

  const command = join(DIST, 'roma-history.mjs');
  await build({
    ...common,
    target: 'node20',
    // What is no dependency of the package is bundled, so that its installation stays small.
    external: Object.keys(dependencies).flatMap((name) => [name, `${name}/*`]),
    entryPoints: ['bin/roma-history.ts'],
    outdir: DIST,
    outExtension: { '.js': '.mjs' },
    format: 'esm',
    // So that a command loads only what it needs.
    splitting: true,
    chunkNames: 'cli/[name]-[hash]',
    banner: { js: REQUIRE },
    define: pageDefinition(),
  });
  // In a checkout the command runs from its source.
  writeFileSync(command, readFileSync(command, 'utf8').replace(/^#!.*\n/, '#!/usr/bin/env node\n'));
  chmodSync(command, 0o755);

  for (const file of readdirSync(join(ROOT, 'lambda')).filter((name) => HANDLER.test(name))) {
    const name = file.replace(HANDLER, '');
    bundle(join(ROOT, 'lambda', file), join(DIST, 'handlers', name, 'index.mjs'), join(MAPS, `${name}.map`));
  }
  execFileSync(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json'], {
    cwd: ROOT,
    stdio: 'inherit',
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`build: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
