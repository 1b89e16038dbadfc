import type { Command } from 'commander';
import type { InstanceUptime } from '../../../lambda/core/history/queries';
import type { Current } from '../../../lambda/core/model/record';
import { UsageError } from '../../../lambda/core/model/errors';
import { targetName } from '../../../lambda/core/model/instance';
import { type ClosedSpan, latest, toInstant } from '../../../lambda/core/model/instant';
import { totalUptime, type Uptime } from '../../../lambda/core/history/uptime';
import { chosenBy, collect, type FilterOptions, nameFits, withFieldOption, withFilterOptions } from '../filters';
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
  readonly by?: readonly string[];
  readonly maintenanceZone?: string;
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
    .option('--total', 'with --json: also one line per group that adds up its instances')
    .option(
      '--by <group>',
      'groups: "project" is the enterprise project, others are patterns of names (repeatable; default: the targets)',
      collect,
    )
    .option(
      '--maintenance-zone <zone>',
      'tell planned maintenance apart; its daily window is in this time zone, such as Asia/Shanghai',
    );
  withTargetOptions(withRowOptions(withFieldOption(withFilterOptions(command))))
    .addHelpText('after', EXAMPLES)
    .action(async (instance: string | undefined, options: UptimeOptions) => {
      const nowMs = io.clock.now();
      const { maintenanceZone } = options;
      checkZone(maintenanceZone);
      const span = { ...parseSpan(options, nowMs, '24h', io.time.zone), maintenanceZone };
      await withStore(io, options, async (store) => {
        if (instance !== undefined) {
          const current = await find(store, instance, options);
          const uptime = await store.history.uptime(current, span);
          await print(io, options, { ...span, to: uptime.to }, [{ uptimes: [uptime] }]);
          return;
        }
        const isChosen = chosenBy(options);
        const groupOf = grouping(options.by);
        const targets = await chooseTargets(store.reader, options.target);
        const found = new Map<string, InstanceUptime[]>(
          options.by === undefined ? targets.map((one) => [targetName(one), []]) : [],
        );
        for (const target of targets)
          for await (const uptime of store.history.uptimes(target, span)) {
            if (!isChosen(uptime.current)) continue;
            const name = groupOf(uptime.current);
            const group = found.get(name) ?? [];
            found.set(name, group);
            group.push(uptime);
          }
        if (found.size === 0 && targets.length > 0) found.set('others', []);
        const groups = [...found].map(([name, uptimes]) => ({ name, uptimes }));
        // Without --until, each target's span ends at the newest time known of it.
        const ends = groups.flatMap(({ uptimes }) => uptimes.map(({ to }) => to));
        await print(io, options, { ...span, to: span.to ?? latest(...ends) ?? toInstant(nowMs) }, groups);
      });
    });
}

/** What an instance is counted with: its target, the first pattern that its name fits, or its enterprise project. */
function grouping(by: readonly string[] | undefined): (current: Current) => string {
  if (by === undefined) return ({ target }) => targetName(target);
  const patterns = by.filter((one) => one !== 'project');
  return ({ name, enterpriseProjectId }) =>
    patterns.find((pattern) => nameFits([pattern])(name)) ??
    (by.includes('project') ? `project ${enterpriseProjectId ?? 'unknown'}` : 'others');
}

function checkZone(timeZone: string | undefined): void {
  try {
    Intl.DateTimeFormat('en', { timeZone });
  } catch (cause) {
    const text = `--maintenance-zone ${JSON.stringify(timeZone)} is no time zone: give one such as UTC or Asia/Shanghai`;
    throw new UsageError(text, { cause });
  }
}

interface Group {
  readonly name?: string;
  readonly uptimes: readonly InstanceUptime[];
}

const line = (uptime: Uptime): Record<string, unknown> => ({
  from: uptime.from,
  to: uptime.to,
  statusMs: uptime.statusMs,
  unobservedMs: uptime.unobservedMs,
  plannedMs: uptime.plannedMs,
  availability: uptime.availability,
});

/** All instances of a target have the same end. */
const totalOf = (uptimes: readonly Uptime[], span: ClosedSpan): Uptime =>
  totalUptime(uptimes, { ...span, to: uptimes[0]?.to ?? span.to });

async function print(io: Io, options: UptimeOptions, span: ClosedSpan, groups: readonly Group[]): Promise<void> {
  if (options.json === true) {
    for (const { uptimes } of groups)
      for (const uptime of uptimes) printJson(io, { id: uptime.current.id, ...line(uptime) });
    for (const { name, uptimes } of groups)
      if (name !== undefined && options.total === true)
        printJson(io, {
          type: 'total',
          [options.by === undefined ? 'target' : 'group']: name,
          ...line(totalOf(uptimes, span)),
        });
    return;
  }
  if (groups.length === 0) {
    io.out(hint(io, NOTHING_RECORDED));
    return;
  }
  printNote(io, options, flow([showSpan(span.from, span.to, io.time)], { width: io.width }));
  const rows = groups.flatMap(({ name, uptimes }): Row[] => {
    const each = uptimes.map((uptime) => ({ id: uptime.current.id, name: uptime.current.name ?? '(no name)', uptime }));
    if (name === undefined) return each;
    const id = groups.length > 1 || options.by !== undefined ? name : '';
    return [...each, { id, name: `all ${uptimes.length}`, uptime: totalOf(uptimes, span) }];
  });
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
    column('PLANNED', ({ uptime }) => (uptime.plannedMs ? duration(uptime.plannedMs) : ''), {
      alignRight: true,
      value: ({ uptime }) => uptime.plannedMs ?? null,
      isWide: options.maintenanceZone === undefined,
    }),
    column('TIME IN STATUS', statuses, { shrinksTo: 24 }),
  ];
  await printTable(io, options, columns, rows);
}

const EXAMPLES = `
Availability is the share of the observed time in which an instance was RUNNING. Unobserved time does not count,
nor does the time before its creation and after its deletion. With --maintenance-zone, PLANNED is the time in the
daily maintenance window (maintain_begin to maintain_end) in which the instance was not RUNNING. It does not count either.

Examples:
  roma-history uptime --since 30d
  roma-history uptime --by "prod-*" --by "test-*" --since 7d
  roma-history uptime roma-prod --since 2026-11-01 --until 2026-11-08`;
