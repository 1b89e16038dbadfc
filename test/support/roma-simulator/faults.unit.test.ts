import { request } from 'undici';
import {
  ERROR_ANSWERS,
  type ErrorName,
  type Fault,
  type RomaSimulator,
  SEED_PROJECT,
  startRomaSimulator,
} from '../roma-simulator';
import { REQUEST_ID } from './answers';
import { ask, list, tokenFor } from './asking';

const id = SEED_PROJECT.id;
const slept: number[] = [];
let simulator: RomaSimulator;
beforeEach(async () => {
  slept.length = 0;
  simulator = await startRomaSimulator({ clock: { now: Date.now, sleep: async (ms) => slept.push(ms) } });
  simulator.fleet.clear(id);
  simulator.fleet.fill(id, 25);
});
afterEach(async () => simulator.stop());

const page = async (fault: Fault, query = '?limit=10') => {
  simulator.faults.inject({ fault });
  return (await list(simulator, id, query)).body;
};

describe('when a fault strikes', () => {
  it('strikes once by default, then so many times, always, after some, or on one page', async () => {
    const statuses = async (count: number, query = '') => {
      const result: number[] = [];
      for (let n = 0; n < count; n += 1) result.push((await list(simulator, id, query)).status);
      return result;
    };
    const fault = { kind: 'answer', answer: 'romaSystemError' } as const;
    simulator.faults.inject({ fault });
    expect(await statuses(2)).toEqual([500, 200]);
    simulator.faults.inject({ fault, times: 2, after: 1 });
    expect(await statuses(4)).toEqual([200, 500, 500, 200]);
    const always = simulator.faults.inject({ fault, times: 'always' });
    expect(await statuses(3)).toEqual([500, 500, 500]);
    expect(always.hits()).toBe(3);
    always.remove();
    simulator.faults.inject({ fault, page: 2 });
    expect(await statuses(1, '?limit=10')).toEqual([200]);
    expect(await statuses(1, '?limit=10&offset=10')).toEqual([500]);
    simulator.faults.inject({ fault, projectId: 'another', times: 'always' });
    simulator.faults.inject({ fault, matching: ({ status }) => status === 'ERROR' });
    expect(await statuses(1)).toEqual([200]);
    expect(await statuses(1, '?status=ERROR')).toEqual([500]);
  });

  it('strikes IAM only where it is told to', async () => {
    simulator.faults.inject({ fault: { kind: 'answer', answer: 'iamInternal' }, on: 'token' });
    const first = await ask(simulator, '/v3/auth/tokens', { method: 'POST', body: {} });
    expect(first).toMatchObject({ status: 500, body: { error: { code: 500 } } });
    expect(await ask(simulator, '/v3/auth/tokens', { method: 'POST', body: {} })).toMatchObject({ status: 400 });
  });

  it('is named in the log of requests', async () => {
    simulator.faults.inject({ fault: { kind: 'latency', ms: 70 } });
    await list(simulator, id);
    expect(slept).toEqual([70]);
    expect(simulator.requests.at(-1)).toMatchObject({ faults: ['latency'], status: 200 });
  });
});

describe('answers on demand', () => {
  it.each(Object.keys(ERROR_ANSWERS) as ErrorName[])('%s', async (answer) => {
    simulator.faults.inject({ fault: { kind: 'answer', answer } });
    const got = await list(simulator, id);
    const wanted: { status: number; body: unknown; headers?: Record<string, string> } = ERROR_ANSWERS[answer];
    expect(got.status).toBe(wanted.status);
    expect(JSON.stringify(got.body).replace(String(got.headers['x-request-id']), REQUEST_ID)).toBe(
      JSON.stringify(wanted.body),
    );
    expect(got.headers).toMatchObject(wanted.headers ?? {});
  });

  it('an answer of the test’s own, and an error that repeats the secrets of the request', async () => {
    simulator.faults.inject({ fault: { kind: 'answer', answer: { status: 499, body: { odd: true } } } });
    expect(await list(simulator, id)).toMatchObject({ status: 499, body: { odd: true } });
    simulator.faults.inject({ fault: { kind: 'errorEchoingSecrets', status: 401 } });
    const token = await tokenFor(simulator, id);
    const { body } = await ask(simulator, `/v2/${id}/instances`, { headers: { 'x-auth-token': token } });
    expect(body.error_msg).toContain(token);
  });
});

describe('spoilt pages', () => {
  it('a wrong total, a wrong size, a short page, an empty page, a null list', async () => {
    expect(await page({ kind: 'wrongTotal', by: 3 })).toMatchObject({ total: 28, size: 10 });
    expect(await page({ kind: 'wrongSize', by: -1 })).toMatchObject({ total: 25, size: 9, instances: { length: 10 } });
    expect((await page({ kind: 'shortPage', drop: 4 })).instances).toHaveLength(6);
    expect(await page({ kind: 'emptyPage' })).toEqual({ total: 25, size: 0, instances: [] });
    expect(await page({ kind: 'nullList' })).toEqual({ total: 25, size: 0, instances: null });
  });

  it('a duplicate row, an unknown status, a malformed record, rows of the test’s own', async () => {
    const { instances } = await page({ kind: 'duplicateRow' });
    expect(instances).toHaveLength(10);
    expect(instances[9]).toEqual(instances[0]);
    expect((await page({ kind: 'unknownStatus' })).instances[0].status).toBe('HIBERNATING');
    expect((await page({ kind: 'malformedRecord' })).instances[0].id).toBe(42);
    expect((await page({ kind: 'malformedRecord', record: 'text' })).instances[0]).toBe('text');
    expect((await page({ kind: 'rows', edit: (rows) => rows.toReversed() })).instances[9].name).toBe('roma-001');
  });

  it('secrets of the request and the account in a row', async () => {
    const row = JSON.stringify((await page({ kind: 'secretsEchoed' })).instances[0]);
    expect(row).toContain(simulator.account.secretKey);
    expect(row).toContain('MIIDkgYJKoZIhvcNAQcCoIIDgzCC');
  });
});

describe('a broken transport', () => {
  const fetchPage = async (fault: Fault) => {
    simulator.faults.inject({ fault });
    const token = await tokenFor(simulator, id);
    return request(`${simulator.endpoint}/v2/${id}/instances`, {
      headers: { 'x-auth-token': token },
      bodyTimeout: 100,
    });
  };

  it('resets before the first byte', async () => {
    await expect(fetchPage({ kind: 'reset' })).rejects.toThrow('other side closed');
  });

  it('truncates the body', async () => {
    const { body } = await fetchPage({ kind: 'truncated' });
    await expect(body.text()).rejects.toThrow(/terminated|closed|aborted/);
  });

  it('stalls in the middle of the body', async () => {
    const { body } = await fetchPage({ kind: 'stall', afterBytes: 20 });
    await expect(body.text()).rejects.toThrow('Body Timeout');
  });

  it('compresses, also when nobody asked', async () => {
    const { headers, body } = await fetchPage({ kind: 'gzip' });
    expect(headers['content-encoding']).toBe('gzip');
    expect(Buffer.from(await body.arrayBuffer()).subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
  });
});
