import type { Command } from 'commander';
import pMap from 'p-map';
import type { FleetMember } from '../../../lambda/core/history/queries';
import { isDeletedStatus, normalizeStatus, targetName } from '../../../lambda/core/model/instance';
import { toMs } from '../../../lambda/core/model/instant';
import { isGone, type Version } from '../../../lambda/core/model/record';
import { BEGINNING, openGapOf, type UnobservedSpan } from '../../../lambda/core/history/spans';
import { type Io, printJson } from '../io';
import { flow, renderTable } from '../layout';
import { safeText, statusColour } from '../output';
import { hint } from '../place';
import { chooseTargets, type TargetOptions, withStore, withTargetOptions } from '../store';
import { duration, parseMoment, showTime } from '../time';
import { isFromBaseline, NOTHING_RECORDED, sinceText, spanLine, unobservedText } from './views';

interface ListOptions extends TargetOptions {
  readonly at?: string;
  readonly status?: string;
  readonly all?: boolean;
}

export function registerList(command: Command, io: Io): void {
  withTargetOptions(
    command
      .option('--at <time>', 'as of this time')
      .option('--status <status>', 'only instances with this status')
      .option('--all', 'show deleted instances too (--json always does)'),
  )
    .addHelpText('after', EXAMPLES)
    .action(async (options: ListOptions) => list(io, options));
}

async function list(io: Io, options: ListOptions): Promise<void> {
  const nowMs = io.clock.now();
  const at = parseMoment(options.at, nowMs, '--at', io.time.zone);
  const status = options.status === undefined ? undefined : normalizeStatus(options.status.toUpperCase());
  await withStore(io, options, async ({ history, reader }) => {
    const targets = await chooseTargets(reader, options.target);
    const found: Member[] = [];
    let unknown = 0;
    const others = new Set<string>();
    let deleted = 0;
    for (const target of targets) {
      for await (const member of history.fleet(target, at)) {
        if (!hasVersion(member)) {
          // The instance may have had any status.
          if (options.json !== true) unknown += 1;
          else if (status === undefined) printJson(io, unknownLine(member));
          continue;
        }
        if (status !== undefined && member.version.status.toUpperCase() !== status) {
          others.add(member.version.status);
          continue;
        }
        if (options.json === true) printJson(io, listLine(member));
        else if (isGone(member.version) && options.all !== true && (status === undefined || !isDeletedStatus(status)))
          deleted += 1;
        else found.push(member);
      }
    }
    if (options.json === true) return;
    const rows = await pMap(
      found,
      async (member) => ({ ...member, isBaseline: await isFromBaseline(reader, member.version) }),
      { concurrency: 16 },
    );
    if (targets.length === 0) io.out(hint(io, NOTHING_RECORDED));
    else
      printFleet(io, rows, {
        deleted,
        unknown,
        targets: targets.length,
        at,
        filter: status === undefined ? undefined : { status, others: [...others].toSorted() },
      });
    if (rows.length > 0 || at !== undefined) return;
    // No row could show the gap: without a run, nobody knows whether there are instances.
    for (const target of targets) {
      const gap = openGapOf(await reader.head(target), nowMs);
      if (gap !== undefined) io.out(flow([targetName(target), io.paint('yellow', unobservedText(io, gap))], io));
    }
  });
}

/** A member with a known version at that time. */
type Member = FleetMember & { readonly version: Version; readonly isBaseline?: boolean };
const hasVersion = (member: FleetMember): member is Member => member.version !== undefined;

/** `unobserved` is present only when no run looked at that time. */
const listLine = (member: Member): Record<string, unknown> => {
  const { version, unobserved, unjudgedSince } = member;
  return {
    id: version.id,
    name: version.name,
    status: version.status,
    region: version.target.region,
    projectId: version.target.projectId,
    since: version.statusSince,
    version: version.version,
    deleted: isGone(version),
    snapshot: version.snapshot,
    unobserved: unobserved && spanLine(unobserved),
    unjudgedSince,
  };
};

/** The line of an instance that may have existed: no run had looked yet, or its version has expired. */
const unknownLine = ({ current, unobserved }: FleetMember): Record<string, unknown> => ({
  id: current.id,
  name: current.name,
  status: null,
  region: current.target.region,
  projectId: current.target.projectId,
  since: null,
  version: null,
  deleted: null,
  snapshot: null,
  unobserved: unobserved && spanLine(unobserved),
});

/** Shows an open gap by its length, which is short enough for a column. */
const certaintyText = (io: Io, span: UnobservedSpan): string =>
  span.to !== undefined || span.from === BEGINNING
    ? unobservedText(io, span)
    : `(unobserved for ${duration(io.clock.now() - toMs(span.from))})`;

function printFleet(
  io: Io,
  rows: readonly Member[],
  about: {
    readonly deleted: number;
    readonly unknown: number;
    readonly targets: number;
    readonly at: string | undefined;
    /** What was asked for, and what else there is. */
    readonly filter: { readonly status: string; readonly others: readonly string[] } | undefined;
  },
): void {
  if (about.at !== undefined) io.out(`As of ${showTime(about.at, io.time)}`);
  if (rows.length > 0) {
    const columns = [
      {
        title: 'STATUS',
        of: ({ version }: Member) => version.status,
        shrinksTo: 13,
        colour: (row: Member) => statusColour(row.version.status),
      },
      {
        title: 'SINCE',
        of: ({ version, isBaseline }: Member) =>
          `${isBaseline === true ? '≥ ' : ''}${sinceText(io, version.statusSince)}`,
      },
      { title: 'NAME', of: ({ version }: Member) => version.name ?? '(no name)', shrinksTo: 12 },
      { title: 'ID', of: ({ version }: Member) => version.id },
      { title: 'VERSION', of: ({ version }: Member) => String(version.version), alignRight: true },
      ...(about.targets > 1
        ? [{ title: 'TARGET', of: ({ version }: Member) => targetName(version.target), shrinksTo: 20 }]
        : []),
      ...(rows.some(({ unobserved }) => unobserved !== undefined)
        ? [
            {
              title: 'CERTAINTY',
              of: ({ unobserved }: Member) => (unobserved === undefined ? '' : certaintyText(io, unobserved)),
            },
          ]
        : []),
    ];
    io.out(renderTable(columns, rows, io));
  }
  const hidden = about.deleted === 0 ? '' : `, ${about.deleted} deleted not shown (--all)`;
  const unknown = about.unknown === 0 ? '' : `, nothing is known about ${about.unknown} at that time`;
  const isNone = rows.length + about.deleted + about.unknown === 0;
  const count = `${rows.length} instance${rows.length === 1 ? '' : 's'}${hidden}${unknown}${isNone ? whyNone(about) : ''}`;
  io.out(flow([io.paint('gray', count)], { width: io.width }));
}

/** An empty list looks like good news. After a mistyped status it is none, so the other statuses are named. */
function whyNone({ filter, at }: Parameters<typeof printFleet>[2]): string {
  if (filter !== undefined && filter.others.length > 0)
    return ` with status ${safeText(filter.status)}; the statuses are: ${filter.others.map((one) => safeText(one)).join(', ')}`;
  return at !== undefined && filter === undefined ? ': none was recorded then' : '';
}

const EXAMPLES = `
Examples:
  roma-history list                        what is there now
  roma-history list --status ERROR         what is broken
  roma-history list --at 2026-11-22T03:00:00Z --json | jq .name`;
