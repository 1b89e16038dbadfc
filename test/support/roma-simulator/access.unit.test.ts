import { AKSKSigner } from '@huaweicloud/huaweicloud-sdk-core/auth/AKSKSigner';
import { DEFAULT_ACCOUNT, Fleet, type RomaSimulator, SEED_PROJECT, startRomaSimulator } from '../roma-simulator';
import { canonicalRequest, signatureOf } from './signature';
import { ask, list, passwordRequest, tokenFor } from './asking';

const OTHER = { id: '0123456789abcdef0123456789abcdef', name: 'ap-southeast-3', enabled: true };
const path = `/v2/${SEED_PROJECT.id}/instances`;

let simulator: RomaSimulator;
const time = { now: Date.parse('2026-11-22T10:00:00Z') };
beforeEach(async () => {
  time.now = Date.parse('2026-11-22T10:00:00Z');
  simulator = await startRomaSimulator({
    fleet: new Fleet([SEED_PROJECT, OTHER, { id: 'f'.repeat(32), name: 'MOS', enabled: true }]),
    clock: { now: () => time.now, sleep: async () => {} },
    tokenLength: 65_536,
  });
});
afterEach(async () => simulator.stop());

describe('tokens', () => {
  it('are handed out for a project by id or by name, and for a domain', async () => {
    const create = async (scope: object, query = '') =>
      ask(simulator, `/v3/auth/tokens${query}`, { method: 'POST', body: passwordRequest(simulator, scope) });
    // The token fills a header of 64 KiB: ask with a client that can take it.
    await expect(create({ project: { id: SEED_PROJECT.id } })).rejects.toThrow('Headers Overflow');
    await simulator.stop();
    simulator = await startRomaSimulator({
      fleet: simulator.fleet,
      clock: { now: () => time.now, sleep: async () => {} },
    });
    const byId = await create({ project: { id: SEED_PROJECT.id } });
    expect(byId).toMatchObject({ status: 201, body: { token: { catalog: [], project: { name: 'cn-north-4' } } } });
    expect(byId.body.token).toMatchObject({
      issued_at: '2026-11-22T10:00:00.000000Z',
      expires_at: '2026-11-23T10:00:00.000000Z',
    });
    expect(String(byId.headers['x-subject-token'])).toHaveLength(1500);
    const byName = await create({ project: { name: OTHER.name } }, '?nocatalog=true');
    expect(byName.body.token.project.id).toBe(OTHER.id);
    expect(byName.body.token).not.toHaveProperty('catalog');
    expect((await create({ domain: { name: DEFAULT_ACCOUNT.domainName } })).body.token.domain.id).toBe(
      DEFAULT_ACCOUNT.domainId,
    );
  });

  it('are refused in IAM’s own shape', async () => {
    const create = async (body: unknown) => ask(simulator, '/v3/auth/tokens', { method: 'POST', body });
    const scope = { project: { id: SEED_PROJECT.id } };
    expect(await create(passwordRequest(simulator, scope, { password: 'wrong' }))).toMatchObject({
      status: 401,
      body: { error: { code: 401, title: 'Unauthorized' } },
    });
    expect(await create({ auth: {} })).toMatchObject({ status: 400, body: { error: { code: 400 } } });
    expect(await create(passwordRequest(simulator, { ...scope, domain: { name: 'x' } }))).toMatchObject({
      status: 400,
    });
    expect(await create(passwordRequest(simulator, { project: { name: 'nowhere' } }))).toMatchObject({ status: 401 });
  });

  it('open their own project only, until they expire or are revoked', async () => {
    await simulator.stop();
    simulator = await startRomaSimulator({
      fleet: simulator.fleet,
      clock: { now: () => time.now, sleep: async () => {} },
      tokenLifetimeMs: 60_000,
    });
    const headers = { 'x-auth-token': await tokenFor(simulator, SEED_PROJECT.id) };
    expect((await ask(simulator, path, { headers })).status).toBe(200);
    expect(await ask(simulator, `/v2/${OTHER.id}/instances`, { headers })).toMatchObject({
      status: 403,
      body: { error_code: 'ROMA.00012000' },
    });
    time.now += 60_000;
    expect(await ask(simulator, path, { headers })).toMatchObject({
      status: 401,
      body: { error_code: 'APIGW.0301', error_msg: expect.stringContaining('token expires') },
    });
    expect((await list(simulator, SEED_PROJECT.id)).status).toBe(200);
    const fresh = { 'x-auth-token': await tokenFor(simulator, SEED_PROJECT.id) };
    simulator.revokeTokens();
    expect((await ask(simulator, path, { headers: fresh })).status).toBe(401);
    expect((await ask(simulator, path)).body.error_msg).toContain('x-auth-token not found');
  });

  it('list the projects of the account', async () => {
    await simulator.stop();
    simulator = await startRomaSimulator({ fleet: simulator.fleet });
    const headers = { 'x-auth-token': await tokenFor(simulator, SEED_PROJECT.id) };
    const { body } = await ask(simulator, '/v3/auth/projects', { headers });
    expect(body.projects.map(({ name }: { name: string }) => name)).toEqual(['cn-north-4', 'ap-southeast-3', 'MOS']);
    expect(body.projects[0]).toMatchObject({ id: SEED_PROJECT.id, enabled: true, domain_id: DEFAULT_ACCOUNT.domainId });
    expect((await ask(simulator, '/v3/auth/projects')).status).toBe(401);
  });
});

