import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDatabase } from '../../bin/local-database/dynamodb-local';
import { measureManyTargets } from './many-targets';

/** `npx tsx test/bench/many-targets.run.ts [targets] [intervals]`: an hour of 200 targets at five minutes, measured. */
async function main(): Promise<void> {
  const [targets = 200, intervals = 12] = process.argv.slice(2).map(Number);
  const database = await startDatabase({ environment: {} });
  try {
    const result = await measureManyTargets({
      databaseEndpoint: database.endpoint,
      targets,
      instancesPerTarget: 5,
      intervals,
    });
    const { heapAfter, wallMs, ...counts } = result;
    const mebibytes = heapAfter.map((bytes) => Math.round(bytes / 1024 / 102.4) / 10);
    for (const [name, value] of Object.entries(counts)) process.stdout.write(`${name.padEnd(16)} ${value}\n`);
    process.stdout.write(`heap MiB         ${mebibytes.join(' ')}\nwall ms          ${wallMs.join(' ')}\n`);
    const folder = join(__dirname, 'results');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'many-targets.json'), `${JSON.stringify(result, undefined, 2)}\n`);
  } finally {
    await database.stop();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
