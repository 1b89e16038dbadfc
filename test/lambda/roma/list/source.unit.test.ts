// Over 300 lines, because all its tests read lists from one simulator, through one source that is set up for them.
import { Fleet, makeInstance, type RomaSimulator, startRomaSimulator } from '../../../support/roma-simulator';
import { collectListing, type Listing } from '../../../../lambda/core/sync/listing';
import type { Credentials, KeyCredentials } from '../../../../lambda/roma/auth/credentials';
import { createRomaSource, type RomaSource, type RomaSourceOptions } from '../../../../lambda/roma/list/source';
import { ManualClock } from '../../../support/manual-clock';

const target = { region: 'cn-north-4', projectId: '106506b9a92342df9a5025fc12351cfc' };
const clock = new ManualClock();
let simulator: RomaSimulator;
const sources: RomaSource[] = [];

async function simulate(instances: number, options: Parameters<typeof startRomaSimulator>[0] = {}): Promise<void> {
  const fleet = new Fleet([{ id: target.projectId, name: 'cn-north-4', enabled: true }]);
  for (let n = 0; n < instances; n += 1) fleet.put(target.projectId, makeInstance(target.projectId, n));
  simulator = await startRomaSimulator({ fleet, clock, ...options });
}

const passwordOf = ({ account }: RomaSimulator): Credentials => ({
  kind: 'password',
  userName: account.userName,
  password: account.password,
  domainName: account.domainName,
});
const keysOf = ({ account }: RomaSimulator): KeyCredentials => ({
  kind: 'keys',
  accessKey: account.accessKey,
  secretKey: account.secretKey,
});

function sourceOf(options: Partial<RomaSourceOptions> = {}): RomaSource {
  const source = createRomaSource({
    endpoint: simulator.endpoint,
    credentials: passwordOf(simulator),
    clock,
    random: () => 0.5,
    ...options,
  });
  sources.push(source);
  return source;
}

const list = async (source: RomaSource, options: Parameters<RomaSource['pages']>[1] = {}): Promise<Listing> =>
  collectListing(target, source.pages(target, options), () => clock.now());

const paths = (): string[] => simulator.requests.map(({ method, path }) => `${method} ${path}`);
const count = (part: string): number => paths().filter((path) => path.includes(part)).length;

afterEach(async () => {
  await Promise.all(sources.splice(0).map(async (source) => source.close()));
  await simulator.stop();
});

describe('a listing', () => {
  it.each([0, 1, 99, 100, 101, 200])('of %d instances is complete and exact', async (instances) => {
    await simulate(instances);
    const listing = await list(sourceOf());
    expect(listing).toMatchObject({ kind: 'complete' });
    expect([...listing.instances.keys()].toSorted()).toEqual(
      simulator.fleet
        .list(target.projectId, 'v2')
        .map(({ id }) => id)
        .toSorted(),
    );
  });
});

describe('a token', () => {
  it('is fetched once and shared by all pages', async () => {
    await simulate(200);
    await list(sourceOf());
    expect(count('/v3/auth/tokens')).toBe(1);
  });

  it('that expires in the middle of a listing is renewed once and the listing goes on', async () => {
    await simulate(200);
    simulator.faults.inject({
      fault: { kind: 'answer', answer: 'gatewayTokenExpired' },
      matching: ({ page }) => page === 2,
    });
    const listing = await list(sourceOf());
    expect(listing).toMatchObject({ kind: 'complete' });
    expect(count('/v3/auth/tokens')).toBe(2);
  });

  it('that is still valid serves on while IAM refuses or fails to renew it', async () => {
    await simulate(150);
    const source = sourceOf();
    await list(source);
    clock.time += 24 * 3_600_000 - 300_000;
    for (const answer of ['iamInternal', 'iamWrongPassword', 'iamForbidden'] as const) {
      simulator.faults.clear();
      simulator.faults.inject({ fault: { kind: 'answer', answer }, on: 'token', times: 'always' });
      expect(await list(source)).toMatchObject({ kind: 'complete' });
      clock.time += 61_000;
    }
  });

  it('that was revoked is renewed by the next listing', async () => {
    await simulate(3);
    const source = sourceOf();
    await list(source);
    simulator.revokeTokens();
    expect(await list(source)).toMatchObject({ kind: 'complete' });
    expect(count('/v3/auth/tokens')).toBe(2);
  });
});

