import {
  credentialsFromEnvironment,
  describeCredentials,
  parseCredentials,
  secretsOf,
} from '../../../../lambda/roma/auth/credentials';

const AK = { HUAWEICLOUD_SDK_AK: 'AK1', HUAWEICLOUD_SDK_SK: 'SK1' };
const USER = { HUAWEICLOUD_SDK_USERNAME: 'u', HUAWEICLOUD_SDK_PASSWORD: 'p w', HUAWEICLOUD_SDK_DOMAIN_NAME: 'd' };
const TOKEN = { HUAWEICLOUD_AUTH_TOKEN: 'MIIT' };
const AGENCY_URN = 'iam::d78cbac186b744899480f25bd022f468:agency:roma-history';
const OIDC = {
  HUAWEICLOUD_SDK_ID_TOKEN_FILE: '/var/run/id-token',
  HUAWEICLOUD_STS_PROVIDER_URN: 'iam::d78cbac186b744899480f25bd022f468:oidcProvider:gitlab',
  HUAWEICLOUD_STS_AGENCY_URN: AGENCY_URN,
};
const both = [
  ['the environment', credentialsFromEnvironment],
  ['the secret', (values: Record<string, string>) => parseCredentials(JSON.stringify(values))],
] as const;

describe.each(both)('credentials from %s', (where, read) => {
  it('are of the kind that it holds', () => {
    expect(read(AK)).toEqual({ kind: 'keys', accessKey: 'AK1', secretKey: 'SK1' });
    expect(read({ ...AK, HUAWEICLOUD_SDK_SECURITY_TOKEN: 'ST' })).toMatchObject({ kind: 'keys', securityToken: 'ST' });
    expect(read(USER)).toEqual({ kind: 'password', userName: 'u', password: 'p w', domainName: 'd' });
    expect(read(TOKEN)).toEqual({ kind: 'token', token: 'MIIT' });
    expect(read({ ...AK, HW_ASSUME_ROLE_AGENCY_NAME: 'a', HW_ASSUME_ROLE_DOMAIN_NAME: 'other' })).toEqual({
      kind: 'agency',
      agencyName: 'a',
      agencyDomainName: 'other',
      base: { kind: 'keys', accessKey: 'AK1', secretKey: 'SK1' },
    });
    expect(read(OIDC)).toEqual({
      kind: 'oidc',
      providerUrn: OIDC.HUAWEICLOUD_STS_PROVIDER_URN,
      agencyUrn: AGENCY_URN,
      idToken: expect.any(Function),
    });
  });

  it('are those of STS where the agency is named by its URN', () => {
    expect(read({ ...AK, HW_ASSUME_ROLE_AGENCY_NAME: AGENCY_URN })).toEqual({
      kind: 'trustAgency',
      agencyUrn: AGENCY_URN,
      base: { kind: 'keys', accessKey: 'AK1', secretKey: 'SK1' },
    });
    expect(read({ ...OIDC, HW_ASSUME_ROLE_AGENCY_NAME: AGENCY_URN })).toMatchObject({
      kind: 'trustAgency',
      base: { kind: 'oidc' },
    });
  });

  it.each([
    ['neither kind', {}, /holds no Huawei Cloud credentials/],
    ['both kinds', { ...AK, ...USER }, /holds an access key and a user with a password/],
    ['a key and a token', { ...AK, ...TOKEN }, /holds an access key and a ready token/],
    ['half a key', { HUAWEICLOUD_SDK_AK: 'AK1' }, /lacks HUAWEICLOUD_SDK_SK, which belongs to HUAWEICLOUD_SDK_AK/],
    [
      'a security token alone',
      { HUAWEICLOUD_SDK_SECURITY_TOKEN: 'ST' },
      /lacks HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK/,
    ],
    ['a user without a domain', { ...USER, HUAWEICLOUD_SDK_DOMAIN_NAME: '' }, /lacks HUAWEICLOUD_SDK_DOMAIN_NAME/],
    ['half an agency', { ...AK, HW_ASSUME_ROLE_AGENCY_NAME: 'a' }, /lacks HW_ASSUME_ROLE_DOMAIN_NAME/],
    [
      'a token file without its URNs',
      { HUAWEICLOUD_SDK_ID_TOKEN_FILE: '/f' },
      /lacks HUAWEICLOUD_STS_PROVIDER_URN and HUAWEICLOUD_STS_AGENCY_URN/,
    ],
    ['a key and a token file', { ...AK, ...OIDC }, /holds an access key and an id token for STS/],
    [
      'a name in the place of a URN',
      { ...OIDC, HUAWEICLOUD_STS_AGENCY_URN: 'roma-history' },
      /HUAWEICLOUD_STS_AGENCY_URN of .* must be a URN such as iam::<account id>:agency:<name>/,
    ],
    [
      'the URN of an agency that a password should assume',
      { ...USER, HW_ASSUME_ROLE_AGENCY_NAME: AGENCY_URN },
      /only an access key can assume/,
    ],
    [
      'the name of an agency that an id token should assume',
      { ...OIDC, HW_ASSUME_ROLE_AGENCY_NAME: 'a', HW_ASSUME_ROLE_DOMAIN_NAME: 'd' },
      /must be a URN: STS knows no agency by name/,
    ],
    ['a key with a line break', { ...AK, HUAWEICLOUD_SDK_SK: 'S1\n' }, /HUAWEICLOUD_SDK_SK of .* line break/],
  ])('are refused when it holds %s, saying why and showing nothing', (_, values, message) => {
    const attempt = () => read(values);
    expect(attempt).toThrow(expect.objectContaining({ code: 'CREDENTIALS', message: expect.stringMatching(message) }));
    expect(attempt).toThrow(where);
    expect(attempt).not.toThrow(/AK1|SK1|p w|MIIT|S1\n/);
  });
});

describe('the secret', () => {
  it('may use short names', () => {
    expect(parseCredentials('{"ak":"A","sk":"S","securityToken":null,"comment":1}')).toEqual({
      kind: 'keys',
      accessKey: 'A',
      secretKey: 'S',
    });
  });

  it.each([
    ['AKISAPLAINTEXT', /is not JSON/],
    ['["AKISAPLAINTEXT"]', /must be a JSON object/],
    ['{"ak":1}', /ak of the secret must be text/],
    ['{"ak":"A","accessKey":"AKISAPLAINTEXT","sk":"S"}', /two different values/],
  ])('is refused in another form without being shown', (text, message) => {
    expect(() => parseCredentials(text)).toThrow(message);
    expect(() => parseCredentials(text)).not.toThrow('AKISAPLAINTEXT');
  });
});

it('names the identity in use without showing it', () => {
  for (const values of [AK, USER, TOKEN, OIDC, { ...AK, HUAWEICLOUD_SDK_SECURITY_TOKEN: 'STOKEN' }]) {
    const credentials = credentialsFromEnvironment(values);
    const words = describeCredentials({
      kind: 'agency',
      agencyName: 'a',
      agencyDomainName: 'd',
      base: credentials as never,
    });
    for (const secret of secretsOf(credentials)) if (secret !== '') expect(words).not.toContain(secret);
  }
});
