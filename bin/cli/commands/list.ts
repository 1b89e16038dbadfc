import { type Command, Option } from 'commander';
import pMap from 'p-map';
import type { FleetMember } from '../../../lambda/core/history/queries';
import { isDeletedStatus, normalizeStatus, targetName } from '../../../lambda/core/model/instance';
import { toMs } from '../../../lambda/core/model/instant';
import { isGone, type Version } from '../../../lambda/core/model/record';
import { BEGINNING, openGapOf, type UnobservedSpan } from '../../../lambda/core/history/spans';
import { chosenBy, type FilterOptions, withFieldOption, withFilterOptions } from '../filters';
import { type Io, printJson } from '../io';
import { flow } from '../layout';
import { safeText, statusColour } from '../output';
import { hint } from '../place';
import { column, printNote, printTable, type RowColumn, type RowOptions, withRowOptions } from '../rows';
import { chooseTargets, type TargetOptions, withStore, withTargetOptions } from '../store';
import { duration, parseMoment, showTime } from '../time';
import { isFromBaseline, NOTHING_RECORDED, sinceText, spanLine, unobservedText } from './views';

/** Between two looks of --watch. */
const WATCH_MS = 5000;

interface ListOptions extends TargetOptions, FilterOptions, RowOptions {
  readonly watch?: boolean;
  readonly at?: string;
  readonly status?: string;
  readonly all?: boolean;
}

export function register(command: Command, io: Io): void {
  command
    .option('--at <time>', 'as of this time')
    .option('--status <status>', 'only instances with this status')
    .option('--all', 'show deleted instances too (--json always does)')
    .addOption(new Option('--watch', 'print again every few seconds, until Ctrl-C').conflicts(['at', 'json']));
  withTargetOptions(withRowOptions(withFieldOption(withFilterOptions(command))))
    .addHelpText('after', EXAMPLES)
    .action(async (options: ListOptions) => {
      do {
        if (options.watch === true && io.time.isTerminal) io.out('\u001b[2J\u001b[H');
        await list(io, options);
        if (options.watch === true) await io.clock.sleep(WATCH_MS, io.signal);
      } while (options.watch === true && !io.signal.aborted);
    });
}

async function list(io: Io, options: ListOptions): Promise<void> {
  const nowMs = io.clock.now();
  const at = parseMoment(options.at, nowMs, '--at', io.time.zone);
  const status = options.status === undefined ? undefined : normalizeStatus(options.status.toUpperCase());
  await withStore(io, options, async ({ history, reader }) => {
    const targets = await chooseTargets(reader, options.target);
    const isChosen = chosenBy(options);
    const found: Member[] = [];
    const about = { targets: targets.length, at, status, deleted: 0, unknown: 0, others: new Set<string>() };
    for (const target of targets) {
      for await (const member of history.fleet(target, at)) {
        if (!isChosen(member.version ?? member.current)) continue;
        if (!hasVersion(member)) {
          // The instance may have had any status.
          if (options.json !== true) about.unknown += 1;
          else if (status === undefined) printJson(io, listLine(member));
          continue;
        }
        if (status !== undefined && member.version.status.toUpperCase() !== status) {
          about.others.add(member.version.status);
          continue;
        }
        if (options.json === true) printJson(io, listLine(member));
        else if (isGone(member.version) && options.all !== true && (status === undefined || !isDeletedStatus(status)))
          about.deleted += 1;
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
    else await printFleet(io, options, rows, about);
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

/**
 * `unobserved` is present only when no run looked at that time. Null: the instance may have existed, but no run had looked
 * yet, or its version has expired.
 */
const listLine = ({ current, version, unobserved, unjudgedSince }: FleetMember): Record<string, unknown> => ({
  id: current.id,
  name: (version ?? current).name,
  status: version?.status ?? null,
  region: current.target.region,
  projectId: current.target.projectId,
  since: version?.statusSince ?? null,
  version: version?.version ?? null,
  deleted: version === undefined ? null : isGone(version),
  snapshot: version?.snapshot ?? null,
  unobserved: unobserved && spanLine(unobserved),
  unjudgedSince,
});

/** Shows an open gap by its length, which is short enough for a column. */
const certaintyText = (io: Io, span: UnobservedSpan | undefined): string => {
  if (span === undefined) return '';
  return span.to !== undefined || span.from === BEGINNING
    ? unobservedText(io, span)
    : `(unobserved for ${duration(io.clock.now() - toMs(span.from))})`;
};

/** What is told beside the rows. */
interface About {
  readonly targets: number;
  readonly at: string | undefined;
  readonly deleted: number;
  readonly unknown: number;
  /** What was asked for, and what else there is. */
  readonly status: string | undefined;
  readonly others: ReadonlySet<string>;
}

async function printFleet(io: Io, options: RowOptions, rows: readonly Member[], about: About): Promise<void> {
  if (about.at !== undefined) printNote(io, options, `As of ${showTime(about.at, io.time)}`);
  if (rows.length > 0 || options.output === 'csv') {
    const sinceOf = ({ version, isBaseline }: Member): string =>
      `${isBaseline === true ? '≥ ' : ''}${sinceText(io, version.statusSince)}`;
    const columns: RowColumn<Member>[] = [
      column('STATUS', ({ version }) => version.status, {
        shrinksTo: 13,
        colour: ({ version }) => statusColour(version.status),
      }),
      column('SINCE', sinceOf, { value: ({ version }) => version.statusSince }),
      column('NAME', ({ version }) => version.name ?? '(no name)', { shrinksTo: 12 }),
      column('ID', ({ version }) => version.id),
      column('VERSION', ({ version }) => String(version.version), {
        value: ({ version }) => version.version,
        alignRight: true,
      }),
      column('TARGET', ({ version }) => targetName(version.target), { shrinksTo: 20, isWide: about.targets < 2 }),
      column('PROJECT', ({ version }) => version.enterpriseProjectId ?? '', { isWide: true }),
      column('CERTAINTY', ({ unobserved }) => certaintyText(io, unobserved), {
        isWide: rows.every(({ unobserved }) => unobserved === undefined),
      }),
    ];
    await printTable(io, options, columns, rows);
  }
  const hidden = about.deleted === 0 ? '' : `, ${about.deleted} deleted not shown (--all)`;
  const unknown = about.unknown === 0 ? '' : `, nothing is known about ${about.unknown} at that time`;
  const isNone = rows.length + about.deleted + about.unknown === 0;
  const count = `${rows.length} instance${rows.length === 1 ? '' : 's'}${hidden}${unknown}${isNone ? whyNone(about) : ''}`;
  printNote(io, options, flow([io.paint('gray', count)], { width: io.width }));
}

/** An empty list looks like good news. After a mistyped status it is none, so the other statuses are named. */
function whyNone({ status, others, at }: About): string {
  const known = [...others].toSorted().map((one) => safeText(one));
  if (status !== undefined && known.length > 0)
    return ` with status ${safeText(status)}; the statuses are: ${known.join(', ')}`;
  return at !== undefined && status === undefined ? ': none was recorded then' : '';
}

const EXAMPLES = `
Examples:
  roma-history list                        what is there now
  roma-history list --status ERROR         what is broken
  roma-history list --at 2026-11-22T03:00:00Z --json | jq .name`;
