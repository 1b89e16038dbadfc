import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { buildTimeline, type TargetRecords } from '../../lambda/timeline/model';
import { timelinePage } from '../../lambda/timeline/page';
import { periodBefore } from '../../lambda/timeline/period';
import { DAY, demoFleet } from './timeline-fleet';

export const now = '2026-11-22T14:30:00.000Z';

const folder = mkdtempSync(join(tmpdir(), 'timeline-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

/** Writes a page and gives its address. */
export function fileOf(html: string): string {
  const file = join(folder, `${(files += 1)}.html`);
  writeFileSync(file, html);
  return pathToFileURL(file).href;
}

export const report = (records: readonly TargetRecords[] = demoFleet(now), days = 30): string =>
  fileOf(timelinePage(buildTimeline(records, periodBefore(now, days * DAY), now)));

interface Finding {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** All that axe finds, of whatever impact. */
export async function axe(page: Page): Promise<readonly string[]> {
  // Evaluated by the debugger, which the page's content policy does not bind.
  await page.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  const { violations } = (await page.evaluate('axe.run()')) as { violations: readonly Finding[] };
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`);
}
