import { createClient } from '../../../../lambda/roma/http/client';
import { RomaApiError } from '../../../../lambda/roma/http/errors';
import { createIdentity } from '../../../../lambda/roma/auth/identity';
import { readKeys, readToken } from '../../../../lambda/roma/auth/iam';
import { createRedactor } from '../../../../lambda/roma/http/redaction';
import type { ApiAnswer, ApiRequest, Transport } from '../../../../lambda/roma/http/transport';
import { ManualClock } from '../../../support/manual-clock';

const request: ApiRequest = {
  method: 'GET',
  origin: 'https://roma.example',
  path: '/x',
  query: [],
  headers: {},
  body: '',
};
const answer = (clock: ManualClock, more: Partial<ApiAnswer> = {}): ApiAnswer => ({
  status: 200,
  header: () => undefined,
  body: '{}',
  requestedAt: clock.now(),
  receivedAt: clock.now(),
  ...more,
});

/** A client of a host that answers as `send` says, closed for a second after two failures. */
function clientOf(clock: ManualClock, send: Transport['send']) {
  return createClient({
    transport: { send, close: async () => {} },
    clock,
    random: () => 1,
    redactor: createRedactor(() => []),
    retry: { attempts: 1 },
    breaker: { failuresToOpen: 2, openMs: 1000 },
  });
}

describe('a host that was left alone', () => {
  async function closed() {
    const clock = new ManualClock();
    const host = { up: false };
    const client = clientOf(clock, async () => answer(clock, host.up ? {} : { status: 500 }));
    for (let n = 0; n < 2; n += 1) await expect(client.call(request, {})).rejects.toMatchObject({ status: 500 });
    await expect(client.call(request, {})).rejects.toMatchObject({ code: 'API_DOWN' });
    clock.time += 1000;
    host.up = true;
    return { clock, client };
  }

  it('is tried again by the next request when the one that was to try it got no token', async () => {
    const { client } = await closed();
    const refused = new Error('IAM is down');
    await expect(client.call(request, {}, async () => Promise.reject(refused))).rejects.toBe(refused);
    await expect(client.call(request, {})).resolves.toMatchObject({ status: 200 });
  });

  it('is tried again by the next request when the one that was to try it had no time', async () => {
    const { clock, client } = await closed();
    await expect(client.call(request, { deadline: clock.now() })).rejects.toThrow(
      /was not asked: the run has no time left; the last failure: .* answered 500$/,
    );
    await expect(client.call(request, {})).resolves.toMatchObject({ status: 200 });
  });
});

describe('a request that is stopped, for the run is ending', () => {
  it('says nothing about the host and counts as no error', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const cut = new RomaApiError('stopped', { errorClass: 'network', retryable: true });
    const client = clientOf(clock, async () => {
      if (!stop.signal.aborted && client.stats().requests > 2) return answer(clock);
      stop.abort();
      throw cut;
    });
    for (let n = 0; n < 3; n += 1) await expect(client.call(request, { signal: stop.signal })).rejects.toBe(cut);
    expect(client.stats()).toMatchObject({ requests: 3, retries: 0, errors: { network: 0 } });
  });
});

describe('signed requests', () => {
  const key = { kind: 'keys', accessKey: 'ACCESS', secretKey: 'secret' } as const;
  const headersFor = async (scope: 'domain' | { projectId: string }) => {
    const clock = new ManualClock();
    const identity = createIdentity(key, () => clientOf(clock, async () => answer(clock)), clock);
    return (await identity.authorize(scope, 'https://iam.example')(request, {})).headers;
  };

  it('name and sign the project that they are about', async () => {
    const headers = await headersFor({ projectId: 'the-project' });
    expect(headers).toMatchObject({ 'x-project-id': 'the-project', 'x-sdk-date': '20261122T100000Z' });
    expect(headers.authorization).toContain('SignedHeaders=host;x-project-id;x-sdk-date,');
  });

  it('name no project when they are about the account', async () => {
    expect(Object.keys(await headersFor('domain')).toSorted()).toEqual(['authorization', 'host', 'x-sdk-date']);
  });
});

describe('what IAM gives', () => {
  const HOUR = 3_600_000;
  const at = (clock: ManualClock, ms: number) => new Date(clock.time + ms).toISOString();

  it('is renewed by its lifetime, though this clock and the server’s be hours apart', () => {
    const clock = new ManualClock();
    const credential = { access: 'a', secret: 's', securitytoken: 't', expires_at: at(clock, 6 * HOUR) };
    const serverTime = clock.time + 5 * HOUR;
    const { renewAt, expiresAt } = readKeys(answer(clock, { body: JSON.stringify({ credential }), serverTime }));
    expect([renewAt - clock.time, expiresAt - clock.time]).toEqual([HOUR - 600_000, HOUR]);
    const token = { expires_at: at(clock, 30 * HOUR), issued_at: at(clock, 6 * HOUR) };
    const given = readToken(answer(clock, { body: JSON.stringify({ token }), serverTime, header: () => 'token' }));
    expect(given.renewAt - clock.time).toBe(24 * HOUR - 600_000);
  });
});