describe('an access key', () => {
  it('signs every request; no token is asked for', async () => {
    await simulate(150);
    const listing = await list(sourceOf({ credentials: keysOf(simulator) }));
    expect(listing).toMatchObject({ kind: 'complete' });
    expect(count('/v3/auth/tokens')).toBe(0);
  });

  it('assumes an agency for an hour at a time', async () => {
    await simulate(1);
    const { account } = simulator;
    const source = sourceOf({
      credentials: {
        kind: 'agency',
        agencyName: account.agencyName,
        agencyDomainName: account.domainName,
        base: keysOf(simulator),
      },
    });
    expect(await list(source)).toMatchObject({ kind: 'complete' });
    expect(await list(source)).toMatchObject({ kind: 'complete' });
    expect(count('securitytokens')).toBe(1);
    // Asked for early, while the old keys still serve; and no third time when those have expired.
    for (const minutes of [51, 10]) {
      clock.time += minutes * 60_000;
      expect(await list(source)).toMatchObject({ kind: 'complete' });
    }
    expect(count('securitytokens')).toBe(2);
  });
});

describe('a list of more than 200 instances', () => {
  it('is read status by status where the API refuses the offsets', async () => {
    await simulate(0);
    for (let n = 0; n < 450; n += 1) {
      const status = ['RUNNING', 'ERROR', 'FROZEN'][n % 3] ?? '';
      simulator.fleet.put(target.projectId, makeInstance(target.projectId, n, { status }));
    }
    const listing = await list(sourceOf());
    expect(listing).toMatchObject({ kind: 'complete' });
    expect(listing.instances.size).toBe(450);
  });
});

describe('credentials that are refused', () => {
  it('a ready token that has expired fails without being asked for again', async () => {
    await simulate(1);
    const source = sourceOf({ credentials: { kind: 'token', token: 'MIIDkgYJKoZIhvcNAQcCo' } });
    expect(await list(source)).toMatchObject({ kind: 'partial', reason: /credentials were refused/, retryable: false });
    expect(simulator.requests).toHaveLength(1);
  });

  it.each([
    'romaIncorrectToken',
    'romaNoTokenAs400',
    'romaIncorrectTokenAs400',
    'gatewayTokenMustBeUpdated',
    'gatewayTokenUnreadable',
  ] as const)('a token answered with %s is renewed once, not more', async (answer) => {
    await simulate(1);
    simulator.faults.inject({ fault: { kind: 'answer', answer }, times: 'always' });
    expect(await list(sourceOf())).toMatchObject({ kind: 'partial', retryable: false });
    expect(count('/v3/auth/tokens')).toBe(2);
    expect(count('/v2/')).toBe(2);
  });

  it('a wrong password is not tried again for five minutes, for any project: IAM would lock the account', async () => {
    await simulate(1);
    const source = sourceOf({ credentials: { ...passwordOf(simulator), password: 'wrong-password' } as Credentials });
    const other = { ...target, projectId: 'ffffffffffffffffffffffffffffffff' };
    expect(await list(source)).toMatchObject({ kind: 'partial', reason: /username or password is wrong/ });
    await list(source);
    await collectListing(other, source.pages(other, {}), () => clock.now());
    expect(count('/v3/auth/tokens')).toBe(1);
    clock.time += 5 * 60_000;
    await list(source);
    expect(count('/v3/auth/tokens')).toBe(2);
  });

  it('a project that is not the user’s does not keep the others from their tokens', async () => {
    await simulate(1);
    const source = sourceOf();
    const other = { ...target, projectId: 'ffffffffffffffffffffffffffffffff' };
    expect((await collectListing(other, source.pages(other, {}), () => clock.now())).kind).toBe('partial');
    expect((await list(source)).kind).toBe('complete');
  });

  it('a refused signature is sent once, not in a loop: five in a row lock the key', async () => {
    await simulate(1);
    const source = sourceOf({ credentials: { ...keysOf(simulator), secretKey: 'not-the-secret-key' } });
    for (let n = 0; n < 6; n += 1) {
      expect(await list(source)).toMatchObject({ kind: 'partial', reason: /APIGW.0301/, retryable: false });
    }
    expect(count('/v2/')).toBe(1);
  });

  it('a clock that is off is explained with the times of both', async () => {
    await simulate(1, { clock: { now: () => clock.now() + 20 * 60_000, sleep: async () => undefined } });
    const { reason } = (await list(sourceOf({ credentials: keysOf(simulator) }))) as { reason?: string };
    expect(reason).toMatch(/signature time:.*server time:.*this clock says .*Date header/);
  });

  it('temporary keys that stop working are fetched anew in the middle of a listing', async () => {
    await simulate(150);
    const { agencyName, domainName } = simulator.account;
    const source = sourceOf({
      credentials: { kind: 'agency', agencyName, agencyDomainName: domainName, base: passwordOf(simulator) as never },
    });
    simulator.faults.inject({ fault: { kind: 'answer', answer: 'gatewayUnknownAccessKey' }, page: 2 });
    expect(await list(source)).toMatchObject({ kind: 'complete' });
    expect(count('securitytokens')).toBe(2);
  });
});

