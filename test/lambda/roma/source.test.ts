import { Fleet, makeInstance, type RomaSimulator, startRomaSimulator } from '../../../bin/sandbox/roma-simulator';
import { collectListing, type Listing } from '../../../lambda/core/listing';
import type { Credentials, KeyCredentials } from '../../../lambda/roma/credentials';
import { createRomaSource, type RomaSource, type RomaSourceOptions } from '../../../lambda/roma/source';
import { ManualClock } from './manual-clock';

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
    expect(listing).toMatchObject({ is: 'complete' });
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
    expect(listing).toMatchObject({ is: 'complete' });
    expect(count('/v3/auth/tokens')).toBe(2);
  });

  it('that was revoked is renewed by the next listing', async () => {
    await simulate(3);
    const source = sourceOf();
    await list(source);
    simulator.revokeTokens();
    expect(await list(source)).toMatchObject({ is: 'complete' });
    expect(count('/v3/auth/tokens')).toBe(2);
  });
});

describe('an access key', () => {
  it('signs every request; no token is asked for', async () => {
    await simulate(150);
    const listing = await list(sourceOf({ credentials: keysOf(simulator) }));
    expect(listing).toMatchObject({ is: 'complete' });
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
    expect(await list(source)).toMatchObject({ is: 'complete' });
    expect(await list(source)).toMatchObject({ is: 'complete' });
    expect(count('securitytokens')).toBe(1);
    clock.ms += 51 * 60_000;
    expect(await list(source)).toMatchObject({ is: 'complete' });
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
    expect(listing).toMatchObject({ is: 'complete' });
    expect(listing.instances.size).toBe(450);
  });
});
