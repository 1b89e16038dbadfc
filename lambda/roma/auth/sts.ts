import * as z from 'zod';
import { type ApiAnswer, type ApiRequest, apiRequest } from '../http/transport';
import type { KeyCredentials, OidcCredentials } from './credentials';
import { lifeOf, read, type Scope } from './iam';
import type { Expiring } from './token-cache';

/** What is asked of STS v5, and how its answers are read. The shapes are those of Huawei's OpenAPI; nothing was seen live. */

/** The least that STS gives: what leaks is soon worthless. */
const SECONDS = 900;

/** What traces show of us: who asks (a stack, or the commands) and, where it is about one, which target. */
export function sessionName(prefix: string, scope: Scope): string {
  const target = scope === 'domain' ? '' : `@${scope.region ?? ''}.${scope.projectId}`;
  return `${prefix}${target}`.replaceAll(/[^\w+=,.@-]/g, '-').slice(0, 128);
}

const agencyBody = (agencyUrn: string, session: string, more: object = {}): string =>
  JSON.stringify({ agency_urn: agencyUrn, agency_session_name: session, duration_seconds: SECONDS, ...more });

/** Signed by whom the agency trusts. */
export const assumeRequest = (sts: string, agencyUrn: string, session: string): ApiRequest =>
  apiRequest('POST', sts, '/v5/agencies/assume', { body: agencyBody(agencyUrn, session) });

/** Not signed. It lacks its proof, `withIdToken`, which each attempt brings anew. */
export const assumeWithOidcRequest = (
  sts: string,
  { agencyUrn, providerUrn }: Pick<OidcCredentials, 'agencyUrn' | 'providerUrn'>,
  session: string,
): ApiRequest =>
  apiRequest('POST', sts, '/v5/agencies/assume-with-oidc', {
    body: agencyBody(agencyUrn, session, { provider_urn: providerUrn }),
  });

export const withIdToken = (body: string, token: string): string =>
  JSON.stringify({ ...(JSON.parse(body) as object), id_token: token });

/** Whose the key is that signs it. */
export const callerRequest = (sts: string): ApiRequest => apiRequest('GET', sts, '/v5/caller-identity');

const KEYS = z.looseObject({
  credentials: z.looseObject({
    access_key_id: z.string().min(1),
    secret_access_key: z.string().min(1),
    security_token: z.string().min(1),
    expiration: z.string().nullish(),
  }),
});
const CALLER = z.looseObject({ principal_urn: z.string().min(1) });

/** @throws RomaApiError when the answer holds no keys */
export function readStsKeys(answer: ApiAnswer): Expiring<KeyCredentials> {
  const { credentials } = read(KEYS, answer, 'temporary keys', 'STS');
  const value: KeyCredentials = {
    kind: 'keys',
    accessKey: credentials.access_key_id,
    secretKey: credentials.secret_access_key,
    securityToken: credentials.security_token,
  };
  return { value, ...lifeOf(answer, credentials.expiration, undefined, SECONDS * 1000) };
}

/** The URN of the principal. @throws RomaApiError when the answer holds none */
export const readCaller = (answer: ApiAnswer): string => read(CALLER, answer, 'the principal', 'STS').principal_urn;
