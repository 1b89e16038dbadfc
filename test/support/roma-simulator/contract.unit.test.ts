import Ajv from 'ajv';
import { type RomaSimulator, SEED_INSTANCE, SEED_PROJECT, startRomaSimulator } from '../roma-simulator';
import { ERROR_ANSWERS } from './answers';
import { ask, list, tokenFor } from './asking';
import specification from './CheckRomaInstanceListV2.openapi.json';

const ajv = new Ajv({ strict: false, allErrors: true });
const schemaOf = (name: 'RomaInstanceCheckListResp' | 'ErrorResp') =>
  ajv.compile({ $ref: `#/definitions/${name}`, definitions: specification.definitions });
const isListing = schemaOf('RomaInstanceCheckListResp');
const isError = schemaOf('ErrorResp');
const operation = specification.paths['/v2/{project_id}/instances'].get;
const parameter = (name: string) => operation.parameters.find((each) => each.name === name);
const documentedFields = Object.keys(
  specification.definitions.RomaInstanceCheckListResp.properties.instances.items.properties,
);

describe('the simulator, held against the OpenAPI document of the operation', () => {
  let simulator: RomaSimulator;
  beforeEach(async () => {
    simulator = await startRomaSimulator();
  });
  afterEach(async () => simulator.stop());

  it("lists the documentation's example word for word", async () => {
    const { status, body } = await list(simulator, SEED_PROJECT.id);
    expect(status).toBe(200);
    expect(isListing(body)).toBe(true);
    expect(body).toEqual({ total: 1, size: 1, instances: [SEED_INSTANCE] });
    expect(Object.keys(SEED_INSTANCE).toSorted()).toEqual(documentedFields.toSorted());
  });

  it('uses the documented defaults and limits of offset and limit', async () => {
    simulator.fleet.fill(SEED_PROJECT.id, 30);
    expect((await list(simulator, SEED_PROJECT.id)).body.size).toBe(parameter('limit')?.default);
    const { minimum, maximum } = parameter('offset') ?? {};
    expect((await list(simulator, SEED_PROJECT.id, `?offset=${maximum}`)).status).toBe(200);
    for (const query of [
      `offset=${Number(maximum) + 1}`,
      `offset=${Number(minimum) - 1}`,
      'offset=x',
      `limit=${Number(parameter('limit')?.maximum) + 1}`,
      'limit=-1',
      'limit=1.5',
      'status=AB',
    ]) {
      const { status, body } = await list(simulator, SEED_PROJECT.id, `?${query}`);
      expect({ query, status, isError: isError(body), code: body.error_code }).toEqual({
        query,
        status: 400,
        isError: true,
        code: 'ROMA.00013000',
      });
    }
  });

  it.each([
    ['400', ERROR_ANSWERS.romaInvalidParameter],
    ['401', ERROR_ANSWERS.romaIncorrectToken],
    ['403', ERROR_ANSWERS.romaNoPermission],
    ['500', ERROR_ANSWERS.romaSystemError],
  ] as const)('answers %s as in the document', (status, answer) => {
    expect(answer.body).toEqual(operation.responses[status].examples['application/json']);
    expect(answer.status).toBe(Number(status));
    expect(isError(answer.body)).toBe(true);
  });

  it('repeats the id of the request in header and body, and dates the answer by its own clock', async () => {
    await simulator.stop();
    const now = Date.parse('2026-11-22T10:00:03.120Z');
    simulator = await startRomaSimulator({ clock: { now: () => now, sleep: async () => {} } });
    const token = await tokenFor(simulator, SEED_PROJECT.id);
    const { headers, body } = await ask(simulator, `/v2/${SEED_PROJECT.id}/instances?offset=101`, {
      headers: { 'x-auth-token': token },
    });
    expect(headers['x-request-id']).toBe(body.request_id);
    expect(headers.date).toBe('Sun, 22 Nov 2026 10:00:03 GMT');
  });

  it('answers what the gateway answers to a wrong path and a wrong method', async () => {
    expect(await ask(simulator, '/v2/instances')).toMatchObject({ status: 404, body: { error_code: 'APIGW.0101' } });
    expect(await ask(simulator, `/v2/${SEED_PROJECT.id}/instances`, { method: 'POST' })).toMatchObject({ status: 405 });
  });
});

