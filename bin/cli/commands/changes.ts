import { type Command, Option } from 'commander';
import { pMapIterable, pMapSkip } from 'p-map';
import type { Attribution } from '../../../lambda/core/model/attribution';
import { claimOf } from '../../../lambda/core/publish/attribution-event';
import { toChangeEvent } from '../../../lambda/core/publish/change-event';
import { NotFoundError, UsageError } from '../../../lambda/core/model/errors';
import { narrowed } from '../../../lambda/core/history/narrow';
import { targetName } from '../../../lambda/core/model/instance';
import { CHANGE_KINDS, type ChangeKind, type Version } from '../../../lambda/core/model/record';
import { attributionsIn } from '../../../lambda/core/history/attributions';
import { chosenBy, collect, type FilterOptions, withFilterOptions } from '../filters';
import { type Io, printJson } from '../io';
import { safeLine } from '../output';
import { printTable, type RowOptions, wantsTable, withRowOptions } from '../rows';
import { chooseTargets, type TargetOptions, withStore, withTargetOptions } from '../store';
import { parseSpan, type SpanOptions } from '../time';
import { changeColumns, changeLine, type ChangeRow } from './views';

interface ChangesOptions extends TargetOptions, FilterOptions, RowOptions, SpanOptions {
  readonly field?: readonly string[];
  readonly kind?: readonly ChangeKind[];
  readonly by?: string;
  readonly follow?: boolean;
  readonly full?: boolean;
}

/** An instance that was there when the recording began is not a change. */
const KINDS = CHANGE_KINDS.filter((kind) => kind !== 'baseline');

export function register(command: Command, io: Io): void {
  command
    .option('--since <time>', 'from this time on (default: 24h)')
    .option('--until <time>', 'before this time (default: now)')
    .addOption(new Option('--kind <kind...>', 'only changes of this kind (repeatable)').choices(KINDS))
    .option('--field <field>', 'only changes of this field (repeatable)', collect)
    .option('--by <user>', 'only changes that this user, principal or address made, or may have made')
    .option('--full', 'show every changed field, with its whole values')
    .option('-f, --follow', 'keep printing new changes until Ctrl-C');
  withTargetOptions(withRowOptions(withFilterOptions(command)))
    .addHelpText('after', EXAMPLES)
    .action(async (options: ChangesOptions) => {
      if (options.follow === true && options.until !== undefined)
        throw new UsageError('--follow has no end: leave out --until');
      if (options.follow === true && options.by !== undefined)
        throw new UsageError('who made a change is known only later: leave out --by or --follow');
      if (options.follow === true && wantsTable(options))
        throw new UsageError(
          '--follow prints lines, without end: leave out --output, --sort and --columns, or give --json',
        );
      const span = parseSpan(options, io.clock.now(), '24h', io.time.zone);
      await withStore(io, options, async ({ history, reader, describe }) => {
        if (options.target !== undefined)
          await chooseTargets(reader, options.target).catch((error: unknown) => {
            if (options.follow !== true || !(error instanceof NotFoundError)) throw error;
            io.err(`roma-history: waiting, because ${safeLine(error.message)}`);
          });
        const wanted = new Set(options.target?.map(targetName));
        const changes =
          options.follow === true
            ? history.follow({
                from: span.from,
                signal: io.signal,
                onProblem: (error) => io.err(`roma-history: trying again: ${safeLine(describe(error))}`),
              })
            : history.changes(span);
        const isChosen = chosenBy({ ...options, field: undefined });
        const rows: ChangeRow[] = [];
        let printed = 0;
        const attributionOf = attributionsIn(reader, span);
        const withAttributions = pMapIterable(
          changes,
          async (version) => {
            if (!matches(version, options, wanted) || !isChosen(version)) return pMapSkip;
            // Of what has only just been seen, nobody has been asked yet.
            const attribution = options.follow === true ? undefined : await attributionOf(version);
            return options.by === undefined || isBy(attribution, options.by) ? { version, attribution } : pMapSkip;
          },
          { concurrency: options.follow === true ? 1 : 16 },
        );
        for await (const { version, attribution } of withAttributions) {
          printed += 1;
          if (options.json === true) {
            const claim = attribution && claimOf(attribution);
            printJson(io, { ...toChangeEvent(version), narrowed: narrowed(version), attribution: claim });
          } else if (wantsTable(options)) rows.push({ version, attribution });
          else io.out(changeLine({ ...io, isFull: options.full }, version, attribution));
        }
        if (wantsTable(options)) await printTable(io, options, changeColumns(io), rows);
        else if (printed === 0 && options.json !== true && options.follow !== true) io.out('no change in this time');
      });
    });
}

const matches = (version: Version, { kind, field }: ChangesOptions, targets: ReadonlySet<string>): boolean =>
  (kind?.includes(version.kind) ?? true) &&
  (field === undefined ||
    version.changes.some((change) => field.some((one) => `${change.field}/`.startsWith(`${one}/`)))) &&
  (targets.size === 0 || targets.has(targetName(version.target)));

const isBy = (attribution: Attribution | undefined, who: string): boolean =>
  attribution?.actors.some(({ user, principal, sourceIp }) => [user, principal, sourceIp].includes(who)) === true;

const EXAMPLES = `
Examples:
  roma-history changes --since 7d
  roma-history changes --kind deleted --since 2026-11-01
  roma-history changes --by alice --since 7d
  roma-history changes --follow --json | jq -c '{at: .observedAt, id: .instance.id, status}'`;
