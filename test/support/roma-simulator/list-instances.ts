import type { Identity } from './accounts';
import { type Answer, invalidParameter, ERROR_ANSWERS } from './answers';
import type { Page } from './faults';
import type { Fleet, FleetInstance } from './fleet';

export interface ListRequest {
  readonly api: 'v2' | 'v3';
  readonly projectId: string;
  readonly query: URLSearchParams;
}

export interface ListLimits {
  /** Largest `offset` that is answered; null: any. */
  readonly maxOffset: number | null;
  /** Largest `limit`. */
  readonly maxLimit: number;
  /** What happens to a `limit` that is larger: siblings of the API differ. */
  readonly overLimit: 'refuse' | 'clamp';
  /** Largest `total` in an answer, however many instances there are. */
  readonly totalClamp: number;
}

export interface ListWindow {
  readonly status: string | undefined;
  readonly offset: number;
  readonly limit: number;
}

const DEFAULT_LIMIT = 10;
const MAX_INT32 = 2 ** 31 - 1;

const integer = (text: string | null, fallback: number): number | undefined => {
  if (text === null) return fallback;
  return /^\d{1,10}$/.test(text) && Number(text) <= MAX_INT32 ? Number(text) : undefined;
};

/** Reads `status`, `offset` and `limit` with their documented defaults and bounds. v3 documents no window at all. */
export function readWindow(request: ListRequest, limits: ListLimits): ListWindow | Answer {
  const status = request.query.get('status') ?? undefined;
  if (status !== undefined && (status.length < 3 || status.length > 128)) {
    return invalidParameter('status', 'length must be 3 to 128');
  }
  if (request.api === 'v3') return { status, offset: 0, limit: MAX_INT32 };
  const offset = integer(request.query.get('offset'), 0);
  if (offset === undefined || (limits.maxOffset !== null && offset > limits.maxOffset)) {
    return invalidParameter('offset', `must be an integer from 0 to ${limits.maxOffset ?? MAX_INT32}`);
  }
  const limit = integer(request.query.get('limit'), DEFAULT_LIMIT);
  if (limit === undefined || (limit > limits.maxLimit && limits.overLimit === 'refuse')) {
    return invalidParameter('limit', `must be an integer from 0 to ${limits.maxLimit}`);
  }
  return { status, offset, limit: Math.min(limit, limits.maxLimit) };
}

/** The filter spells DELETE_FAILED correctly, the answer does not; they mean the same. */
const sameStatus = (a: string, b: string): boolean =>
  a.replace('DELETE_FALIED', 'DELETE_FAILED') === b.replace('DELETE_FALIED', 'DELETE_FAILED');

/** May this identity read the project? @returns the refusal */
export function refuse(identity: Identity, fleet: Fleet, projectId: string, sentProject: string | undefined) {
  const { scope } = identity;
  const project = fleet.project(projectId);
  if (scope === 'domain' || (scope !== 'anyProject' && scope.projectId !== projectId) || project === undefined) {
    return ERROR_ANSWERS.romaNoPermission;
  }
  if (sentProject !== undefined && sentProject !== projectId) return ERROR_ANSWERS.romaNoPermission;
  if (!project.enabled) return ERROR_ANSWERS.gatewayProjectUnavailable;
  return undefined;
}

/** One page of the fleet as it is at this moment. */
export function listPage(fleet: Fleet, request: ListRequest, window: ListWindow, totalClamp: number): Page {
  const id = request.query.get('id');
  const category = request.query.get('category');
  const { status } = window;
  const categoryOf = (instance: FleetInstance) => instance.category ?? 'roma';
  const matching = fleet
    .list(request.projectId, request.api)
    .filter(
      (instance) =>
        (status === undefined || sameStatus(instance.status, status)) &&
        (id === null || instance.id === id) &&
        (request.api === 'v2' || category === null || categoryOf(instance) === category),
    );
  const rows = matching.slice(window.offset, window.offset + window.limit);
  const instances =
    request.api === 'v2' ? rows : rows.map((instance) => ({ ...instance, category: categoryOf(instance) }));
  return { total: Math.min(matching.length, totalClamp), size: instances.length, instances };
}
