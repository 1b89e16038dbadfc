import { transform } from 'esbuild';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { digestOfPages } from '../../../../lambda/core/sync/fingerprint';
import { collectListing } from '../../../../lambda/core/sync/listing';
import { createRomaSource, type RomaSource } from '../../../../lambda/roma/list/source';
import { Fleet, makeInstance, type RomaSimulator, startRomaSimulator } from '../../../support/roma-simulator';
import { TARGET } from '../../../support/fleet';
import { ManualClock } from '../../../support/manual-clock';

const clock = new ManualClock();
let simulator: RomaSimulator;
let source: RomaSource;

beforeEach(async () => {
  const fleet = new Fleet([{ id: TARGET.projectId, name: 'cn-north-4', enabled: true }]);
  for (let n = 0; n < 200; n += 1) fleet.put(TARGET.projectId, makeInstance(TARGET.projectId, n));
  simulator = await startRomaSimulator({ fleet, clock });
  const { accessKey, secretKey } = simulator.account;
  source = createRomaSource({
    endpoint: simulator.endpoint,
    credentials: { kind: 'keys', accessKey, secretKey },
    clock,
    random: () => 0.5,
  });
});

afterEach(async () => {
  await source.close();
  await simulator.stop();
});

const read = async () => collectListing(TARGET, source.pages(TARGET, {}), () => clock.now());
const paths = () => simulator.requests.map(({ path }) => path);
const glanceNow = async () => {
  const glance = await source.glance!(TARGET, {});
  return { glance, bytes: digestOfPages(glance.list?.digests ?? [undefined]) };
};

describe('a glance at a list', () => {
  it('asks for the pages that reading asks for, the probe behind a full last page included, and tells the same bytes', async () => {
    const before = await read();
    const asked = paths();
    expect(asked).toHaveLength(3);
    const { bytes, glance } = await glanceNow();
    expect(bytes).toBeDefined();
    expect(before).toMatchObject({ kind: 'complete', bytes });
    expect(glance.list?.total).toBe(200);
    expect(paths().slice(3)).toEqual(asked);
  });

  it('at a list that has changed in one place asks for nothing twice', async () => {
    const before = await read();
    simulator.fleet.put(TARGET.projectId, { ...makeInstance(TARGET.projectId, 7), name: 'renamed' });
    const { bytes, glance } = await glanceNow();
    expect(bytes).toBeDefined();
    expect(before).not.toMatchObject({ bytes });
    const listing = await collectListing(TARGET, glance.pages(), () => clock.now());
    expect(listing).toMatchObject({ kind: 'complete', bytes });
    expect([...listing.instances.values()].some(({ name }) => name === 'renamed')).toBe(true);
    expect(paths()).toHaveLength(6);
  });

  it('knows nothing of bytes that hold a secret, because what is redacted in them depends on the secrets of that time', async () => {
    const { secretKey } = simulator.account;
    simulator.fleet.put(TARGET.projectId, { ...makeInstance(TARGET.projectId, 7), description: secretKey });
    const listing = await read();
    expect(listing).toMatchObject({ kind: 'complete', bytes: undefined });
    expect((await glanceNow()).bytes).toBeUndefined();
  });
});

it('whoever changes how a body is read raises READING_VERSION, and writes the digest of the changed code here', async () => {
  const hash = createHash('sha256');
  for (const file of [
    'list/wire-schema',
    'list/page-text',
    'list/record-cleaning',
    'http/redaction',
    'http/readings',
    'http/secret-fields',
  ]) {
    const code = readFileSync(`lambda/roma/${file}.ts`, 'utf8').replaceAll(/^import .*$/gm, '');
    hash.update((await transform(code, { loader: 'ts', minify: true })).code);
  }
  expect(hash.digest('hex').slice(0, 16)).toBe('2d345f54209e00db');
});
