import { log, type LogEntry } from '../../../../lambda/core/history/log';
import { onEachWorld } from '../../../support/on-each-world';
import { collect, type SyncWorld } from '../../../support/sync-world';

const HOUR = 60 * 60_000;

onEachWorld('the log of an instance', (open) => {
  let world: SyncWorld;
  beforeEach(async () => {
    world = await open();
    world.put('a');
  });

  const told = async (reader = world.store.reader): Promise<unknown[]> => {
    const current = await reader.current(world.target, 'a');
    const entries: LogEntry[] = await collect(log(reader, current!, { nowMs: world.clock.now() }));
    return entries.map((entry) => (entry.type === 'gap' ? entry.gap : entry.version.version));
  };

  it('tells two gaps that touch at a version apart, one on each side of it', async () => {
    const first = await world.run();
    world.wait(HOUR);
    world.put('a', 'ERROR');
    const second = await world.run();
    world.wait(HOUR);
    const third = await world.run();
    expect(await told()).toEqual([
      { from: second.observedAt, to: third.observedAt },
      2,
      { from: first.observedAt, to: second.observedAt },
      1,
    ]);
  });

  it('says that its newest version is not observed any more while no head tells of a completed run', async () => {
    const first = await world.run();
    const { reader } = world.store;
    const withoutHead = {
      ...reader,
      head: async () => undefined,
      coverage: async (...args: Parameters<typeof reader.coverage>) => ({
        ...(await reader.coverage(...args)),
        head: undefined,
      }),
    };
    expect(await told(withoutHead)).toEqual([{ from: first.observedAt }, 1]);
  });
});
