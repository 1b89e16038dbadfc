import * as z from 'zod';
import { AGENCY_URN, PROVIDER_URN } from '../../contract';
import { CredentialsError } from '../../core/model/errors';
import { parsedJson } from '../../core/model/wire-text';
import { idTokenFile, type IdTokenSource } from './web-identity';

/** A key that signs; with a security token it is a temporary one. */
export interface KeyCredentials {
  readonly kind: 'keys';
  readonly accessKey: string;
  readonly secretKey: string;
  readonly securityToken?: string;
}
/** An IAM user; tokens are got with its password. */
export interface PasswordCredentials {
  readonly kind: 'password';
  readonly userName: string;
  readonly password: string;
  readonly domainName: string;
}
/** A token that someone else got. It cannot be renewed. */
export interface TokenCredentials {
  readonly kind: 'token';
  readonly token: string;
}
/** Temporary keys of a trust agency, in exchange for a token of an OIDC provider. There is no key to keep. */
export interface OidcCredentials {
  readonly kind: 'oidc';
  readonly providerUrn: string;
  readonly agencyUrn: string;
  readonly idToken: IdTokenSource;
}
export type BaseCredentials = KeyCredentials | PasswordCredentials | TokenCredentials | OidcCredentials;
/** Temporary keys of an agency, which the base identity may assume. */
export interface AgencyCredentials {
  readonly kind: 'agency';
  readonly agencyName: string;
  /** The account that the agency belongs to. */
  readonly agencyDomainName: string;
  readonly base: BaseCredentials;
}
/** Temporary keys of STS v5. It takes signed requests only, so the base is a key, or another agency's temporary ones. */
export interface TrustAgencyCredentials {
  readonly kind: 'trustAgency';
  readonly agencyUrn: string;
  readonly base: KeyCredentials | OidcCredentials;
}
export type Credentials = BaseCredentials | AgencyCredentials | TrustAgencyCredentials;

/** Huawei's own names; those of the agency are the Terraform provider's. */
const NAMES = {
  accessKey: 'HUAWEICLOUD_SDK_AK',
  secretKey: 'HUAWEICLOUD_SDK_SK',
  securityToken: 'HUAWEICLOUD_SDK_SECURITY_TOKEN',
  userName: 'HUAWEICLOUD_SDK_USERNAME',
  password: 'HUAWEICLOUD_SDK_PASSWORD',
  domainName: 'HUAWEICLOUD_SDK_DOMAIN_NAME',
  token: 'HUAWEICLOUD_AUTH_TOKEN',
  idTokenFile: 'HUAWEICLOUD_SDK_ID_TOKEN_FILE',
  providerUrn: 'HUAWEICLOUD_STS_PROVIDER_URN',
  agencyUrn: 'HUAWEICLOUD_STS_AGENCY_URN',
  agencyName: 'HW_ASSUME_ROLE_AGENCY_NAME',
  agencyDomainName: 'HW_ASSUME_ROLE_DOMAIN_NAME',
} as const;
type Name = keyof typeof NAMES;
type Values = Partial<Record<Name, string>>;

/** Other spellings that a secret may use. */
const ALIASES: Readonly<Record<string, Name>> = {
  ak: 'accessKey',
  sk: 'secretKey',
  username: 'userName',
  ...Object.fromEntries((Object.keys(NAMES) as Name[]).map((name) => [name, name])),
  ...Object.fromEntries((Object.keys(NAMES) as Name[]).map((name) => [NAMES[name], name])),
};

/**
 * Credentials from the JSON text of a secret. Which kind is used follows from what it holds.
 * @throws CredentialsError when it holds none, or more than one, or a part of one
 */
export function parseCredentials(json: string): Credentials {
  const parsed = parsedJson(json);
  // No cause: a syntax error quotes the text.
  if (parsed === undefined)
    throw new CredentialsError(
      'the secret is not JSON; it must be an object such as {"HUAWEICLOUD_SDK_AK": "…", "HUAWEICLOUD_SDK_SK": "…"}',
    );
  const fields = z.record(z.string(), z.unknown()).safeParse(parsed);
  if (!fields.success)
    throw new CredentialsError('the secret must be a JSON object with names such as HUAWEICLOUD_SDK_AK');
  const values: Values = {};
  for (const [field, value] of Object.entries(fields.data)) {
    const name = Object.hasOwn(ALIASES, field) ? ALIASES[field] : undefined;
    if (name === undefined || value === null || value === '') continue;
    if (typeof value !== 'string') throw new CredentialsError(`${field} of the secret must be text`);
    if (values[name] !== undefined && values[name] !== value) {
      throw new CredentialsError(`the secret holds two different values of ${NAMES[name]}`);
    }
    values[name] = value;
  }
  return choose(values, 'the secret');
}

/**
 * Credentials from environment variables with Huawei's own names.
 * @throws CredentialsError when there are none, or more than one kind, or a part of one
 */
export function credentialsFromEnvironment(env: Readonly<Record<string, string | undefined>>): Credentials {
  const values: Values = {};
  for (const name of Object.keys(NAMES) as Name[]) {
    const value = env[NAMES[name]];
    if (value !== undefined && value !== '') values[name] = value;
  }
  return choose(values, 'the environment');
}

