import { request } from 'undici';
import type { RomaSimulator } from '../roma-simulator';

export interface Answered {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of every shape
  readonly body: any;
}

/** A plain client, independent of the one under lambda/roma. */
export async function ask(
  simulator: Pick<RomaSimulator, 'endpoint'>,
  path: string,
  options: { headers?: Record<string, string>; method?: 'GET' | 'POST'; body?: unknown } = {},
): Promise<Answered> {
  const { statusCode, headers, body } = await request(`${simulator.endpoint}${path}`, {
    method: options.method ?? 'GET',
    headers: options.headers ?? {},
    body: options.body === undefined ? null : JSON.stringify(options.body),
  });
  const text = await body.text();
  const isJson = String(headers['content-type']).startsWith('application/json');
  return { status: statusCode, headers, body: isJson ? JSON.parse(text) : text };
}

export const passwordRequest = (simulator: RomaSimulator, scope: object, changes: object = {}) => {
  const { userName, password, domainName } = simulator.account;
  const user = { name: userName, password, domain: { name: domainName }, ...changes };
  return { auth: { identity: { methods: ['password'], password: { user } }, scope } };
};

export async function tokenFor(simulator: RomaSimulator, projectId: string): Promise<string> {
  const { headers } = await ask(simulator, '/v3/auth/tokens', {
    method: 'POST',
    body: passwordRequest(simulator, { project: { id: projectId } }),
  });
  return String(headers['x-subject-token']);
}

/** Asks for a page with a token of the project. */
export async function list(simulator: RomaSimulator, projectId: string, query = ''): Promise<Answered> {
  const token = await tokenFor(simulator, projectId);
  return ask(simulator, `/v2/${projectId}/instances${query}`, { headers: { 'x-auth-token': token } });
}
