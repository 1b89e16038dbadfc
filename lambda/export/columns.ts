import tables from './columns.json';

/**
 * The columns of the exported tables, as `columns.json` describes them. They are a contract: a column keeps its name, its
 * type and its meaning. New ones are added at the end of a table; anything else raises the version.
 */
export const EXPORT_VERSION = 1;

export const EXPORTS = ['changes', 'spans', 'fleet'] as const;
export type ExportTable = (typeof EXPORTS)[number];

export interface Column {
  readonly name: string;
  /** `time` is UTC with milliseconds, `json` a JSON text with sorted keys. */
  readonly type: 'text' | 'integer' | 'boolean' | 'time' | 'json';
  /** @default true */
  readonly isNullable?: boolean;
  readonly description: string;
}

export const COLUMNS = tables as Readonly<Record<ExportTable, readonly Column[]>>;
