import { stylesDefinition } from '../lambda/timeline/assets';

/** undici is CommonJS and asks for `require`, which a module does not have. */
const BANNER = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

/**
 * How the functions are bundled, wherever that happens: one minified module each.
 * Measured: an external SDK, CommonJS, or the main entry points of packages each make a cold start slower.
 */
export const BUNDLE = {
  format: 'esm',
  target: 'node24',
  mainFields: ['module', 'main'] as string[],
  minify: true,
  banner: BANNER,
  get define() {
    return stylesDefinition();
  },
} as const;
