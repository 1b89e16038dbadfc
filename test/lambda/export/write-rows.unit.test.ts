import { DuckDBInstance } from '@duckdb/node-api';
import { array, assert, asyncProperty, option, string, tuple } from 'fast-check';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COLUMNS, EXPORT_VERSION, EXPORTS } from '../../../lambda/export/columns';
import type { Row } from '../../../lambda/export/rows';
import { FORMATS, writeRows } from '../../../lambda/export/write-rows';
import { readPage } from '../../support/documents';
import { writeFileSync } from 'node:fs';

const folder = mkdtempSync(join(tmpdir(), 'write-rows-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function* each(rows: readonly Row[]): AsyncGenerator<Row> {
  yield* rows;
}

const fleetRow = (name: string | null, snapshot: unknown): Row => ({
  region: 'r',
  project_id: 'p',
  instance_id: 'i',
  name,
  status: 'RUNNING',
  at: '2026-11-22T12:00:00.123Z',
  since: null,
  version: 7,
  deleted: false,
  unobserved_from: null,
  unobserved_to: null,
  unjudged_since: null,
  snapshot: JSON.stringify(snapshot),
});

describe('what is written', () => {
  it.each(FORMATS)('is read by DuckDB as it was, whatever the texts hold: %s', async (format) => {
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    let files = 0;
    // DuckDB takes a lone surrogate and a NUL for broken text.
    const text = string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'));
    await assert(
      asyncProperty(array(tuple(option(text), text), { minLength: 1, maxLength: 20 }), async (values) => {
        // DuckDB keeps parts of files that it has read, so that no name may come twice.
        files += 1;
        const file = join(folder, `any-${files}.${format}`);
        const rows = values.map(([name, note]) => fleetRow(name, { note }));
        await writeRows(each(rows), { table: 'fleet', format, file });
        const columns = `{${COLUMNS.fleet.map(({ name }) => `'${name}': '${name === 'version' ? 'INT' : 'VARCHAR'}'`).join(', ')}}`;
        const source = {
          parquet: `read_parquet('${file}')`,
          csv: `read_csv('${file}', auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', allow_quoted_nulls = false, columns = ${columns})`,
          ndjson: `read_ndjson('${file}', columns = ${columns})`,
        }[format];
        const read = await connection.runAndReadAll(`SELECT name, snapshot->>'note' AS note, version FROM ${source}`);
        // CSV knows no null apart from an empty text, and keeps formulas from running.
        const shown = (name: string | null) =>
          format === 'csv' && name !== null && /^[=+\-@\t\r]/.test(name) ? `'${name}` : name;
        expect(read.getRowObjectsJson()).toEqual(
          values.map(([name, note]) => ({ name: shown(name), note, version: 7 })),
        );
      }),
      { numRuns: 30 },
    );
    connection.closeSync();
  });

  it.each(FORMATS)('is on disk but for the last row group, however much came before: %s', async (format) => {
    const file = join(folder, `long.${format}`);
    const text = (place: number): string =>
      createHash('shake256', { outputLength: 5_000 }).update(String(place)).digest('hex');
    let produced = 0;
    /** Characters that are not on disk yet, before each row is made. */
    const held: number[] = [];
    async function* long(): AsyncGenerator<Row> {
      for (let place = 0; place < 300; place += 1) {
        held.push(produced - (statSync(file, { throwIfNoEntry: false })?.size ?? 0));
        const row = fleetRow(String(place), { text: text(place) });
        produced += String(row.snapshot).length;
        yield row;
      }
    }
    await writeRows(long(), { table: 'fleet', format, file, groupText: 100_000 });
    // The writer of Parquet writes about a million bytes at once.
    expect(produced).toBeGreaterThan(3_000_000);
    expect(Math.max(...held)).toBeLessThan(1_300_000);
    expect(Math.max(...held.slice(150))).toBeLessThanOrEqual(Math.max(...held.slice(0, 150)) + 100_000);
  });

  it('ends a row group before its texts fill the memory', async () => {
    const file = join(folder, 'large.parquet');
    const rows = Array.from({ length: 7 }, (_, place) => fleetRow(String(place), { text: 'x'.repeat(400) }));
    await writeRows(each(rows), { table: 'fleet', format: 'parquet', file, groupText: 1000 });
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const groups = await connection.runAndReadAll(
      `SELECT DISTINCT row_group_id, row_group_num_rows FROM parquet_metadata('${file}') ORDER BY ALL`,
    );
    expect(groups.getRowsJson().map(([, count]) => Number(count))).toEqual([3, 3, 1]);
    connection.closeSync();
  });
});

describe('the contract of the columns', () => {
  const types = { text: 'string', integer: 'integer', boolean: 'boolean', time: 'datetime', json: 'any' } as const;
  it.each(EXPORTS)('%s: its schema file and the table of the page are those of the program', (table) => {
    const schema = {
      name: table,
      version: EXPORT_VERSION,
      missingValues: [''],
      fields: COLUMNS[table].map(({ name, type, isNullable, description }) => ({
        name,
        type: types[type],
        constraints: isNullable === false ? { required: true } : undefined,
        description,
      })),
    };
    const file = `docs/export-${table}.schema.json`;
    const text = `${JSON.stringify(schema, null, 2)}\n`;
    const lines = COLUMNS[table].map(
      ({ name, type, isNullable, description }) =>
        `| \`${name}\` | ${type}${isNullable === false ? '' : ', nullable'} | ${description} |`,
    );
    const shown = `<!-- columns of ${table} -->\n\n| column | type | meaning |\n|---|---|---|\n${lines.join('\n')}\n`;
    if (process.env.UPDATE_EXPORT_SCHEMA !== undefined) {
      writeFileSync(file, text);
      const page = readPage('docs/export.md');
      writeFileSync(
        'docs/export.md',
        page.replace(new RegExp(`<!-- columns of ${table} -->\\n(\\n\\|.*|\\|.*\\n|\\n(?=\\|))*`), shown),
      );
    }
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(text));
    expect(readPage('docs/export.md').replaceAll(/ +\|/g, ' |')).toContain(shown);
  });
});
