// Over 300 lines, because all its tests ask one simulated cloud for temporary keys.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fleet, makeInstance, type RomaSimulator, startRomaSimulator } from '../../../support/roma-simulator';
import { collectListing, type Listing } from '../../../../lambda/core/sync/listing';
import type { Credentials, KeyCredentials } from '../../../../lambda/roma/auth/credentials';
import { sessionName } from '../../../../lambda/roma/auth/sts';
import { idTokenFile } from '../../../../lambda/roma/auth/web-identity';
import { createRomaSource, type RomaSource, type RomaSourceOptions } from '../../../../lambda/roma/list/source';
import { ManualClock } from '../../../support/manual-clock';
import {
  AGENCY_URN,
  type OidcProvider,
  piecesOf,
  PROVIDER_URN,
  startOidcProvider,
} from '../../../support/roma/oidc-provider';

const target = { region: 'cn-north-4', projectId: '106506b9a92342df9a5025fc12351cfc' };
const other = { region: 'cn-north-4', projectId: '206506b9a92342df9a5025fc12351cfc' };
let clock: ManualClock;
let provider: OidcProvider;
let simulator: RomaSimulator;
const sources: RomaSource[] = [];

async function simulate(instances: number, options: Parameters<typeof startRomaSimulator>[0] = {}): Promise<void> {
  const fleet = new Fleet(
    [target, other].map(({ projectId }) => ({ id: projectId, name: 'cn-north-4', enabled: true })),
  );
  for (let n = 0; n < instances; n += 1) fleet.put(target.projectId, makeInstance(target.projectId, n));
  simulator = await startRomaSimulator({ fleet, clock, trust: provider.trust, ...options });
}

const oidc = (more: Partial<Extract<Credentials, { kind: 'oidc' }>> = {}): Credentials => ({
  kind: 'oidc',
  providerUrn: PROVIDER_URN,
  agencyUrn: AGENCY_URN,
  idToken: async () => provider.sign(),
  ...more,
});
const keys = (): KeyCredentials => ({
  kind: 'keys',
  accessKey: simulator.account.accessKey,
  secretKey: simulator.account.secretKey,
});

function sourceOf(credentials: Credentials, options: Partial<RomaSourceOptions> = {}): RomaSource {
  const source = createRomaSource({ endpoint: simulator.endpoint, credentials, clock, random: () => 0.5, ...options });
  sources.push(source);
  return source;
}

const list = async (source: RomaSource, of = target): Promise<Listing> =>
  collectListing(of, source.pages(of, {}), () => clock.now());
const count = (path: string): number => simulator.requests.filter((request) => request.path === path).length;
const ASSUME_WITH_OIDC = '/v5/agencies/assume-with-oidc';
const ASSUME = '/v5/agencies/assume';
const CALLER = '/v5/caller-identity';
/** Lets what goes on in the background come to its end. */
const settled = async (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));

beforeEach(async () => {
  clock = new ManualClock();
  provider = await startOidcProvider(() => clock.now());
});
afterEach(async () => {
  await Promise.all(sources.splice(0).map(async (source) => source.close()));
  await simulator.stop();
});

