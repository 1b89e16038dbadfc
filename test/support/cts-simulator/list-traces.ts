import type { Answer } from '../roma-simulator/answers';
import type { TraceLog } from './trace-log';

const KEPT_MS = 7 * 24 * 60 * 60_000;
const HOUR_MS = 60 * 60_000;
const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 10;
/** Queries that compare one field of a trace. */
const FILTERS = [
  'resource_id',
  'resource_type',
  'resource_name',
  'trace_name',
  'trace_rating',
  'service_type',
] as const;

const refusal = (status: number, error_code: string, error_msg: string): Answer => ({
  status,
  body: { error_code, error_msg },
});
const invalid = (what: string): Answer => refusal(400, 'CTS.0001', `Invalid parameter: ${what}`);

/** What the service says to someone without `cts:trace:list`, and while it is overloaded. */
export const NO_RIGHT = refusal(403, 'CTS.0003', 'The identity is not authorized to perform cts:trace:list');
export const OVERLOADED = refusal(503, 'CTS.0500', 'The service is unavailable');

/** GET /v3/{project_id}/traces, as the specification has it: newest first, page by page through a marker. */
export function listTraces(log: TraceLog, projectId: string, query: URLSearchParams): Answer {
  if (!log.isOn) return refusal(404, 'CTS.0214', 'The tracker does not exist.');
  const type = query.get('trace_type');
  if (type !== 'system' && type !== 'data') return invalid('trace_type');
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) return invalid('limit');
  const [from, to] = [query.get('from'), query.get('to')];
  if ((from === null) !== (to === null)) return invalid('from and to come together');
  for (const time of [from, to]) if (time !== null && !/^\d{13}$/.test(time)) return invalid('from, to');
  const after = from === null ? log.now - HOUR_MS : Number(from);
  if (after < log.now - KEPT_MS) return invalid('from is more than seven days ago');
  const id = query.get('trace_id');
  const matching = log
    .shown(projectId)
    .filter((trace) => type === 'system' && trace.time > log.now - KEPT_MS)
    .filter((trace) =>
      id === null
        ? trace.time > after &&
          (to === null || trace.time < Number(to)) &&
          FILTERS.every((name) => query.get(name) === null || query.get(name) === trace[name])
        : trace.trace_id === id,
    );
  const next = query.get('next');
  const start = next === null ? 0 : matching.findIndex((trace) => trace.trace_id === next) + 1;
  const traces = matching.slice(start, start + limit);
  const isEnd = start + limit >= matching.length;
  return {
    status: 200,
    body: { meta_data: { count: traces.length, marker: isEnd ? null : traces.at(-1)?.trace_id }, traces },
  };
}
