import { type Fleet, SEED_INSTANCE, seedFleet } from '../../../bin/sandbox/fleet';
import { Scenario } from '../../../bin/sandbox/scenario';

const projectId = SEED_INSTANCE.project_id;
const NOW = Date.parse('2026-11-22T12:00:00.500Z');

interface Change {
  readonly field: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** What one step changed: fields, and instances that came or went as changes of their status. */
function differences(before: Fleet, after: Fleet): Change[] {
  const ids = [...new Set([...before.keys(), ...after.keys()])];
  return ids.flatMap((id) => {
    const [from, to] = [before.get(id), after.get(id)];
    if (from === undefined || to === undefined) return [{ field: 'status', from: from?.status, to: to?.status }];
    const fields = Object.keys({ ...from, ...to }).filter((field) => from[field] !== to[field]);
    return fields.map((field) => ({ field, from: from[field], to: to[field] }));
  });
}

function play(fleet: Fleet, steps: number): Change[] {
  const scenario = new Scenario(fleet, projectId, () => NOW);
  return Array.from({ length: steps }, () => {
    const before = new Map(fleet);
    scenario.step();
    return differences(before, fleet);
  }).flat();
}

describe('the life of the simulated fleet', () => {
  it('is the same each time', () => {
    expect(play(seedFleet(4), 50)).toEqual(play(seedFleet(4), 50));
  });

  it('gives each newcomer a name of its own', () => {
    const fleet = seedFleet(4);
    const names = new Set<unknown>();
    const scenario = new Scenario(fleet, projectId, () => NOW);
    const newcomers = new Set<string>();
    for (let step = 0; step < 60; step += 1) {
      scenario.step();
      for (const { id, name, status } of fleet.values()) {
        if (status !== 'CREATING') continue;
        newcomers.add(id);
        names.add(name);
      }
    }
    expect(newcomers.size).toBeGreaterThan(5);
    expect(names.size).toBe(newcomers.size);
  });

  it('keeps a fleet of about the same size, however long it goes on', () => {
    const fleet = seedFleet(4);
    play(fleet, 1000);
    expect(fleet.size).toBeGreaterThanOrEqual(3);
    expect(fleet.size).toBeLessThanOrEqual(10);
  });

  it('shows every kind of change within 25 steps', () => {
    const changes = play(seedFleet(4), 25);
    const statuses = changes.flatMap(({ field, from, to }) =>
      field === 'status' ? [`${String(from)} → ${String(to)}`] : [],
    );
    expect(statuses).toEqual(
      expect.arrayContaining([
        'undefined → CREATING',
        'CREATING → RUNNING',
        'CREATING → CREATE_FAILED',
        'CREATE_FAILED → undefined',
        'RUNNING → ERROR',
        'ERROR → RUNNING',
        'FREEZING → FROZEN',
        'FROZEN → RUNNING',
        'RUNNING → DELETING',
        'DELETING → DELETE_FALIED',
        'DELETING → undefined',
      ]),
    );
    const fields = new Set(changes.map(({ field }) => field));
    for (const field of ['name', 'flavor_id', 'publicip_address']) expect(fields).toContain(field);
  });

  it('goes on with an empty fleet, and when instances vanish in the middle of their lives', () => {
    const fleet: Fleet = new Map();
    const scenario = new Scenario(fleet, projectId, () => NOW);
    for (let step = 0; step < 30; step += 1) scenario.step();
    expect(fleet.size).toBeGreaterThan(0);
    fleet.clear();
    for (let step = 0; step < 30; step += 1) scenario.step();
    expect(fleet.size).toBeGreaterThan(0);
  });

  it('dates what it changes', () => {
    const fleet = seedFleet(0);
    play(fleet, 1);
    expect(fleet.get(SEED_INSTANCE.id)).toMatchObject({
      status: 'ERROR',
      create_time: SEED_INSTANCE.create_time,
      update_time: '2026-11-22T12:00:00Z',
    });
  });
});
