import type { ListApi } from '../../contract';
import type { Target } from '../../core/model/instance';
import { clockError, type ParsedPage } from '../../core/sync/listing';
import type { InstanceSource } from '../../core/sync/instance-source';
import type { Clock } from '../../core/model/clock';
import { type Authorize, createClient, nameOf } from '../http/client';
import { type Credentials, describeCredentials, needsIam, needsSts } from '../auth/credentials';
import {
  type EndpointOverrides,
  type Endpoints,
  resolveCts,
  resolveEndpoints,
  resolveIam,
  resolveSts,
} from '../http/endpoints';
import { errorOf, RomaApiError } from '../http/errors';
import type { Scope } from '../auth/iam';
import { createIdentity, type Identity } from '../auth/identity';
import { walkPages } from './instance-pages';
import { glancePages, type ReadRaw } from './glance';
import type { ReadPage } from './page-window';
import { createPrincipal } from '../auth/principal';
import { listProjects, type Project } from '../auth/projects';
import { callerRequest, readCaller } from '../auth/sts';
import { createRedactor } from '../http/redaction';
import { DEFAULT_RATE } from '../http/rate-limiter';
import type { RetryPolicy } from '../http/retry';
import {
  type ApiAnswer,
  type ApiRequest,
  apiRequest,
  type CallLimits,
  createTransport,
  DEFAULT_LIMITS,
  type TransportLimits,
} from '../http/transport';
import { digestOf, parsePage } from './wire-schema';

export interface RomaSourceOptions extends EndpointOverrides {
  readonly credentials: Credentials;
  readonly clock: Clock;
  /** Between 0 and 1; spreads retries. */
  readonly random: () => number;
  /** `v2`: GET /v2/{project_id}/instances. `v3`: GET /v3/{project_id}/roma/instances, all kinds of instances. @default v2 */
  readonly api?: ListApi | undefined;
  /** Begins the name of the sessions in which an agency acts. @default roma-history */
  readonly session?: string | undefined;
  /** PEM certificates that are trusted besides the usual ones. @default none */
  readonly extraCa?: string | undefined;
  /** Requests per second to one host, over all pages and targets of this source. @default 10 */
  readonly requestsPerSecond?: number | undefined;
  /** Pages read at once. @default 4 */
  readonly concurrency?: number | undefined;
  /** More pages than this are never read of one list. @default 1000 */
  readonly pageCap?: number | undefined;
  readonly limits?: Partial<TransportLimits> | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
}

const scopeOf = (target: Target | undefined): Scope =>
  target === undefined ? 'domain' : { projectId: target.projectId, region: target.region };

export type RomaSource = ReturnType<typeof createRomaSource>;

/**
 * The list of ROMA Connect instances over HTTP. One source keeps its tokens, its politeness and its connections for as
 * long as it lives, so a process makes one per set of credentials and endpoints.
 * Its `check` and `pages` throw a UsageError at once for a region that is unknown and an address that is not https.
 */
