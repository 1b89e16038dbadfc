/** What stands where a secret stood. */
export const REDACTED = '[redacted]';

/** A shorter value is too likely to be an ordinary word: replacing it would spoil what is recorded. */
const SHORTEST_SECRET = 6;

/** Last words of a field name that tells a secret: `app_secret`, `adminPass`, `X-Auth-Token`, `secret_key`, `sk`. */
const SECRET_WORDS = new Set([
  'secret',
  'password',
  'passwd',
  'pwd',
  'pass',
  'passphrase',
  'token',
  'securitytoken',
  'appsecret',
  'secretkey',
  'accesskey',
  'privatekey',
  'apikey',
  'authorization',
  'credential',
  'credentials',
  'sk',
  'ak',
]);
const KEY_ADJECTIVES = new Set(['secret', 'access', 'private', 'api', 'app']);

/** Whether a field of that name holds a secret. `password_expires_at` does not, `db_password` does. */
export function isSecretField(name: string): boolean {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  const last = words.at(-1);
  if (last === undefined) return false;
  if (last === 'key') return KEY_ADJECTIVES.has(words.at(-2) ?? '');
  return SECRET_WORDS.has(last);
}

/** What a gateway may echo of a signed request, even if the key is not ours. */
const ECHO =
  /(Signature=)[0-9a-f]{16,}|(SDK-HMAC-SHA256 Access=)[^\s,]+|(x-(?:auth|security|subject)-token\s*[:=]\s*)[^\s|,"]+/i;
const ECHOES = new RegExp(ECHO, 'gi');

/** Replaces known secret values, signatures and token headers in text. The values are asked for on each use, for tokens come and go. */
export interface Redactor {
  /** Whether the text holds a secret as it is. */
  finds(text: string): boolean;
  redact(text: string): string;
  /** The same with the values of now, for many texts in a row. */
  ofNow(): (text: string) => string;
}

const blank = (_: string, ...groups: (string | undefined)[]): string =>
  `${groups.slice(0, 3).find(Boolean) ?? ''}${REDACTED}`;

/** @param secrets the values that must not appear anywhere, of now */
export function createRedactor(secrets: () => Iterable<string>): Redactor {
  const values = (): string[] => {
    const forms = new Set<string>();
    for (const secret of secrets()) {
      if (secret.length < SHORTEST_SECRET) continue;
      forms.add(secret);
      const encoded = encodeURIComponent(secret.toWellFormed());
      if (encoded !== secret) forms.add(encoded);
    }
    // A secret that holds another one goes first, or its rest would stay.
    return [...forms].toSorted((a, b) => b.length - a.length);
  };
  const ofNow = (): ((text: string) => string) => {
    const known = values();
    return (text) => {
      let rest = text;
      for (const value of known) if (rest.includes(value)) rest = rest.replaceAll(value, REDACTED);
      return ECHO.test(rest) ? rest.replaceAll(ECHOES, blank) : rest;
    };
  };
  return {
    finds: (text) => ECHO.test(text) || values().some((value) => text.includes(value)),
    redact: (text) => ofNow()(text),
    ofNow,
  };
}
