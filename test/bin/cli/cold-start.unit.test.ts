import { buildSync } from 'esbuild';
import { join } from 'node:path';
import { ROOT } from '../../support/documents';

/** What the start of the command loads: everything that is reached without a dynamic import. */
function loaded(): Set<string> {
  const { metafile } = buildSync({
    absWorkingDir: ROOT,
    entryPoints: ['bin/roma-history.ts'],
    bundle: true,
    platform: 'node',
    packages: 'external',
    format: 'esm',
    splitting: true,
    outdir: join(ROOT, 'dist'),
    write: false,
    metafile: true,
  });
  const found = new Set<string>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    found.add(path);
    for (const { path: next, kind } of metafile.inputs[path]?.imports ?? []) if (kind !== 'dynamic-import') visit(next);
  };
  visit('bin/roma-history.ts');
  return found;
}

it('help starts without the AWS SDK and nearly every other package', () => {
  const packages = [...loaded()].filter(
    (path) => !/^(bin|lambda|package\.json)/.test(path) && !path.startsWith('node:'),
  );
  expect(packages.toSorted()).toEqual(['commander', 'string-width']);
});
