import Ajv from 'ajv';
import { type RomaSimulator, startRomaSimulator } from '../roma-simulator';
import {
  assumeRequest,
  assumeWithOidcRequest,
  readCaller,
  readStsKeys,
  withIdToken,
} from '../../../lambda/roma/auth/sts';
import { AGENCY_URN, type OidcProvider, PROVIDER_URN, startOidcProvider } from '../roma/oidc-provider';
import assume from './AssumeAgency.openapi.json';
import assumeWithOidc from './AssumeAgencyWithOIDC.openapi.json';
import { ask } from './asking';
import callerIdentity from './GetCallerIdentity.openapi.json';

// The documents name formats (date-time, int32) that this validator does not check.
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
const schemaOf = ({ components }: { readonly components: object }, name: string) =>
  ajv.compile({ $ref: `#/components/schemas/${name}`, components });

const bodyOf = async (): Promise<object> =>
  JSON.parse(
    withIdToken(assumeWithOidcRequest('https://sts', oidc, 'the-session').body, await provider.sign()),
  ) as object;
const oidc = { providerUrn: PROVIDER_URN, agencyUrn: AGENCY_URN };
let provider: OidcProvider;
let simulator: RomaSimulator;

beforeEach(async () => {
  provider = await startOidcProvider(Date.now);
  simulator = await startRomaSimulator({ trust: provider.trust });
});
afterEach(async () => simulator.stop());

const exchange = async (changes: object = {}) => {
  const body = await bodyOf();
  return ask(simulator, '/v5/agencies/assume-with-oidc', { method: 'POST', body: { ...body, ...changes } });
};
/** As the client hands an answer to its reader. */
const answer = (body: unknown) => ({
  status: 200,
  header: () => undefined,
  body: JSON.stringify(body),
  requestedAt: 0,
  receivedAt: 0,
});

describe('STS, held against the OpenAPI documents of its operations', () => {
  it('is asked with bodies of the documented form', async () => {
    expect(schemaOf(assumeWithOidc, 'AssumeAgencyWithOIDCReqBody')(await bodyOf())).toBe(true);
    const signed: unknown = JSON.parse(assumeRequest('https://sts', AGENCY_URN, 'the-session').body);
    expect(schemaOf(assume, 'AssumeAgencyReqBody')(signed)).toBe(true);
  });

  it('answers in the documented form', async () => {
    const { status, body } = await exchange();
    expect(status).toBe(200);
    expect(schemaOf(assumeWithOidc, 'AssumeAgencyWithOIDCResp')(body)).toBe(true);
    expect(Date.parse(body.credentials.expiration) - Date.now()).toBeGreaterThan(890_000);
  });

  it.each([
    ['an audience that the provider does not have', { id_token: 'a.b.c' }, 400],
    ['a session without a name', { agency_session_name: 'x' }, 400],
    ['a session that is longer than the agency allows', { duration_seconds: 7200 }, 400],
    ['an unknown agency', { agency_urn: `${AGENCY_URN}x` }, 404],
  ])('refuses %s in the documented form', async (_, changes, expected) => {
    const { status, body } = await exchange(changes);
    expect(status).toBe(expected);
    expect(schemaOf(assumeWithOidc, 'ErrorResp')(body)).toBe(true);
  });

  it('has examples that our readers understand', () => {
    const examples = [assumeWithOidc.paths['/v5/agencies/assume-with-oidc'], assume.paths['/v5/agencies/assume']].map(
      ({ post }) => post.responses['200'].content['application/json'].example,
    );
    for (const example of examples) {
      expect(readStsKeys(answer(example)).value).toMatchObject({ accessKey: 'HSTANO...XBS55JLJ3' });
    }
    const caller = callerIdentity.paths['/v5/caller-identity'].get.responses['200'].content['application/json'].example;
    expect(readCaller(answer(caller))).toBe('iam::27680d67da6b47eb82d00a1a118be145:user:user-name');
  });

  it('tells nobody who is not signed whose a key is', async () => {
    expect((await ask(simulator, '/v5/caller-identity')).status).toBe(401);
    expect((await ask(simulator, '/v5/agencies/assume', { method: 'POST', body: {} })).status).toBe(401);
  });
});
