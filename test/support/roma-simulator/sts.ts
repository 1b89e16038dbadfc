import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import * as z from 'zod';
import type { Accounts, Identity } from './accounts';
import { type Answer, iam30 } from './answers';

/** An OIDC provider of the account, and a trust agency that lets one of its subjects in. */
export interface Trust {
  readonly issuer: string;
  /** What a real STS fetches from the issuer. */
  readonly keys: JSONWebKeySet;
  readonly audience: string;
  readonly subject: string;
  readonly providerUrn: string;
  readonly agencyUrn: string;
}

/** The least that an agency may have. */
const MAX_SESSION_SECONDS = 3600;
const assume = z.object({
  agency_urn: z.string().max(1500),
  agency_session_name: z.string().regex(/^[\w+=,.@-]{2,128}$/),
  duration_seconds: z.int().min(900).max(MAX_SESSION_SECONDS).default(MAX_SESSION_SECONDS),
});
const assumeWithOidc = assume.extend({
  provider_urn: z.string().max(1500),
  id_token: z.string().min(4).max(20_000),
});

// Users have reported STS5.1001 and STS5.2001. The other codes are made up, because nobody knows them.
const BAD_REQUEST = iam30(400, 'STS5.0400', 'The request is invalid.');
const NOT_FOUND = iam30(404, 'STS5.0404', 'The agency or the provider does not exist.');
const forbidden = (action: string): Answer => iam30(403, 'STS5.1001', `You are not allowed to perform ${action}.`);

function parse<T>(schema: z.ZodType<T>, body: Uint8Array): T | undefined {
  try {
    return schema.safeParse(JSON.parse(Buffer.from(body).toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

function give(accounts: Accounts, wanted: z.output<typeof assume>, more: object = {}): Answer {
  const [, account = '', name = ''] = /^iam::([^:]+):agency:(?:.*\/)?([^/]+)$/.exec(wanted.agency_urn) ?? [];
  const session = wanted.agency_session_name;
  const urn = `sts::${account}::assumed-agency:${name}/${session}`;
  const key = accounts.issueTemporaryKey(wanted.duration_seconds * 1000, urn);
  const credentials = {
    access_key_id: key.access,
    secret_access_key: key.secret,
    security_token: key.securitytoken,
    expiration: new Date(key.expires_at).toISOString(),
  };
  return { status: 200, body: { credentials, assumed_agency: { urn, id: `simulated:${session}` }, ...more } };
}

/** POST /v5/agencies/assume-with-oidc: verifies the token as a real STS does, by the clock of the simulator. */
export async function assumeAgencyWithOidc(
  accounts: Accounts,
  trust: Trust | undefined,
  body: Uint8Array,
  now: number,
): Promise<Answer> {
  const wanted = parse(assumeWithOidc, body);
  if (wanted === undefined) return BAD_REQUEST;
  if (wanted.agency_urn !== trust?.agencyUrn || wanted.provider_urn !== trust.providerUrn) return NOT_FOUND;
  const { issuer, audience } = trust;
  const rules = { issuer, audience, algorithms: ['RS256'], currentDate: new Date(now), requiredClaims: ['exp'] };
  try {
    const { payload } = await jwtVerify(wanted.id_token, createLocalJWKSet(trust.keys), rules);
    if (payload.sub !== trust.subject) return forbidden('sts:agencies:assumeWithOIDC');
  } catch (error) {
    return iam30(400, 'STS5.2001', `The ID token is invalid: ${(error as Error).message}.`);
  }
  return give(accounts, wanted, { audience, provider: trust.providerUrn, subject_from_id_token: trust.subject });
}

/** POST /v5/agencies/assume: for signed requests only. */
export function assumeAgency(
  accounts: Accounts,
  identity: Identity,
  trust: Trust | undefined,
  body: Uint8Array,
): Answer {
  const wanted = parse(assume, body);
  if (wanted === undefined) return BAD_REQUEST;
  if (identity.by === 'token') return forbidden('sts:agencies:assume');
  return wanted.agency_urn === trust?.agencyUrn ? give(accounts, wanted) : NOT_FOUND;
}

/** GET /v5/caller-identity */
export function callerIdentity({ account }: Accounts, identity: Identity): Answer {
  if (identity.by === 'token') return forbidden('sts::getCallerIdentity');
  const urn = identity.urn ?? `iam::${account.domainId}:user:${account.userName}`;
  return { status: 200, body: { account_id: account.domainId, principal_urn: urn, principal_id: 'simulated-id' } };
}
