import { toInstant, toMs } from '../../../lambda/core/model/instant';
import { type Target, targetName } from '../../../lambda/core/model/instance';
import { LEASE_MAX_AHEAD_MS } from '../../../lambda/core/sync/lease';
import { type Head, isGone } from '../../../lambda/core/model/record';
import type { Reader } from '../../../lambda/core/history/reader';
import { openGapOf } from '../../../lambda/core/history/spans';
import { DEFAULT_INTERVAL_MS } from '../../../lambda/core/model/gap';
import { unjudgedSince } from '../../../lambda/core/model/view';
import { duration } from '../time';
import { bad, type Finding, note, ok } from './finding';

/** How many rejected records get a line each. */
const REJECTIONS_SHOWN = 10;

/** Freshness, lease, brake, rejections and unobserved instances of one target. */
export async function* targetFindings(reader: Reader, target: Target, nowMs: number): AsyncGenerator<Finding> {
  const name = targetName(target);
  const head = await reader.head(target);
  yield freshness(name, head, nowMs);
  yield outcome(name, head);
  yield* lease(name, head, nowMs);
  yield* instances(reader, target, head);
  yield* rejections(reader, target);
}

function freshness(name: string, head: Head | undefined, nowMs: number): Finding {
  const check = `freshness of ${name}`;
  if (head?.completedAt === undefined)
    return bad(check, 'no run has ever completed', `run roma-history sync --target ${name}: it says what fails`);
  const every = head.intervalMs ?? DEFAULT_INTERVAL_MS;
  const age = `${duration(nowMs - toMs(head.completedAt))} ago, scheduled every ${duration(every)}`;
  return openGapOf(head, nowMs) === undefined
    ? ok(check, `completed ${age}`)
    : bad(
        check,
        `the last completed run was ${age}: the time since is unobserved`,
        `look at the logs of the sync function, or run roma-history sync --target ${name}`,
      );
}

function outcome(name: string, head: Head | undefined): Finding {
  const check = `last run of ${name}`;
  const because = head?.because === undefined ? '' : `: ${head.because}`;
  const result = head?.outcome;
  if (result === 'failed' || result === 'partial')
    return bad(check, `${result}${because}`, `run roma-history sync --target ${name} once the cause is removed`);
  if (result === 'brake')
    return bad(
      check,
      `the brake holds deletions${because}`,
      `compare with the Huawei Cloud console; if the instances are still there, give the identity its rights back; if they are gone, run roma-history sync --target ${name} --allow-mass-deletion`,
    );
  return ok(check, result ?? 'none has ended');
}

function* lease(name: string, head: Head | undefined, nowMs: number): Generator<Finding> {
  const check = `lease of ${name}`;
  if (head?.lease === undefined) {
    if (head?.dirty === true) yield note(check, 'a run died; the next one verifies everything');
    return;
  }
  const untilMs = toMs(head.lease.until);
  if (untilMs > nowMs + LEASE_MAX_AHEAD_MS)
    yield bad(
      check,
      `held until ${head.lease.until}, too far ahead: a wrong clock wrote it`,
      'correct that clock (NTP); the next run takes over the lease',
    );
  else if (untilMs < nowMs)
    yield bad(
      check,
      `run ${head.lease.runId} died: its lease ended ${duration(nowMs - untilMs)} ago and no run has taken it over`,
      `check that the schedule is enabled, or run roma-history sync --target ${name}`,
    );
  else yield ok(check, `a run is in progress, until ${toInstant(untilMs)} at the latest`);
}

async function* instances(reader: Reader, target: Target, head: Head | undefined): AsyncGenerator<Finding> {
  const held: string[] = [];
  const unjudged: string[] = [];
  const unseen: string[] = [];
  for await (const current of reader.currents(target)) {
    if (current.absentSince !== undefined) held.push(current.id);
    else if (current.unobservedSince !== undefined) unjudged.push(current.id);
    else if (!isGone(current) && unjudgedSince(head, current) !== undefined) unseen.push(current.id);
  }
  const name = targetName(target);
  if (held.length > 0)
    yield bad(
      `brake of ${name}`,
      `${held.length} absent instance${held.length === 1 ? ' is' : 's are'} held: ${some(held)}`,
      `if they are really deleted, run roma-history sync --target ${name} --allow-mass-deletion`,
    );
  if (unjudged.length > 0)
    yield note(
      `instances of ${name}`,
      `the runs cannot judge ${unjudged.length} (rejected, held or filtered out): ${some(unjudged)}`,
    );
  if (unseen.length > 0)
    yield note(
      `view of ${name}`,
      `the list of the last run never showed ${unseen.length} recorded instance${unseen.length === 1 ? '' : 's'}, so the run did not judge ${unseen.length === 1 ? 'it' : 'them'}: ${some(unseen)}`,
      `use the list (--api) and the identity that showed ${unseen.length === 1 ? 'it' : 'them'}; if ${unseen.length === 1 ? 'it is' : 'they are'} gone, run roma-history sync --target ${name} --allow-mass-deletion`,
    );
}

async function* rejections(reader: Reader, target: Target): AsyncGenerator<Finding> {
  let count = 0;
  for await (const rejection of reader.rejections(target)) {
    count += 1;
    if (count > REJECTIONS_SHOWN) continue;
    yield bad(
      `rejected record of ${targetName(target)}`,
      `${rejection.id ?? rejection.key}: ${rejection.reason} (since ${rejection.firstObservedAt})`,
      'its instance keeps its last known state; report the record of the table (raw) to the maintainers or to Huawei Cloud',
    );
  }
  if (count > REJECTIONS_SHOWN)
    yield note(`rejected records of ${targetName(target)}`, `${count - REJECTIONS_SHOWN} more are rejected`);
}

const some = (ids: readonly string[]): string =>
  `${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ` and ${ids.length - 5} more` : ''}`;
