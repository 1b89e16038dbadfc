import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { Trust } from '../roma-simulator';

/** Claims of AWS's tokens: the issuer is of the account, the subject is the role. */
const ISSUER = 'https://0a1b2c3d-simulated.tokens.sts.global.api.aws';
export const ROLE = 'arn:aws:iam::123456789012:role/the-role';
export const AUDIENCE = 'roma-history';
const ACCOUNT = 'd78cbac186b744899480f25bd022f468';
export const PROVIDER_URN = `iam::${ACCOUNT}:oidcProvider:aws`;
export const AGENCY_URN = `iam::${ACCOUNT}:agency:roma-history`;

export interface OidcProvider {
  /** What the simulated account is told about the provider. */
  readonly trust: Trust;
  /** Every token so far. */
  readonly tokens: readonly string[];
  /** A token as AWS signs it, but for the claims that are given; an undefined one is left out. */
  sign(claims?: JWTPayload): Promise<string>;
}

const newKeys = async () => generateKeyPair('RS256', { extractable: true });
/** Making one takes longer than most tests. */
let shared: ReturnType<typeof newKeys> | undefined;

/** Signs real tokens. @param now in ms since the epoch @param keys of its own, for one whom nobody knows */
export async function startOidcProvider(now: () => number, keys?: 'ownKeys'): Promise<OidcProvider> {
  shared ??= newKeys();
  const { publicKey, privateKey } = await (keys === 'ownKeys' ? newKeys() : shared);
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
  const tokens: string[] = [];
  return {
    trust: {
      issuer: ISSUER,
      keys: { keys: [jwk] },
      audience: AUDIENCE,
      subject: ROLE,
      providerUrn: PROVIDER_URN,
      agencyUrn: AGENCY_URN,
    },
    tokens,
    async sign(claims = {}) {
      const iat = Math.floor(now() / 1000);
      const payload = {
        iss: ISSUER,
        aud: AUDIENCE,
        sub: ROLE,
        iat,
        exp: iat + 300,
        jti: `t${tokens.length}`,
        ...claims,
      };
      const token = await new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'k1' }).sign(privateKey);
      tokens.push(token);
      return token;
    },
  };
}

/** A long secret in pieces: an error that is cut off may show a part of it. */
export const piecesOf = (secret: string): readonly string[] => secret.match(/.{1,32}/g) ?? [];
