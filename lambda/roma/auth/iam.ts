import * as z from 'zod';
import { parsedJson } from '../../core/model/wire-text';
import type { AgencyCredentials, KeyCredentials, PasswordCredentials } from './credentials';
import { RomaApiError } from '../http/errors';
import type { Expiring } from './token-cache';
import { type ApiAnswer, type ApiRequest, apiRequest } from '../http/transport';

/** What is asked of IAM, and how its answers are read. */

/** What a request is about: a project, or the account (listing its projects). */
export type Scope = { readonly projectId: string; readonly region?: string } | 'domain';

/** Renewed this long before the end, or after three quarters of a short life. */
const RENEW_BEFORE_MS = 10 * 60_000;
const AGENCY_SECONDS = 3600;
/** IAM gives tokens for 24 hours; one of unknown age is not trusted that long. */
const UNKNOWN_LIFETIME_MS = 60 * 60_000;

/** POST /v3/auth/tokens */
export function tokenRequest(iam: string, user: PasswordCredentials, scope: Scope): ApiRequest {
  const { userName: name, password, domainName } = user;
  const identity = { methods: ['password'], password: { user: { name, password, domain: { name: domainName } } } };
  const wanted = scope === 'domain' ? { domain: { name: domainName } } : { project: { id: scope.projectId } };
  return apiRequest('POST', iam, '/v3/auth/tokens', {
    // Without the catalog, which is long and not read.
    query: [['nocatalog', 'true']],
    body: JSON.stringify({ auth: { identity, scope: wanted } }),
  });
}

/** POST /v3.0/OS-CREDENTIAL/securitytokens, as the agency. */
export function agencyRequest(iam: string, { agencyName, agencyDomainName }: AgencyCredentials): ApiRequest {
  const role = { agency_name: agencyName, domain_name: agencyDomainName, duration_seconds: AGENCY_SECONDS };
  return apiRequest('POST', iam, '/v3.0/OS-CREDENTIAL/securitytokens', {
    body: JSON.stringify({ auth: { identity: { methods: ['assume_role'], assume_role: role } } }),
  });
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

/** @throws RomaApiError when the answer holds no token */
export function readToken(answer: ApiAnswer): Expiring<string> {
  const { token } = read(TOKEN_ANSWER, answer, 'a token');
  const value = answer.header('x-subject-token');
  if (value === undefined || value === '') throw unusable('a token', 'the header X-Subject-Token is missing');
  return { value, ...lifeOf(answer, token.expires_at, token.issued_at) };
}

/** @throws RomaApiError when the answer holds no keys */
export function readKeys(answer: ApiAnswer): Expiring<KeyCredentials> {
  const { credential } = read(AGENCY_ANSWER, answer, 'temporary keys');
  const value: KeyCredentials = {
    kind: 'keys',
    accessKey: credential.access,
    secretKey: credential.secret,
    securityToken: credential.securitytoken,
  };
  return { value, ...lifeOf(answer, credential.expires_at, undefined) };
}

/** @throws RomaApiError when the answer is not of that shape */
export function read<T>(schema: z.ZodType<T>, answer: ApiAnswer, what: string, from = 'IAM'): T {
  const json = parsedJson(answer.body);
  if (json === undefined) throw unusable(what, 'the answer is not JSON', from);
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    throw unusable(what, `${parsed.error.issues[0]?.path.join('.') ?? ''} is missing or of another type`, from);
  }
  return parsed.data;
}

const unusable = (what: string, why: string, from = 'IAM'): RomaApiError =>
  new RomaApiError(`${from} did not give ${what}: ${why}`, { errorClass: 'server', retryable: true });

/**
 * When to renew and when it ends, by our own clock: only the lifetime is taken from the server's times, so that a
 * clock that is off does no harm.
 */
export function lifeOf(
  answer: ApiAnswer,
  expiresAt: string | null | undefined,
  issuedAt: string | null | undefined,
  unknownMs = UNKNOWN_LIFETIME_MS,
): Omit<Expiring<unknown>, 'value'> {
  const expires = Date.parse(expiresAt ?? '');
  const issued = Date.parse(issuedAt ?? '');
  const from = Number.isNaN(issued) ? (answer.serverTime ?? answer.receivedAt) : issued;
  const lifetime = Number.isNaN(expires) ? unknownMs : Math.max(0, expires - from);
  const end = answer.requestedAt + lifetime;
  return { renewAt: end - Math.min(RENEW_BEFORE_MS, lifetime / 4), expiresAt: end };
}
