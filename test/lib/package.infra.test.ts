import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pageScript, pageStyles } from '../../lambda/timeline/assets';
import { OUTPUT } from '../../lambda/contract';
import { createHistoryTable } from '../../bin/local-database/create-table';
import { isAvailable, startDatabase } from '../../bin/local-database/dynamodb-local';
import { loopbackConfig } from '../../lambda/dynamodb/client';
import { codeBlocks, PAGE, readPage } from '../support/documents';

const ROOT = resolve('.');
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
};

const run = (file: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = process.env): string =>
  execFileSync(file, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 });

/** As an installation leaves it: the tarball unpacked, and beside it what it declares, taken from this checkout. */
function install(tarball: string, app: string): void {
  const home = join(app, 'node_modules', manifest.name);
  mkdirSync(home, { recursive: true });
  run('tar', ['-xzf', tarball, '--strip-components=1', '-C', home], app);
  const { dependencies, peerDependencies, optionalDependencies } = manifest;
  for (const name of [
    ...Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies }),
    '@types/node',
  ]) {
    const place = join(app, 'node_modules', name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), place);
  }
}

// Compiling and synthesizing take their time on a busy machine.
jest.setTimeout(180_000);

describe('the package as it is published', () => {
  const folder = mkdtempSync(join(tmpdir(), 'package-'));
  const app = join(folder, 'app');
  const command = join(app, 'node_modules', manifest.name, 'dist', 'roma-history.mjs');
  let files: readonly string[];
  let tarball: string;

  beforeAll(() => {
    run('npm', ['pack', '--pack-destination', folder], ROOT);
    tarball = run('find', [folder, '-name', '*.tgz'], folder).trim();
    files = run('tar', ['-tzf', tarball], folder).trim().split('\n');
    mkdirSync(app);
    install(tarball, app);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('holds what is built, what tells of it, and nothing else', () => {
    const others = files.filter((file) => !/^package\/dist\/(cli|handlers|types)\/.+$/.test(file));
    expect(others.toSorted()).toEqual(
      [
        '.github/timeline.png',
        'ARCHITECTURE.md',
        'CHANGELOG.md',
        'CONTRIBUTING.md',
        'DECISIONS.md',
        'LICENSE',
        'README.md',
        'RUNBOOK.md',
        'bin/cli/doctor/prices.json',
        'dist/construct.js',
        'dist/events.js',
        'dist/reader.js',
        'dist/roma-history.mjs',
        ...readdirSync('docs').map((page) => `docs/${page}`),
        'lambda/core/model/record.ts',
        ...readdirSync('lambda/events/schema', { recursive: true, encoding: 'utf8' })
          .filter((file) => file.endsWith('.json'))
          .map((file) => `lambda/events/schema/${file}`),
        ...readdirSync('test/examples').map((example) => `test/examples/${example}`),
        'package.json',
      ]
        .map((file) => `package/${file}`)
        .toSorted(),
    );
    expect(files.filter((file) => file.includes('/handlers/')).toSorted()).toEqual(
      readdirSync('lambda')
        .filter((file) => file.endsWith('.handler.ts'))
        .map((file) => `package/dist/handlers/${file.replace('.handler.ts', '')}/index.mjs`)
        .toSorted(),
    );
    expect(files.filter((file) => file.includes('/types/') && !file.endsWith('.d.ts'))).toEqual([]);
  });

  it('would be accepted for publishing: a trial, in which nothing is sent', () => {
    // No registry answers there: whether the version is taken is not known, and not asked again.
    const nowhere = ['--registry', 'http://127.0.0.1:9/', '--fetch-retries', '0'];
    const told = run('npm', ['publish', tarball, '--dry-run', '--json', ...nowhere], folder);
    const published = JSON.parse(told) as { name?: string; files?: { path: string }[] } & Record<
      string,
      { name: string; files: { path: string }[] }
    >;
    const { name, files: sent } = published[manifest.name] ?? published;
    expect(name).toBe(manifest.name);
    expect((sent as { path: string }[]).map(({ path }) => `package/${path}`).toSorted()).toEqual([...files].toSorted());
  });

  it('holds every page that a page for its users links to', () => {
    const pages = files.map((file) => file.replace('package/', '')).filter((file) => file.endsWith('.md'));
    for (const page of pages.filter((file) => file !== PAGE.start)) {
      const links = [...readPage(page).matchAll(/\]\(([^()#\s]+\.md)/g)].map(([, link = '']) =>
        join(dirname(page), link),
      );
      expect([page, links.filter((link) => !pages.includes(link))]).toEqual([page, []]);
    }
  });

  it('its command runs in a folder where nothing else is', () => {
    expect(run(process.execPath, [command, '--help'], app)).toMatch(/^Usage: roma-history/);
    const help = run(process.execPath, [command, 'help', 'list'], app);
    expect(help).toContain('--at');
  });

  it('its command serves assistants, without the packages that this takes', async () => {
    expect(Object.keys(manifest.dependencies)).not.toContain('@modelcontextprotocol/sdk');
    const client = new Client({ name: 'test', version: '1' });
    const env = { PATH: process.env.PATH ?? '', AWS_REGION: 'eu-central-1' };
    await client.connect(
      new StdioClientTransport({ command: process.execPath, args: [command, 'mcp'], cwd: app, env }),
    );
    expect((await client.listTools()).tools.length).toBeGreaterThan(5);
    await client.close();
  });

  const withEmbedded = isAvailable('dynoxide') ? it : it.skip;
  withEmbedded('its command answers from an embedded database', async () => {
    const data = join(folder, 'data');
    const database = await startDatabase({ folder: data });
    const client = new DynamoDBClient(loopbackConfig(database.endpoint));
    await createHistoryTable(client, 'InstanceHistory');
    client.destroy();
    await database.stop();
    expect(run(process.execPath, [command, 'list', '--json', '--local', data], app)).toBe('');
    run(process.execPath, [command, 'report', '-o', 'page.html', '--local', data], app);
    const page = readFileSync(join(app, 'page.html'), 'utf8');
    expect(page).toContain(`<script>${pageScript()}</script>`);
    expect(page).toContain(pageStyles().page);
  });

  it('reader and events can be required and imported', () => {
    const required = `const { isChangeEvent } = require('${manifest.name}/events'); const { openHistory } = require('${manifest.name}/reader');
      console.log(isChangeEvent({}), typeof openHistory);`;
    const imported = `import { isChangeEvent } from '${manifest.name}/events'; import { openHistory } from '${manifest.name}/reader';
      console.log(isChangeEvent({}), typeof openHistory);`;
    expect(run(process.execPath, ['-e', required], app).trim()).toBe('false function');
    expect(run(process.execPath, ['--input-type=module', '-e', imported], app).trim()).toBe('false function');
  });

  it('its construct deploys the functions that the package carries, without a bundler', () => {
    writeFileSync(
      join(app, 'deploy.js'),
      `const { App, Stack } = require('aws-cdk-lib');
      const { InstanceHistory } = require('${manifest.name}/construct');
      const app = new App({ outdir: 'cdk.out' });
      const stack = new Stack(app, 'Mine');
      new InstanceHistory(stack, 'History', { targets: [{ region: 'cn-north-4', projectId: '106506b9a92342df9a5025fc12351cfc' }], extraCaFile: 'ca.pem' });
      app.synth();`,
    );
    writeFileSync(join(app, 'ca.pem'), readFileSync('test/support/roma/loopback-certificate.pem'));
    run(process.execPath, ['deploy.js'], app);
    const packed = run('find', ['cdk.out', '-name', 'index.mjs', '-size', '+100k'], app).trim().split('\n');
    expect(packed.length).toBeGreaterThanOrEqual(2);
    expect(run('find', ['cdk.out', '-name', '*.pem'], app)).not.toBe('');
  });

  it('its construct deploys the app that its page shows', () => {
    const [example = ''] = codeBlocks(PAGE.construct, 'ts');
    writeFileSync(join(app, 'example.mjs'), example);
    // The CDK command sets this variable: the app then writes its stacks there when it ends.
    run(process.execPath, ['example.mjs'], app, { ...process.env, CDK_OUTDIR: 'example.out' });
    const template = readFileSync(join(app, 'example.out', 'Platform.template.json'), 'utf8');
    const { Outputs } = JSON.parse(template) as { Outputs: object };
    expect(Object.keys(Outputs)).toEqual(
      expect.arrayContaining(
        Object.values(OUTPUT)
          .filter((name) => /Name/.test(name))
          .map((name) => expect.stringMatching(new RegExp(`^RomaHistory${name}[0-9A-F]{8}$`)) as string),
      ),
    );
  });

  it('its types hold in a consumer that checks libraries, too', () => {
    writeFileSync(
      join(app, 'consumer.ts'),
      `import { Duration, Stack } from 'aws-cdk-lib';
      import { InstanceHistory } from '${manifest.name}/construct';
      import { type ChangeEvent, isChangeEvent } from '${manifest.name}/events';
      import { openHistory } from '${manifest.name}/reader';

      export const statusOf = (value: unknown): string | undefined => {
        if (!isChangeEvent(value)) return undefined;
        const event: ChangeEvent = value;
        return event.status?.to;
      };
      export const history = openHistory({ tableName: 'InstanceHistory' });
      export const make = (stack: Stack): InstanceHistory =>
        new InstanceHistory(stack, 'History', { targets: [{ region: 'cn-north-4', projectId: 'p' }], every: Duration.minutes(5) });
      // @ts-expect-error there must be targets
      export const wrong = (stack: Stack): InstanceHistory => new InstanceHistory(stack, 'History', {});
      `,
    );
    for (const [module, moduleResolution] of [
      ['nodenext', 'nodenext'],
      ['preserve', 'bundler'],
    ]) {
      writeFileSync(
        join(app, 'tsconfig.json'),
        JSON.stringify({
          compilerOptions: {
            module,
            moduleResolution,
            target: 'es2022',
            lib: ['es2022'],
            strict: true,
            skipLibCheck: false,
            noEmit: true,
            types: ['node'],
          },
          files: ['consumer.ts'],
        }),
      );
      let said = '';
      try {
        run(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', '.'], app);
      } catch (error) {
        said = String((error as { stdout?: string }).stdout);
      }
      expect(said).toBe('');
    }
  });
});
