import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PAGE, PAGES, readPage, ROOT } from './support/documents';

/** A page without its code, which may hold what looks like a link or a heading. */
const proseOf = (page: string): string => readPage(page).replaceAll(/```[\s\S]*?```/g, '');

/** The anchor that GitHub gives to a heading: its letters and digits in lower case, with `-` for each space. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-');

function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of proseOf(page).matchAll(/^#+ (.+)$/gm)) {
    const anchor = anchorOf(heading);
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count += 1) unique = `${anchor}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}

/** Where the links of a page lead, without those to other sites. */
const linksOf = (page: string): string[] =>
  [...proseOf(page).matchAll(/\]\(([^()\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^(https?|mailto):/.test(target));

function problemOf(page: string, link: string): string | undefined {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(ROOT, target))) return `${link}: there is no ${target}`;
  if (anchor === undefined) return undefined;
  if (!PAGES.includes(target)) return `${link}: ${target} is no page`;
  return anchorsOf(target).has(anchor) ? undefined : `${link}: ${target} has no heading for it`;
}

/** What a page calls a file: from the root, below `lambda`, or below its tests, each with or without its ending. */
const isFile = (path: string): boolean =>
  ['', 'lambda/', 'test/lambda/'].some((folder) =>
    ['', '.ts', '.test.ts'].some((ending) => existsSync(join(ROOT, `${folder}${path}${ending}`))),
  );

const FOLDERS = 'bin|core|docs|dynamodb|events|lambda|lib|roma|scheduler|test|timeline';

describe('the documents', () => {
  it.each(PAGES)('%s: every relative link leads to a file, and every anchor to a heading', (page) => {
    expect(linksOf(page).flatMap((link) => problemOf(page, link) ?? [])).toEqual([]);
  });

  it.each(PAGES)('%s: every file that it names exists', (page) => {
    const named = [...proseOf(page).matchAll(new RegExp(`\`((?:${FOLDERS})/[\\w./-]+)\``, 'g'))];
    expect(named.map(([, path = '']) => path).filter((path) => !isFile(path))).toEqual([]);
  });

  it('the README and the pages in docs link only to what is packed', () => {
    const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { files: string[] };
    const packed = [...files, 'README.md', 'LICENSE', 'package.json'];
    const missing = PAGES.filter((page) => page === PAGE.start || page.startsWith('docs/')).flatMap((page) =>
      linksOf(page)
        .filter((link) => !link.startsWith('#'))
        .map((link) => join(dirname(page), link.replace(/#.*/, '')))
        .filter((file) => !packed.some((one) => file === one || file.startsWith(`${one}/`)))
        .map((file) => `${page}: ${file}`),
    );
    expect(missing).toEqual([]);
  });

  it('would find a broken link', () => {
    expect(problemOf(PAGE.start, 'nowhere.md')).toBe('nowhere.md: there is no nowhere.md');
    expect(problemOf(PAGE.start, '#nowhere')).toBe('#nowhere: README.md has no heading for it');
    expect(problemOf('docs/queries.md', '../RUNBOOK.md#sync-failing')).toBeUndefined();
    expect(isFile('core/nowhere')).toBe(false);
  });

  it.each(PAGES.filter((page) => page.startsWith('docs/')))(
    '%s: says what it is for, and the README links it',
    (page) => {
      expect(readPage(page)).toMatch(/^# .+\n\nThis page /);
      expect(linksOf(PAGE.start)).toContain(page);
    },
  );

  it('the README can be read in one sitting', () => {
    expect(readPage(PAGE.start).split('\n').length).toBeLessThan(300);
  });
});
