import { Fleet, Scenario, SEED_PROJECT } from '../../../../bin/sandbox/roma-simulator';

const projectId = SEED_PROJECT.id;
const play = (seed: number, steps: number, instances = 5) => {
  const fleet = new Fleet();
  fleet.fill(projectId, instances);
  const time = { now: Date.parse('2026-11-22T10:00:00Z') };
  const scenario = new Scenario(fleet, { projectId, seed, now: () => time.now });
  const told = Array.from({ length: steps }, () => {
    time.now += 60_000;
    return scenario.step();
  });
  return { fleet, told, scenario, time };
};

describe('the life of a fleet', () => {
  it('is the same for the same seed and another for another', () => {
    const a = play(1, 50);
    expect(play(1, 50).told).toEqual(a.told);
    expect(play(1, 50).fleet.list(projectId)).toEqual(a.fleet.list(projectId));
    expect(play(2, 50).told).not.toEqual(a.told);
  });

  it('gives each newcomer a name of its own, also when two appear at once', () => {
    const newcomers = play(7, 60)
      .told.flat()
      .filter(({ what }) => what.startsWith('appears'));
    expect(newcomers.length).toBeGreaterThan(5);
    expect(new Set(newcomers.map(({ name }) => name)).size).toBe(newcomers.length);
  });

  it('does not die out', () => {
    const { fleet } = play(7, 1000);
    expect(fleet.list(projectId).length).toBeGreaterThanOrEqual(3);
    expect(fleet.list(projectId).length).toBeLessThanOrEqual(10);
  });

  it('tells every story before it tells one again', () => {
    const words = play(3, 25)
      .told.flat()
      .map(({ what }) => what)
      .join('; ');
    for (const what of [
      'appears as CREATING',
      'CREATING → RUNNING',
      'CREATING → CREATE_FAILED',
      'CREATE_FAILED → gone',
      'RUNNING → ERROR',
      'ERROR → RUNNING',
      'FREEZING → FROZEN',
      'FROZEN → RUNNING',
      'RUNNING → DELETING',
      'DELETING → DELETE_FALIED',
      'DELETING → gone',
      'name = ',
      'flavor_id = ',
      'publicip_address = nothing',
      'publicip_address = "198.51.100.',
    ]) {
      expect(words).toContain(what);
    }
  });

  it('goes on with an empty fleet, and when instances vanish in the middle of a story', () => {
    const { fleet, scenario } = play(4, 30, 0);
    expect(fleet.list(projectId).length).toBeGreaterThan(0);
    fleet.clear(projectId);
    for (let step = 0; step < 10; step += 1) scenario.step();
    expect(fleet.list(projectId).length).toBeGreaterThan(0);
  });

  it('dates what it changes', () => {
    const { fleet, scenario, time } = play(5, 0, 1);
    const [instance] = fleet.list(projectId);
    scenario.begin('renamed', instance?.id);
    time.now = Date.parse('2026-11-22T12:00:00.500Z');
    scenario.step();
    expect(fleet.get(projectId, instance?.id ?? '')).toMatchObject({
      name: expect.stringMatching(/^roma-renamed-/),
      create_time: '2019-12-06T06:49:04Z',
      update_time: '2026-11-22T12:00:00Z',
    });
  });
});
