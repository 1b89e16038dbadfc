import { isDeepStrictEqual } from 'node:util';
import type { TraceReading, TraceSource } from '../core/attribution/ports';
import type { Trace } from '../core/model/attribution';
import { describeError } from '../core/model/errors';
import { plusMs, toMs } from '../core/model/instant';
import type { Target } from '../core/model/instance';
import { type Cleaning, readPage } from './trace-schema';

/** The service answers for seven days; what lies just at their edge may be refused. */
const KEPT_MS = 7 * 24 * 60 * 60_000 - 10 * 60_000;
const PAGE_SIZE = 200;
/** 20,000 traces of instances in seven days are more than any project has. */
const MAX_PAGES = 100;

/** One request to the service, with the identity of the target, asked once. */
export interface TraceApi extends Cleaning {
  get(
    target: Target,
    query: readonly (readonly [string, string])[],
    limits: { readonly deadline: number; readonly signal?: AbortSignal },
  ): Promise<{ readonly body: string }>;
}

/**
 * The traces of a project's instances. It filters by the type of the resource only, because how the service spells the
 * name of ROMA Connect is documented nowhere.
 */
export const createTraceSource = (api: TraceApi): TraceSource => ({
  async read(target, span, limits) {
    const earliest = plusMs(span.to, -KEPT_MS);
    const from = span.from < earliest ? earliest : span.from;
    const found = new Map<string, Trace>();
    const markers = new Set<string>();
    const partly = (problem: string): TraceReading => ({ kind: 'read', traces: [...found.values()], problem });
    let unreadable = 0;
    let marker: string | undefined;
    while (markers.size < MAX_PAGES) {
      const query = [
        ['trace_type', 'system'],
        ['resource_type', 'instance'],
        // Both ends are left out by the service.
        ['from', String(toMs(from) - 1)],
        ['to', String(toMs(span.to))],
        ['limit', String(PAGE_SIZE)],
        ...(marker === undefined ? [] : [['next', marker] as const]),
      ] as const;
      let page: ReturnType<typeof readPage>;
      try {
        page = readPage((await api.get(target, query, limits)).body, api);
        if (page === undefined)
          throw new Error(
            'the Cloud Trace Service did not answer with a list of traces: check its address (ctsEndpoint)',
          );
      } catch (error) {
        return markers.size === 0 ? refusal(error) : partly(describeError(error));
      }
      unreadable += page.unreadable;
      for (const trace of page.traces) {
        const other = found.get(trace.traceId);
        if (other !== undefined && !isDeepStrictEqual(other, trace)) unreadable += 1;
        found.set(trace.traceId, trace);
      }
      if (page.marker === '') return partly('the Cloud Trace Service did not tell where its list goes on');
      if (page.marker === null || (page.rows === 0 && markers.has(page.marker))) {
        if (unreadable > 0) return partly(`${unreadable} traces could not be read`);
        return { kind: 'read', traces: [...found.values()], wholeSince: from };
      }
      if (markers.has(page.marker)) return partly('the Cloud Trace Service gave the same page again');
      markers.add((marker = page.marker));
    }
    return partly(`there are more than ${MAX_PAGES * PAGE_SIZE} traces`);
  },
});

function refusal(error: unknown): TraceReading {
  const { status, apiCode, apiMessage } = error as { status?: number; apiCode?: string; apiMessage?: string };
  const problem = describeError(error);
  if (apiCode === 'CTS.0214' || /tracker\b.*\bnot\b.*\bexist/i.test(apiMessage ?? '')) {
    const advice = 'the Cloud Trace Service is off in this project: enable it in its console';
    return { kind: 'refused', reason: 'cts-off', problem: `${advice} (${problem})` };
  }
  if (status !== 403) return { kind: 'refused', reason: 'unavailable', problem };
  const advice = 'the identity may not list traces: it needs cts:trace:list';
  return { kind: 'refused', reason: 'no-right', problem: `${advice} (${problem})` };
}
