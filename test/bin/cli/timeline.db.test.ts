import * as fc from 'fast-check';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTimelineServer, type TimelineServer } from '../../../bin/cli/timeline/server';
import { plusMs, toMs } from '../../../lambda/core/model/instant';
import type { Reader } from '../../../lambda/core/history/reader';
import { createReader } from '../../../lambda/dynamodb/reader';
import { toGapItem } from '../../../lambda/dynamodb/table';
import { buildTimeline } from '../../../lambda/timeline/model';
import { cli, NOW } from '../../support/cli';
import { anyEngine, createTestTable, type TestTable } from '../../support/engines';
import { headItems, itemsOf, writeItems } from '../../support/history-rows';
import { pageData } from '../../support/page-data';
import { demoHistory, NORTH, SOUTH } from '../../support/timeline-fleet';

const folder = mkdtempSync(join(tmpdir(), 'timeline-commands-'));
let table: TestTable;
beforeAll(async () => {
  table = await createTestTable(anyEngine());
  const { targets, gaps } = demoHistory(NOW);
  await writeItems(table, [
    ...targets.flatMap(({ target, head }) => headItems({ ...head, lastRunId: 'run-1' }, target)),
    ...targets.flatMap(({ instances }) => instances.flatMap(({ history }) => itemsOf(history.versions))),
    ...gaps.map((gap) => toGapItem(gap)),
  ]);
});
afterAll(() => {
  table.close();
  rmSync(folder, { recursive: true, force: true });
});
const store = (): string[] => ['--dynamodb-endpoint', table.endpoint, '--table', table.tableName];

