import type { Database } from '../../bin/local-database/dynamodb-local';

export default async function stopEngines(): Promise<void> {
  const { databases = [] } = globalThis as { databases?: Database[] };
  await Promise.all(databases.map(async (database) => database.stop()));
}
