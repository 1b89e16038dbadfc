import type { Clock } from '../../core/model/clock';
import type { Authorization, Authorize, Client } from '../http/client';
import { type Credentials, type KeyCredentials, type PasswordCredentials, secretsOf } from './credentials';
import { agencyRequest, readKeys, readToken, type Scope, tokenRequest } from './iam';
import { createLockout, EVERYTHING } from './lockout';
import { authorization, sdkDate } from './signer';
import { assumeRequest, assumeWithOidcRequest, readStsKeys, sessionName, withIdToken } from './sts';
import { createTokenCache, type Expiring } from './token-cache';
import type { IdTokenSource } from './web-identity';
import type { ApiAnswer, ApiRequest } from '../http/transport';

/** Makes requests allowed with one set of credentials. */
export interface Identity {
  /** @param issuer origin of IAM, or of STS where the credentials are for STS: gives tokens and temporary keys */
  authorize(scope: Scope, issuer: string): Authorize;
  /** Every secret value that is in use now. */
  secrets(): readonly string[];
}

/** @param session begins the name of the sessions in which an agency acts, as traces show it */
export function createIdentity(
  credentials: Credentials,
  client: () => Client,
  clock: Clock,
  session = 'roma-history',
): Identity {
  const temporary = (base: Identity, means: Means): Identity => createTemporaryIdentity(base, means, client, clock);
  const sts = { sessionOf: (scope: Scope) => sessionName(session, scope), read: readStsKeys };
  switch (credentials.kind) {
    case 'oidc': {
      const request: Means['request'] = (at, name) => assumeWithOidcRequest(at, credentials, name);
      return temporary(createTokenIdentity(credentials.idToken), { ...sts, request });
    }
    case 'trustAgency': {
      const request: Means['request'] = (at, name) => assumeRequest(at, credentials.agencyUrn, name);
      return temporary(createIdentity(credentials.base, client, clock, session), { ...sts, request });
    }
    case 'agency': {
      const request: Means['request'] = (at) => agencyRequest(at, credentials);
      const base = createIdentity(credentials.base, client, clock);
      return temporary(base, { sessionOf: () => '', read: readKeys, request });
    }
    case 'keys':
      return createKeyIdentity(credentials, clock);
    case 'password':
      return createPasswordIdentity(credentials, client, clock);
    case 'token': {
      const headers = { 'x-auth-token': credentials.token };
      return {
        authorize: () => async () => ({ headers, refused: () => false }),
        secrets: () => secretsOf(credentials),
      };
    }
    default:
      return credentials satisfies never;
  }
}

/** How temporary keys are got. */
interface Means {
  /** Scopes with the same session share their keys. */
  readonly sessionOf: (scope: Scope) => string;
  readonly request: (issuer: string, session: string) => ApiRequest;
  readonly read: (answer: ApiAnswer) => Expiring<KeyCredentials>;
}

/** Signs with keys that live for minutes or hours and are kept in memory alone. @param base asks for them */
function createTemporaryIdentity(base: Identity, means: Means, client: () => Client, clock: Clock): Identity {
  const keys = createTokenCache<KeyCredentials>(clock, async (key) => {
    const [issuer, session] = JSON.parse(key) as [string, string];
    return means.read(await client().call(means.request(issuer, session), {}, base.authorize('domain', issuer)));
  });
  return {
    authorize: (scope, issuer) => {
      const key = JSON.stringify([issuer, means.sessionOf(scope)]);
      return async (request, limits) => {
        const value = await keys.get(key, limits);
        return { headers: sign(request, value, scope, clock), refused: () => keys.refuse(key, value) };
      };
    },
    secrets: () => [...base.secrets(), ...keys.values().flatMap(secretsOf)],
  };
}

/** Each attempt shows a token of its own: a retry may come when the last one has expired, as after a frozen process. */
function createTokenIdentity(idToken: IdTokenSource): Identity {
  // An error that repeats a token may come late, when another exchange is under way already.
  const shown: string[] = [];
  return {
    authorize: () => async (request) => {
      const token = await idToken();
      shown.push(token);
      if (shown.length > 8) shown.shift();
      return { headers: {}, body: withIdToken(request.body, token), refused: () => false };
    },
    secrets: () => shown,
  };
}

function createPasswordIdentity(credentials: PasswordCredentials, client: () => Client, clock: Clock): Identity {
  const tokens = createTokenCache<string>(clock, async (key) => {
    const { iam, scope } = JSON.parse(key) as { iam: string; scope: Scope };
    return readToken(await client().call(tokenRequest(iam, credentials, scope), {}));
  });
  return {
    authorize: (scope, iam) => {
      const key = JSON.stringify({ iam, scope });
      return async (_request, limits): Promise<Authorization> => {
        const token = await tokens.get(key, limits);
        return { headers: { 'x-auth-token': token }, refused: () => tokens.refuse(key, token) };
      };
    },
    secrets: () => [...secretsOf(credentials), ...tokens.values()],
  };
}

/** A fixed key. After it was refused, it is not sent again for five minutes. */
function createKeyIdentity(credentials: KeyCredentials, clock: Clock): Identity {
  const lockout = createLockout(clock);
  return {
    authorize: (scope) => async (request) => {
      lockout.check(EVERYTHING);
      return {
        headers: sign(request, credentials, scope, clock),
        refused: (error) => {
          if (error.keyRefused) lockout.refuse(EVERYTHING, error);
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
    // Absent headers are not signed. The project tells the gateway the tenant, which it needs for sub-projects.
    ...(scope === 'domain' ? {} : { 'x-project-id': scope.projectId }),
    ...(key.securityToken === undefined ? {} : { 'x-security-token': key.securityToken }),
  };
  const value = authorization({ ...request, headers: signed }, key.accessKey, key.secretKey);
  return { ...signed, authorization: value };
}
