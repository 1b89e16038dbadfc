import Ajv from 'ajv';
import { SEED_INSTANCE, seedFleet } from '../../../bin/sandbox/fleet';
import type { LoopbackServer } from '../../../bin/sandbox/loopback-server';
import { SIMULATED_KEY, startRomaSimulator } from '../../../bin/sandbox/roma-simulator';
import { Scenario } from '../../../bin/sandbox/scenario';
import { Traces } from '../../../bin/sandbox/traces';
import { type Answered, ask } from '../../support/roma-simulator/asking';
import specification from '../../support/roma-simulator/CheckRomaInstanceListV2.openapi.json';

const { definitions } = specification;
const isListing = new Ajv({ strict: false, allErrors: true }).compile({
  $ref: '#/definitions/RomaInstanceCheckListResp',
  definitions,
});
const projectId = SEED_INSTANCE.project_id;

describe('the simulated API of the sandbox', () => {
  const fleet = seedFleet(6);
  let api: LoopbackServer;
  beforeAll(async () => {
    api = await startRomaSimulator({ projectId, fleet, traces: new Traces() });
  });
  afterAll(() => api.stop());

  const asking = async (path: string, accessKey = SIMULATED_KEY.accessKey): Promise<Answered> =>
    ask(api, path, { headers: { authorization: `SDK-HMAC-SHA256 Access=${accessKey}, SignedHeaders=, Signature=` } });

  it('answers as the OpenAPI document says, with every documented status, at each step of a long life', async () => {
    const scenario = new Scenario(fleet, projectId, Date.now);
    const seen = new Set<string>();
    for (let step = 0; step < 60; step += 1) {
      scenario.step();
      const { body } = await asking(`/v2/${projectId}/instances?limit=100`);
      expect({ step, isListing: isListing(body), errors: isListing.errors }).toEqual({
        step,
        isListing: true,
        errors: null,
      });
      for (const { status } of body.instances) seen.add(status);
    }
    const { items } = definitions.RomaInstanceCheckListResp.properties.instances;
    expect([...seen].toSorted()).toEqual(items.properties.status.enum.toSorted());
  });

  it('gives pages of the list', async () => {
    const ids = [...fleet.keys()];
    const { body } = await asking(`/v2/${projectId}/instances?limit=2&offset=1`);
    expect(body).toMatchObject({ total: ids.length, size: 2, instances: [{ id: ids[1] }, { id: ids[2] }] });
  });

  it('refuses an access key that it does not know, and a path that it does not serve', async () => {
    const list = `/v2/${projectId}/instances`;
    expect(await asking(list, 'ANOTHERKEY')).toMatchObject({ status: 401, body: { error_code: 'APIGW.0301' } });
    expect(await asking('/v2/another/instances')).toMatchObject({ status: 404, body: { error_code: 'APIGW.0101' } });
  });
});
