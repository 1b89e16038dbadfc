import { createWriteStream } from 'node:fs';
import { accepted, instance, TARGET } from '../../../support/fleet';
import { collectPage } from './one-page';
import { connect, loopbackConfig } from '../../../../lambda/dynamodb/client';
import { createRecorder } from '../../../../lambda/dynamodb/recorder';
import { syncTarget } from '../../../../lambda/core/sync/run';
import { systemPorts } from '../../../../lambda/wire';
import { seededRandom } from '../../../support/seeded-random';

/**
 * A process that syncs a moving fleet until someone kills it. Before each run it writes what the fleet is to its log,
 * so that whoever killed it knows what it may have seen.
 * Arguments: endpoint of the database, table, seed, log file, milliseconds that the clock is ahead.
 */
const [endpoint = '', tableName = '', seed = '1', log = '', ahead = '0'] = process.argv.slice(2);
const random = seededRandom(Number(seed));
const client = connect(loopbackConfig(endpoint));
const now = (): number => Date.now() + Number(ahead);
const statuses = ['RUNNING', 'ERROR', 'FROZEN', 'CREATING'] as const;

async function syncForever(): Promise<void> {
  const file = createWriteStream(log, { flags: 'a' });
  for (;;) {
    const records = Array.from({ length: 40 }, (_, index) =>
      instance(`i-${index}`, statuses[Math.floor(random() * statuses.length)], { padding: 'x'.repeat(500) }),
    ).filter(() => random() > 0.1);
    await new Promise((resolve) => file.write(`${JSON.stringify(records)}\n`, resolve));
    await syncTarget(
      {
        ...systemPorts,
        clock: { ...systemPorts.clock, now },
        recorder: createRecorder(client, tableName),
        source: collectPage(records.map(accepted), now),
      },
      { target: TARGET, intervalMs: 300_000, brakeReleaseAfterMs: 86_400_000 },
    );
  }
}

void syncForever();
