import type * as esbuild from 'esbuild';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { stylesDefinition } from '../lambda/timeline/assets';

/** undici is CommonJS and asks for `require`, which a module does not have. */
const BANNER = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

const bundled = (file: string): string => join(__dirname, 'bundled', file);
const places = ['ini', 'login', 'process', 'sso', 'web-identity'].map((name) => `@aws-sdk/credential-provider-${name}`);
const ALIAS = {
  'node:http': bundled('http.cjs'),
  'node:http2': bundled('no-http2.cjs'),
  ...Object.fromEntries(places.map((place) => [place, bundled('no-credentials.cjs')])),
};

/**
 * How the functions are bundled, wherever that happens: one minified module each.
 * Measured: an external SDK, CommonJS, or the main entry points of packages each make a cold start slower.
 * @param mapFile for the source map, which is not deployed
 */
export function bundle(entry: string, outfile: string, mapFile?: string): void {
  // Not at the top, because who uses the published constructs has no bundler and needs none.
  const { buildSync } = require('esbuild') as typeof esbuild;
  buildSync({
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
    minify: true,
    alias: ALIAS,
    banner: { js: BANNER },
    define: stylesDefinition(),
    logLevel: 'warning',
    entryPoints: [entry],
    outfile,
    sourcemap: mapFile === undefined ? false : 'external',
  });
  if (mapFile !== undefined) renameSync(`${outfile}.map`, mapFile);
}
