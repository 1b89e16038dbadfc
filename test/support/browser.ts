import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

/** Debian's; a browser of another name or place is given by CHROMIUM. */
const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Runs the tests in a browser. Where there is none they are skipped and say so, unless REQUIRE_BROWSER is set. */
export function inBrowser(name: string, tests: (open: (options?: PageOptions) => Promise<WatchedPage>) => void): void {
  const isThere = existsSync(EXECUTABLE);
  if (!isThere && !process.env.REQUIRE_BROWSER) {
    describe.skip(`${name} (skipped: ${EXECUTABLE} is missing, install chromium)`, () => tests(async () => never()));
    return;
  }
  describe(name, () => {
    let browser: BrowserContext;
    const profile = mkdtempSync(join(tmpdir(), 'timeline-browser-'));
    beforeAll(async () => {
      browser = await chromium.launchPersistentContext(profile, {
        executablePath: EXECUTABLE,
        headless: true,
        args: FLAGS,
        timezoneId: 'America/New_York',
      });
    });
    afterAll(async () => {
      await browser?.close();
      rmSync(profile, { recursive: true, force: true });
    });
    tests(async (options) => watched(browser, options));
  });
}

const never = (): never => {
  throw new Error('no browser');
};

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: 'light' | 'dark';
  readonly forcedColors?: 'active' | 'none';
}

/** A page, and all that it complained of or asked the network for. */
export interface WatchedPage {
  readonly page: Page;
  readonly complaints: string[];
  readonly requests: string[];
}

async function watched(browser: BrowserContext, options: PageOptions = {}): Promise<WatchedPage> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => complaints.push(`console ${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => requests.push(request.url()));
  await page.setViewportSize({ width: options.width ?? 1440, height: options.height ?? 1000 });
  await page.emulateMedia({ colorScheme: options.scheme ?? 'light', forcedColors: options.forcedColors ?? 'none' });
  return { page, complaints, requests };
}
