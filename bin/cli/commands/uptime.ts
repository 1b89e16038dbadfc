import type { Command } from 'commander';
import type { InstanceUptime } from '../../../lambda/core/history/queries';
import { type Target, targetName } from '../../../lambda/core/model/instance';
import { type Instant, latest, toInstant } from '../../../lambda/core/model/instant';
import { totalUptime, type Uptime } from '../../../lambda/core/history/uptime';
import { chosenBy, type FilterOptions, withFilterOptions } from '../filters';
import { type Io, printJson } from '../io';
import { flow } from '../layout';
import { hint } from '../place';
import { column, printNote, printTable, type RowColumn, type RowOptions, withRowOptions } from '../rows';
import { chooseTargets, type TargetOptions, withStore, withTargetOptions } from '../store';
import { duration, parseSpan, showSpan, type SpanOptions } from '../time';
import { NOTHING_RECORDED } from './views';
import { find, INSTANCE_HELP } from './instance-argument';

interface UptimeOptions extends TargetOptions, FilterOptions, RowOptions, SpanOptions {
  readonly total?: boolean;
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly uptime: Uptime;
}

export function register(command: Command, io: Io): void {
  command
    .argument('[instance]', INSTANCE_HELP)
    .option('--since <time>', 'from this time on (default: 24h)')
    .option('--until <time>', 'before this time (default: now)')
    .option('--total', 'with --json: also one line per target that adds up its instances');
  withTargetOptions(withRowOptions(withFilterOptions(command)))
    .addHelpText('after', EXAMPLES)
    .action(async (instance: string | undefined, options: UptimeOptions) => {
      const nowMs = io.clock.now();
      const span = parseSpan(options, nowMs, '24h', io.time.zone);
      await withStore(io, options, async (store) => {
        if (instance !== undefined) {
          const current = await find(store, instance, options);
          const uptime = await store.history.uptime(current, span);
          await print(io, options, { ...span, to: uptime.to }, [{ uptimes: [uptime] }]);
          return;
        }
        const isChosen = chosenBy(options);
        const groups: Group[] = [];
        for (const target of await chooseTargets(store.reader, options.target)) {
          const uptimes: InstanceUptime[] = [];
          for await (const uptime of store.history.uptimes(target, span))
            if (isChosen(uptime.current)) uptimes.push(uptime);
          groups.push({ target, uptimes });
        }
        // Without --until, each target's span ends at the newest time known of it.
        const ends = groups.flatMap(({ uptimes }) => uptimes.map(({ to }) => to));
        await print(io, options, { ...span, to: span.to ?? latest(...ends) ?? toInstant(nowMs) }, groups);
      });
    });
}

interface Group {
  readonly target?: Target;
  readonly uptimes: readonly InstanceUptime[];
}

const line = (uptime: Uptime): Record<string, unknown> => ({
  from: uptime.from,
  to: uptime.to,
  statusMs: uptime.statusMs,
  unobservedMs: uptime.unobservedMs,
  availability: uptime.availability,
});

interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

/** All instances of a target have the same end. */
const totalOf = (uptimes: readonly Uptime[], span: Span): Uptime =>
  totalUptime(uptimes, { ...span, to: uptimes[0]?.to ?? span.to });

async function print(io: Io, options: UptimeOptions, span: Span, groups: readonly Group[]): Promise<void> {
  if (options.json === true) {
    for (const { uptimes } of groups)
      for (const uptime of uptimes) printJson(io, { id: uptime.current.id, ...line(uptime) });
    for (const { target, uptimes } of groups)
      if (target !== undefined && options.total === true)
        printJson(io, { type: 'total', target: targetName(target), ...line(totalOf(uptimes, span)) });
    return;
  }
  if (groups.length === 0) {
    io.out(hint(io, NOTHING_RECORDED));
    return;
  }
  printNote(io, options, flow([showSpan(span.from, span.to, io.time)], { width: io.width }));
  const rows: Row[] = groups.flatMap(({ target, uptimes }) => [
    ...uptimes.map((uptime) => ({ id: uptime.current.id, name: uptime.current.name ?? '(no name)', uptime })),
    ...(target === undefined
      ? []
      : [
          {
            id: groups.length > 1 ? targetName(target) : '',
            name: `all ${uptimes.length}`,
            uptime: totalOf(uptimes, span),
          },
        ]),
  ]);
  const percent = ({ uptime }: Row): string =>
    uptime.availability === null ? 'unknown' : `${(Math.floor(uptime.availability * 1e5) / 1e3).toFixed(3)} %`;
  const statuses = ({ uptime }: Row): string =>
    Object.entries(uptime.statusMs)
      .toSorted(([, a], [, b]) => b - a)
      .map(([status, ms]) => `${status} ${duration(ms)}`)
      .join(', ');
  const columns: RowColumn<Row>[] = [
    column('NAME', ({ name }) => name, { shrinksTo: 12 }),
    column('ID', ({ id }) => id),
    column('AVAILABILITY', percent, {
      alignRight: true,
      value: ({ uptime }) => uptime.availability,
      colour: ({ uptime }) => (uptime.availability === null ? 'yellow' : uptime.availability === 1 ? 'green' : 'red'),
    }),
    column('UNOBSERVED', ({ uptime }) => (uptime.unobservedMs === 0 ? '' : duration(uptime.unobservedMs)), {
      alignRight: true,
      value: ({ uptime }) => uptime.unobservedMs,
    }),
    column('TIME IN STATUS', statuses, { shrinksTo: 24 }),
  ];
  await printTable(io, options, columns, rows);
}

const EXAMPLES = `
Availability is the share of the observed time in which an instance was RUNNING. Unobserved time does not count,
nor does the time before its creation and after its deletion.

Examples:
  roma-history uptime --since 30d
  roma-history uptime roma-prod --since 2026-11-01 --until 2026-11-08`;