describe('roma-history report', () => {
  it('writes one page and says what is in it', async () => {
    const file = join(folder, 'report.html');
    const { exitCode, out } = await cli(['report', '-o', file, ...store()]);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/report\.html: 16 instances, 26 changes, \d+ kB$/);
    expect(readFileSync(file, 'utf8')).toContain('roma-orders-prod');
    expect(readdirSync(folder)).toEqual(['report.html']);
  });

  it('tells of every part of its period the same as uptime does', async () => {
    const file = join(folder, 'whole.html');
    await cli(['report', '-o', file, ...store()]);
    const { records, period } = pageData(readFileSync(file, 'utf8'));
    const length = toMs(period.to) - toMs(period.from);
    const second = fc.integer({ min: 0, max: length / 1000 - 1 });
    await fc.assert(
      fc.asyncProperty(second, second, fc.integer({ min: -999, max: 0 }), async (a, b, ms) => {
        const from = plusMs(period.from, Math.max(0, Math.min(a, b) * 1000 + ms));
        const to = plusMs(period.from, (Math.max(a, b) + 1) * 1000 + ms);
        const { json } = await cli(['uptime', '--json', '--since', from, '--until', to, ...store()]);
        const told = new Map(json().map((line) => [line.id, [line.availability, line.statusMs]]));
        const rows = buildTimeline(records, { from, to }, NOW).groups.flatMap((group) => group.rows);
        for (const { id, uptime } of rows)
          expect([id, uptime.availability, uptime.statusMs]).toEqual([id, ...(told.get(id) ?? [])]);
        const observed = [...told].filter(([, [availability]]) => availability !== null).map(([id]) => id);
        expect(rows.map(({ id }) => id)).toEqual(expect.arrayContaining(observed));
      }),
      { numRuns: 25 },
    );
  });

  it('prints the same as JSON, for a period and a target', async () => {
    const file = join(folder, 'south.html');
    const target = `${SOUTH.region}/${SOUTH.projectId}`;
    const result = await cli(['report', '-o', file, '--since', '7d', '--target', target, '--json', ...store()]);
    expect(result.json()).toEqual([
      {
        type: 'report',
        from: '2026-11-15T12:00:00.000Z',
        to: NOW,
        file,
        bytes: expect.any(Number),
        targets: 1,
        instances: 4,
        changes: 0,
      },
    ]);
  });

  it.each([
    ['no file is named', ['report'], 2, /required option '-o, --output <file>' not specified/],
    [
      'the folder is missing',
      ['report', '-o', join(folder, 'no', 'where.html')],
      2,
      /cannot be written.*choose another/,
    ],
    [
      'the period is turned around',
      ['report', '-o', 'x', '--since', '1h', '--until', '2h'],
      2,
      /is not before --until/,
    ],
    ['the period is in the future', ['report', '-o', 'x', '--until', '2027-01-01'], 2, /is in the future/],
    ['the target is not recorded', ['report', '-o', 'x', '--target', 'eu-west-0/0123456789abcdef'], 3, /not recorded/],
    ['the port is none', ['serve', '--port', '70000'], 2, /from 0 to 65535/],
    ['the period to serve is none', ['serve', '--since', 'soon'], 2, /is not a time/],
  ])('fails in one line when %s', async (_, args, exitCode, message) => {
    const result = await cli([...args, ...store()]);
    expect(result.exitCode).toBe(exitCode);
    expect(result.err).toMatch(message);
    expect(result.err).not.toContain('\n');
    expect(existsSync('x')).toBe(false);
  });
});

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}
const ask = async (url: string, options: { host?: string; method?: string } = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const headers = options.host === undefined ? {} : { host: options.host };
    const sent = request(url, { method: options.method ?? 'GET', headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });

describe('the live page', () => {
  const problems: string[] = [];
  let reader: Reader;
  let server: TimelineServer;
  beforeEach(async () => {
    problems.length = 0;
    reader = createReader(table.client, table.tableName, { now: () => toMs(NOW) });
    server = await serve(() => reader);
  });
  afterEach(async () => server.close());

  const serve = async (current: () => Reader, port = 0): Promise<TimelineServer> =>
    startTimelineServer({
      reader: { ...reader, head: async (target) => current().head(target), targets: async () => current().targets() },
      clock: { now: () => toMs(NOW), sleep: async () => new Promise((resolve) => void setImmediate(resolve)) },
      port,
      since: '30d',
      onProblem: (line) => problems.push(line),
    });

  it('is served on the loopback interface with headers that keep others out', async () => {
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    const { status, headers, body } = await ask(server.url);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(body).toContain('roma-orders-prod');
    expect(body).toMatch(/data-live="\/changes\?seen=[0-9a-f]{24}"/);
    expect(body).toContain("connect-src 'self'");
  });

  it.each([
    'evil.example',
    'evil.example:PORT',
    '127.0.0.1',
    '127.0.0.1:1',
    'localhost.evil.example:PORT',
    '0.0.0.0:PORT',
  ])('refuses the Host %s', async (host) => {
    const { status, body } = await ask(server.url, { host: host.replace('PORT', new URL(server.url).port) });
    expect(status).toBe(421);
    expect(body).not.toContain('roma-');
  });

  it('accepts localhost', async () => {
    expect((await ask(server.url, { host: `localhost:${new URL(server.url).port}` })).status).toBe(200);
  });

  it.each([
    ['POST', '', 405, /is read-only/],
    ['DELETE', '', 405, /is read-only/],
    ['GET', 'favicon.ico', 404, /there is nothing here/],
    ['GET', '..%2fpackage.json', 404, /there is nothing here/],
    ['GET', '?since=tomorrow', 400, /"tomorrow" is not a time/],
    ['GET', '?since=1h&until=2h', 400, /is not before --until/],
  ])('answers %s /%s with %d', async (method, path, status, message) => {
    const answer = await ask(`${server.url}${path}`, { method });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(answer.body).toMatch(message);
  });

  it('shows the period that the address names', async () => {
    expect((await ask(`${server.url}?since=2026-11-01&until=2026-11-08`)).body).toContain(
      '2026-11-01 00:00 to 2026-11-08 00:00 UTC',
    );
  });

  it('has an answer without a body for HEAD', async () => {
    expect(await ask(server.url, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
  });

  it('tells an open page once when a run has ended', async () => {
    const seen = /seen=([0-9a-f]+)/.exec((await ask(server.url)).body)?.[1];
    const stream = await listen(`${server.url}changes?seen=${seen}`);
    const before = reader;
    await stream.until('retry');
    expect(stream.text()).not.toContain('changed');
    reader = {
      ...before,
      head: async (target) => {
        const head = await before.head(target);
        return head && { ...head, lastRunId: 'run-2' };
      },
    };
    await stream.until('event: changed');
    stream.close();
  });

  it('tells a page at once that was drawn before the last run', async () => {
    const stream = await listen(`${server.url}changes?seen=000000000000000000000000`);
    await stream.until('event: changed');
    stream.close();
  });

  it('says that the table cannot be read, and goes on when it can', async () => {
    const before = reader;
    reader = { ...before, targets: async () => Promise.reject(new Error('throttled\u001B[2J')) };
    const { status, body } = await ask(server.url);
    expect(status).toBe(503);
    expect(body).toMatch(/^throttled/);
    expect(body).not.toContain('\u001B');
    const stream = await listen(`${server.url}changes?seen=0`);
    while (problems.length === 0) await new Promise((resolve) => void setImmediate(resolve));
    reader = before;
    await stream.until('event: changed');
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('the history cannot be read, trying again: throttled');
    stream.close();
  });

  it('says which port is taken', async () => {
    await expect(serve(() => reader, Number(new URL(server.url).port))).rejects.toThrow(/choose another with --port/);
  });
});

async function listen(url: string): Promise<{ until(text: string): Promise<void>; text(): string; close(): void }> {
  let received = '';
  let arrived = (): void => {};
  const sent = request(url, { agent: false }, (response) => {
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      received += chunk;
      arrived();
    });
  });
  sent.on('error', () => {});
  sent.end();
  return {
    text: () => received,
    close: () => sent.destroy(),
    until: async (text) => {
      while (!received.includes(text)) await new Promise<void>((resolve) => (arrived = resolve));
    },
  };
}

describe('roma-history serve', () => {
  it('serves until it is interrupted', async () => {
    const stop = new AbortController();
    const lines: string[] = [];
    const visit = async (line: string): Promise<void> => {
      lines.push(line, (await ask((JSON.parse(line) as { url: string }).url)).body);
      stop.abort();
    };
    const ended = cli(
      ['serve', '--port', '0', '--json', '--target', `${NORTH.region}/${NORTH.projectId}`, ...store()],
      {
        signal: stop.signal,
        out: (line) => void visit(line),
      },
    );
    expect((await ended).exitCode).toBe(0);
    const { type, url } = JSON.parse(lines[0] ?? '') as { type: string; url: string };
    expect(type).toBe('serving');
    expect(lines[1]).toContain('roma-orders-prod');
    expect(lines[1]).not.toContain('roma-edge-mqtt');
    await expect(ask(url)).rejects.toThrow(/ECONNREFUSED/);
  });
});
