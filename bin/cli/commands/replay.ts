import { type Command, Option } from 'commander';
import { randomUUID } from 'node:crypto';
import { ENV } from '../../../lambda/contract';
import { type ClosedSpan, type Instant, plusMs, toInstant } from '../../../lambda/core/model/instant';
import { targetName } from '../../../lambda/core/model/instance';
import { changesOf } from '../../../lambda/core/history/queries';
import type { Reader } from '../../../lambda/core/history/reader';
import type { Version } from '../../../lambda/core/model/record';
import { replay, replayItems, type ReplayProgress, type ReplayReport } from '../../../lambda/core/publish/replay';
import { eventSinks } from '../../../lambda/wire';
import { awsOf, type BusOptions, sinkOf, withBus, withBusOptions } from '../bus';
import { EXIT, ExitCode } from '../exit';
import { type Io, printJson } from '../io';
import { safeLine } from '../output';
import { quoted } from '../place';
import { chooseTargets, type Store, type TargetOptions, withStore, withTargetOptions } from '../store';
import { parseSpan } from '../time';
import { find, INSTANCE_HELP } from './instance-argument';
import { replayTo } from './replay-to';
import { changeLine } from './views';
import { wholeNumber } from './whole-number';

interface ReplayOptions extends TargetOptions, BusOptions {
  readonly since: string;
  readonly until?: string;
  readonly instance?: string;
  readonly feed?: boolean;
  readonly dryRun?: boolean;
  readonly rate: number;
  readonly topic?: string;
  readonly to?: string;
}

/** Well below the smallest quota of PutEvents in any region, so that live events are not held up. */
const DEFAULT_RATE = 50;
const MAX_RATE = 1000;
const PROGRESS_MS = 2000;
/** What only a replay from the table can do. */
const TABLE_ONLY = ['instance', 'target', 'feed', 'dryRun'];
/** How many problems are printed. */
const PROBLEMS_SHOWN = 20;

export function register(command: Command, io: Io): void {
  const named = withTargetOptions(
    command
      .requiredOption('--since <time>', 'from this time on')
      .option('--until <time>', 'before this time (default: now)')
      .option('--instance <instance>', `only the changes of one instance: ${INSTANCE_HELP}`)
      .option('--feed', 'publish to the ordered feed as well as to the bus')
      .addOption(
        new Option('--to <subscription>', 'only to this subscriber, from the archive of the bus').conflicts(TABLE_ONLY),
      )
      .option('--dry-run', 'print what would be published, and publish nothing')
      .option(
        '--rate <events>',
        `at most this many events per second, 1 to ${MAX_RATE}`,
        wholeNumber(1, MAX_RATE),
        DEFAULT_RATE,
      )
      .option('--topic <arn>', `the topic of the feed (default: that of --stack, else $${ENV.feedTopicArn})`),
  );
  withBusOptions(named)
    .addHelpText('after', EXAMPLES)
    .action(async (options: ReplayOptions) => {
      const wanted = parseSpan(options, io.clock.now(), options.since, io.time.zone);
      const { to } = options;
      if (to !== undefined) return replayTo(io, options, to, { to: toInstant(io.clock.now()), ...wanted });
      await withStore(io, options, async (store) => {
        const span = { ...wanted, to: wanted.to ?? (await endOfRecords(store.reader, io.clock.now())) };
        const versions = await versionsOf(store, options, span);
        if (options.dryRun === true) await rehearse(io, options, versions);
        else await publish(io, options, span, versions);
      });
    });
}

/**
 * A replay needs a fixed end; otherwise it would chase the changes that are recorded while it runs. The end is after all
 * that is recorded now, even if the clock here is behind the clocks of the runs.
 */
async function endOfRecords(reader: Reader, nowMs: number): Promise<Instant> {
  let end = toInstant(nowMs);
  for (const target of await reader.targets()) {
    const seen = (await reader.head(target))?.completedObservedAt;
    if (seen !== undefined && seen >= end) end = plusMs(seen, 1);
  }
  return end;
}

async function versionsOf(store: Store, options: ReplayOptions, span: ClosedSpan): Promise<AsyncIterable<Version>> {
  if (options.instance !== undefined) {
    const { target, id } = await find(store, options.instance, options);
    return store.reader.versions(target, id, span);
  }
  return changesOf(store.reader, await chooseTargets(store.reader, options.target), span);
}

