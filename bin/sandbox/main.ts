import { setTimeout as sleep } from 'node:timers/promises';
import { attributionText } from '../../lambda/core/model/attribution-words';
import type { Claim } from '../../lambda/core/model/attribution';
import { describeError, UsageError } from '../../lambda/core/model/errors';
import type { Current, Version } from '../../lambda/core/model/record';
import type { RunResult } from '../../lambda/core/sync/run-result';
import { systemClock } from '../../lambda/wire';
import { nodeNotice } from '../cli/node-version';
import { cloudEvent, slackMessage } from '../../lib/subscriptions/messages';
import { run } from '../cli/program';
import { jsonLine, outcomeColour, safeText, statusColour } from '../cli/output';
import type { BusEvent } from './event-bus';
import { Scenario } from './scenario';
import { startSandbox, SANDBOX_TARGET, type Sandbox } from './start-sandbox';
import { tryIt, tryItText } from './try-it';
import { openTerminal } from '../cli/terminal';
import { startTimelineServer, type TimelineServer } from '../cli/timeline/server';

/**
 * `npm start`: the whole system on this machine. A simulated ROMA API whose fleet lives, the real functions, an embedded
 * DynamoDB, a bus with a subscriber. Ends by itself; with `--watch` it goes on until Ctrl-C.
 */

const RUNS = 10;
const PAUSE_MS = 700;
const WATCH_PAUSE_MS = 5_000;
const REPORT_FILE = 'report.html';

const terminal = openTerminal(process.env);
const { paint, out: print } = terminal;

function printRun(number: number, result: RunResult): void {
  const { outcome, instances, changes, units, durationMs, because } = result;
  const counts = Object.entries(changes).flatMap(([kind, count]) => (count > 0 ? [`${count} ${kind}`] : []));
  const cost = `${units.write} write and ${units.read} read units, ${durationMs} ms`;
  print(
    `${paint('bold', `run ${String(number).padStart(2)}`)}  ${paint(outcomeColour(outcome), outcome.padEnd(9))}  ${instances} instances${counts.length > 0 ? `, ${counts.join(', ')}` : ''}  ${paint('gray', `(${cost})`)}${because === undefined ? '' : `  ${safeText(because)}`}`,
  );
  for (const version of result.versions) if (version.kind !== 'baseline') print(`          ${describeChange(version)}`);
}

function describeChange(version: Version): string {
  const fields = version.changes.map(({ field }) => safeText(field)).filter((field) => field !== 'status');
  const { previousStatus: before, status: now } = version;
  const painted = (text: string): string => paint(statusColour(text), text);
  const status = before === null || before === now ? painted(now) : `${painted(before)} → ${painted(now)}`;
  return `${version.kind.padEnd(13)} ${safeText(version.name ?? version.id)}  ${status}${fields.length > 0 ? paint('gray', `  (${fields.join(', ')})`) : ''}`;
}

/** A subscriber of the bus: prints each event with the time that it took since its listing was complete. */
const subscriber =
  (latencies: number[]) =>
  (event: BusEvent): void => {
    const { instance, version, observedAt, attribution } = event.detail as {
      instance: { id: string; name: string | null };
      version: number;
      observedAt: string;
      attribution?: Claim;
    };
    const name = safeText(instance.name ?? instance.id);
    const what = `${event['detail-type']}: ${name}, version ${version}`;
    if (attribution !== undefined) {
      print(paint('cyan', `  event   ${what}, ${safeText(attributionText(attribution))}`));
      return;
    }
    const latency = Date.now() - Date.parse(observedAt);
    latencies.push(latency);
    print(paint('cyan', `  event   ${what}, ${latency} ms after it was observed`));
  };

/** What receivers of other forms would get of the event. */
function printMessages(event: BusEvent): void {
  const field = (path: string): string =>
    path
      .slice(2)
      .split('.')
      .reduce<unknown>((value, name) => (value as Record<string, unknown> | null)?.[name], event) as string;
  const { data: _whole, ...cloud } = cloudEvent(field);
  print(paint('gray', `  slack   ${safeText(String(slackMessage(field, 'C0123456789').text))}`));
  print(paint('gray', `  cloud   ${jsonLine({ ...cloud, data: '…' })}`));
}