describe('an id token', () => {
  it('is exchanged once for temporary keys, which sign every page', async () => {
    await simulate(200);
    expect(await list(sourceOf(oidc()))).toMatchObject({ kind: 'complete' });
    expect(count(ASSUME_WITH_OIDC)).toBe(1);
    expect(provider.tokens).toHaveLength(1);
    // The exchange needs no credential of Huawei Cloud.
    const [exchange, page] = simulator.requests;
    expect(exchange?.headers).not.toHaveProperty('authorization');
    expect(page?.headers).toHaveProperty('x-security-token');
  });

  it('gives each target a session of its own, which names the stack and the target', async () => {
    await simulate(1);
    const source = sourceOf(oidc(), { session: 'RomaInstanceHistory' });
    await list(source);
    await list(source, other);
    await list(source);
    expect(count(ASSUME_WITH_OIDC)).toBe(2);
    expect(await source.caller(other)).toBe(
      `sts::d78cbac186b744899480f25bd022f468::assumed-agency:roma-history/RomaInstanceHistory@cn-north-4.${other.projectId}`,
    );
  });

  it('is asked for anew ahead of the end of the keys, in the background', async () => {
    await simulate(1);
    const source = sourceOf(oidc());
    await list(source);
    clock.time += 700_000;
    expect(await list(source)).toMatchObject({ kind: 'complete' });
    while (simulator.issuedSecrets().length < 6) await settled();
    // The first keys have ended, and nobody waits for others.
    clock.time += 300_000;
    expect(await list(source)).toMatchObject({ kind: 'complete' });
    expect(count(ASSUME_WITH_OIDC)).toBe(2);
  });

  it('is another one for each attempt, as the last one may have expired while the process was frozen', async () => {
    await simulate(1);
    simulator.faults.inject({ fault: { kind: 'reset' }, on: 'assumeWithOidc' });
    const idToken = async (): Promise<string> => {
      const token = await provider.sign();
      if (provider.tokens.length === 1) clock.time += 301_000;
      return token;
    };
    expect(await list(sourceOf(oidc({ idToken })))).toMatchObject({ kind: 'complete' });
    expect(provider.tokens).toHaveLength(2);
  });

  it('is read anew from its file for each exchange', async () => {
    await simulate(1);
    const folder = mkdtempSync(join(tmpdir(), 'id-token-'));
    try {
      const file = join(folder, 'token');
      const source = sourceOf(oidc({ idToken: idTokenFile(file) }));
      writeFileSync(file, `${await provider.sign()}\n`);
      expect(await list(source)).toMatchObject({ kind: 'complete' });
      clock.time += 3_600_000;
      expect(await list(source)).toMatchObject({ kind: 'partial', reason: /STS5\.2001 .*"exp" claim/ });
      writeFileSync(file, await provider.sign());
      expect(await list(source)).toMatchObject({ kind: 'complete' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    [
      'of another issuer',
      { iss: 'https://elsewhere.example' },
      /400 STS5\.2001 .*"iss".*check issuer, audience and expiry/,
    ],
    ['for another audience', { aud: 'someone-else' }, /400 STS5\.2001 .*"aud"/],
    ['that has expired', { exp: 1 }, /400 STS5\.2001 .*"exp"/],
    ['of another role', { sub: 'arn:aws:iam::123456789012:role/other' }, /403 STS5\.1001 .*trust policy of the agency/],
  ])('%s opens nothing, and the listing says why in one line', async (_, claims, because) => {
    await simulate(1);
    const source = sourceOf(oidc({ idToken: async () => provider.sign(claims) }));
    const listing = await list(source);
    expect(listing).toMatchObject({ kind: 'partial', reason: expect.stringMatching(because) });
    expect(JSON.stringify(listing)).not.toContain(provider.tokens[0]);
    expect(count(`/v2/${target.projectId}/instances`)).toBe(0);
  });

  it('that another key has signed opens nothing', async () => {
    await simulate(1);
    const stranger = await startOidcProvider(() => clock.now(), 'ownKeys');
    const listing = await list(sourceOf(oidc({ idToken: async () => stranger.sign() })));
    expect(listing).toMatchObject({ kind: 'partial', reason: /signature verification failed/ });
  });

  it('for an unknown agency or provider opens nothing, and the error says what to check', async () => {
    await simulate(1);
    for (const wrong of [{ agencyUrn: `${AGENCY_URN}-2` }, { providerUrn: `${PROVIDER_URN}-2` }]) {
      expect(await list(sourceOf(oidc(wrong)))).toMatchObject({ reason: /404 STS5\.0404 .*check both URNs/ });
    }
  });

  it('works while our clock is off, as long as the gateway takes the date of the signature', async () => {
    for (const off of [-600_000, 600_000]) {
      await simulate(1, { clock: { now: () => clock.now() - off, sleep: async () => undefined } });
      const source = sourceOf(
        oidc({ idToken: async () => provider.sign({ exp: clock.now() / 1000 - off / 1000 + 300 }) }),
      );
      expect(await source.probe(target)).toMatchObject({ total: 1 });
      // The keys live 15 minutes by the clock of STS; by ours they are renewed in the last quarter, not at once.
      clock.time += 600_000;
      await source.probe(target);
      expect(count(ASSUME_WITH_OIDC)).toBe(1);
      clock.time += 301_000;
      await source.probe(target);
      expect(count(ASSUME_WITH_OIDC)).toBe(2);
      await simulator.stop();
    }
    await simulate(1);
  });

  it('waits while STS is throttled, and lets the listing say so where it stays throttled', async () => {
    await simulate(1);
    const fault = { kind: 'answer', answer: 'gatewayThrottledRetryAfter' } as const;
    simulator.faults.inject({ fault, on: 'assumeWithOidc' });
    expect(await list(sourceOf(oidc()))).toMatchObject({ kind: 'complete' });
    expect(clock.sleeps.some((ms) => ms >= 2000)).toBe(true);
    simulator.faults.inject({ fault, on: 'assumeWithOidc', times: 'always' });
    expect(await list(sourceOf(oidc()))).toMatchObject({
      kind: 'partial',
      reason: /assume-with-oidc answered 429 APIGW\.0308/,
    });
  });

  it('brings new keys once when those in use are revoked in the middle of a listing', async () => {
    await simulate(200);
    const stop = simulator.beforePage(({ nth }) => {
      if (nth === 2) simulator.revokeTokens();
    });
    expect(await list(sourceOf(oidc()))).toMatchObject({ kind: 'complete' });
    stop();
    expect(count(ASSUME_WITH_OIDC)).toBe(2);
  });

  it('is never shown, nor are the keys that it brings, when STS or the API echoes them', async () => {
    await simulate(3);
    const source = sourceOf(oidc());
    simulator.faults.inject({ fault: { kind: 'errorEchoingSecrets', status: 400 }, on: 'assumeWithOidc' });
    const told: unknown[] = [await list(source)];
    await list(source);
    simulator.faults.inject({ fault: { kind: 'errorEchoingSecrets', status: 403 }, times: 'always' });
    told.push(await list(source), source.identity);
    const text = JSON.stringify(told);
    expect(text).toContain('[redacted]');
    for (const secret of [...provider.tokens, ...simulator.issuedSecrets()].flatMap(piecesOf))
      if (secret.length > 15) expect(text).not.toContain(secret);
  });

  it('finds the projects of the account', async () => {
    await simulate(1);
    expect((await sourceOf(oidc()).projects()).map(({ id }) => id)).toEqual([target.projectId, other.projectId]);
  });
});

describe('an answer of STS', () => {
  it.each([
    [
      'without keys',
      { credentials: { access_key_id: 'x' } },
      /STS did not give temporary keys: credentials\.secret_access_key/,
    ],
    ['that is no JSON', '<html>', /STS did not give temporary keys: the answer is not JSON/],
  ])('%s makes the listing partial, and says so', async (_, body, because) => {
    await simulate(1);
    const fault = { kind: 'answer', answer: { status: 200, body } } as const;
    simulator.faults.inject({ fault, on: 'assumeWithOidc', times: 'always' });
    expect(await list(sourceOf(oidc()))).toMatchObject({ kind: 'partial', reason: expect.stringMatching(because) });
  });

  it('without an end is used for as long as was asked for', async () => {
    await simulate(1);
    const source = sourceOf(oidc());
    const body = { credentials: { access_key_id: 'A', secret_access_key: 'S', security_token: 'T' } };
    simulator.faults.inject({ fault: { kind: 'answer', answer: { status: 200, body } }, on: 'assumeWithOidc' });
    const page = { status: 200, body: { total: 0, size: 0, instances: [] } };
    simulator.faults.inject({ fault: { kind: 'answer', answer: page }, times: 1 });
    await source.probe(target);
    clock.time += 901_000;
    await source.probe(target);
    expect(count(ASSUME_WITH_OIDC)).toBe(2);
  });
});

describe('a trust agency', () => {
  it('is assumed by a key over STS, in a session per target', async () => {
    await simulate(3);
    const source = sourceOf({ kind: 'trustAgency', agencyUrn: AGENCY_URN, base: keys() });
    expect(await list(source)).toMatchObject({ kind: 'complete' });
    expect(count(ASSUME)).toBe(1);
    expect(count('/v3.0/OS-CREDENTIAL/securitytokens')).toBe(0);
    expect(await source.caller(target)).toMatch(/assumed-agency:roma-history\/roma-history@cn-north-4\.1065/);
  });

  it('is assumed by the keys that an id token brought', async () => {
    await simulate(3);
    const base = oidc() as Extract<Credentials, { kind: 'oidc' }>;
    expect(await list(sourceOf({ kind: 'trustAgency', agencyUrn: AGENCY_URN, base }))).toMatchObject({
      kind: 'complete',
    });
    expect([count(ASSUME_WITH_OIDC), count(ASSUME)]).toEqual([1, 1]);
  });
});

describe('the name of a session', () => {
  it('has the characters and the length that STS takes', () => {
    for (const projectId of ['p'.repeat(200), 'ä/ö#']) {
      const name = sessionName('My-Stack', { region: 'cn-north-4', projectId });
      expect(name).toMatch(/^My-Stack@cn-north-4\.[\w+=,.@-]+$/);
      expect(name.length).toBeLessThanOrEqual(128);
    }
    expect(sessionName('roma-history', 'domain')).toBe('roma-history');
  });
});

describe('who asks', () => {
  it('is the same after the key was replaced by another one of the same user, at one request per process', async () => {
    await simulate(1);
    const source = sourceOf(keys());
    const before = await source.principal(target);
    expect(before).toMatch(/^[0-9a-f]{16}$/);
    await list(source);
    expect(await source.principal(other)).toBe(before);
    expect(count(CALLER)).toBe(1);
    await simulator.stop();
    await simulate(1, { account: { accessKey: 'SIMULATEDACCESSKEY02', secretKey: 'AnotherSecretKey' } });
    expect(await sourceOf(keys()).principal(target)).toBe(before);
    await simulator.stop();
    await simulate(1, { account: { userName: 'someone-else' } });
    expect(await sourceOf(keys()).principal(target)).not.toBe(before);
  });

  it('is an agency, whoever assumes it, in whatever session; no request is made for it', async () => {
    await simulate(1);
    const name = await sourceOf(oidc()).principal(target);
    expect(await sourceOf(oidc(), { session: 'other' }).principal(other)).toBe(name);
    expect(
      await sourceOf({
        kind: 'trustAgency',
        agencyUrn: AGENCY_URN.replace('agency:', 'agency:a/path/'),
        base: keys(),
      }).principal(target),
    ).toBe(name);
    expect(simulator.requests).toEqual([]);
    // Keys that someone else got for the agency, and handed on in the environment.
    const body = { principal_urn: 'sts::d78cbac186b744899480f25bd022f468::assumed-agency:roma-history/GitHubActions' };
    simulator.faults.inject({ fault: { kind: 'answer', answer: { status: 200, body } }, on: 'callerIdentity' });
    expect(await sourceOf({ ...keys(), securityToken: 'T' }).principal(target)).toBe(name);
  });

  it('is the key while STS does not answer, which is asked again; a refusal is not', async () => {
    await simulate(1);
    const named = await sourceOf(keys()).principal(target);
    for (const [answer, asked] of [
      ['iamInternal', 'again'],
      ['emptyNotFound', 'once'],
      ['gatewaySignatureFailed', 'once'],
    ] as const) {
      const source = sourceOf(keys());
      simulator.faults.inject({ fault: { kind: 'answer', answer }, on: 'callerIdentity', times: 'always' });
      const byKey = await source.principal(target);
      expect(byKey).not.toBe(named);
      simulator.faults.clear();
      simulator.clearRequests();
      expect(await source.principal(target)).toBe(asked === 'again' ? named : byKey);
      expect(count(CALLER)).toBe(asked === 'again' ? 1 : 0);
      // Whatever STS thinks of the key, the list is asked.
      expect(await list(source)).toMatchObject({ kind: 'complete' });
    }
  });

  it('is told by STS to nobody who cannot sign', async () => {
    await simulate(1);
    const { userName, password, domainName } = simulator.account;
    for (const credentials of [
      { kind: 'password', userName, password, domainName },
      { kind: 'token', token: 'MIIT' },
    ] as const) {
      expect(await sourceOf(credentials).caller(target)).toBeUndefined();
      expect(await sourceOf(credentials).principal(target)).toMatch(/^[0-9a-f]{16}$/);
    }
    expect(simulator.requests).toEqual([]);
  });

  it('of another cloud is named by the key: no foreign STS is asked', async () => {
    await simulate(1);
    const source = createRomaSource({
      endpoint: 'https://roma.hcs.example',
      credentials: keys(),
      clock,
      random: () => 0,
    });
    sources.push(source);
    expect(await source.principal({ ...target, region: 'hcs-1' })).toMatch(/^[0-9a-f]{16}$/);
    expect(source.stats().requests).toBe(0);
  });
});

it('a target of another cloud is refused before a token is shown to the public STS', async () => {
  await simulate(1);
  const source = createRomaSource({
    endpoint: 'https://roma.hcs.example',
    credentials: oidc(),
    clock,
    random: () => 0,
  });
  sources.push(source);
  expect(() => source.check({ ...target, region: 'hcs-1' })).toThrow(/stsEndpoint/);
  expect(() => source.check({ ...target, region: 'eu-west-101' })).toThrow(/stsEndpoint/);
  await settled();
  expect(provider.tokens).toEqual([]);
});
