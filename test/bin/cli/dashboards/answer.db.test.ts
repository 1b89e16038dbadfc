import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import parse from 'parse-prometheus-text-format';
import { toMs } from '../../../../lambda/core/model/instant';
import { toGapItem } from '../../../../lambda/dynamodb/table';
import { cli, NOW } from '../../../support/cli';
import { anyEngine, createTestTable, type TestTable } from '../../../support/engines';
import { headItems, itemsOf, TARGET, versionsOf, writeItems } from '../../../support/history-rows';

const at = (time: string): string => `2026-11-22T${time}:00.000Z`;
const HOSTILE = 'a "quoted" \\ name\nof two lines';

let table: TestTable;
const stop = new AbortController();
let base = '';
let served: Promise<unknown>;
const store = (): string[] => ['--dynamodb-endpoint', table.endpoint, '--table', table.tableName];

beforeAll(async () => {
  table = await createTestTable(anyEngine());
  await writeItems(table, [
    ...headItems({ completedObservedAt: at('11:58'), intervalMs: 300_000 }),
    toGapItem({ target: TARGET, from: at('08:30'), to: at('08:45') }),
    ...itemsOf(
      versionsOf([
        { at: at('08:00'), snapshot: { id: 'e346', name: HOSTILE, status: 'RUNNING' }, kind: 'baseline' },
        { at: at('09:00'), snapshot: { id: 'e346', name: HOSTILE, status: 'UPGRADING' } },
      ]),
    ),
    ...itemsOf(
      versionsOf([
        { at: at('08:00'), snapshot: { id: 'f000', name: 'gone', status: 'RUNNING' }, kind: 'baseline' },
        { at: at('10:00'), snapshot: { id: 'f000', name: 'gone', status: 'RUNNING' }, kind: 'deleted' },
      ]),
    ),
  ]);
  await new Promise<void>((resolve) => {
    const out = (line: string): void => {
      base = (JSON.parse(line) as { url: string }).url;
      resolve();
    };
    served = cli(['serve', '--port', '0', '--json', ...store()], { out, signal: stop.signal });
  });
});
afterAll(async () => {
  stop.abort();
  await served;
  table.close();
});

const get = async (path: string, headers: Record<string, string> = {}) => fetch(new URL(path, base), { headers });
const python = ['/usr/bin/python3', 'python3'].find(
  (one) => spawnSync(one, ['-c', 'import prometheus_client.openmetrics.parser']).status === 0,
);
if (python === undefined && process.env.REQUIRE_ALL_ENGINES !== undefined)
  throw new Error('the OpenMetrics parser is missing: install python3-prometheus-client');

