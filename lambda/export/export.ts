import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Reader } from '../core/history/reader';
import { openGapOf } from '../core/history/spans';
import { UsageError } from '../core/model/errors';
import { dayOf, type Instant, startOfDay, toInstant, toMs } from '../core/model/instant';
import { type Target, targetName } from '../core/model/instance';
import { EXPORT_VERSION, type ExportTable } from './columns';
import { byDay, nextDay, type Row, ROWS, type RowsQuery } from './rows';
import { type Format, writeRows } from './write-rows';

export interface Export extends RowsQuery {
  readonly table: ExportTable;
  readonly format: Format;
  /** Called now and then with the rows so far, and at the end of each file. */
  readonly onProgress?: (progress: { readonly file: string; readonly rows: number }) => void;
}

const PROGRESS_ROWS = 100_000;

/** Writes one file, which appears whole or not at all. @returns its number of rows */
export async function exportFile(work: Export, file: string): Promise<number> {
  const { table, format, onProgress } = work;
  let rows = 0;
  const counted = async function* (): AsyncGenerator<Row> {
    for await (const row of ROWS[table](work)) {
      yield row;
      rows += 1;
      if (rows % PROGRESS_ROWS === 0) onProgress?.({ file, rows });
    }
  };
  const draft = `${file}.${randomUUID()}.part`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeRows(counted(), { table, format, file: draft });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  onProgress?.({ file, rows });
  return rows;
}

export const partitionFile = (day: string, { table, format }: Pick<Export, 'table' | 'format'>): string =>
  join(`date=${day}`, `${table}.${format}`);

/** In an exported folder; tools that read partitions ignore names that begin with an underscore. */
const STATE_FILE = '_export.json';

/** What was exported, and which days need not be exported again. */
interface State extends Pick<Export, 'table' | 'format'> {
  readonly version: number;
  readonly targets: readonly string[];
  readonly days: readonly string[];
}

/**
 * Writes one file per day (UTC). A day that was exported whole and about which nothing more can become known is not
 * exported again, so an export that was interrupted continues, and a repeated one adds what is new.
 * @returns what was written, by file, and how many days were there already
 * @throws UsageError when the folder holds another export
 */
export async function exportFolder(work: Export, folder: string) {
  const { table, format, targets, from, to = toInstant(work.nowMs) } = work;
  const wanted = { version: EXPORT_VERSION, table, format, targets: targets.map(targetName) };
  const { days, ...had } = await readState(folder, { ...wanted, days: [] });
  if (JSON.stringify(had) !== JSON.stringify(wanted))
    throw new UsageError(
      `${folder} holds the export of ${had.table} as ${had.format} of ${had.targets.join(', ')}: choose another folder`,
    );
  const done = new Set(days);
  const result = { rows: 0, files: 0, kept: 0 };
  for (const span of table === 'fleet' ? [{ from: to, to }] : byDay({ from, to })) {
    const day = dayOf(span.from);
    if (done.has(day)) {
      result.kept += 1;
      continue;
    }
    // The newest rows may tell more than the clock, so the last span of an export until now has no end.
    const isLast = span.to === to && work.to === undefined;
    result.rows += await exportFile(
      { ...work, since: from, ...span, to: isLast ? undefined : span.to },
      join(folder, partitionFile(day, work)),
    );
    result.files += 1;
    const isWhole = span.from === startOfDay(day) && span.to === startOfDay(nextDay(day));
    if (!isWhole || !(await isSettled(work.reader, targets, span.to, work.nowMs))) continue;
    done.add(day);
    await writeFile(join(folder, STATE_FILE), `${JSON.stringify({ ...wanted, days: [...done].toSorted() })}\n`);
  }
  return result;
}

async function readState(folder: string, empty: State): Promise<State> {
  const file = join(folder, STATE_FILE);
  try {
    return JSON.parse(await readFile(file, 'utf8')) as State;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return empty;
    throw new UsageError(`${file} cannot be read: remove it to export everything again`, { cause: error });
  }
}

/** A run may last 15 minutes, and its clock may be off by ten. */
const SETTLES_AFTER_MS = 30 * 60_000;

/** Whether no run can any more add to what is known of the time before `end`. */
async function isSettled(reader: Reader, targets: readonly Target[], end: Instant, nowMs: number): Promise<boolean> {
  if (nowMs < toMs(end) + SETTLES_AFTER_MS) return false;
  const heads = await Promise.all(targets.map(async (target) => reader.head(target)));
  return heads.every((head) => (head?.completedObservedAt ?? '') >= end || openGapOf(head, nowMs) !== undefined);
}
