import { type Command, Option } from 'commander';
import { UsageError } from '../../lambda/core/model/errors';
import type { Io } from './io';
import { type Column, renderTable } from './layout';
import { safeText } from './output';

/** How a command prints rows. JSON and YAML hold everything; the others have columns. */
const FORMATS = ['table', 'wide', 'csv', 'json', 'yaml'] as const;

export interface RowOptions {
  readonly output?: (typeof FORMATS)[number];
  readonly json?: boolean;
  readonly sort?: string;
  readonly columns?: string;
}

export interface RowColumn<Row> extends Column<Row> {
  /** Left out of a table, unless it is asked for. */
  readonly isWide?: boolean;
  /** What is sorted by and what CSV holds. @default the text of the table */
  readonly value?: (row: Row) => string | number | null;
}

export const column = <Row>(
  title: string,
  of: (row: Row) => string,
  more: Partial<RowColumn<Row>> = {},
): RowColumn<Row> => ({ title, of, ...more });

/** For commands that print no rows: `table` is what they print anyway. */
export const withFormat = (command: Command, formats: readonly string[] = ['table', 'json', 'yaml']): Command =>
  command.addOption(
    new Option('-o, --output <format>', 'how to print (--json is -o json)').choices(formats).conflicts('json'),
  );

export const withRowOptions = (command: Command): Command =>
  withFormat(command, FORMATS)
    .option('--sort <column>', 'in the order of this column; "-column" is downwards (not json, yaml)')
    .option('--columns <names>', 'only these columns, separated by commas (not json, yaml)');

/** Whether columns are asked for, by a command that otherwise prints lines. */
export const wantsTable = ({ output, json, sort, columns }: RowOptions): boolean =>
  json !== true && (output !== undefined || sort !== undefined || columns !== undefined);

/** A line beside the rows, for people. */
export function printNote(io: Io, { output }: RowOptions, text: string): void {
  if (output !== 'csv') io.out(text);
}

/** @throws UsageError when a column does not exist */
export async function printTable<Row>(
  io: Io,
  options: RowOptions,
  all: readonly RowColumn<Row>[],
  rows: readonly Row[],
): Promise<void> {
  const keyOf = ({ title }: RowColumn<Row>): string => title.toLowerCase().replaceAll(' ', '-');
  const named = (name: string): RowColumn<Row> => {
    const column = all.find((one) => keyOf(one) === name.trim().toLowerCase());
    if (column !== undefined) return column;
    throw new UsageError(`there is no column ${JSON.stringify(name)}: the columns are ${all.map(keyOf).join(', ')}`);
  };
  const isAll = options.output === 'wide' || options.output === 'csv';
  const columns = options.columns?.split(',').map(named) ?? all.filter(({ isWide }) => isAll || isWide !== true);
  const valueOf = ({ value, of }: RowColumn<Row>, row: Row) => (value === undefined ? of(row) : value(row));
  const { sort } = options;
  const by = sort === undefined ? undefined : named(sort.replace('-', ''));
  const direction = sort?.startsWith('-') === true ? -1 : 1;
  const sorted = by === undefined ? rows : rows.toSorted((a, b) => compare(valueOf(by, a), valueOf(by, b)) * direction);
  if (options.output !== 'csv') return io.out(renderTable(columns, sorted, io));
  const { stringify } = await import('csv-stringify/sync');
  const cell = (value: string | number | null) => (typeof value === 'string' ? safeText(value, Infinity) : value);
  const lines = sorted.map((row) => columns.map((column) => cell(valueOf(column, row))));
  io.out(stringify([columns.map(keyOf), ...lines], { escape_formulas: true }).trimEnd());
}

const collator = new Intl.Collator('en', { numeric: true });

const compare = (a: string | number | null, b: string | number | null): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a ?? ''), String(b ?? ''));