describe('/metrics', () => {
  const labels = { region: TARGET.region, project_id: TARGET.projectId };
  const instance = { ...labels, instance_id: 'e346', name: HOSTILE };

  (python === undefined ? it.skip : it)('is read by the OpenMetrics parser of Prometheus', async () => {
    const answer = await get('/metrics', { accept: 'application/openmetrics-text; version=1.0.0' });
    expect(answer.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    const script = `import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
print(json.dumps([[f.name, f.type, f.unit, [[s.name, s.labels, s.value] for s in f.samples]] for f in text_string_to_metric_families(sys.stdin.read())]))`;
    const told = execFileSync(python ?? '', ['-c', script], { input: await answer.text(), encoding: 'utf8' });
    const families = new Map(
      (JSON.parse(told) as [string, string, string, unknown[]][]).map(([name, ...rest]) => [name, rest]),
    );
    expect(families.get('roma_changes')).toEqual(['counter', '', [['roma_changes_total', labels, 2]]]);
    expect(families.get('roma_target_age_seconds')).toEqual([
      'gauge',
      'seconds',
      [['roma_target_age_seconds', labels, 120]],
    ]);
    const [type, , samples = []] = families.get('roma_instance_status') ?? [];
    expect(type).toBe('stateset');
    const one = samples as [string, Record<string, string>, number][];
    expect(one.filter(([, , value]) => value === 1).map(([, shown]) => shown)).toEqual([
      { ...instance, roma_instance_status: 'UPGRADING' },
    ]);
    expect(one.map(([, shown]) => shown.roma_instance_status)).toEqual(
      expect.arrayContaining(['RUNNING', 'ERROR', 'UNOBSERVED']),
    );
  });

  it('is read by a parser of the older format, and tells what `uptime` tells', async () => {
    const families = new Map(parse(await (await get('/metrics')).text()).map((family) => [family.name, family]));
    expect(families.get('roma_instance_status')?.type).toBe('GAUGE');
    expect(families.get('roma_changes_total')).toMatchObject({ type: 'COUNTER', metrics: [{ labels, value: '2' }] });
    const [uptime] = (await cli(['uptime', 'e346', '--since', '24h', '--json', ...store()])).json();
    const of = (name: string) => families.get(name)?.metrics.find((metric) => metric.labels?.span === '24h')?.value;
    expect(Number(of('roma_instance_availability_ratio'))).toBe(uptime?.availability);
    expect(Number(of('roma_instance_unobserved_seconds'))).toBe(Number(uptime?.unobservedMs) / 1000);
  });
});

describe('/api', () => {
  it.each([
    ['list', '?at=2026-11-22T08:40:00Z', ['list', '--at', '2026-11-22T08:40:00Z']],
    ['log', '?instance=e346', ['log', 'e346']],
    ['changes', '?since=24h', ['changes', '--since', '24h']],
    ['uptime', '?since=24h', ['uptime', '--since', '24h']],
    ['targets', '', ['targets', 'list']],
  ])('%s.json%s is what the command prints with --json', async (question, search, command) => {
    const answer = await get(`/api/${question}.json${search}`);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const rows = await answer.json();
    expect(rows).toEqual((await cli([...command, '--json', ...store()])).json());
    expect(rows).not.toEqual([]);
  });

  it.each([
    ['/api/list.json?at=soon', 400, /not a time/],
    ['/api/log.json?instance=nobody', 404, /no instance/],
    ['/api/sync.json', 404, /the questions are spans, list/],
    ['/api/constructor.json', 404, /the questions are/],
    ['/api/list.json?target=eu-west-0/0123456789abcdef', 404, /not recorded/],
  ])('%s is refused with %i', async (path, status, message) => {
    const answer = await get(path);
    expect([answer.status, await answer.text()]).toEqual([status, expect.stringMatching(message)]);
  });

  it('has all that the Grafana dashboard asks for', async () => {
    interface Panel {
      readonly title: string;
      readonly targets: readonly { url: string; columns: readonly { selector: string }[] }[];
    }
    const { panels } = JSON.parse(readFileSync('docs/grafana-dashboard.json', 'utf8')) as { panels: readonly Panel[] };
    expect(panels.map(({ title }) => title)).toEqual(['Status', 'Availability', 'Fleet', 'Changes']);
    for (const { url, columns } of panels.flatMap(({ targets }) => targets)) {
      const from = new Date(toMs(NOW) - 86_400_000).toISOString();
      const rows = (await (
        await get(url.replace('${__from:date:iso}', from).replace('${__to:date:iso}', NOW))
      ).json()) as Record<string, unknown>[];
      expect(rows.length).toBeGreaterThan(0);
      const has = (row: Record<string, unknown>, selector: string) =>
        selector
          .split('.')
          .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], row) !== undefined;
      expect(columns.filter(({ selector }) => !rows.every((row) => has(row, selector)))).toEqual([]);
    }
  });
});

describe('another address than loopback', () => {
  it('needs a token', async () => {
    const { exitCode, err } = await cli(['serve', '--port', '0', '--host', '0.0.0.0', ...store()]);
    expect([exitCode, err]).toEqual([2, expect.stringMatching(/other machines: set ROMA_HISTORY_TOKEN/)]);
  });

  it('answers only those who send it', async () => {
    const end = new AbortController();
    const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
    const statuses: number[] = [];
    let closed: Promise<unknown> = Promise.resolve();
    const url = await new Promise<string>((resolve) => {
      closed = cli(['serve', '--port', '0', '--host', '0.0.0.0', '--json', ...store()], {
        environment: { ROMA_HISTORY_TOKEN: 'open: sesame' },
        out: (line) => resolve((JSON.parse(line) as { url: string }).url.replace('0.0.0.0', '127.0.0.1')),
        signal: end.signal,
      });
    });
    for (const authorization of [
      '',
      'Bearer open',
      basic('grafana:open'),
      basic('grafana:open: sesame'),
      'Bearer sesame',
    ])
      for (const path of ['', 'metrics', 'api/list.json'])
        statuses.push((await fetch(url + path, { headers: authorization === '' ? {} : { authorization } })).status);
    expect(statuses).toEqual([...Array<number>(9).fill(401), 200, 200, 200, 401, 401, 401]);
    end.abort();
    await closed;
  });
});
