import type { Command } from 'commander';
import { type Target, targetName } from '../../../lambda/core/model/instance';
import type { Head } from '../../../lambda/core/model/record';
import { openGapOf } from '../../../lambda/core/history/spans';
import { chooseTargets, type Discovery } from '../../../lambda/roma/auth/projects';
import { type Io, printJson } from '../io';
import { renderTable } from '../layout';
import { hint } from '../place';
import { column, printTable, type RowColumn, type RowOptions, withRowOptions } from '../rows';
import { type StoreOptions, withStore, withStoreOptions } from '../store';
import { ago, duration } from '../time';
import { type ApiOptions, openApi, withApiOptions } from './api-options';
import { NOTHING_RECORDED } from './views';

export function register(command: Command, io: Io): void {
  const targets = command;
  withStoreOptions(withRowOptions(targets.command('list').description('what is kept in sync and how fresh it is')))
    .addHelpText('after', LIST_EXAMPLES)
    .action(async (options: StoreOptions & RowOptions) => listTargets(io, options));
  withApiOptions(
    targets
      .command('discover')
      .description('projects of the account with ROMA Connect, and the configuration to paste')
      .option('--json', 'print one JSON object per line'),
  )
    .addHelpText('after', DISCOVER_EXAMPLES)
    .action(async (options: ApiOptions & { json?: boolean }) => discover(io, options));
}

const LIST_EXAMPLES = `
Examples:
  roma-history targets list                                    what is kept in sync, and how fresh
  roma-history targets list --json | jq -r 'select(.outcome == "brake") | .target'`;

const DISCOVER_EXAMPLES = `
Examples:
  roma-history targets discover                                with the credentials of the environment
  roma-history targets discover --json | jq -r 'select(.type == "target") | .region + "/" + .projectId'`;

interface Row {
  readonly target: Target;
  readonly head: Head | undefined;
}

async function listTargets(io: Io, options: StoreOptions & RowOptions): Promise<void> {
  const nowMs = io.clock.now();
  await withStore(io, options, async ({ reader }) => {
    const rows: Row[] = [];
    for (const target of await reader.targets()) rows.push({ target, head: await reader.head(target) });
    if (options.json === true) {
      for (const row of rows) printJson(io, targetLine(row, nowMs));
      return;
    }
    if (rows.length === 0) {
      io.out(hint(io, NOTHING_RECORDED));
      return;
    }
    const columns: RowColumn<Row>[] = [
      column('TARGET', ({ target }) => targetName(target)),
      column('LAST RUN', ({ head }) => head?.outcome ?? 'never ended', {
        colour: ({ head }) => (head?.outcome === 'changed' || head?.outcome === 'unchanged' ? 'green' : 'red'),
      }),
      column('COMPLETED', ({ head }) => (head?.completedAt === undefined ? 'never' : ago(head.completedAt, nowMs)), {
        value: ({ head }) => head?.completedAt ?? null,
        colour: ({ head }) => (openGapOf(head, nowMs) === undefined ? undefined : 'red'),
      }),
      column('EVERY', ({ head }) => (head?.intervalMs === undefined ? '' : duration(head.intervalMs))),
      column('INSTANCES', ({ head }) => String(head?.instances ?? ''), { alignRight: true }),
      column('NOT JUDGED', ({ head }) => String(head?.unjudged ?? ''), {
        alignRight: true,
        isWide: rows.every(({ head }) => head?.unjudged === undefined),
      }),
      column('BECAUSE', ({ head }) => head?.because ?? ''),
    ];
    await printTable(io, options, columns, rows);
  });
}

/** `unobservedSince` is set while the target is in a gap. */
function targetLine({ target, head }: Row, nowMs: number): Record<string, unknown> {
  const gap = openGapOf(head, nowMs);
  return {
    target: targetName(target),
    region: target.region,
    projectId: target.projectId,
    outcome: head?.outcome ?? null,
    because: head?.because ?? null,
    lastRunAt: head?.lastRunAt ?? null,
    completedAt: head?.completedAt ?? null,
    instances: head?.instances ?? null,
    unjudged: head === undefined ? null : (head.unjudged ?? 0),
    intervalMs: head?.intervalMs ?? null,
    unobservedSince: gap === undefined ? null : (head?.completedObservedAt ?? null),
    isObserved: gap === undefined,
  };
}

async function discover(io: Io, options: ApiOptions & { json?: boolean }): Promise<void> {
  const source = openApi(io, options);
  try {
    const discovery = chooseTargets(await source.projects(io.signal));
    if (options.json === true) {
      for (const { region, projectId, name } of discovery.targets)
        printJson(io, { type: 'target', region, projectId, name });
      for (const { project, reason } of discovery.skipped)
        printJson(io, { type: 'skipped', projectId: project.id, name: project.name, because: reason });
      return;
    }
    printDiscovery(io, discovery);
  } finally {
    await source.close();
  }
}

type Found = Discovery['targets'][number];
type Skipped = Discovery['skipped'][number];

function printDiscovery(io: Io, { targets, skipped }: Discovery): void {
  const found = [column('PROJECT', ({ name }: Found) => name, { shrinksTo: 16 }), column('TARGET', targetName)];
  io.out(targets.length === 0 ? 'No project with ROMA Connect was found.' : renderTable(found, targets, io));
  if (skipped.length > 0) {
    const project = column('PROJECT', ({ project: { name } }: Skipped) => name, { shrinksTo: 16 });
    const because = column('BECAUSE', ({ reason }: Skipped) => reason);
    io.out('\nSkipped:');
    io.out(renderTable([project, because], skipped, io));
  }
  if (targets.length === 0) return;
  io.out('\nTo keep them in sync, put this into a file my.json and run "npx cdk deploy -c config=my.json":');
  io.out(JSON.stringify({ targets: targets.map(({ region, projectId }) => ({ region, projectId })) }, null, 2));
}
