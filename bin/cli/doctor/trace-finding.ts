import { toInstant, toMs } from '../../../lambda/core/model/instant';
import { type Target, targetName } from '../../../lambda/core/model/instance';
import { createTraceSource, type TraceApi } from '../../../lambda/cts/trace-source';
import { duration } from '../time';
import { bad, type Finding, note, ok } from './finding';

const KEPT_MS = 7 * 24 * 60 * 60_000;
const LIMIT_MS = 20_000;

/** Whether the Cloud Trace Service tells who makes changes, and how far back. */
export async function traceFinding(api: TraceApi, target: Target, nowMs: number): Promise<Finding> {
  const check = `traces of ${targetName(target)}`;
  const span = { from: toInstant(nowMs - KEPT_MS), to: toInstant(nowMs) };
  const reading = await createTraceSource(api).read(target, span, { deadline: nowMs + LIMIT_MS });
  if (reading.kind === 'refused')
    return bad(check, reading.problem, 'see "Who changed it" (docs/attribution.md); until then runs go on as ever');
  const [oldest] = reading.traces.map(({ at }) => at).toSorted();
  if (oldest === undefined)
    return note(check, 'the Cloud Trace Service answers, and shows no trace of an instance in the last seven days');
  const found = `${reading.traces.length} of instances, the oldest ${duration(nowMs - toMs(oldest))} old`;
  return reading.problem === undefined ? ok(check, found) : note(check, `${found}; ${reading.problem}`);
}
