import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOnLoopback } from '../../bin/sandbox/loopback-server';
import { type Account, Accounts, DEFAULT_ACCOUNT } from './roma-simulator/accounts';
import { type Answer, ERROR_ANSWERS, gateway } from './roma-simulator/answers';
import { listTraces } from './cts-simulator/list-traces';
import type { TraceLog } from './cts-simulator/trace-log';
import { Faults, spoilPage, substitute } from './roma-simulator/faults';
import { type Fleet, seedFleet } from './roma-simulator/fleet';
import { createTemporaryKey, createToken, listProjects } from './roma-simulator/iam';
import { listPage, type ListRequest, readWindow, refuse } from './roma-simulator/list-instances';
import { type LoggedRequest, redacted } from './roma-simulator/request-log';
import { type Route, routeOf } from './roma-simulator/routes';
import type { SignedRequest } from './roma-simulator/signature';
import { assumeAgency, assumeAgencyWithOidc, callerIdentity, type Trust } from './roma-simulator/sts';
import { readBody, send } from './roma-simulator/transport';

export { type Account, DEFAULT_ACCOUNT } from './roma-simulator/accounts';
export { type Answer, ERROR_ANSWERS, type ErrorName } from './roma-simulator/answers';
export type { InjectedFault } from './fault-board';
export type { Fault, FaultRule } from './roma-simulator/faults';
export {
  Fleet,
  type FleetInstance,
  makeInstance,
  type Project,
  SEED_INSTANCE,
  SEED_PROJECT,
  seedFleet,
} from './roma-simulator/fleet';
export type { Trust } from './roma-simulator/sts';
export type { LoggedRequest } from './roma-simulator/request-log';

/** Time of the simulator: its Date header, the expiry of its tokens, its latency. */
export interface SimulatorClock {
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(ms: number): Promise<unknown>;
}

export interface SimulatorOptions {
  /** @default one project with the documentation's example */
  readonly fleet?: Fleet;
  /** @default the machine's */
  readonly clock?: SimulatorClock;
  readonly account?: Partial<Account>;
  /** A provider and a trust agency, for STS. @default none */
  readonly trust?: Trust | undefined;
  /** @default 24 hours */
  readonly tokenLifetimeMs?: number;
  /** 1,000 to 65,536 characters are documented. @default 1500 */
  readonly tokenLength?: number;
  /** Largest `offset` that is answered, as the specification says; null lifts it. @default 100 */
  readonly maxOffset?: number | null;
  /** @default 100 */
  readonly maxLimit?: number;
  /** Whether a `limit` over the largest is refused or silently cut. @default refuse */
  readonly overLimit?: 'refuse' | 'clamp';
  /** Largest `total` in an answer; the specification gives 100 as its maximum. @default any */
  readonly totalClamp?: number;
  /** What the Cloud Trace Service shows, at the same address. @default it is not there */
  readonly traces?: TraceLog;
}

/** A page that is about to be served. */
export interface PageRequest {
  readonly projectId: string;
  readonly offset: number;
  readonly limit: number;
  readonly status: string | undefined;
  /** 1 for the first list request of the simulator's life. */
  readonly nth: number;
}
export type PageHook = (page: PageRequest) => void | Promise<void>;

export interface RomaSimulator {
  /** Serves ROMA, IAM and STS. */
  readonly endpoint: string;
  readonly account: Account;
  readonly fleet: Fleet;
  readonly faults: Faults;
  /** Every request so far, oldest first. */
  readonly requests: readonly LoggedRequest[];
  clearRequests(): void;
  /** Largest number of requests that were open at once. */
  mostAtOnce(): number;
  /** Called before each page is put together, so that the fleet can change while it is being listed. @returns removes the hook */
  beforePage(hook: PageHook): () => void;
  /** All tokens and temporary keys handed out so far stop working. */
  revokeTokens(): void;
  /** Every token and temporary key so far, valid or not. */
  issuedSecrets(): readonly string[];
  stop(): Promise<void>;
}

