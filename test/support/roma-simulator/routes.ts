import type { Endpoint, Matchable } from './faults';
import type { ListRequest } from './list-instances';

const LIST = /^\/v2\/([^/]+)\/instances\/?$/;
const TRACES = /^\/v3\/([^/]+)\/traces$/;
const LIST_V3 = /^\/v3\/([^/]+)\/roma\/instances\/?$/;

export interface Route extends Matchable {
  readonly method: 'GET' | 'POST';
  readonly list?: ListRequest;
}

/** The call that a path names; undefined for one that the simulator does not serve. */
export function routeOf(path: string, query: URLSearchParams): Route | undefined {
  const fixed: Record<string, { endpoint: Endpoint; method: 'GET' | 'POST' }> = {
    '/v3/auth/tokens': { endpoint: 'token', method: 'POST' },
    '/v3/auth/projects': { endpoint: 'projects', method: 'GET' },
    '/v3.0/OS-CREDENTIAL/securitytokens': { endpoint: 'temporaryKey', method: 'POST' },
    '/v5/agencies/assume-with-oidc': { endpoint: 'assumeWithOidc', method: 'POST' },
    '/v5/agencies/assume': { endpoint: 'assume', method: 'POST' },
    '/v5/caller-identity': { endpoint: 'callerIdentity', method: 'GET' },
  };
  const known = fixed[path];
  if (known !== undefined) return known;
  const traced = TRACES.exec(path)?.[1];
  if (traced !== undefined) return { endpoint: 'traces', method: 'GET', projectId: traced };
  for (const [pattern, api] of [[LIST, 'v2'] as const, [LIST_V3, 'v3'] as const]) {
    const projectId = pattern.exec(path)?.[1];
    if (projectId === undefined) continue;
    const limit = Number(query.get('limit') ?? 10);
    const status = query.get('status');
    return {
      endpoint: api === 'v2' ? 'list' : 'listV3',
      method: 'GET',
      projectId,
      page: api === 'v2' && limit > 0 ? Math.floor(Number(query.get('offset') ?? 0) / limit) + 1 : 1,
      ...(status === null ? {} : { status }),
      list: { api, projectId, query },
    };
  }
  return undefined;
}
