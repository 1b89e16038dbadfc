import type { Command } from 'commander';
import { toInstant } from '../../../lambda/core/model/instant';
import { periodBetween } from '../../../lambda/timeline/period';
import { type Io, printJson } from '../io';
import { chooseTargets, type TargetOptions, withStore, withTargetOptions } from '../store';
import { parseSpan, type SpanOptions } from '../time';
import { writeReport } from '../timeline/report';

interface ReportOptions extends TargetOptions, SpanOptions {
  readonly output: string;
}

export function register(command: Command, io: Io): void {
  withTargetOptions(
    command
      .requiredOption('-o, --output <file>', 'the file to write; an existing file is replaced')
      .option('--since <time>', 'from this time on (default: 30d)')
      .option('--until <time>', 'before this time (default: now)'),
  )
    .addHelpText('after', EXAMPLES)
    .action(async (options: ReportOptions) => {
      const nowMs = io.clock.now();
      const span = parseSpan(options, nowMs, '30d', io.time.zone);
      const period = periodBetween(span.from, span.to ?? toInstant(nowMs));
      await withStore(io, options, async ({ reader }) => {
        const targets = await chooseTargets(reader, options.target);
        const report = await writeReport(reader, period, { file: options.output, now: toInstant(nowMs), targets });
        if (options.json === true) printJson(io, { type: 'report', ...report });
        else
          io.out(
            `${report.file}: ${report.instances} instances, ${report.changes} changes, ${Math.ceil(report.bytes / 1000)} kB`,
          );
      });
    });
}

const EXAMPLES = `
The page needs no server and loads nothing: you can mail it, or keep it with the report of an incident.
You can read it without JavaScript. With JavaScript you can also search, filter and choose a period.

Examples:
  roma-history report -o report.html
  roma-history report -o november.html --since 2026-11-01 --until 2026-11-22 --target cn-north-4/106506b9a92342df9a5025fc12351cfc`;
