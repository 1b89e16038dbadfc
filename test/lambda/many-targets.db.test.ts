import { measureManyTargets } from '../bench/many-targets';
import { anyEngine, endpointOf } from '../support/engines';

/** Six hundred whole runs take half a minute on a small machine. */
const TIME_LIMIT_MS = 240_000;

describe('two hundred targets on five-minute schedules', () => {
  it(
    'lose no run and no change and leave no time unobserved, though the API fails now and then',
    async () => {
      const result = await measureManyTargets({
        databaseEndpoint: endpointOf(anyEngine()) ?? '',
        targets: 200,
        instancesPerTarget: 2,
        intervals: 3,
      });
      expect(result).toMatchObject({ due: 600, lost: 0, gaps: 0, faults: 60, tokenRequests: 0 });
      expect(result.changesMade).toBeGreaterThan(10);
      expect(result.changesRecorded).toBe(result.changesMade);
    },
    TIME_LIMIT_MS,
  );

  it('with a password ask for one token a project, not one a run', async () => {
    const result = await measureManyTargets({
      databaseEndpoint: endpointOf(anyEngine()) ?? '',
      targets: 20,
      instancesPerTarget: 1,
      intervals: 3,
      credentials: 'password',
      faultsPerInterval: 0,
    });
    expect(result).toMatchObject({ due: 60, lost: 0, tokenRequests: 20, apiRequests: 60 });
  });
});