export function createRomaSource(options: RomaSourceOptions) {
  const { clock, credentials, api = 'v2', concurrency = 4, pageCap = 1000 } = options;
  const { requestsPerSecond = DEFAULT_RATE.requestsPerSecond } = options;
  const transport = createTransport(clock, { extraCa: options.extraCa, limits: options.limits });
  // The identity asks the client for tokens, the client redacts what the identity knows.
  const identity: Identity = createIdentity(credentials, () => client, clock, options.session);
  const redactor = createRedactor(() => identity.secrets());
  const common = { transport, clock, random: options.random, redactor };
  const client = createClient({ ...common, retry: options.retry, rate: { requestsPerSecond } });
  // Its failures count neither for the list nor in what a run tells of it.
  const traceClient = createClient({
    ...common,
    retry: { attempts: 1 },
    rate: { requestsPerSecond: 2 },
    breaker: { failuresToOpen: 1 },
  });
  const walk = { api, concurrency, pageCap, metStatuses: new Set<string>() };

  /** Where the list is, and where tokens and keys come from. */
  const endpointsOf = ({ region }: Target): Endpoints & { readonly issuer: string } => {
    const endpoints = resolveEndpoints(region, options, needsIam(credentials));
    return { ...endpoints, issuer: needsSts(credentials) ? resolveSts(region, options) : endpoints.iam };
  };

  const issuerOf = (target: Target | undefined): string => {
    if (target !== undefined) return endpointsOf(target).issuer;
    return needsSts(credentials) ? resolveSts(undefined, options) : resolveIam(options);
  };
  const authorizing = (target: Target | undefined): Authorize => identity.authorize(scopeOf(target), issuerOf(target));
  /** Whether a key opens the list, the list itself must say: a refusal elsewhere does not count. */
  const unjudged =
    (target: Target | undefined): Authorize =>
    async (...each) => ({ ...(await authorizing(target)(...each)), refused: () => false });

  async function caller(target: Target | undefined, limits: CallLimits = {}): Promise<string | undefined> {
    if (credentials.kind === 'password' || credentials.kind === 'token') return undefined;
    const sts = resolveSts(target?.region, options);
    return readCaller(await client.call(callerRequest(sts), limits, unjudged(target)));
  }

  function answerReader(target: Target, limits: CallLimits): ReadRaw {
    const { roma } = endpointsOf(target);
    const authorize = authorizing(target);
    return async (window) => {
      const { status, offset, limit } = window;
      const query: [string, string][] = [];
      if (status !== undefined) query.push(['status', status]);
      if (limit !== undefined) query.push(['offset', String(offset)], ['limit', String(limit)]);
      const path = api === 'v3' ? `/v3/${target.projectId}/roma/instances` : `/v2/${target.projectId}/instances`;
      const request = apiRequest('GET', roma, path, { query });
      const answer = await client.call(request, limits, authorize);
      const { body, requestedAt, receivedAt, serverTime } = answer;
      const times = { requestedAt, receivedAt, serverTime };
      const digest = digestOf(window, body, redactor);
      const parse = (): ParsedPage => {
        const result = parsePage(body, redactor);
        if (result.ok) return { ...result.page, ...times, digest };
        const error = unusable(request, answer, result.reason);
        client.countError(error.errorClass);
        throw error;
      };
      return { body, times, digest, parse };
    };
  }

  const pageReader = (target: Target, limits: CallLimits): ReadPage => {
    const read = answerReader(target, limits);
    return async (window) => (await read(window)).parse();
  };

  function unusable(request: ApiRequest, answer: ApiAnswer, reason: string): RomaApiError {
    const what = nameOf(request);
    // An error may come with the status of a success, and then says why there is no list.
    const mayTell = answer.body.startsWith('{') && answer.body.length <= DEFAULT_LIMITS.maxErrorBytes;
    const error = errorOf({ ...answer, body: mayTell ? answer.body : '', what, now: answer.receivedAt }, redactor);
    if (error.apiCode !== undefined || error.apiMessage !== undefined) return error;
    const looksLike = /^\s*</.test(answer.body) ? ' (it looks like HTML: is a proxy or a firewall in between?)' : '';
    return new RomaApiError(`${what}: ${reason}${looksLike}`, {
      errorClass: 'server',
      retryable: true,
      status: answer.status,
      requestId: error.requestId,
    });
  }

  const source = {
    /** Which identity is in use, in words that show nothing of it. */
    identity: describeCredentials(credentials),
    /** Who asks, as a short digest: part of the view of a run. Never fails. */
    principal: createPrincipal(credentials, clock, caller),
    /**
     * The URN of who asks, as STS tells it; undefined for a password and a ready token, which cannot sign the question.
     * @throws CodedError
     */
    caller,
    /** Whether the target can be reached at all, before anything is sent. @throws UsageError */
    check: (target: Target): void => void endpointsOf(target),
    /** Counts since the source was made. */
    stats: () => client.stats(),
    /**
     * Reads one row of the list: whether address, credentials and rights are right. `total` are the instances that the API
     * announces. `clockErrorMs` tells how far our clock is ahead of the API's; undefined when it sent no Date.
     * @throws RomaApiError
     */
    async probe(target: Target, signal?: AbortSignal) {
      const page = await pageReader(target, { signal })({ offset: 0, limit: api === 'v3' ? undefined : 1 });
      return { total: page.total, durationMs: page.receivedAt - page.requestedAt, clockErrorMs: clockError(page) };
    },
    /** Every project that the identity may see, as GET /v3/auth/projects of IAM gives them. @throws RomaApiError */
    async projects(signal?: AbortSignal): Promise<readonly Project[]> {
      const ask = async (request: ApiRequest) => client.call(request, { signal }, authorizing(undefined));
      return listProjects(ask, resolveIam(options));
    },
    traces: {
      /** One page of the Cloud Trace Service, asked for once and with a politeness of its own. @throws CodedError */
      async get(target: Target, query: ApiRequest['query'], limits: CallLimits): Promise<ApiAnswer> {
        const origin = resolveCts(target.region, options);
        return traceClient.call(
          apiRequest('GET', origin, `/v3/${target.projectId}/traces`, { query }),
          limits,
          unjudged(target),
        );
      },
      redact: (text: string): string => redactor.redact(text),
    },
    close: async () => transport.close(),
  };
  const lists: InstanceSource = {
    pages: (target, { statusFilter, ...limits }) =>
      walkPages(pageReader(target, limits), { ...walk, target, statusFilter }),
    glance: async (target, { statusFilter, ...limits }) =>
      glancePages(answerReader(target, limits), { ...walk, target, statusFilter }),
  };
  return { ...lists, ...source };
}