async function rehearse(io: Io, options: ReplayOptions, versions: AsyncIterable<Version>): Promise<void> {
  let events = 0;
  const problems: string[] = [];
  for await (const item of replayItems(versions)) {
    if (io.signal.aborted) break;
    if ('problem' in item) {
      problems.push(item.problem);
      continue;
    }
    events += 1;
    if (options.json === true) printJson(io, item.event);
    else io.out(changeLine(io, item.version));
  }
  if (options.json !== true) io.out(`${counted(events)} would be published; nothing was`);
  tellProblems(io, problems);
  if (problems.length > 0) throw new ExitCode(EXIT.failed);
}

async function publish(
  io: Io,
  options: ReplayOptions,
  span: ClosedSpan,
  versions: AsyncIterable<Version>,
): Promise<void> {
  await withBus(io, options, async (_client, eventBusName) => {
    const feedTopicArn = options.feed === true ? await sinkOf(io, options, 'topic') : undefined;
    const report = await replay(versions, {
      sinks: eventSinks({ eventBusName, feedTopicArn }, awsOf(options), randomUUID()),
      clock: io.clock,
      rate: options.rate,
      signal: io.signal,
      onProgress: progressOf(io),
    });
    tell(io, options, span, report);
    if (report.ended !== 'complete' || report.problems.length > 0) throw new ExitCode(EXIT.failed);
  });
}

/** On a terminal, every other second. */
function progressOf({ clock, time, err }: Io): (progress: ReplayProgress) => void {
  let told = clock.now();
  return ({ published, reached }) => {
    if (!time.isTerminal || clock.now() - told < PROGRESS_MS) return;
    told = clock.now();
    err(`${counted(published)} published, up to ${reached}`);
  };
}

function tell(io: Io, options: ReplayOptions, span: ClosedSpan, report: ReplayReport): void {
  const { published, problems, resumeSince, ended } = report;
  if (options.json === true) {
    printJson(io, { type: 'replay', ended, published, since: span.from, until: span.to, resumeSince, problems });
    return;
  }
  tellProblems(io, problems);
  io.out(`${counted(published)} published`);
  if (resumeSince !== undefined) {
    io.err(`the replay ${ended === 'failed' ? 'failed' : 'was interrupted'}; go on with:`);
    io.err(`  ${resumption(io, options, resumeSince, span.to)}`);
  }
}

function tellProblems(io: Io, problems: readonly string[]): void {
  for (const problem of problems.slice(0, PROBLEMS_SHOWN)) io.err(safeLine(problem));
  if (problems.length > PROBLEMS_SHOWN) io.err(`… and ${problems.length - PROBLEMS_SHOWN} more`);
}

/** The command that publishes the rest, up to the same end. */
function resumption(io: Io, options: ReplayOptions, since: Instant, until: Instant): string {
  const named: readonly (readonly [string, string | undefined])[] = [
    ['--since', since],
    ['--until', until],
    ['--instance', options.instance],
    ...(options.target ?? []).map((target) => ['--target', targetName(target)] as const),
    ['--rate', options.rate === DEFAULT_RATE ? undefined : String(options.rate)],
    ['--bus', options.bus],
    ['--topic', options.topic],
    ['--events-endpoint', options.eventsEndpoint],
  ];
  const words = named.flatMap(([name, value]) => (value === undefined ? [] : [name, quoted(safeLine(value))]));
  return [`roma-history replay${io.place ?? ''}`, ...words, ...(options.feed === true ? ['--feed'] : [])].join(' ');
}

const counted = (events: number): string => `${events} event${events === 1 ? '' : 's'}`;

const EXAMPLES = `
Consumers recognize a repeated change by its eventId, and a replay by "replayed": true.

Examples:
  roma-history replay --since 24h --dry-run
  roma-history replay --stack RomaInstanceHistory --since 2026-11-22T08:00:00Z --until 2026-11-22T10:00:00Z
  roma-history replay --stack RomaInstanceHistory --since 7d --instance roma-prod --feed
  roma-history replay --stack RomaInstanceHistory --since 2d --to on-call`;