const systemClock: SimulatorClock = {
  now: Date.now,
  sleep: async (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/**
 * A loopback server for the list of ROMA Connect and the parts of IAM and STS around it. It follows the documented
 * contract and checks tokens and signatures as the real gateway does. The fleet can be changed at any moment, and faults
 * can be injected.
 */
export async function startRomaSimulator(options: SimulatorOptions = {}): Promise<RomaSimulator> {
  const fleet = options.fleet ?? seedFleet();
  const clock = options.clock ?? systemClock;
  const accounts = new Accounts({ ...DEFAULT_ACCOUNT, ...options.account }, () => clock.now(), {
    tokenLifetimeMs: options.tokenLifetimeMs ?? 24 * 3_600_000,
    tokenLength: options.tokenLength ?? 1500,
  });
  const limits = {
    maxOffset: options.maxOffset === undefined ? 100 : options.maxOffset,
    maxLimit: options.maxLimit ?? 100,
    overLimit: options.overLimit ?? 'refuse',
    totalClamp: options.totalClamp ?? Infinity,
  } as const;
  const faults = new Faults();
  const hooks = new Set<PageHook>();
  const requests: LoggedRequest[] = [];
  const load = { open: 0, most: 0, pages: 0 };
  let endpoint = '';

  const answerList = async (
    request: SignedRequest,
    list: ListRequest,
    struck: ReturnType<Faults['take']>,
    secrets: readonly string[],
  ): Promise<Answer> => {
    const identity = accounts.identify(request);
    if ('status' in identity) return identity;
    const refusal = refuse(identity, fleet, list.projectId, request.headers['x-project-id']);
    if (refusal !== undefined) return refusal;
    const window = readWindow(list, limits);
    if ('body' in window) return window;
    load.pages += 1;
    const { offset, limit, status } = window;
    const nth = load.pages;
    for (const hook of hooks) await hook({ projectId: list.projectId, offset, limit, status, nth });
    let page = listPage(fleet, list, window, limits.totalClamp);
    for (const fault of struck) page = spoilPage(page, fault, secrets);
    return { status: 200, body: page };
  };

  const answer = async (
    route: Route,
    request: SignedRequest,
    struck: ReturnType<Faults['take']>,
    query: URLSearchParams,
  ): Promise<Answer> => {
    const { account } = accounts;
    const secrets = [
      request.headers['x-auth-token'],
      request.headers.authorization,
      request.headers['x-security-token'],
      account.password,
      account.accessKey,
      account.secretKey,
      ...(/"id_token":"([^"]+)"/.exec(Buffer.from(request.body).toString('utf8'))?.slice(1) ?? []),
    ].filter((secret) => secret !== undefined);
    for (const fault of struck) {
      const instead = substitute(fault, secrets);
      if (instead !== undefined) return instead;
    }
    if (route.list !== undefined) return answerList(request, route.list, struck, secrets);
    if (route.endpoint === 'token') return createToken(accounts, fleet, request.body, !query.get('nocatalog'));
    if (route.endpoint === 'assumeWithOidc')
      return assumeAgencyWithOidc(accounts, options.trust, request.body, clock.now());
    const identity = accounts.identify(request);
    if ('status' in identity) {
      return route.endpoint === 'projects' && identity === ERROR_ANSWERS.gatewayTokenMissing
        ? ERROR_ANSWERS.iam30Unauthenticated
        : identity;
    }
    if (route.endpoint === 'traces') {
      const { projectId = '' } = route;
      if (options.traces === undefined) return ERROR_ANSWERS.gatewayNotPublished;
      const refusal = refuse(identity, fleet, projectId, request.headers['x-project-id']);
      return refusal ?? listTraces(options.traces, projectId, query);
    }
    if (route.endpoint === 'assume') return assumeAgency(accounts, identity, options.trust, request.body);
    if (route.endpoint === 'callerIdentity') return callerIdentity(accounts, identity);
    return route.endpoint === 'projects'
      ? listProjects(accounts, fleet, endpoint)
      : createTemporaryKey(accounts, identity, request.body);
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(incoming.url ?? '/', 'http://simulator');
    const method = incoming.method ?? 'GET';
    const body = await readBody(incoming);
    const route = routeOf(url.pathname, url.searchParams);
    const isKnown = route !== undefined && route.method === method;
    const struck = isKnown ? faults.take(route) : [];
    const entry: LoggedRequest = {
      at: clock.now(),
      method,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: redacted(incoming.headers),
      faults: struck.map((fault) => fault.kind),
    };
    requests.push(entry);
    for (const fault of struck) if (fault.kind === 'latency') await clock.sleep(fault.ms);
    if (struck.some((fault) => fault.kind === 'reset')) {
      response.destroy();
      return;
    }
    const headers = Object.fromEntries(
      Object.entries(incoming.headers).map(([name, value]) => [name, value === undefined ? value : String(value)]),
    );
    const request = { method, url: incoming.url ?? '/', headers, body };
    let result: Answer;
    if (isKnown) result = await answer(route, request, struck, url.searchParams);
    else if (route === undefined) result = ERROR_ANSWERS.gatewayNotPublished;
    else result = gateway(405, 'APIGW.0501', `The request method ${method} is not allowed`);
    entry.status = result.status;
    send(response, result, clock.now(), struck);
  };

  const server = createServer({ maxHeaderSize: 160 * 1024, keepAliveTimeout: 30_000 }, (incoming, response) => {
    load.open += 1;
    load.most = Math.max(load.most, load.open);
    response.once('close', () => (load.open -= 1));
    handle(incoming, response).catch((error: unknown) => {
      // A hook that throws must fail the test at once, not let it wait.
      if (!response.headersSent) {
        response.writeHead(599, { 'content-type': 'text/plain' });
        response.end(`the simulator failed: ${error instanceof Error ? error.message : String(error)}`);
      } else response.destroy();
    });
  });
  const loopback = await listenOnLoopback(server);
  endpoint = loopback.endpoint;

  return {
    endpoint,
    account: accounts.account,
    fleet,
    faults,
    requests,
    clearRequests: () => {
      requests.length = 0;
    },
    mostAtOnce: () => load.most,
    beforePage: (hook) => {
      hooks.add(hook);
      return () => hooks.delete(hook);
    },
    revokeTokens: () => accounts.revokeTokens(),
    issuedSecrets: () => accounts.issuedSecrets(),
    stop: loopback.stop,
  };
}