function choose(values: Values, where: string): Credentials {
  for (const name of Object.keys(values) as Name[]) checkForm(values[name] ?? '', name, where);
  const base = chooseBase(values, where);
  const { agencyName, agencyDomainName } = values;
  if (agencyName === undefined && agencyDomainName === undefined) return base;
  // A URN names the account too, and says that it is one for STS.
  if (AGENCY_URN.test(agencyName ?? '')) {
    if (base.kind === 'keys' || base.kind === 'oidc') return { kind: 'trustAgency', agencyUrn: agencyName ?? '', base };
    throw new CredentialsError(
      `${where} names an agency by its URN, which only an access key can assume: name the agency by ${NAMES.agencyName} and ${NAMES.agencyDomainName}, or set ${NAMES.accessKey} and ${NAMES.secretKey}`,
    );
  }
  if (base.kind === 'oidc')
    throw new CredentialsError(`${NAMES.agencyName} of ${where} must be a URN: STS knows no agency by name`);
  return { kind: 'agency', ...requireAll(values, ['agencyName', 'agencyDomainName'], where), base };
}

function chooseBase(values: Values, where: string): BaseCredentials {
  const kinds = {
    'an access key': ['accessKey', 'secretKey', 'securityToken'],
    'a user with a password': ['userName', 'password'],
    'a ready token': ['token'],
    'an id token for STS': ['idTokenFile', 'providerUrn', 'agencyUrn'],
  } as const;
  const present = Object.entries(kinds).filter(([, names]) => names.some((name) => values[name] !== undefined));
  if (present.length === 0) {
    throw new CredentialsError(
      `${where} holds no Huawei Cloud credentials: set ${NAMES.accessKey} and ${NAMES.secretKey}, or ${NAMES.userName}, ${NAMES.password} and ${NAMES.domainName}, or ${NAMES.token}, or ${NAMES.idTokenFile}, ${NAMES.providerUrn} and ${NAMES.agencyUrn}`,
    );
  }
  if (present.length > 1) {
    throw new CredentialsError(
      `${where} holds ${present.map(([kind]) => kind).join(' and ')}, so it is not clear whom to act as: leave one of them out`,
    );
  }
  if (values.token !== undefined) return { kind: 'token', token: values.token };
  if (present[0]?.[0] === 'an id token for STS') {
    const { idTokenFile: file, ...trust } = requireAll(values, ['idTokenFile', 'providerUrn', 'agencyUrn'], where);
    return { kind: 'oidc', ...trust, idToken: idTokenFile(file) };
  }
  if (values.userName !== undefined || values.password !== undefined)
    return { kind: 'password', ...requireAll(values, ['userName', 'password', 'domainName'], where) };
  const keys = requireAll(values, ['accessKey', 'secretKey'], where);
  return { kind: 'keys', ...keys, securityToken: values.securityToken };
}

/** These of the values. @throws CredentialsError that names those that are missing */
function requireAll<N extends Name>(values: Values, names: readonly N[], where: string): Record<N, string> {
  const missing = names.filter((name) => values[name] === undefined);
  if (missing.length > 0) {
    const given = [...names, 'securityToken' as const].filter((name) => values[name] !== undefined);
    throw new CredentialsError(
      `${where} lacks ${missing.map((name) => NAMES[name]).join(' and ')}, which belongs to ${given.map((name) => NAMES[name]).join(' and ')}`,
    );
  }
  return Object.fromEntries(names.map((name) => [name, values[name]])) as Record<N, string>;
}

/** Keys and tokens travel in headers: a line break from copying would break the request, and tell the secret in an error. */
function checkForm(value: string, name: Name, where: string): void {
  const urn = name === 'agencyUrn' ? AGENCY_URN : name === 'providerUrn' ? PROVIDER_URN : undefined;
  if (urn?.test(value) === false) {
    const type = name === 'agencyUrn' ? 'agency' : 'oidcProvider';
    throw new CredentialsError(`${NAMES[name]} of ${where} must be a URN such as iam::<account id>:${type}:<name>`);
  }
  const inHeader = name === 'accessKey' || name === 'securityToken' || name === 'token' || name === 'secretKey';
  if (inHeader && !/^[\x21-\x7e]+$/.test(value)) {
    throw new CredentialsError(
      `${NAMES[name]} of ${where} has a space, line break or other character that does not belong there`,
    );
  }
}

/** Secret values of credentials, none of which may be shown. */
export function secretsOf(credentials: Credentials): readonly string[] {
  if ('base' in credentials) return secretsOf(credentials.base);
  // Its tokens come and go: the identity knows them.
  if (credentials.kind === 'oidc') return [];
  if (credentials.kind === 'password') return [credentials.password];
  if (credentials.kind === 'token') return [credentials.token];
  return [credentials.accessKey, credentials.secretKey, credentials.securityToken ?? ''];
}

/** Which identity is in use, without showing it. */
export function describeCredentials(credentials: Credentials): string {
  if ('base' in credentials) {
    return `temporary keys of an agency, assumed by ${describeCredentials(credentials.base)}`;
  }
  if (credentials.kind === 'oidc') return 'temporary keys of a trust agency, got with an id token';
  if (credentials.kind === 'password') return 'an IAM user with a password';
  if (credentials.kind === 'token') return 'a ready token, which cannot be renewed';
  return credentials.securityToken === undefined ? 'an access key' : 'a temporary access key';
}

/** Whether IAM must be asked before the first request. */
export const needsIam = ({ kind }: Credentials): boolean => kind === 'password' || kind === 'agency';
/** Whether STS must be. */
export const needsSts = ({ kind }: Credentials): boolean => kind === 'oidc' || kind === 'trustAgency';
