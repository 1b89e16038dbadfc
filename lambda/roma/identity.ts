import * as z from 'zod';
import type { Clock } from '../core/ports';
import type { Authorization, Authorize, Client } from './client';
import type { BaseCredentials, Credentials, KeyCredentials, PasswordCredentials } from './credentials';
import { secretsOf } from './credentials';
import { RomaApiError } from './errors';
import { authorization, sdkDate } from './signer';
import type { ApiAnswer, ApiRequest, CallLimits } from './transport';

/** What a request is about: a project, or the account (listing its projects). */
export type Scope = { readonly projectId: string } | 'domain';

/** Makes requests allowed with one set of credentials. */
export interface Identity {
  authorize(scope: Scope, iam: string): Authorize;
  /** Every secret value that is in use now. */
  secrets(): readonly string[];
}

/** Renewed this long before the end, or after three quarters of a short life. */
const RENEW_BEFORE_MS = 10 * 60_000;
const AGENCY_SECONDS = 3600;
/** IAM gives tokens for 24 hours; one of unknown age is not trusted that long. */
const UNKNOWN_LIFETIME_MS = 60 * 60_000;
/** The gateway locks a key, and IAM an account, after a few refusals in a row: what was refused is not shown again so soon. */
const HOLD_MS = 5 * 60_000;

interface Perishable<T> {
  readonly value: T;
  /** By our clock, in ms since the epoch. */
  readonly renewAt: number;
}

export function createIdentity(credentials: Credentials, client: () => Client, clock: Clock): Identity {
  if (credentials.kind !== 'agency') return createBaseIdentity(credentials, client, clock);
  const base = createBaseIdentity(credentials.base, client, clock);
  const { agencyName, agencyDomainName } = credentials;
  const keys = createCache<KeyCredentials>(clock, async (iam) => {
    const answer = await client().call(
      {
        method: 'POST',
        origin: iam,
        path: '/v3.0/OS-CREDENTIAL/securitytokens',
        query: [],
        headers: {},
        body: JSON.stringify({
          auth: {
            identity: {
              methods: ['assume_role'],
              assume_role: {
                agency_name: agencyName,
                domain_name: agencyDomainName,
                duration_seconds: AGENCY_SECONDS,
              },
            },
          },
        }),
      },
      {},
      base.authorize('domain', iam),
    );
    const { credential } = read(AGENCY_ANSWER, answer, 'temporary keys');
    const value: KeyCredentials = {
      kind: 'keys',
      accessKey: credential.access,
      secretKey: credential.secret,
      securityToken: credential.securitytoken,
    };
    return { value, renewAt: renewAt(answer, credential.expires_at, undefined) };
  });
  return {
    authorize: (scope, iam) => async (request, limits) => {
      const key = await keys.get(iam, limits);
      return { headers: sign(request, key, scope, clock), refused: () => keys.refuse(iam, key) };
    },
    secrets: () => [...base.secrets(), ...keys.values().flatMap(secretsOf)],
  };
}

function createBaseIdentity(credentials: BaseCredentials, client: () => Client, clock: Clock): Identity {
  const secrets = secretsOf(credentials);
  if (credentials.kind === 'token') {
    const headers = { 'x-auth-token': credentials.token };
    return { authorize: () => async () => ({ headers, refused: () => false }), secrets: () => secrets };
  }
  if (credentials.kind === 'keys') return createKeyIdentity(credentials, clock);

  const tokens = createCache<string>(clock, async (key) => {
    const { iam, scope } = JSON.parse(key) as { iam: string; scope: Scope };
    const answer = await client().call(tokenRequest(iam, credentials, scope), {});
    const { token } = read(TOKEN_ANSWER, answer, 'a token');
    const value = answer.header('x-subject-token');
    if (value === undefined || value === '') throw unusable(iam, 'a token', 'the header X-Subject-Token is missing');
    return { value, renewAt: renewAt(answer, token.expires_at, token.issued_at) };
  });
  return {
    authorize: (scope, iam) => {
      const key = JSON.stringify({ iam, scope });
      return async (_request, limits): Promise<Authorization> => {
        const token = await tokens.get(key, limits);
        return { headers: { 'x-auth-token': token }, refused: () => tokens.refuse(key, token) };
      };
    },
    secrets: () => [...secrets, ...tokens.values()],
  };
}

/** A fixed key: once it was refused, it stays at home for a while. */
function createKeyIdentity(credentials: KeyCredentials, clock: Clock): Identity {
  const hold = createHold(clock);
  return {
    authorize: (scope) => async (request) => {
      hold.check(EVERYTHING);
      return {
        headers: sign(request, credentials, scope, clock),
        refused: (error) => {
          if (error.keyRefused) hold.refuse(EVERYTHING, error);
          return false;
        },
      };
    },
    secrets: () => secretsOf(credentials),
  };
}

function sign(request: ApiRequest, key: KeyCredentials, scope: Scope, clock: Clock): Record<string, string> {
  const signed = {
    host: new URL(request.origin).host,
    'x-sdk-date': sdkDate(clock.now()),
    // Tells the gateway the tenant; needed for sub-projects.
    ...(scope === 'domain' ? {} : { 'x-project-id': scope.projectId }),
    ...(key.securityToken === undefined ? {} : { 'x-security-token': key.securityToken }),
  };
  const value = authorization({ ...request, headers: signed }, key.accessKey, key.secretKey);
  return { ...signed, authorization: value };
}