describe('a token that ages', () => {
  it('is renewed before it expires, and lives as long as IAM says in a process of any age', async () => {
    await simulate(1);
    const source = sourceOf();
    for (const hours of [0, 23, 0.9, 23, 0.9]) {
      clock.time += hours * 3_600_000;
      expect(await list(source)).toMatchObject({ kind: 'complete' });
    }
    expect(count('/v3/auth/tokens')).toBe(3);
    expect(source.stats().errors.unauthorized).toBe(0);
  });

  it('is asked for once by all who need it at the same time', async () => {
    await simulate(1);
    const source = sourceOf();
    const listings = await Promise.all(Array.from({ length: 8 }, async () => list(source)));
    expect(listings.every(({ kind }) => kind === 'complete')).toBe(true);
    expect(count('/v3/auth/tokens')).toBe(1);
  });

  it('may have 64 KiB', async () => {
    await simulate(1, { tokenLength: 65_536 });
    expect(await list(sourceOf())).toMatchObject({ kind: 'complete' });
  });
});

describe('an API that is troubled', () => {
  it.each([
    'gatewayInternal',
    'gatewayBackendUnavailable',
    'gatewayIamUnavailable',
    'gatewayBackendTimeout',
    'romaSystemError',
    'codeAndMessage',
    'proxyBadGateway',
    'gatewayThrottledBare',
  ] as const)('with %s is asked again', async (answer) => {
    await simulate(3);
    simulator.faults.inject({ fault: { kind: 'answer', answer }, times: 2 });
    const source = sourceOf();
    expect(await list(source)).toMatchObject({ kind: 'complete' });
    expect(source.stats()).toMatchObject({ requests: 4, retries: 2 });
  });

  it.each([
    'romaNoPermission',
    'romaInvalidParameter',
    'gatewayNotPublished',
    'gatewayUserForbidden',
    'wafBlock',
    'emptyNotFound',
  ] as const)('that says %s is not asked again', async (answer) => {
    await simulate(3);
    simulator.faults.inject({ fault: { kind: 'answer', answer }, times: 'always' });
    const source = sourceOf();
    expect(await list(source)).toMatchObject({ kind: 'partial', retryable: false });
    expect(source.stats()).toMatchObject({ requests: 2, retries: 0, errors: { client: 1 } });
  });

  it.each([
    ['gatewayThrottledRetryAfter', 2000],
    ['gatewayThrottledBySecond', 1000],
    ['gatewayThrottled', 60_000],
  ] as const)('with %s is left alone for as long as it asks', async (answer, ms) => {
    await simulate(3);
    simulator.faults.inject({ fault: { kind: 'answer', answer } });
    const before = clock.now();
    const source = sourceOf({ random: () => 0 });
    expect(await list(source)).toMatchObject({ kind: 'complete' });
    expect(clock.now() - before).toBe(ms);
    expect(source.stats().errors.throttled).toBe(1);
  });

  it('is not waited for beyond the deadline', async () => {
    await simulate(3);
    simulator.faults.inject({ fault: { kind: 'answer', answer: 'gatewayThrottled' }, times: 'always' });
    const before = clock.now();
    expect(await list(sourceOf(), { deadline: before + 30_000 })).toMatchObject({
      kind: 'partial',
      reason: /APIGW.0308/,
    });
    expect(clock.now()).toBe(before);
  });

  it('gets every retry with a new signature', async () => {
    await simulate(1);
    simulator.faults.inject({ fault: { kind: 'answer', answer: 'gatewayThrottled' }, times: 2 });
    expect(await list(sourceOf({ credentials: keysOf(simulator) }))).toMatchObject({ kind: 'complete' });
    const dates = simulator.requests.map(({ headers }) => headers['x-sdk-date']);
    expect(new Set(dates).size).toBe(3);
  });

  it('that is down is left alone by all listings after a few failures', async () => {
    await simulate(1);
    simulator.faults.inject({ fault: { kind: 'answer', answer: 'gatewayBackendUnavailable' }, times: 'always' });
    const source = sourceOf({ credentials: keysOf(simulator) });
    const results: Listing[] = [];
    for (let n = 0; n < 20; n += 1) results.push(await list(source));
    expect(results.at(-1)).toMatchObject({ kind: 'partial', reason: /left alone/, retryable: false });
    expect(simulator.requests.length).toBeLessThan(12);
  });

  it.each([
    ['truncated', { kind: 'truncated' }],
    ['reset', { kind: 'reset' }],
    ['stalled', { kind: 'stall' }],
  ] as const)('whose answer is %s is asked again', async (_, fault) => {
    await simulate(3);
    simulator.faults.inject({ fault });
    const source = sourceOf({ limits: { bodyMs: 60 } });
    expect(await list(source)).toMatchObject({ kind: 'complete' });
    expect(source.stats().errors.network).toBe(1);
  });

  it.each([
    ['ROMA.00011000', { error_code: 'ROMA.00011000', error_msg: 'System error', request_id: 'r1' }, 'server'],
    ['APIGW.0308', { error_code: 'APIGW.0308', error_msg: 'limit:200,time:5 minute' }, 'throttled'],
  ] as const)('that answers 200 with the error %s says which', async (code, body, errorClass) => {
    await simulate(3);
    simulator.faults.inject({ fault: { kind: 'answer', answer: { status: 200, body } } });
    const source = sourceOf();
    expect(await list(source)).toMatchObject({
      kind: 'partial',
      reason: expect.stringContaining(`/instances answered 200 ${code} ${body.error_msg}`),
    });
    expect(source.stats().errors[errorClass]).toBe(1);
  });

  it('that wants to be left alone for longer than a run lasts is not asked again, and every run says why', async () => {
    await simulate(3);
    const error_msg = 'The throttling threshold has been reached: policy user over ratelimit,limit:200,time:5 minute';
    const answer = { status: 429, body: { error_code: 'APIGW.0308', error_msg } };
    simulator.faults.inject({ fault: { kind: 'answer', answer }, times: 'always' });
    const source = sourceOf();
    await list(source);
    const until = new Date(clock.now() + 300_000).toISOString();
    const requests = simulator.requests.length;
    const again = await list(source);
    expect(again).toMatchObject({ kind: 'partial', retryable: false });
    expect(again).toMatchObject({ reason: expect.stringContaining(`is not asked again before ${until}: GET `) });
    expect(again).toMatchObject({ reason: /429 APIGW\.0308 .* allows 200 requests in 5 minutes; run less often/ });
    expect(simulator.requests).toHaveLength(requests);
  });

  it('that answers 200 with HTML makes the listing partial, and says so', async () => {
    await simulate(3);
    simulator.faults.inject({ fault: { kind: 'answer', answer: { status: 200, body: '<html>login</html>' } } });
    expect(await list(sourceOf())).toMatchObject({
      kind: 'partial',
      reason: /not JSON \(it looks like HTML/,
      retryable: true,
    });
  });

  it('never makes us show a key or a signature', async () => {
    await simulate(3);
    const credentials = keysOf(simulator);
    const source = sourceOf({ credentials });
    simulator.faults.inject({ fault: { kind: 'secretsEchoed' } });
    const told: unknown[] = [[...(await list(source)).instances.values()]];
    simulator.faults.inject({ fault: { kind: 'errorEchoingSecrets', status: 500 }, times: 'always' });
    told.push(await list(source));
    told.push(source.identity);
    const text = JSON.stringify(told);
    expect(text).toContain('[redacted]');
    expect(text).not.toContain(credentials.accessKey);
    expect(text).not.toContain(credentials.secretKey);
    expect(text).not.toMatch(/Signature=[0-9a-f]/);
  });

  it('never makes us show a token or a password', async () => {
    await simulate(3);
    const source = sourceOf();
    simulator.faults.inject({ fault: { kind: 'secretsEchoed' } });
    const told: unknown[] = [[...(await list(source)).instances.values()]];
    simulator.faults.inject({ fault: { kind: 'errorEchoingSecrets', status: 500 }, times: 'always' });
    told.push(await list(source), source.identity);
    const text = JSON.stringify(told);
    expect(text).toContain('[redacted]');
    expect(text).not.toContain('MIIDkgYJKoZIhvcNAQcCo');
    expect(text).not.toContain(simulator.account.password);
  });
});

describe('a target', () => {
  it('of an unknown region without an endpoint is refused before anything is sent', async () => {
    await simulate(1);
    const source = createRomaSource({ credentials: keysOf(simulator), clock, random: () => 0 });
    sources.push(source);
    expect(() => source.pages({ ...target, region: 'mars-1' }, {})).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it('of another cloud needs no identity service with a key, and does need it with a password', async () => {
    await simulate(1);
    const options = { endpoint: 'https://roma.hcs.example', clock, random: () => 0 };
    const hcs = { ...target, region: 'hcs-1' };
    const withKey = createRomaSource({ ...options, credentials: keysOf(simulator) });
    const withPassword = createRomaSource({ ...options, credentials: passwordOf(simulator) });
    sources.push(withKey, withPassword);
    expect(() => withKey.check(hcs)).not.toThrow();
    expect(() => withPassword.check(hcs)).toThrow(/iamEndpoint/);
  });

  it('is listed by v3 too', async () => {
    await simulate(300);
    expect((await list(sourceOf({ api: 'v3' }))).instances.size).toBe(300);
    expect(count('/v3/106506b9a92342df9a5025fc12351cfc/roma/instances')).toBe(1);
  });

  it('can be probed: what it holds and how far the clocks are apart', async () => {
    clock.time = Math.ceil(clock.time / 1000) * 1000;
    await simulate(7, { clock: { now: () => clock.now() - 90_000, sleep: async () => undefined } });
    expect(await sourceOf({ credentials: keysOf(simulator) }).probe(target)).toEqual({
      total: 7,
      durationMs: 0,
      clockErrorMs: 89_001,
    });
  });
});

it('lists the projects of the account with a password and with a key', async () => {
  await simulate(1);
  const expected = [{ id: target.projectId, name: 'cn-north-4', enabled: true, region: 'cn-north-4' }];
  expect(await sourceOf().projects()).toEqual(expected);
  expect(await sourceOf({ credentials: keysOf(simulator) }).projects()).toEqual(expected);
});
