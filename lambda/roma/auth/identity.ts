import type { Clock } from '../../core/model/clock';
import type { Authorization, Authorize, Client } from '../http/client';
import { type BaseCredentials, type Credentials, type KeyCredentials, secretsOf } from './credentials';
import { agencyRequest, readKeys, readToken, type Scope, tokenRequest } from './iam';
import { createLockout, EVERYTHING } from './lockout';
import { authorization, sdkDate } from './signer';
import { createTokenCache } from './token-cache';
import type { ApiRequest } from '../http/transport';

/** Makes requests allowed with one set of credentials. */
export interface Identity {
  authorize(scope: Scope, iam: string): Authorize;
  /** Every secret value that is in use now. */
  secrets(): readonly string[];
}

export function createIdentity(credentials: Credentials, client: () => Client, clock: Clock): Identity {
  if (credentials.kind !== 'agency') return createBaseIdentity(credentials, client, clock);
  const base = createBaseIdentity(credentials.base, client, clock);
  const keys = createTokenCache<KeyCredentials>(clock, async (iam) =>
    readKeys(await client().call(agencyRequest(iam, credentials), {}, base.authorize('domain', iam))),
  );
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
    secrets: () => [...secrets, ...tokens.values()],
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
    // Tells the gateway the tenant; needed for sub-projects.
    ...(scope === 'domain' ? {} : { 'x-project-id': scope.projectId }),
    ...(key.securityToken === undefined ? {} : { 'x-security-token': key.securityToken }),
  };
  const value = authorization({ ...request, headers: signed }, key.accessKey, key.secretKey);
  return { ...signed, authorization: value };
}
