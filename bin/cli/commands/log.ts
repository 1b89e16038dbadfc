import type { Command } from 'commander';
import { targetName } from '../../../lambda/core/model/instance';
import { attributionsIn } from '../../../lambda/core/history/attributions';
import { type Io, printJson } from '../io';
import { flow } from '../layout';
import { safeText } from '../output';
import { printTable, type RowOptions, wantsTable, withRowOptions } from '../rows';
import { type TargetOptions, withStore, withTargetOptions } from '../store';
import { parseSpan, type SpanOptions } from '../time';
import { find, INSTANCE_HELP } from './instance-argument';
import {
  byText,
  changeColumns,
  type ChangeRow,
  changeText,
  evidenceText,
  sinceText,
  spanLine,
  unobservedText,
  versionLine,
  whenText,
} from './views';
import { wholeNumber } from './whole-number';

/** Cells before the text of a line. */
const INDENT = 7;

interface LogOptions extends TargetOptions, RowOptions, SpanOptions {
  readonly limit?: number;
  readonly full?: boolean;
}

export function register(command: Command, io: Io): void {
  command
    .argument('<instance>', INSTANCE_HELP)
    .option('--since <time>', 'not before this time')
    .option('--until <time>', 'before this time')
    .option('-n, --limit <count>', 'at most this many versions', wholeNumber(1, 1_000_000))
    .option('--full', 'show every changed field, with its whole values');
  withTargetOptions(withRowOptions(command))
    .addHelpText('after', EXAMPLES)
    .action(async (instance: string, options: LogOptions) => {
      const { from, to } = parseSpan(options, io.clock.now(), '1970-01-01T00:00Z', io.time.zone);
      const span = { from: options.since === undefined ? undefined : from, to, limit: options.limit };
      await withStore(io, options, async (store) => {
        const current = await find(store, instance, options);
        const attributionOf = attributionsIn(store.reader, { from: span.from, to });
        if (wantsTable(options)) {
          const rows: ChangeRow[] = [];
          for await (const entry of store.history.log(current, span))
            rows.push(entry.type === 'gap' ? entry : { ...entry, attribution: await attributionOf(entry.version) });
          await printTable(io, options, changeColumns(io), rows);
          return;
        }
        const line = (lead: string, ...parts: string[]): void =>
          io.out(flow(parts, { width: io.width, lead, indent: INDENT }));
        const name = `${io.paint('bold', safeText(current.name ?? '(no name)'))} ${safeText(current.id)}`;
        if (options.json !== true) line('', name, targetName(current.target));
        for await (const entry of store.history.log(current, span)) {
          if (entry.type === 'gap') {
            if (options.json === true) printJson(io, { type: 'gap', ...spanLine(entry.gap) });
            else line(' '.repeat(INDENT), io.paint('yellow', unobservedText(io, entry.gap)));
            continue;
          }
          const { version } = entry;
          const attribution = await attributionOf(version);
          if (options.json === true) printJson(io, versionLine(version, attribution));
          else
            line(
              io.paint('cyan', `v${version.version}`.padEnd(INDENT)),
              version.kind + evidenceText(version),
              changeText({ ...io, isFull: options.full }, version),
              io.paint('gray', `${whenText(io, version)}, ${sinceText(io, version.observedAt)}`),
              ...byText(attribution),
            );
        }
      });
    });
}

const EXAMPLES = `
Examples:
  roma-history log roma-prod               by name
  roma-history log e346 -n 5               by the beginning of the id, the newest five versions
  roma-history log e346 --since 7d --json`;
