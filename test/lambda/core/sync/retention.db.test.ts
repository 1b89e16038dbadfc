import { toMs } from '../../../../lambda/core/model/instant';
import { onEachWorld } from '../../../support/on-each-world';
import type { SyncWorld } from '../../../support/sync-world';

const DAY = 86_400_000;

onEachWorld('a retention', (open) => {
  let world: SyncWorld;
  beforeEach(async () => {
    world = await open();
    world.put('a');
    world.put('other');
    await world.tick();
  });

  it('lets a version expire so long after it was superseded or its instance deleted, and never the newest', async () => {
    world.put('a', 'ERROR');
    const changed = await world.tick({ retentionMs: 7 * DAY });
    world.remove('a');
    const deleted = await world.tick({ retentionMs: 7 * DAY });
    const versions = await world.versions('a');
    expect(versions.map(({ kind }) => kind)).toEqual(['baseline', 'statusChanged', 'deleted']);
    for (const [index, { observedAt }] of [changed, deleted].entries()) {
      const keptForMs = toMs(versions[index]!.expiresAt!) - toMs(observedAt!);
      // The table counts in whole seconds, and none too few.
      expect(keptForMs).toBeGreaterThanOrEqual(7 * DAY);
      expect(keptForMs).toBeLessThan(7 * DAY + 1000);
    }
    expect(versions.at(-1)?.expiresAt).toBeUndefined();
    expect((await world.versions('other')).at(-1)?.expiresAt).toBeUndefined();
  });

  it('is remembered by the row, for from then on some of its past may be missing', async () => {
    expect(await world.current('a')).not.toHaveProperty('expiringSince');
    world.put('a', 'ERROR');
    const first = await world.tick({ retentionMs: 7 * DAY });
    expect(await world.current('a')).toHaveProperty('expiringSince', first.observedAt);
    world.put('a', 'RUNNING');
    await world.tick({ retentionMs: 7 * DAY });
    expect(await world.current('a')).toHaveProperty('expiringSince', first.observedAt);
    world.put('a', 'FROZEN');
    await world.tick();
    expect(await world.current('a')).toHaveProperty('expiringSince', first.observedAt);
    expect(await world.current('other')).not.toHaveProperty('expiringSince');
  });

  it('that is not asked for lets nothing expire', async () => {
    world.put('a', 'ERROR');
    await world.tick();
    expect((await world.versions('a')).map(({ expiresAt }) => expiresAt)).toEqual([undefined, undefined]);
  });
});