const sdkDate = (ms: number) => `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;

/** Signs with the signer of the official SDK. */
function signed(
  url: string,
  options: {
    ak?: string;
    sk?: string;
    headers?: Record<string, string>;
    method?: string;
    data?: unknown;
    at?: number;
  } = {},
): Record<string, string> {
  const { ak = DEFAULT_ACCOUNT.accessKey, sk = DEFAULT_ACCOUNT.secretKey, at = time.now } = options;
  const [endpoint = '', query = ''] = url.split('?');
  const request = {
    endpoint: `${simulator.endpoint}${endpoint}`,
    method: options.method ?? 'GET',
    queryParams: Object.fromEntries(new URLSearchParams(query)),
    headers: { 'X-Sdk-Date': sdkDate(at), 'content-type': 'application/json', ...options.headers },
    data: options.data,
  };
  const headers = AKSKSigner.sign(request, { getAk: () => ak, getSk: () => sk } as never);
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}

describe('signatures', () => {
  it('of the official SDK are accepted for any project', async () => {
    for (const project of [SEED_PROJECT, OTHER]) {
      const url = `/v2/${project.id}/instances?limit=100&offset=0&status=RUNNING`;
      expect(
        await ask(simulator, url, { headers: signed(url, { headers: { 'X-Project-Id': project.id } }) }),
      ).toMatchObject({ status: 200 });
    }
    expect((await ask(simulator, '/v3/auth/projects', { headers: signed('/v3/auth/projects') })).status).toBe(200);
  });

  it('are refused when anything signed was changed, and never for another project than the one named', async () => {
    const url = `${path}?limit=100`;
    const headers = signed(url, { headers: { 'X-Project-Id': SEED_PROJECT.id } });
    const refused = { status: 401, body: { error_code: 'APIGW.0301' } };
    expect(await ask(simulator, `${path}?limit=99`, { headers })).toMatchObject(refused);
    expect(await ask(simulator, url, { headers: { ...headers, 'x-project-id': OTHER.id } })).toMatchObject(refused);
    expect(await ask(simulator, url, { headers: signed(url, { sk: 'another' }) })).toMatchObject(refused);
    expect((await ask(simulator, url, { headers: signed(url, { ak: 'UNKNOWN' }) })).body.error_msg).toContain(
      'access_key_id not exist',
    );
    const elsewhere = signed(url, { headers: { 'X-Project-Id': OTHER.id } });
    expect((await ask(simulator, url, { headers: elsewhere })).status).toBe(403);
  });

  it('expire after 15 minutes, and the refusal names both times', async () => {
    const late = signed(path, { at: time.now - 14 * 60_000 });
    expect((await ask(simulator, path, { headers: late })).status).toBe(200);
    const tooLate = signed(path, { at: time.now - 16 * 60_000 });
    expect((await ask(simulator, path, { headers: tooLate })).body.error_msg).toContain(
      'signature expired, signature time:20261122T094400Z,server time:20261122T100000Z',
    );
  });

  it('lock the key for five minutes after more than five failures in a row', async () => {
    for (let attempt = 0; attempt < 6; attempt += 1) {
      await ask(simulator, path, { headers: signed(path, { sk: 'wrong' }) });
    }
    expect((await ask(simulator, path, { headers: signed(path) })).body.error_msg).toContain(
      'verify aksk signature fail',
    );
    time.now += 5 * 60_000 + 1;
    expect((await ask(simulator, path, { headers: signed(path) })).status).toBe(200);
  });

  it('agree with the vector of the Go SDK and its encoding of a query', () => {
    const request = {
      method: 'GET',
      url: '/path?limit=1',
      headers: { 'x-sdk-date': '20060102T150405Z' },
      body: new Uint8Array(),
    };
    expect(signatureOf(request, ['x-sdk-date'], 'SecretKey')).toBe(
      '5a2ce64c865e0e6046321c6f3d5a77ba8413eeaf355c3166c03d58d02ac79624',
    );
    const query = `enable=true&limit=1&multi=3&multi=1&multi=2&path=/tmp/123&test=${encodeURIComponent('一 (&=?!#%.*)')}`;
    expect(canonicalRequest({ ...request, url: `/path?${query}` }, ['x-sdk-date']).split('\n')[2]).toBe(
      'enable=true&limit=1&multi=1&multi=2&multi=3&path=%2Ftmp%2F123&test=%E4%B8%80%20%28%26%3D%3F%21%23%25.%2A%29',
    );
  });
});

describe('temporary keys', () => {
  const url = '/v3.0/OS-CREDENTIAL/securitytokens';
  const byAgency = (agency_name: string, duration_seconds = 900) => ({
    auth: {
      identity: {
        methods: ['assume_role'],
        assume_role: { agency_name, domain_name: DEFAULT_ACCOUNT.domainName, duration_seconds },
      },
    },
  });

  it('of an agency sign requests together with their security token, until they expire', async () => {
    const body = byAgency(DEFAULT_ACCOUNT.agencyName);
    const { status, body: answer } = await ask(simulator, url, {
      method: 'POST',
      body,
      headers: signed(url, { method: 'POST', data: body }),
    });
    expect(status).toBe(201);
    expect(answer.credential.expires_at).toBe('2026-11-22T10:15:00.000000Z');
    const { access: ak, secret: sk, securitytoken } = answer.credential;
    const headers = () => signed(path, { ak, sk, headers: { 'X-Security-Token': securitytoken } });
    expect((await ask(simulator, path, { headers: headers() })).status).toBe(200);
    expect((await ask(simulator, path, { headers: signed(path, { ak, sk }) })).status).toBe(401);
    time.now += 15 * 60_000;
    expect((await ask(simulator, path, { headers: headers() })).status).toBe(401);
  });

  it('are refused for an agency that is not ours and for a time that is not allowed', async () => {
    for (const [body, status] of [
      [byAgency('another'), 403],
      [byAgency(DEFAULT_ACCOUNT.agencyName, 899), 400],
    ] as const) {
      const headers = signed(url, { method: 'POST', data: body });
      expect((await ask(simulator, url, { method: 'POST', body, headers })).status).toBe(status);
    }
  });
});

it('keeps a log of requests without what authenticates them', async () => {
  await ask(simulator, `${path}?limit=5`, { headers: signed(path) });
  expect(simulator.requests).toHaveLength(1);
  expect(simulator.requests[0]).toMatchObject({ method: 'GET', path, query: { limit: '5' }, status: 401 });
  expect(simulator.requests[0]?.headers.authorization).toBe('[redacted]');
  expect(JSON.stringify(simulator.requests)).not.toContain(DEFAULT_ACCOUNT.accessKey);
});
