import { onEachStore } from './history-stores';
import { SyncWorld } from './sync-world';

/** Runs the same tests in a world with the in-memory twin, and in one with each database engine. */
export function onEachWorld(name: string, tests: (open: () => Promise<SyncWorld>) => void): void {
  onEachStore(name, (openStore) => {
    let world: SyncWorld | undefined;
    afterEach(() => world?.store.close());
    tests(async () => (world = new SyncWorld(await openStore())));
  });
}
