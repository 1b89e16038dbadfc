import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createHistoryTable } from '../../../../bin/local-database/create-table';
import { type Database, isAvailable, startDatabase } from '../../../../bin/local-database/dynamodb-local';
import { seededRandom } from '../../../support/seeded-random';
import { canonicalSnapshot } from '../../../../lambda/core/model/canonical';
import type { Snapshot } from '../../../../lambda/core/model/instance';
import type { Reader } from '../../../../lambda/core/history/reader';
import { type Current, isGone, type Version } from '../../../../lambda/core/model/record';
import { LEASE_MS } from '../../../../lambda/core/sync/lease';
import { syncTarget } from '../../../../lambda/core/sync/run';
import { connect, dynamodbClientConfig, loopbackConfig } from '../../../../lambda/dynamodb/client';
import { createReader } from '../../../../lambda/dynamodb/reader';
import { createRecorder } from '../../../../lambda/dynamodb/recorder';
import { systemPorts } from '../../../../lambda/wire';
import { accepted, instance, TARGET } from '../../../support/fleet';
import { collect } from '../../../support/sync-world';
import { collectPage } from './one-page';

/** `npm run test:soak -- --kills N` raises this. */
const KILLS = Number(process.env.SOAK_KILLS ?? 10);
const TABLE = 'crash';
// Only this engine loses no acknowledged write of its own when it is killed, too.
const onDynoxide = isAvailable('dynoxide') ? describe : describe.skip;

onDynoxide('a process that is killed at any moment', () => {
  let folder: string;
  let database: Database;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'roma-crash-'));
    database = await startDatabase({ engine: 'dynoxide', folder });
    const raw = new DynamoDBClient(dynamodbClientConfig(loopbackConfig(database.endpoint)));
    await createHistoryTable(raw, TABLE);
    raw.destroy();
  });
  afterAll(async () => {
    await database.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it(
    `leaves a history that the next run makes right, ${KILLS} times`,
    async () => {
      const seed = Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 2 ** 31));
      process.stdout.write(`crash test: seed ${seed}\n`);
      const random = seededRandom(seed);
      const log = join(folder, 'seen.log');
      // Each process starts after the lease of the one before has expired: its clock is further ahead.
      let ahead = 0;
      let recorded = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        await syncUntilKilled(database.endpoint, log, seed + kill, ahead, 150 + random() * 500);
        ahead += LEASE_MS + 1000;
        if (kill % 4 === 3 || kill === KILLS - 1) recorded = await checkRows(database.endpoint, log);
      }
      // The test must have killed something that was at work.
      expect(recorded).toBeGreaterThan(KILLS);
      await checkCleanRun(database.endpoint, ahead);
    },
    60_000 + KILLS * 5_000,
  );
});

/** Runs the process and kills it so long after it has begun to sync. */
async function syncUntilKilled(
  endpoint: string,
  log: string,
  seed: number,
  ahead: number,
  afterMs: number,
): Promise<void> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(__dirname, 'sync-forever.ts'), endpoint, TABLE, String(seed), log, String(ahead)],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    },
  );
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const before = sizeOf(log);
  while (sizeOf(log) === before && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  child.kill('SIGKILL');
  await exited;
}

function sizeOf(log: string): number {
  try {
    return readFileSync(log).length;
  } catch {
    return 0;
  }
}

/** Rows are whole and in order whatever was cut off. @returns how many versions there are */
async function checkRows(endpoint: string, log: string): Promise<number> {
  const client = connect(loopbackConfig(endpoint));
  const reader = createReader(client, TABLE, { now: () => 0 });
  const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1);
  const seen = new Set(lines.flatMap((line) => (JSON.parse(line) as Snapshot[]).map((one) => canonicalSnapshot(one))));
  let count = 0;
  for (const { current, versions } of await settledRows(reader)) {
    count += versions.length;
    expect(versions.map(({ version }) => version)).toEqual(versions.map((_, index) => index + 1));
    expect(versions.at(-1)).toMatchObject({
      version: current.version,
      observedAt: current.observedAt,
      kind: current.kind,
    });
    for (const [index, version] of versions.entries()) {
      expect(seen.has(canonicalSnapshot(version.snapshot))).toBe(true);
      const before = versions[index - 1];
      if (before === undefined) continue;
      expect(version.observedAt > before.observedAt).toBe(true);
      const same = canonicalSnapshot(before.snapshot) === canonicalSnapshot(version.snapshot);
      expect(same && (before.kind === 'deleted') === (version.kind === 'deleted')).toBe(false);
    }
  }
  client.destroy();
  return count;
}

/** The last request of the dead process may still be under way in the database: reads until nothing moves. */
async function settledRows(reader: Reader): Promise<{ current: Current; versions: Version[] }[]> {
  for (;;) {
    const rows: { current: Current; versions: Version[] }[] = [];
    for (const current of await collect(reader.currents(TARGET))) {
      rows.push({ current, versions: await collect(reader.versions(TARGET, current.id)) });
    }
    const after = await collect(reader.currents(TARGET));
    if (after.map(stamp).join() === rows.map(({ current }) => stamp(current)).join()) return rows;
  }
}

const stamp = ({ id, version, touchedBy }: Current): string => `${id} ${version} ${touchedBy}`;

async function checkCleanRun(endpoint: string, ahead: number): Promise<void> {
  const client = connect(loopbackConfig(endpoint));
  const now = (): number => Date.now() + ahead;
  const fleet = Array.from({ length: 50 }, (_, index) => instance(`i-${index}`));
  const result = await syncTarget(
    {
      ...systemPorts,
      clock: { ...systemPorts.clock, now },
      recorder: createRecorder(client, TABLE),
      source: collectPage(fleet.map(accepted), now),
    },
    { target: TARGET, intervalMs: 300_000, brakeReleaseAfterMs: 86_400_000, allowMassDeletion: true },
  );
  expect(result).toMatchObject({ outcome: 'changed', instances: 50 });
  const living = (await collect(createReader(client, TABLE, { now: () => 0 }).currents(TARGET))).filter(
    (current) => !isGone(current),
  );
  expect(living.map(({ snapshot }) => canonicalSnapshot(snapshot)).toSorted()).toEqual(
    fleet.map((one) => canonicalSnapshot(one)).toSorted(),
  );
  client.destroy();
}
