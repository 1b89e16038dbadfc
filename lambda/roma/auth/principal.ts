import { sha256 } from '../../core/model/canonical';
import type { BaseCredentials, Credentials } from './credentials';

/** Digits of the digest: enough to tell the identities of one target apart. */
const LENGTH = 16;

/**
 * Names who asks, without a request and without a secret: the same text for the same identity, 16 hexadecimal digits.
 * A temporary key and a token that does not tell its user are a new identity each time that they are renewed.
 */
export function principalOf(credentials: Credentials): string {
  const name =
    credentials.kind === 'agency'
      ? ['agency', credentials.agencyDomainName, credentials.agencyName]
      : nameOf(credentials);
  return sha256(JSON.stringify(name)).slice(0, LENGTH);
}

function nameOf(credentials: BaseCredentials): readonly string[] {
  switch (credentials.kind) {
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