describe('the pages of the simulator', () => {
  let simulator: RomaSimulator;
  const id = SEED_PROJECT.id;
  beforeEach(async () => {
    simulator = await startRomaSimulator({ maxOffset: null });
    simulator.fleet.clear(id);
  });
  afterEach(async () => simulator.stop());

  it.each([0, 1, 99, 100, 101, 250])('together hold each of %d instances once', async (count) => {
    const ids = simulator.fleet.fill(id, count);
    const seen: string[] = [];
    for (let offset = 0; offset <= count; offset += 100) {
      const { body } = await list(simulator, id, `?limit=100&offset=${offset}`);
      expect(body).toMatchObject({ total: count, size: Math.min(100, count - offset) });
      seen.push(...body.instances.map((instance: { id: string }) => instance.id));
    }
    expect(seen).toEqual(ids);
  });

  it('filters by status, in either spelling of DELETE_FAILED, and counts what matches', async () => {
    const [first = '', second = ''] = simulator.fleet.fill(id, 3);
    simulator.fleet.change(id, first, { status: 'ERROR' });
    simulator.fleet.change(id, second, { status: 'DELETE_FALIED' });
    expect((await list(simulator, id, '?status=ERROR')).body).toMatchObject({ total: 1, instances: [{ id: first }] });
    expect((await list(simulator, id, '?status=DELETE_FAILED')).body.instances).toMatchObject([{ id: second }]);
    expect((await list(simulator, id, '?status=FROZEN')).body).toEqual({ total: 0, size: 0, instances: [] });
  });

  it('can cut a limit that is too large instead of refusing it', async () => {
    await simulator.stop();
    simulator = await startRomaSimulator({ overLimit: 'clamp', maxLimit: 50 });
    simulator.fleet.fill(id, 60);
    expect((await list(simulator, id, '?limit=100')).body).toMatchObject({ total: 61, size: 50 });
  });

  it('can limit the total that it tells, as the specification does', async () => {
    await simulator.stop();
    simulator = await startRomaSimulator({ totalClamp: parameter('limit')?.maximum ?? 0 });
    simulator.fleet.fill(id, 119);
    expect((await list(simulator, id, '?limit=100')).body).toMatchObject({ total: 100, size: 100 });
    expect((await list(simulator, id, '?limit=100&offset=100')).body).toMatchObject({ total: 100, size: 20 });
  });

  it('answers limit 0 with the total alone', async () => {
    simulator.fleet.fill(id, 3);
    expect((await list(simulator, id, '?limit=0')).body).toEqual({ total: 3, size: 0, instances: [] });
  });

  it('lists all editions in v3, without a window, and the older ones in v2', async () => {
    simulator.fleet.fill(id, 120);
    simulator.fleet.put(id, { id: 'pro', status: 'RUNNING', category: 'site' }, { onlyV3: true });
    const headers = { 'x-auth-token': await tokenFor(simulator, id) };
    const v3 = await ask(simulator, `/v3/${id}/roma/instances`, { headers });
    expect(v3.body).toMatchObject({ total: 121, size: 121 });
    expect((await ask(simulator, `/v3/${id}/roma/instances?category=site`, { headers })).body.instances).toHaveLength(
      1,
    );
    expect((await list(simulator, id, '?limit=1')).body.total).toBe(120);
  });

  it('lets a hook change the fleet between two pages', async () => {
    simulator.fleet.fill(id, 4);
    const [first = ''] = simulator.fleet.list(id).map((instance) => instance.id);
    const remove = simulator.beforePage(({ offset }) => {
      if (offset === 2) simulator.fleet.moveTo(id, first, 'back');
    });
    const pages = [await list(simulator, id, '?limit=2'), await list(simulator, id, '?limit=2&offset=2')];
    const ids = pages.flatMap(({ body }) => body.instances.map((instance: { id: string }) => instance.id));
    expect(ids.filter((each) => each === first)).toHaveLength(2);
    expect(new Set(ids).size).toBe(3);
    remove();
  });
});
