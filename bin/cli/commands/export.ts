import { Argument, type Command, Option } from 'commander';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describeError, UsageError } from '../../../lambda/core/model/errors';
import { EXPORTS, type ExportTable } from '../../../lambda/export/columns';
import { type Export, exportFile, exportFolder } from '../../../lambda/export/export';
import { type Format, FORMATS } from '../../../lambda/export/write-rows';
import { type Io, printJson } from '../io';
import { chooseTargets, type TargetOptions, withStore, withTargetOptions } from '../store';
import { parseMoment, parseSpan, type SpanOptions } from '../time';

interface ExportOptions extends TargetOptions, SpanOptions {
  readonly format?: Format;
  readonly out: string;
  readonly at?: string;
}

export function register(command: Command, io: Io): void {
  withTargetOptions(
    command
      .addArgument(new Argument('<table>', 'what to export').choices(EXPORTS))
      .requiredOption('--out <path>', 'a file, or a folder (it ends with "/" or exists) for one file per day')
      .addOption(new Option('--format <format>', 'default: as the file is called, else parquet').choices(FORMATS))
      .option('--since <time>', 'changes and spans: from this time on (default: 30d)')
      .option('--until <time>', 'changes and spans: before this time (default: now)')
      .option('--at <time>', 'fleet: as of this time (default: now)'),
  )
    .addHelpText('after', EXAMPLES)
    .action(async (table: ExportTable, options: ExportOptions) => exportTable(io, table, options));
}

async function exportTable(io: Io, table: ExportTable, options: ExportOptions): Promise<void> {
  const nowMs = io.clock.now();
  const isFleet = table === 'fleet';
  if (isFleet ? (options.since ?? options.until) !== undefined : options.at !== undefined)
    throw new UsageError('fleet takes --at; changes and spans take --since and --until');
  const span = isFleet
    ? { from: '', to: parseMoment(options.at, nowMs, '--at', io.time.zone) }
    : parseSpan(options, nowMs, '30d', io.time.zone);
  const out = resolve(options.out);
  const isFolder = /[/\\]$/.test(options.out) || existsSync(`${out}/`);
  const format = options.format ?? (isFolder ? 'parquet' : formatOf(options.out));
  await withStore(io, options, async ({ reader }) => {
    const targets = await chooseTargets(reader, options.target);
    const tell: Export['onProgress'] = ({ file, rows }) => io.err(`${file}: ${rows} rows`);
    const onProgress = io.time.isTerminal ? tell : undefined;
    const work: Export = { reader, targets, ...span, nowMs, table, format, onProgress };
    const done = isFolder
      ? await exportFolder(work, out).catch(cannotWrite(out))
      : { rows: await exportFile(work, out).catch(cannotWrite(out)), files: 1, kept: 0 };
    if (options.json === true) printJson(io, { type: 'export', table, format, out, ...done });
    else
      io.out(
        `${out}: ${done.rows} rows of ${table} in ${done.files} file${done.files === 1 ? '' : 's'}${done.kept === 0 ? '' : `, ${done.kept} days were there already`}`,
      );
  });
}

function formatOf(file: string): Format {
  const format = FORMATS.find((one) => file.endsWith(`.${one}`));
  if (format !== undefined) return format;
  throw new UsageError(`--out ${file} has none of the endings ${FORMATS.join(', ')}: add one, or name a --format`);
}

const cannotWrite =
  (out: string) =>
  (error: unknown): never => {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new UsageError(`${out} cannot be written (${code ?? describeError(error)}): choose another --out`, {
      cause: error,
    });
  };

const EXAMPLES = `
changes: one row per change. spans: the time of each instance, cut by status and at midnight UTC, without holes: what nobody
observed is a row, too. fleet: one row per instance at a time. A folder is read as partitions named date=YYYY-MM-DD; run
the same export again to continue it or to add the days since.

Examples:
  roma-history export changes --since 30d --out changes.parquet
  roma-history export spans --since 2026-11-01 --out history/spans/
  roma-history export fleet --at 24h --format csv --out fleet.csv`;
