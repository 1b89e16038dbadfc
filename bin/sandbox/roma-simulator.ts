import { createServer } from 'node:http';
import type { Fleet } from './fleet';
import type { Traces } from './traces';
import { listenOnLoopback, type LoopbackServer } from './loopback-server';

/** The access key that the simulated API lets in. It is no secret. */
export const SIMULATED_KEY = {
  accessKey: 'SIMULATEDACCESSKEY01',
  secretKey: 'SimulatedSecretKey0000000000000000000001',
};

const DOMAIN_ID = 'd78cbac186b744899480f25bd022f468';
const CALLER = {
  account_id: DOMAIN_ID,
  principal_urn: `iam::${DOMAIN_ID}:user:roma-reader`,
  principal_id: 'simulated-id',
};

interface Answer {
  readonly status: number;
  readonly body: object;
}
const refusal = (status: number, error_code: string, error_msg: string): Answer => ({
  status,
  body: { error_msg, error_code, request_id: '13760c1fe8655e61209b75665e9bef43' },
});

function answer(url: URL, authorization: string, { projectId, fleet, traces }: SimulatedProject): Answer {
  if (!authorization.includes(`Access=${SIMULATED_KEY.accessKey},`))
    return refusal(401, 'APIGW.0301', 'Incorrect IAM authentication information: ak access_key_id not exist');
  if (url.pathname === '/v5/caller-identity') return { status: 200, body: CALLER };
  if (url.pathname === `/v3/${projectId}/traces`) return { status: 200, body: traces.page(url.searchParams) };
  if (url.pathname !== `/v2/${projectId}/instances`)
    return refusal(404, 'APIGW.0101', 'The API does not exist or has not been published in the environment');
  const status = url.searchParams.get('status');
  const offset = Number(url.searchParams.get('offset') ?? 0);
  const limit = Number(url.searchParams.get('limit') ?? 10);
  const matching = [...fleet.values()].filter((instance) => status === null || instance.status === status);
  const instances = matching.slice(offset, offset + limit);
  return { status: 200, body: { total: matching.length, size: instances.length, instances } };
}

export interface SimulatedProject {
  readonly projectId: string;
  readonly fleet: Fleet;
  readonly traces: Traces;
}

/**
 * Serves the instance list of one project as ROMA Connect does, its traces, and who asks. It knows its access key but checks no
 * signature; the simulator of the tests checks every one, and serves what else this project calls.
 */
export async function startRomaSimulator(project: SimulatedProject): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://simulator');
    const { status, body } = answer(url, request.headers.authorization ?? '', project);
    response.writeHead(status, { 'content-type': 'application/json;charset=UTF-8' });
    response.end(JSON.stringify(body));
  });
  return listenOnLoopback(server);
}
