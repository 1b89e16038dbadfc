import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const ROOT = resolve(__dirname, '../..');

/** Which page holds what the tests compare with the program. */
export const PAGE = {
  start: 'README.md',
  runbook: 'RUNBOOK.md',
  architecture: 'ARCHITECTURE.md',
  contributing: 'CONTRIBUTING.md',
  commands: 'docs/commands.md',
  configuration: 'docs/configuration.md',
  construct: 'docs/construct.md',
  constructReference: 'docs/construct-reference.md',
  events: 'docs/events.md',
  measures: 'docs/measures.md',
  queries: 'docs/queries.md',
} as const;

const pagesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder))
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file));

/** Every page, by its path from the root of the repository. */
export const PAGES: readonly string[] = [...pagesIn('.'), ...pagesIn('docs')].toSorted();

export const readPage = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

/** The code blocks of a page that name this language, in their order. */
export const codeBlocks = (page: string, language: string): string[] =>
  [...readPage(page).matchAll(new RegExp(`^ *\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\``, 'gm'))].map(
    ([, code = '']) => code,
  );
