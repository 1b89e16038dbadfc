import { AGENCY_URN } from '../../contract';
import { sha256 } from '../../core/model/canonical';
import { CodedError, UsageError } from '../../core/model/errors';
import type { Target } from '../../core/model/instance';
import type { Clock } from '../../core/model/clock';
import { RomaApiError } from '../http/errors';
import type { CallLimits } from '../http/transport';
import type { Credentials } from './credentials';

/** Digits of the digest: enough to tell the identities of one target apart. */
const LENGTH = 16;

/**
 * Names who asks, without a secret: the same text for the same identity, 16 hexadecimal digits.
 * A temporary key and a token that does not tell its user are a new identity each time that they are renewed.
 * @param urn the principal, where STS has told it; it takes the place of a key, which may be replaced
 */
export function principalOf(credentials: Credentials, urn?: string): string {
  const name = urn === undefined ? nameOf(credentials) : byUrn(urn);
  return sha256(JSON.stringify(name)).slice(0, LENGTH);
}

/** No run waits longer for the name of who asks. */
const CALLER_MS = 3_000;

/**
 * The same, with what STS tells about a key: it is asked once in a process. While it does not answer, the key itself
 * gives the name. That makes another view: no run is lost, but what is new just then becomes a baseline.
 */
export function createPrincipal(
  credentials: Credentials,
  clock: Clock,
  askCaller: (target: Target, limits: CallLimits) => Promise<string | undefined>,
): (target: Target, limits?: CallLimits) => Promise<string> {
  const unasked = principalOf(credentials);
  if (credentials.kind !== 'keys') return async () => unasked;
  let known: string | undefined;
  return async (target, { signal, deadline = Infinity } = {}) => {
    try {
      const limits = { signal, deadline: Math.min(deadline, clock.now() + CALLER_MS) };
      known ??= principalOf(credentials, await askCaller(target, limits));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      // No failure of the network: the same question would get the same answer.
      const errorClass = error instanceof RomaApiError ? error.errorClass : '';
      if (error instanceof UsageError || errorClass === 'client' || errorClass === 'unauthorized') known = unasked;
    }
    return known ?? unasked;
  };
}

/**
 * An agency is the same whoever assumes it and whatever the session is called, of which STS tells
 * `sts::<account>::assumed-agency:<name>/<session>`.
 */
function byUrn(urn: string): readonly string[] {
  const agency = /^sts::([\w-]+):+assumed-agency:(.+)\/[^/]+$/.exec(urn) ?? AGENCY_URN.exec(urn);
  return ['principal', ...(agency === null ? [urn] : [agency[1] ?? '', agency[2]?.split('/').at(-1) ?? ''])];
}

function nameOf(credentials: Credentials): readonly string[] {
  switch (credentials.kind) {
    case 'agency':
      return ['agency', credentials.agencyDomainName, credentials.agencyName];
    case 'oidc':
    case 'trustAgency':
      return byUrn(credentials.agencyUrn);
    case 'keys':
      return ['key', credentials.accessKey];
    case 'password':
      return ['user', credentials.domainName, credentials.userName];
    case 'token': {
      const user = userOf(credentials.token);
      return user === undefined ? ['token', credentials.token] : ['user id', user];
    }
    default:
      return credentials satisfies never;
  }
}

/** A token of the older, readable form is a signed JSON text in base64, with "-" for "/". */
function userOf(token: string): string | undefined {
  const text = Buffer.from(token.replaceAll('-', '/'), 'base64').toString('utf8');
  const start = text.indexOf('{"token":');
  const end = text.lastIndexOf('}}}');
  if (start < 0 || end < start) return undefined;
  try {
    const { token: body } = JSON.parse(text.slice(start, end + 3)) as { token?: { user?: { id?: unknown } } };
    return typeof body?.user?.id === 'string' ? body.user.id : undefined;
  } catch {
    return undefined;
  }
}