/** The history of the instance that has the most to tell, and the timeline as a page: what these commands print. */
async function printHistory({ reader, database, tableName }: Sandbox, startedMs: number): Promise<void> {
  let most: Current | undefined;
  for await (const current of reader.currents(SANDBOX_TARGET))
    if (most === undefined || current.version > most.version) most = current;
  const seconds = Math.ceil((systemClock.now() - startedMs) / 1000);
  const here = [`--dynamodb-endpoint=${database.endpoint}`, `--table=${tableName}`];
  const io = { ...terminal, page: undefined, signal: new AbortController().signal };
  for (const command of [
    ['log', most?.id ?? ''],
    ['report', '-o', REPORT_FILE, `--since=${seconds + 5}s`],
  ]) {
    print(`\n${paint('bold', `roma-history ${command.join(' ')}`)}`);
    await run([...command, ...here], io);
  }
}

/** What `serve` shows, while the fleet lives on. */
async function openTimeline(sandbox: Sandbox): Promise<TimelineServer> {
  const server = await startTimelineServer({
    reader: sandbox.reader,
    clock: systemClock,
    port: 0,
    since: '10m',
    onProblem: print,
  });
  print(`the timeline, live: ${server.url}\n`);
  return server;
}

async function runSandbox(): Promise<void> {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const notice = nodeNotice(process.versions.node);
  if (notice !== undefined) print(notice);
  const unknown = process.argv.slice(2).find((word) => word !== '--watch');
  if (unknown !== undefined) throw new UsageError(`there is no option ${JSON.stringify(unknown)}, only --watch`);
  const isWatching = process.argv.includes('--watch');
  const stopped = new AbortController();
  process.once('SIGINT', () => stopped.abort());
  const latencies: number[] = [];
  const toSubscriber = subscriber(latencies);
  const sandbox = await startSandbox({
    environment: process.env,
    onEvent: (event) => {
      toSubscriber(event);
      if (isWatching && !('attribution' in (event.detail as object))) printMessages(event);
    },
    onError: (error) => print(paint('red', `  trying again: ${safeText(describeError(error))}`)),
  });
  let timeline: TimelineServer | undefined;
  const startedMs = systemClock.now();
  try {
    print(
      `${paint('bold', 'roma-instance-history')}: a simulated ROMA API at ${sandbox.endpoint}, DynamoDB (${sandbox.database.engine}) at ${sandbox.database.endpoint}`,
    );
    print(`table ${sandbox.tableName}, target ${SANDBOX_TARGET.region}/${SANDBOX_TARGET.projectId}\n`);
    if (isWatching) {
      timeline = await openTimeline(sandbox);
      print(`${tryItText(tryIt(sandbox))}\n`);
    }
    const scenario = new Scenario(sandbox.fleet, SANDBOX_TARGET.projectId, Date.now, sandbox.traces);
    const lastRun = isWatching ? Number.POSITIVE_INFINITY : RUNS;
    for (let number = 1; !stopped.signal.aborted && number <= lastRun; number += 1) {
      // The first run finds the fleet as it is; the second one finds it unchanged.
      if (number > 2) scenario.step();
      printRun(number, await sandbox.sync());
      await sandbox.settled();
      await sleep(isWatching ? WATCH_PAUSE_MS : PAUSE_MS, undefined, { signal: stopped.signal }).catch(() => {});
    }
    await sandbox.settled();
    await printHistory(sandbox, startedMs);
    const median = latencies.toSorted((a, b) => a - b)[Math.floor(latencies.length / 2)];
    print(
      `\n${latencies.length} events reached the subscriber${median === undefined ? '' : `, half of them within ${median} ms of the observation`}.`,
    );
  } finally {
    await timeline?.close();
    await sandbox.stop();
  }
}

runSandbox().catch((error: unknown) => {
  process.stderr.write(`npm start failed: ${describeError(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
