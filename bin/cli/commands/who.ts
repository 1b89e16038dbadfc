import type { Command } from 'commander';
import { actorText } from '../../../lambda/core/model/attribution-words';
import { type Operation, operationsOf } from '../../../lambda/core/attribution/operations';
import type { Attribution, Trace } from '../../../lambda/core/model/attribution';
import { type Io, printJson } from '../io';
import { column, printTable, type RowOptions, withRowOptions } from '../rows';
import { type TargetOptions, withStore, withTargetOptions } from '../store';
import { parseSpan, showTime, type SpanOptions } from '../time';
import { find, INSTANCE_HELP } from './instance-argument';

interface Row extends Operation {
  /** Attributions that name one of its traces. */
  readonly versions: readonly Attribution[];
}

export function register(command: Command, io: Io): void {
  command.argument('<instance>', INSTANCE_HELP).option('--since <time>', 'not before this time');
  withTargetOptions(withRowOptions(command))
    .addHelpText('after', EXAMPLES)
    .action(async (instance: string, options: TargetOptions & RowOptions & SpanOptions) => {
      const { from } = parseSpan(options, io.clock.now(), '1970-01-01T00:00Z', io.time.zone);
      await withStore(io, options, async (store) => {
        const { target, id } = await find(store, instance, options);
        const known = await store.reader.attributions(target, id, { from });
        const rows = operationsOf(await store.reader.traces(target, id, { from })).map((operation): Row => {
          const ids = new Set(operation.traces.map(({ traceId }) => traceId));
          const versions = known.filter(({ actors }) => actors.some(({ traceId }) => ids.has(traceId)));
          return { ...operation, versions };
        });
        if (options.json === true) for (const row of rows.toReversed()) printJson(io, line(row));
        else if (rows.length > 0) await printTable(io, options, columns(io), rows.toReversed());
        else io.out('no trace was kept: traces are asked for only where "attribution" is on, after changes');
      });
    });
}

/** The stable form of one operation with --json. */
const line = ({ kind, outcome, traces, askedBy, versions }: Row) => ({
  operation: kind,
  outcome,
  actors: askedBy.map(({ user, principal, via, sourceIp }) => ({ user, principal, via, sourceIp })),
  traces: traces.map(({ traceId, name, at, code, rating, byName }) => ({ traceId, name, at, code, rating, byName })),
  versions: versions.map(({ version, confidence }) => ({ version, confidence })),
});

/** A trace that names the instance, and not its id, may be of another one. */
const byText = (trace: Trace): string => `${trace.byName === true ? 'likely ' : ''}${actorText(trace)}`;

const columns = (io: Io) => [
  column<Row>('TIME', ({ traces }) => showTime(traces[0]?.at ?? '', io.time), {
    value: ({ traces }) => traces[0]?.at ?? null,
  }),
  column<Row>('OPERATION', ({ traces }) => traces.map(({ name }) => name).join(', '), { shrinksTo: 20 }),
  column<Row>('OUTCOME', ({ outcome }) => outcome),
  column<Row>('BY', ({ askedBy }) => askedBy.map(byText).join(' or '), { shrinksTo: 20 }),
  column<Row>('CHANGES', ({ versions }) => versions.map((one) => `v${one.version} (${one.confidence})`).join(', ')),
];

const EXAMPLES = `
Examples:
  roma-history who roma-prod
  roma-history who e346 --since 7d --json`;
