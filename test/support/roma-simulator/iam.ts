import * as z from 'zod';
import type { Accounts, Identity } from './accounts';
import { type Answer, ERROR_ANSWERS, iam, iam30 } from './answers';
import type { Fleet, Project } from './fleet';

const named = z.union([z.object({ id: z.string() }), z.object({ name: z.string() })]);
const passwordBody = z.object({
  auth: z.object({
    identity: z.object({
      methods: z.tuple([z.literal('password')]),
      password: z.object({
        user: z.object({ name: z.string(), password: z.string(), domain: z.object({ name: z.string() }) }),
      }),
    }),
    scope: z.union([z.object({ project: named }).strict(), z.object({ domain: named }).strict()]),
  }),
});

const MIN_SECONDS = 900;
const MAX_SECONDS = 86_400;
const duration = z.int().min(MIN_SECONDS).max(MAX_SECONDS).default(MIN_SECONDS);
const temporaryBody = z.object({
  auth: z.object({
    identity: z.union([
      z.object({
        methods: z.tuple([z.literal('assume_role')]),
        assume_role: z
          .object({
            agency_name: z.string(),
            domain_name: z.string().optional(),
            domain_id: z.string().optional(),
            duration_seconds: duration,
          })
          .refine((role) => role.domain_name !== undefined || role.domain_id !== undefined),
      }),
      z.object({
        methods: z.tuple([z.literal('token')]),
        token: z.object({ duration_seconds: duration }).default({ duration_seconds: MIN_SECONDS }),
      }),
    ]),
  }),
});

const parseJson = (body: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
};

/** POST /v3/auth/tokens */
export function createToken(accounts: Accounts, fleet: Fleet, body: Uint8Array, withCatalog: boolean): Answer {
  const parsed = passwordBody.safeParse(parseJson(body));
  if (!parsed.success) return ERROR_ANSWERS.iamBadRequest;
  const { identity, scope } = parsed.data.auth;
  const { account } = accounts;
  const { user } = identity.password;
  if (user.name !== account.userName || user.password !== account.password || user.domain.name !== account.domainName) {
    return ERROR_ANSWERS.iamWrongPassword;
  }
  const domain = { id: account.domainId, name: account.domainName };
  const common = (issued: { readonly issuedAt: string; readonly expiresAt: string }) => ({
    expires_at: issued.expiresAt,
    issued_at: issued.issuedAt,
    methods: ['password'],
    ...(withCatalog ? { catalog: [] } : {}),
    roles: [{ id: '0', name: 'te_admin' }],
    user: { domain, id: '7116d09f88fa41908676fdd4b039e95b', name: user.name, password_expires_at: '' },
  });
  const answer = (token: string, content: object): Answer => ({
    status: 201,
    headers: { 'x-subject-token': token },
    body: { token: content },
  });
  if ('domain' in scope) {
    const wanted = scope.domain;
    if ('id' in wanted ? wanted.id !== domain.id : wanted.name !== domain.name) {
      return iam(401, 'Unauthorized', 'The request you have made requires authentication.');
    }
    const issued = accounts.issueToken('domain');
    return answer(issued.token, { ...common(issued), domain });
  }
  const wanted = scope.project;
  const project = fleet.projects().find((each) => ('id' in wanted ? each.id === wanted.id : each.name === wanted.name));
  if (project === undefined) {
    return iam(401, 'Unauthorized', 'The request you have made requires authentication.');
  }
  if (!project.enabled) return ERROR_ANSWERS.iamForbidden;
  const issued = accounts.issueToken({ projectId: project.id });
  return answer(issued.token, { ...common(issued), project: { domain, id: project.id, name: project.name } });
}

/** GET /v3/auth/projects: no paging, and every project of the account, also those of regions without the service. */
export function listProjects(accounts: Accounts, fleet: Fleet, self: string): Answer {
  const parentOf = (project: Project): string => {
    const region = project.name.split('_')[0];
    const parent = project.name.includes('_') ? fleet.projects().find((other) => other.name === region) : undefined;
    return parent?.id ?? accounts.account.domainId;
  };
  const projects = fleet.projects().map((project) => ({
    id: project.id,
    name: project.name,
    domain_id: accounts.account.domainId,
    parent_id: parentOf(project),
    enabled: project.enabled,
    is_domain: false,
    description: '',
    links: { self: `${self}/v3/projects/${project.id}` },
  }));
  return { status: 200, body: { links: { self: `${self}/v3/auth/projects` }, projects } };
}

/** POST /v3.0/OS-CREDENTIAL/securitytokens: temporary keys by agency, or by the token of the request. */
export function createTemporaryKey(accounts: Accounts, identity: Identity, body: Uint8Array): Answer {
  const parsed = temporaryBody.safeParse(parseJson(body));
  if (!parsed.success) return iam30(400, 'IAM.0011', 'Request body is invalid');
  const wanted = parsed.data.auth.identity;
  if ('token' in wanted) {
    if (identity.by !== 'token') return ERROR_ANSWERS.iam30Unauthenticated;
    return { status: 201, body: { credential: accounts.issueTemporaryKey(wanted.token.duration_seconds * 1000) } };
  }
  const role = wanted.assume_role;
  const { account } = accounts;
  const isOurs =
    role.agency_name === account.agencyName &&
    (role.domain_name === undefined || role.domain_name === account.domainName) &&
    (role.domain_id === undefined || role.domain_id === account.domainId);
  if (!isOurs) return ERROR_ANSWERS.iam30Forbidden;
  return { status: 201, body: { credential: accounts.issueTemporaryKey(role.duration_seconds * 1000) } };
}
