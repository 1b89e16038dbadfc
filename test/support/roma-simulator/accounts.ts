import { createHash } from 'node:crypto';
import { type Answer, ERROR_ANSWERS, gateway, roma } from './answers';
import { parseAuthorization, parseSdkDate, signatureMatches, type SignedRequest, toSdkDate } from './signature';

/** The only account of the simulated cloud. */
export interface Account {
  readonly domainName: string;
  readonly domainId: string;
  readonly userName: string;
  readonly password: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** An agency that the user may assume. */
  readonly agencyName: string;
}

export const DEFAULT_ACCOUNT: Account = {
  domainName: 'example-domain',
  domainId: 'd78cbac186b744899480f25bd022f468',
  userName: 'roma-reader',
  password: 'Simulated-Passw0rd',
  accessKey: 'SIMULATEDACCESSKEY01',
  secretKey: 'SimulatedSecretKey0000000000000000000001',
  agencyName: 'roma-history-agency',
};

/** The caller of a request. `scope` says which projects it may read. */
export interface Identity {
  readonly by: 'token' | 'accessKey' | 'temporaryKey';
  readonly scope: { readonly projectId: string } | 'domain' | 'anyProject';
  /** The session that STS issued the temporary key to. */
  readonly urn?: string | undefined;
}

interface Token {
  readonly scope: { readonly projectId: string } | 'domain';
  readonly expiresAt: number;
}

interface TemporaryKey {
  readonly secret: string;
  readonly securityToken: string;
  readonly expiresAt: number;
  readonly urn: string | undefined;
}

/** The gateway refuses signatures whose date differs by more. */
const MAX_SKEW_MS = 15 * 60_000;
/** More failures in a row than this lock an access key … */
const MAX_SIGNATURE_FAILURES = 5;
/** … for this long. */
const LOCK_MS = 5 * 60_000;

const fixed6 = (ms: number): string => new Date(ms).toISOString().replace(/(\.\d{3})Z$/, '$1000Z');

/** Tokens, keys and locks: what the gateway checks before a request reaches a service. */
export class Accounts {
  readonly #tokens = new Map<string, Token>();
  readonly #temporaryKeys = new Map<string, TemporaryKey>();
  readonly #failures = new Map<string, { count: number; lockedUntil: number }>();
  #issued = 0;
  readonly #secrets: string[] = [];

  constructor(
    readonly account: Account,
    private readonly now: () => number,
    private readonly limits: { readonly tokenLifetimeMs: number; readonly tokenLength: number },
  ) {}

  issueToken(scope: Token['scope']): { readonly token: string; readonly issuedAt: string; readonly expiresAt: string } {
    const now = this.now();
    const token = this.#opaque('MIIDkgYJKoZIhvcNAQcCoIIDgzCC', this.limits.tokenLength);
    const expiresAt = now + this.limits.tokenLifetimeMs;
    this.#tokens.set(token, { scope, expiresAt });
    return { token, issuedAt: fixed6(now), expiresAt: fixed6(expiresAt) };
  }

  issueTemporaryKey(
    durationMs: number,
    urn?: string,
  ): {
    readonly access: string;
    readonly secret: string;
    readonly securitytoken: string;
    readonly expires_at: string;
  } {
    const access = `TEMP${this.#opaque('', 16).toUpperCase()}`;
    const secret = this.#opaque('', 40);
    const securitytoken = this.#opaque('gQpjbi1ub3J0aC00', 300);
    const expiresAt = this.now() + durationMs;
    this.#temporaryKeys.set(access, { secret, securityToken: securitytoken, expiresAt, urn });
    return { access, secret, securitytoken, expires_at: fixed6(expiresAt) };
  }

  /** Every token and temporary key so far is answered with 401 from now on, as after a password change. */
  revokeTokens(): void {
    this.#tokens.clear();
    this.#temporaryKeys.clear();
  }

  /** Token or signature, whichever the request carries. @returns an Answer when it is refused */
  identify(request: SignedRequest): Identity | Answer {
    const token = request.headers['x-auth-token'];
    if (token !== undefined) return this.#identifyToken(token);
    if (request.headers.authorization !== undefined) return this.#identifySignature(request);
    return ERROR_ANSWERS.gatewayTokenMissing;
  }

  #identifyToken(text: string): Identity | Answer {
    const token = this.#tokens.get(text);
    if (token === undefined) {
      return roma(401, 'ROMA.00012000', 'Incorrect token or token resolution failed', 'the token is not known');
    }
    if (token.expiresAt <= this.now()) {
      return gateway(
        401,
        'APIGW.0301',
        `Incorrect IAM authentication information: token expires, expires_at: ${fixed6(token.expiresAt)}`,
      );
    }
    return { by: 'token', scope: token.scope };
  }

  #identifySignature(request: SignedRequest): Identity | Answer {
    const authorization = parseAuthorization(request.headers.authorization);
    if (authorization === undefined) return ERROR_ANSWERS.gatewaySignatureFailed;
    const { accessKey } = authorization;
    const temporary = this.#temporaryKeys.get(accessKey);
    const secret = accessKey === this.account.accessKey ? this.account.secretKey : temporary?.secret;
    if (secret === undefined) return ERROR_ANSWERS.gatewayUnknownAccessKey;
    const failures = this.#failures.get(accessKey) ?? { count: 0, lockedUntil: 0 };
    if (failures.lockedUntil > this.now()) return ERROR_ANSWERS.gatewaySignatureFailed;
    const signedAt = parseSdkDate(request.headers['x-sdk-date']);
    if (signedAt !== undefined && Math.abs(signedAt - this.now()) > MAX_SKEW_MS) {
      return gateway(
        401,
        'APIGW.0301',
        `Incorrect IAM authentication information: calc aksk signature fail:signature expired, signature time:${toSdkDate(signedAt)},server time:${toSdkDate(this.now())}`,
      );
    }
    if (signedAt === undefined || !signatureMatches(request, authorization, secret)) {
      const count = failures.count + 1;
      const isLocked = count > MAX_SIGNATURE_FAILURES;
      this.#failures.set(accessKey, { count: isLocked ? 0 : count, lockedUntil: isLocked ? this.now() + LOCK_MS : 0 });
      return ERROR_ANSWERS.gatewaySignatureFailed;
    }
    this.#failures.delete(accessKey);
    if (temporary === undefined) return { by: 'accessKey', scope: 'anyProject' };
    if (request.headers['x-security-token'] !== temporary.securityToken || temporary.expiresAt <= this.now()) {
      return gateway(401, 'APIGW.0301', 'Incorrect IAM authentication information: Get secretKey failed');
    }
    return { by: 'temporaryKey', scope: 'anyProject', urn: temporary.urn };
  }

  /** Text of an exact length that looks random and is different each time, but the same in each process. */
  #opaque(prefix: string, length: number): string {
    this.#issued += 1;
    let text = prefix;
    for (let block = 0; text.length < length; block += 1) {
      text += createHash('sha512').update(`${this.#issued}/${block}`).digest('base64').replaceAll(/[+/=]/g, 'x');
    }
    const opaque = text.slice(0, length);
    this.#secrets.push(opaque);
    return opaque;
  }

  /** Every token and temporary key that was ever handed out. */
  issuedSecrets(): readonly string[] {
    return [...this.#secrets];
  }
}
