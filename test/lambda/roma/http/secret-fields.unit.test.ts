import type { Json } from '../../../../lambda/core/model/instance';
import { createRedactor, REDACTED } from '../../../../lambda/roma/http/redaction';
import { kindOfField } from '../../../../lambda/roma/http/secret-fields';
import { parsePage } from '../../../../lambda/roma/list/wire-schema';

/** The fields as a snapshot keeps them; no secret value is known. */
function kept(fields: object): Record<string, Json> {
  const body = JSON.stringify({ total: 1, instances: [{ id: 'a', status: 'RUNNING', ...fields }] });
  const result = parsePage(
    body,
    createRedactor(() => []),
  );
  if (!result.ok || result.page.records[0]?.accepted !== true) throw new Error('the record was not accepted');
  return result.page.records[0].snapshot;
}

const SECRET =
  'password passwords db_password_1 dbPassword2 DB_PASSWORD userpassword password_confirm password_old adminPass admin_pwd rootpwd passphrase secret secrets secret_value secretString client_secret app_secrets appSecret token tokens auth_token accesstoken X-Auth-Token oauth2_token securitytoken access_key access_keys accessKey accessKeyV2 access_key_id secret_access_key private_key api_keys APIKey apikey signing_key encryption_key app_key credential credentials authorization ak sk AK SK sk_1 psk_value otp';
const INNOCENT =
  'token_count max_token_age token_type tokens_used password_expires_at password_policy password_expired passed bypass compass secret_version secret_name secretary secrets_count public_key key keys key_pair keyword primary_key kms_key_id security_group_id task tasks disk risk desk access accesses access_mode no_password_access api app description value values default text id name tokenizer broken monkey hockey author authorized authentication_mode';

describe('a field', () => {
  it.each(SECRET.split(' '))('named %s holds a secret', (field) => {
    expect(['secret', 'secrets']).toContain(kindOfField(field));
    const fields = { [field]: 'abc', deep: [{ [field]: { of: ['abc'] } }] };
    expect(kept(fields)).toMatchObject({ [field]: REDACTED, deep: [{ [field]: REDACTED }] });
  });

  it.each(INNOCENT.split(' ').filter((field) => field !== 'id'))('named %s holds none', (field) => {
    expect(kept({ [field]: 'abc', deep: [{ [field]: { of: ['abc'] } }] })).toMatchObject({
      [field]: 'abc',
      deep: [{ [field]: { of: ['abc'] } }],
    });
  });

  it('with a number of secrets holds none, one with a number for a secret does', () => {
    expect(kept({ max_tokens: 4096, passwords: 3, access_keys: 2, password: 271828, pin_code: 1 })).toMatchObject({
      max_tokens: 4096,
      passwords: 3,
      access_keys: 2,
      password: REDACTED,
      pin_code: 1,
    });
  });
});

describe('a pair of a name and a value', () => {
  it.each([
    [{ name: 'password', value: 'abc' }, 'value'],
    [{ key: 'db_password_1', value: 'abc' }, 'value'],
    [{ Key: 'APP_SECRETS', Value: ['abc'] }, 'Value'],
    [{ field: 'X-Auth-Token', val: 'abc' }, 'val'],
    [{ param_name: 'secret key', param_value: 'abc' }, 'param_value'],
    [{ id: 'adminPass', content: 'abc' }, 'content'],
    [{ type: 'credentials', values: { of: 'abc' } }, 'values'],
    [{ value: 'abc', name: 'token' }, 'value'],
    [{ name: 'main', key: 'password', value: 271828 }, 'value'],
  ])('hides the value that its name calls a secret: %j', (pair, field) => {
    expect(kept({ list: [{ with: pair }] })).toMatchObject({ list: [{ with: { ...pair, [field]: REDACTED } }] });
    expect(JSON.stringify(kept(pair))).not.toContain('abc');
  });

  it.each([
    { name: 'token_count', value: 7 },
    { name: 'max_tokens', value: 4096 },
    { name: 'password', value: '' },
    { name: 'password', value: true },
    { key: 'region', value: 'cn-north-4' },
    { name: 'password', description: 'of the console', type: 'text', length: 12 },
    { name: { is: 'password' }, value: 'abc' },
  ])('keeps the value of any other: %j', (pair) => {
    expect(kept({ list: [pair] })).toMatchObject({ list: [pair] });
  });
});

describe('a secret of digits', () => {
  it.each(['27182818', '2718281828459045235'])('is hidden where it stands as a number: %s', (secret) => {
    const body = `{"total":1,"instances":[{"id":"a","status":"X","n":${secret},"m":[1,2]}]}`;
    const result = JSON.stringify(
      parsePage(
        body,
        createRedactor(() => [secret]),
      ),
    );
    expect(result).not.toContain(secret.slice(0, 8));
    expect(result).toContain('[1,2]');
  });
});
