import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const linter = join(__dirname, '../node_modules/.bin/oxlint');

/** What stands in a file of this path when it reaches for `from`. */
const reaching = (path: string, from: string): readonly [path: string, text: string] => [
  path,
  `export { thing } from '${from}';`,
];
const doing = (expression: string): readonly [path: string, text: string] => [
  'lambda/core/model/impure.ts',
  `export const taken = (): unknown => ${expression};`,
];

const refused = [
  reaching('lambda/core/model/instance.ts', '../../roma/http/client'),
  reaching('lambda/core/model/instance.ts', '../sync/run'),
  reaching('lambda/core/model/instance.ts', '@aws-sdk/client-dynamodb'),
  reaching('lambda/core/model/instance.ts', 'node:fs'),
  reaching('lambda/core/sync/run.ts', '../history/reader'),
  reaching('lambda/core/sync/run.ts', '../publish/change-event'),
  reaching('lambda/core/publish/batch.ts', '../sync/recorder'),
  reaching('lambda/core/model/instance.ts', 'p-map'),
  reaching('lambda/core/sync/run.ts', 'p-map'),
  reaching('lambda/core/history/queries.ts', '../sync/recorder'),
  reaching('lambda/core/history/queries.ts', '../../dynamodb/table'),
  reaching('lambda/core/attribution/attribute.ts', '../sync/run-result'),
  reaching('lambda/core/attribution/attribute.ts', '../../cts/trace-source'),
  reaching('lambda/cts/trace-source.ts', '../roma/list/source'),
  doing('new Date()'),
  doing('Date.now()'),
  doing('Math.random()'),
  doing('process.env.HOME'),
  doing('globalThis.process.env.HOME'),
  reaching('lambda/contract.ts', './core/model/errors'),
  reaching('lambda/roma/http/client.ts', '../../dynamodb/table'),
  reaching('lambda/roma/http/client.ts', '../../core/../dynamodb/table'),
  reaching('lambda/roma/http/client.ts', '../../wire-discovery'),
  reaching('lambda/roma/http/client.ts', '../list/source'),
  reaching('lambda/roma/auth/identity.ts', '../list/source'),
  reaching('lambda/dynamodb/table.ts', '../events/event-bus'),
  reaching('lambda/dynamodb/table.ts', '../../test/support/fleet'),
  reaching('lambda/events/event-bus.ts', './../scheduler/schedule-group'),
  reaching('lambda/timeline/page.ts', '../dynamodb/reader'),
  reaching('lambda/timeline/page.ts', '../reader'),
  reaching('lambda/export/rows.ts', '../dynamodb/reader'),
  reaching('lambda/timeline/page.ts', './browser/state'),
  reaching('lambda/timeline/browser/main.ts', '../../reader'),
  reaching('lambda/timeline/browser/main.ts', '../packed'),
  reaching('lambda/timeline/browser/main.ts', 'node:zlib'),
  reaching('lambda/scheduler/schedule-group.ts', '../roma/auth/projects'),
  reaching('lambda/sync.handler.ts', './dynamodb/recorder'),
  reaching('lambda/sync.handler.ts', './publish.handler'),
  reaching('lambda/config.ts', './roma/http/client'),
  reaching('lambda/history.ts', './dynamodb/reader'),
  reaching('lambda/wire.ts', './sync.handler'),
  reaching('lambda/wire.ts', '../lib/config'),
  reaching('lib/config.ts', '../lambda/core/model/instance'),
  reaching('lib/config.ts', '../bin/app'),
  reaching('lib/config.ts', '../test/support/fleet'),
  reaching('lib/subscriptions/subscription.ts', '../../lambda/core/model/instance'),
  reaching('bin/cli/commands/list.ts', '../../../test/support/fleet'),
  reaching('bin/cli/commands/list.ts', '../../sandbox/main'),
  reaching('bin/local-database/dynamodb-local.ts', '../sandbox/main'),
  reaching('bin/roma-history.ts', './sandbox/main'),
  reaching('bin/roma-history.ts', '../test/support/fleet'),
] as const;

const allowed = [
  reaching('lambda/core/model/instance.ts', './errors'),
  reaching('lambda/core/model/instance.ts', '../../contract'),
  reaching('lambda/core/model/instance.ts', 'zod'),
  reaching('lambda/core/sync/run.ts', '../model/instance'),
  reaching('lambda/core/publish/delivery.ts', 'p-map'),
  reaching('lambda/core/history/queries.ts', 'p-map'),
  reaching('lambda/core/attribution/attribute.ts', '../model/record'),
  reaching('lambda/cts/trace-source.ts', '../core/attribution/ports'),
  reaching('lambda/roma/http/client.ts', '../../core/model/errors'),
  reaching('lambda/roma/http/client.ts', '../../contract'),
  reaching('lambda/roma/http/client.ts', './retry'),
  reaching('lambda/roma/http/client.ts', 'undici'),
  reaching('lambda/roma/list/source.ts', '../auth/identity'),
  reaching('lambda/timeline/page.ts', '../core/history/spans'),
  reaching('lambda/timeline/browser/main.ts', '../model'),
  reaching('lambda/timeline/browser/main.ts', '../../core/history/spans'),
  reaching('lib/bundle.ts', '../lambda/timeline/assets'),
  reaching('lambda/sync.handler.ts', './wire'),
  reaching('lambda/sync.handler.ts', './core/sync/run'),
  reaching('lambda/wire.ts', './dynamodb/recorder'),
  reaching('lib/config.ts', '../lambda/contract'),
  reaching('lib/config.ts', './span'),
  reaching('lib/scheduled-export.ts', '../lambda/export/columns'),
  reaching('lib/subscriptions/subscription.ts', '../../lambda/contract'),
  reaching('lib/subscriptions/webhook.ts', '../acknowledge'),
  reaching('bin/cli/commands/list.ts', '../../../lambda/core/model/instance'),
  reaching('bin/sandbox/main.ts', '../cli/program'),
] as const;

describe('the linter keeps the layers apart', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'import-rules-'));
    cpSync(join(__dirname, '../.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** @returns what the rules of this repository say to one file */
  const lint = ([path, text]: readonly [string, string]): string => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    const { stdout } = spawnSync(linter, [path], { cwd: folder, encoding: 'utf8' });
    rmSync(file);
    return stdout;
  };

  it.each(refused)('refuses in %s: %s', (...file) => {
    expect(lint(file)).toMatch(/no-restricted-(imports|globals|properties)/);
  });

  it.each(allowed)('allows in %s: %s', (...file) => {
    expect(lint(file)).toContain('Found 0 warnings and 0 errors');
  });
});
