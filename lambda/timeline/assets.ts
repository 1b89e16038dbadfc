import type * as Esbuild from 'esbuild';
import { join } from 'node:path';

// The bundler puts these in: base64, because a shell that runs the bundler must not read them. See `lib/bundle`.
declare const TIMELINE_SCRIPT: string | undefined;
declare const TIMELINE_STYLES: string | undefined;

export interface Styles {
  /** Shared by the page and the widget. */
  readonly lane: string;
  readonly page: string;
  readonly widget: string;
}

/** The page's only script. A checkout builds it at first use; in a bundle it is there. */
export const pageScript = (): string =>
  typeof TIMELINE_SCRIPT === 'string' ? decoded(TIMELINE_SCRIPT) : (script ??= buildScript());

export const pageStyles = (): Styles =>
  typeof TIMELINE_STYLES === 'string' ? (JSON.parse(decoded(TIMELINE_STYLES)) as Styles) : (styles ??= buildStyles());

let script: string | undefined;
let styles: Styles | undefined;

const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');
const encoded = (value: string): string => JSON.stringify(Buffer.from(value).toString('base64'));

/** What the bundler of a function puts in. Only the command writes the whole page. */
export const stylesDefinition = (): Record<string, string> => ({
  TIMELINE_STYLES: encoded(JSON.stringify(buildStyles())),
});
export const pageDefinition = (): Record<string, string> => ({
  ...stylesDefinition(),
  TIMELINE_SCRIPT: encoded(buildScript()),
});

const buildScript = (): string => built('main.ts');
const buildStyles = (): Styles => ({ lane: built('lane.css'), page: built('page.css'), widget: built('widget.css') });

/** @throws when the bundler finds anything to complain of */
function built(file: string): string {
  const { buildSync } = require('esbuild') as typeof Esbuild;
  const { outputFiles, warnings } = buildSync({
    entryPoints: [join(__dirname, 'browser', file)],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2023',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'silent',
    // What needs it is not used here, and so left out.
    external: ['node:*'],
  });
  if (warnings.length > 0) throw new Error(`${file}: ${warnings.map(({ text }) => text).join('; ')}`);
  return (outputFiles[0]?.text ?? '').trim();
}
