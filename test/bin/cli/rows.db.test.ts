import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseCsv } from 'csv-parse/sync';
import { parse as parseYaml } from 'yaml';
import { targetName } from '../../../lambda/core/model/instance';
import { cli } from '../../support/cli';
import { createTestTable, onEachEngine, type TestTable } from '../../support/engines';
import { headItems, itemsOf, TARGET, versionsOf, writeItems } from '../../support/history-rows';

const at = (time: string): string => `2026-11-22T${time}:00.000Z`;
const HOSTILE = '=cmd()\u202e,"x"\n\u001b[2J';

onEachEngine('rows', (engine) => {
  let table: TestTable;
  const run = async (...args: string[]) =>
    cli([...args, '--dynamodb-endpoint', table.endpoint, '--table', table.tableName]);
  const csv = async (...args: string[]) =>
    parseCsv((await run(...args, '-o', 'csv')).out, { columns: true }) as Record<string, string>[];

  beforeAll(async () => {
    table = await createTestTable(engine);
    const life = (id: string, name: string, project: string, more: object = {}) =>
      itemsOf(
        versionsOf([
          {
            at: at('08:00'),
            snapshot: { id, name, status: 'RUNNING', enterprise_project_id: project },
            kind: 'baseline',
          },
          { at: at('09:00'), snapshot: { id, name, status: 'ERROR', enterprise_project_id: project, ...more } },
          { at: at('10:00'), snapshot: { id, name, status: 'RUNNING', enterprise_project_id: project, ...more } },
        ]),
      );
    await writeItems(table, [
      ...headItems({ completedObservedAt: at('11:58'), intervalMs: 300_000, outcome: 'unchanged' }),
      ...life('a1', 'Prod-Orders', 'one', {
        error_msg: 'disk full',
        maintain_begin: '08:30:00',
        maintain_end: '09:30',
      }),
      ...life('b2', 'prod-mail', 'two'),
      ...life('c3', HOSTILE, 'two'),
    ]);
  });
  afterAll(() => table.close());

  it.each([
    [
      ['--name', 'prod-*'],
      ['a1', 'b2'],
    ],
    [
      ['--name', 'prod-o*', '--name', '*mail'],
      ['a1', 'b2'],
    ],
    [
      ['--enterprise-project', 'two'],
      ['b2', 'c3'],
    ],
    [
      ['--instance', 'a', '--instance', 'prod-mail'],
      ['a1', 'b2'],
    ],
    [['--enterprise-project', 'two', '--name', 'prod-*'], ['b2']],
  ])('are chosen by %j, by every command alike', async (filter, ids) => {
    for (const command of ['list', 'uptime', 'changes'])
      expect(new Set((await csv(command, ...filter)).map(({ id }) => id).filter(Boolean))).toEqual(new Set(ids));
  });

  it('of instances are chosen by a value of their record', async () => {
    for (const command of ['list', 'uptime'])
      expect(
        (await csv(command, '--field', 'error_msg=disk full', '--field', 'maintain_end=09:30')).map(({ id }) => id)[0],
      ).toBe('a1');
    expect(await csv('list', '--field', 'error_msg=disk')).toEqual([]);
  });

  it('of uptime are added up by enterprise project or name, with planned maintenance apart', async () => {
    const rows = await csv(
      'uptime',
      '--since',
      '4h',
      '--by',
      '*orders',
      '--by',
      'project',
      '--maintenance-zone',
      'UTC',
    );
    const of = (id: string) => rows.find((row) => row.id === id);
    expect(rows.map(({ id }) => id)).toEqual(['a1', '*orders', 'b2', 'c3', 'project two']);
    // 30 of the 60 minutes in ERROR are planned: 3 of 3.5 hours are RUNNING.
    expect(of('a1')).toMatchObject({ planned: '1800000', 'time-in-status': 'RUNNING 3 h, ERROR 1 h' });
    expect(Number(of('a1')?.availability)).toBeCloseTo(3 / 3.5);
    expect(of('*orders')).toMatchObject({ name: 'all 1', planned: '1800000' });
    expect(of('project two')).toMatchObject({ name: 'all 2', planned: '0' });
    const json = (await run('uptime', '--by', '*orders', '--total', '--json')).json();
    expect(json).toContainEqual(expect.objectContaining({ type: 'total', group: 'others' }));
    expect(await run('uptime', '--maintenance-zone', 'Nowhere')).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('is no time zone'),
    });
  });

  it('of changes are chosen by field', async () => {
    expect((await csv('changes', '--field', 'error_msg')).map(({ id, change }) => [id, change])).toEqual([
      ['a1', expect.stringContaining('RUNNING → ERROR, error_msg: (absent) → disk full')],
    ]);
    expect(await csv('changes', '--field', 'status', '--kind', 'statusChanged')).toHaveLength(6);
  });

  it('are sorted by what a column means, and have the columns that are asked for', async () => {
    const { out } = await run('list', '--sort', '-name', '--columns', 'id,since', '--name', 'prod*');
    expect(out.split('\n').slice(0, 3)).toEqual(['ID  SINCE', 'a1  2 h ago', 'b2  2 h ago']);
    expect((await csv('uptime', '--sort', '-unobserved', '--columns', 'id,availability')).length).toBe(4);
    expect(await run('list', '--columns', 'nope')).toMatchObject({
      exitCode: 2,
      err: 'roma-history: there is no column "nope": the columns are status, since, name, id, version, target, project, certainty',
    });
    expect((await run('list', '-o', 'wide')).out.split('\n')[0]).toMatch(/TARGET +PROJECT/);
  });

  it('are whole and harmless as CSV: no formula, no escape, one line each', async () => {
    const { out } = await run('list', '-o', 'csv');
    expect(out).not.toMatch(/[^\P{C}\n]/u);
    expect(out.split('\n')).toHaveLength(4);
    const row = (await csv('list', '--instance', 'c3'))[0];
    expect(row).toMatchObject({ name: String.raw`'=cmd()\u{202e},"x"\n\u{1b}[2J'`, since: at('10:00'), version: '3' });
    expect(await csv('log', 'b2')).toHaveLength(3);
    expect((await csv('targets', 'list'))[0]).toMatchObject({ 'last-run': 'unchanged' });
  });

  it('are the same as YAML and as JSON, also without a hidden character in the text', async () => {
    for (const command of [
      ['list'],
      ['changes'],
      ['uptime'],
      ['log', 'c3'],
      ['show', 'c3'],
      ['diff', 'c3'],
      ['targets', 'list'],
    ]) {
      const { out } = await run(...command, '-o', 'yaml');
      expect(out).not.toMatch(/[^\P{C}\n]/u);
      const json = (await run(...command, '--json')).json();
      expect(parseYaml(out)).toEqual(json);
      expect((await run(...command, '-o', 'json')).json()).toEqual(json);
    }
  });

  it('of diff are those of the last change, and show can leave the state out', async () => {
    expect((await run('diff', 'a1')).out).toContain('status\n  - ERROR\n  + RUNNING');
    expect((await run('diff', 'a1')).out).toContain('--- v2');
    expect((await run('show', 'a1', '--changes')).out).toMatch(/changed {5}status: ERROR → RUNNING$/);
  });

  it('are printed again by list --watch until Ctrl-C', async () => {
    const stop = new AbortController();
    let looks = 0;
    const { out, exitCode } = await cli(
      ['list', '--watch', '--dynamodb-endpoint', table.endpoint, '--table', table.tableName],
      {
        signal: stop.signal,
        clock: {
          now: () => Date.parse(at('12:00')),
          sleep: async () => {
            looks += 1;
            if (looks === 2) stop.abort();
          },
        },
      },
    );
    expect([exitCode, out.match(/3 instances/g)?.length]).toEqual([0, 2]);
  });

  it('complete words in the shell, from an answer that is kept for seconds', async () => {
    const cache = mkdtempSync(join(tmpdir(), 'completion-'));
    const place = [`--dynamodb-endpoint=${table.endpoint}`, '--table', table.tableName];
    let now = Date.parse(at('12:00'));
    const complete = async (...words: string[]) =>
      (
        await cli(['__complete', '--', ...words], {
          environment: { XDG_CACHE_HOME: cache },
          clock: { now: () => now, sleep: async () => {} },
        })
      ).out
        .split('\n')
        .filter(Boolean);
    expect(await complete('show', ...place, '')).toEqual(['Prod-Orders', 'prod-mail', 'a1', 'b2', 'c3']);
    expect(await complete('show', 'a1', ...place, '')).toEqual([]);
    expect(await complete('list', ...place, '--status', '')).toEqual(['RUNNING']);
    expect(await complete('changes', ...place, '--instance', 'p')).toEqual(['prod-mail']);
    expect(await complete('log', ...place, '--target=cn')).toEqual([`--target=${targetName(TARGET)}`]);
    await writeItems(
      table,
      itemsOf(versionsOf([{ at: at('11:00'), snapshot: { id: 'd4', name: 'new', status: 'ERROR' } }])),
    );
    const statuses = async () => complete('list', ...place, '--status', '');
    expect(await statuses()).toEqual(['RUNNING']);
    now += 11_000;
    expect(await statuses()).toEqual(['RUNNING', 'ERROR']);
    // A history that cannot be read has no words.
    expect(await complete('show', '--local=/nowhere', '')).toEqual([]);
    rmSync(cache, { recursive: true });
  });

  it.each([
    ['both --json and -o', ['list', '--json', '-o', 'csv'], /cannot be used with option '--json'/],
    ['a table without end', ['changes', '-f', '-o', 'csv'], /--follow prints lines, without end/],
    ['a field without a value', ['list', '--field', 'name'], /it must be field=value/],
    ['a format that does not exist', ['list', '-o', 'xml'], /Allowed choices are table, wide, csv, json, yaml/],
  ])('refuse %s', async (_, args, message) => {
    const { err, exitCode } = await run(...args);
    expect([exitCode, err]).toEqual([2, expect.stringMatching(message)]);
  });

  it('suggest the nearest names', async () => {
    expect((await run('show', 'prod-mial')).err).toContain('did you mean "prod-mail"?');
    expect((await run('show', 'prod-m')).exitCode).toBe(0);
  });
});
