import { fileWriter, ParquetWriter, type ParquetWriteOptions } from 'hyparquet-writer';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { COLUMNS, type Column, EXPORT_VERSION, type ExportTable } from './columns';
import type { Row } from './rows';

export const FORMATS = ['parquet', 'csv', 'ndjson'] as const;
export type Format = (typeof FORMATS)[number];

interface Destination {
  readonly table: ExportTable;
  readonly format: Format;
  readonly file: string;
  /** Characters of JSON after which a row group of Parquet ends. */
  readonly groupText?: number;
}

/** Writes rows to a new file, and holds no more of them than one row group. Equal rows make equal bytes. */
export async function writeRows(rows: AsyncIterable<Row>, to: Destination): Promise<void> {
  if (to.format === 'parquet') return parquet(rows, to);
  const lines = to.format === 'csv' ? csvLines(rows, COLUMNS[to.table]) : jsonLines(rows, COLUMNS[to.table]);
  await pipeline(lines, createWriteStream(to.file));
}

/** RFC 4180. A spreadsheet would run text that begins like these as a formula, so an apostrophe stands before it. */
const FORMULA = /^[=+\-@\t\r]/;
const csvCell = (value: Row[string] | undefined, type: Column['type']): string => {
  if (value == null) return '';
  const text = type === 'text' && FORMULA.test(String(value)) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) || text === '' ? `"${text.replaceAll('"', '""')}"` : text;
};

async function* csvLines(rows: AsyncIterable<Row>, columns: readonly Column[]): AsyncGenerator<string> {
  const line = (cells: readonly string[]): string => `${cells.join(',')}\r\n`;
  yield line(columns.map(({ name }) => name));
  for await (const row of rows) yield line(columns.map(({ name, type }) => csvCell(row[name], type)));
}

async function* jsonLines(rows: AsyncIterable<Row>, columns: readonly Column[]): AsyncGenerator<string> {
  for await (const row of rows) {
    const cells = columns.map(({ name, type }) => {
      const value = row[name] ?? null;
      return `${JSON.stringify(name)}:${type === 'json' && value !== null ? String(value) : JSON.stringify(value)}`;
    });
    yield `{${cells.join(',')}}\n`;
  }
}

type SchemaElement = NonNullable<ParquetWriteOptions['schema']>[number];

const PARQUET_TYPES: Readonly<Record<Column['type'], Partial<SchemaElement>>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  integer: { type: 'INT32' },
  boolean: { type: 'BOOLEAN' },
  time: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  },
  json: { type: 'BYTE_ARRAY', converted_type: 'JSON', logical_type: { type: 'JSON' } },
};

const parquetCell = (value: Row[string] | undefined, type: Column['type']): unknown => {
  if (value == null) return null;
  if (type === 'time') return BigInt(Date.parse(String(value)));
  return type === 'json' ? JSON.parse(String(value)) : value;
};

/** A row group ends after so many rows, or so many characters of text, because one change may be 300 KB long. */
const GROUP_ROWS = 20_000;
const GROUP_TEXT = 32 * 1024 * 1024;

async function parquet(rows: AsyncIterable<Row>, { table, file, groupText = GROUP_TEXT }: Destination): Promise<void> {
  const columns = COLUMNS[table];
  const schema = columns.map(({ name, type, isNullable = true }): SchemaElement => ({
    name,
    repetition_type: isNullable ? 'OPTIONAL' : 'REQUIRED',
    ...PARQUET_TYPES[type],
  }));
  const writer = new ParquetWriter({
    writer: fileWriter(file),
    schema: [{ name: table, num_children: columns.length }, ...schema],
    createdBy: 'roma-history',
    kvMetadata: [{ key: 'roma-history.export', value: `${table}/${EXPORT_VERSION}` }],
  });
  let group: Row[] = [];
  let text = 0;
  const writeGroup = async (): Promise<void> => {
    const columnData = columns.map(({ name, type }) => ({
      name,
      data: group.map((row) => parquetCell(row[name], type)),
      statistics: type !== 'json',
    }));
    await writer.write({ columnData, rowGroupSize: GROUP_ROWS });
    group = [];
    text = 0;
  };
  for await (const row of rows) {
    group.push(row);
    for (const { name, type } of columns) if (type === 'json') text += String(row[name]).length;
    if (group.length >= GROUP_ROWS || text >= groupText) await writeGroup();
  }
  await writeGroup();
  await writer.finish();
}