function tokenRequest(iam: string, user: PasswordCredentials, scope: Scope): ApiRequest {
  return {
    method: 'POST',
    origin: iam,
    path: '/v3/auth/tokens',
    // Without the catalog, which is long and not read.
    query: [['nocatalog', 'true']],
    headers: {},
    body: JSON.stringify({
      auth: {
        identity: {
          methods: ['password'],
          password: {
            user: { name: user.userName, password: user.password, domain: { name: user.domainName } },
          },
        },
        scope: scope === 'domain' ? { domain: { name: user.domainName } } : { project: { id: scope.projectId } },
      },
    }),
  };
}

const TOKEN_ANSWER = z.looseObject({
  token: z.looseObject({ expires_at: z.string().nullish(), issued_at: z.string().nullish() }),
});
const AGENCY_ANSWER = z.looseObject({
  credential: z.looseObject({
    access: z.string().min(1),
    secret: z.string().min(1),
    securitytoken: z.string().min(1),
    expires_at: z.string().nullish(),
  }),
});

function read<T>(schema: z.ZodType<T>, answer: ApiAnswer, what: string): T {
  let json: unknown;
  try {
    json = JSON.parse(answer.body);
  } catch {
    throw unusable('IAM', what, 'the answer is not JSON');
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    throw unusable('IAM', what, `${parsed.error.issues[0]?.path.join('.') ?? ''} is missing or of another type`);
  }
  return parsed.data;
}

const unusable = (who: string, what: string, why: string): RomaApiError =>
  new RomaApiError(`${who} did not give ${what}: ${why}`, { errorClass: 'server', retryable: true });

/**
 * When to renew, by our own clock: only the lifetime is taken from the server's times, so that a clock that is off
 * does no harm.
 */
function renewAt(answer: ApiAnswer, expiresAt: string | null | undefined, issuedAt: string | null | undefined): number {
  const expires = Date.parse(expiresAt ?? '');
  const issued = Date.parse(issuedAt ?? '');
  const from = Number.isNaN(issued) ? (answer.serverTime ?? answer.receivedAt) : issued;
  const lifetime = Number.isNaN(expires) ? UNKNOWN_LIFETIME_MS : Math.max(0, expires - from);
  return answer.requestedAt + lifetime - Math.min(RENEW_BEFORE_MS, lifetime / 4);
}

interface Hold {
  check(key: string): void;
  refuse(key: string, error: RomaApiError): void;
}

const EVERYTHING = '';

function createHold(clock: Clock): Hold {
  const held = new Map<string, { readonly error: RomaApiError; readonly until: number }>();
  return {
    check(key) {
      for (const each of [EVERYTHING, key]) {
        const refusal = held.get(each);
        if (refusal !== undefined && clock.now() < refusal.until) throw refusal.error;
      }
    },
    refuse(key, error) {
      held.set(key, { error, until: clock.now() + HOLD_MS });
    },
  };
}

interface Cache<T> {
  get(key: string, limits: CallLimits): Promise<T>;
  /** Forgets a value that was refused, unless it has been replaced already. @returns true: there is, or will be, a newer one */
  refuse(key: string, value: T): boolean;
  values(): readonly T[];
}

/** Keeps what perishes, renews it in time, and lets all who ask at once wait for one request. */
function createCache<T>(clock: Clock, fetch: (key: string) => Promise<Perishable<T>>): Cache<T> {
  const kept = new Map<string, Perishable<T>>();
  const pending = new Map<string, Promise<T>>();
  const retired: T[] = [];
  const hold = createHold(clock);

  const retire = (key: string): void => {
    const old = kept.get(key);
    if (old === undefined) return;
    kept.delete(key);
    // An older token may still be echoed by an answer that is on its way.
    retired.push(old.value);
    if (retired.length > 8) retired.shift();
  };

  const renew = async (key: string): Promise<T> => {
    try {
      const fresh = await fetch(key);
      retire(key);
      kept.set(key, fresh);
      return fresh.value;
    } catch (error) {
      if (error instanceof RomaApiError && error.errorClass === 'unauthorized') {
        // A wrong password is wrong for every project; a project that is not the user's concerns itself only.
        hold.refuse(/password/i.test(error.apiMessage ?? '') ? EVERYTHING : key, error);
      }
      throw error;
    } finally {
      pending.delete(key);
    }
  };

  return {
    async get(key, { signal }) {
      const known = kept.get(key);
      if (known !== undefined && clock.now() < known.renewAt) return known.value;
      hold.check(key);
      let request = pending.get(key);
      if (request === undefined) pending.set(key, (request = renew(key)));
      return signal === undefined ? request : unlessAborted(request, signal);
    },
    refuse(key, value) {
      if (kept.get(key)?.value === value) retire(key);
      return true;
    },
    values: () => [...[...kept.values()].map(({ value }) => value), ...retired],
  };
}

/** The request goes on for the others who wait for it. */
async function unlessAborted<T>(request: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () =>
      reject(
        new RomaApiError('the wait for a token was stopped, for the run is ending', {
          errorClass: 'network',
          retryable: false,
        }),
      );
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([request, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
