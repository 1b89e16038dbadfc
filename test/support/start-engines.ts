import { type Database, ENGINES, isAvailable, startDatabase } from '../../bin/local-database/dynamodb-local';
import { announce } from './engines';

/** Starts each engine once a jest run. `REQUIRE_ALL_ENGINES` turns a missing engine into an error. */
export default async function startEngines(): Promise<void> {
  const started: Database[] = [];
  for (const engine of ENGINES) {
    if (!isAvailable(engine)) {
      const message = `the engine ${engine} cannot run on this machine`;
      if (process.env.REQUIRE_ALL_ENGINES) throw new Error(`${message}, but REQUIRE_ALL_ENGINES is set`);
      process.stderr.write(`${message}: its tests are skipped\n`);
      continue;
    }
    const database = await startDatabase({ engine, environment: {} });
    announce(engine, database.endpoint);
    started.push(database);
  }
  (globalThis as { databases?: Database[] }).databases = started;
}
