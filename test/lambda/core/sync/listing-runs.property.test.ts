import * as fc from 'fast-check';
import { type Fault, Fleet, makeInstance, startRomaSimulator } from '../../../support/roma-simulator';
import { isDeletedStatus } from '../../../../lambda/core/model/instance';
import { RUN_OUTCOMES } from '../../../../lambda/core/model/record';
import { syncTarget } from '../../../../lambda/core/sync/run';
import { createRomaSource } from '../../../../lambda/roma/list/source';
import { TARGET } from '../../../support/fleet';
import { ManualClock } from '../../../support/manual-clock';
import { InMemoryHistory } from '../../../support/in-memory-history';
import { collect, INTERVAL_MS } from '../../../support/sync-world';

const RUNS_OF_A_STORY = 10;
/** With SOAK_STEPS (`npm run test:soak`) 500 whole runs. */
const STORIES = process.env.SOAK_STEPS === undefined ? 4 : 50;
/** Four listings, each of which is read up to three times, status by status at worst. */
const MOST_REQUESTS = 4 * 3 * 40;

const { projectId } = TARGET;
const share = fc.integer({ min: 0, max: 999 });

/** Faults after which one listing may be complete and lack an instance, so that only the next one tells. */
const hiding: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('shortPage' as const), drop: fc.constantFrom(1, 20, 100) }),
  fc.constantFrom<Fault[]>(
    { kind: 'emptyPage' },
    { kind: 'nullList' },
    { kind: 'malformedRecord' },
    { kind: 'rows', edit: (rows) => rows.slice(1) },
  ),
);
const other: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('wrongTotal' as const), by: fc.constantFrom(-100, -1, 1, 100) }),
  fc.record({ kind: fc.constant('wrongSize' as const), by: fc.constantFrom(-1, 1) }),
  fc.constantFrom<Fault[]>(
    { kind: 'duplicateRow' },
    { kind: 'unknownStatus' },
    { kind: 'malformedRecord', record: 'no record' },
    { kind: 'rows', edit: (rows) => rows.toReversed() },
    { kind: 'truncated' },
    { kind: 'reset' },
    { kind: 'answer', answer: 'gatewayBackendUnavailable' },
    { kind: 'answer', answer: 'gatewayThrottledBySecond' },
  ),
);
const struck = (fault: fc.Arbitrary<Fault>) => fc.record({ fault, after: fc.nat({ max: 4 }) });
const moves = fc.array(
  fc.record({
    beforePage: fc.nat({ max: 4 }),
    which: share,
    do: fc.constantFrom('create', 'delete', 'delete', 'to the front', 'to the back', 'ERROR', 'SOFT_DELETED'),
  }),
  { maxLength: 3 },
);
const stories = fc.record({
  count: fc.oneof(fc.constantFrom(3, 99, 100, 101, 120, 149, 199, 201), fc.integer({ min: 1, max: 260 })),
  api: fc.constantFrom('v2' as const, 'v2' as const, 'v3' as const),
  maxOffset: fc.constantFrom(null, 100),
  maxLimit: fc.constantFrom(100, 100, 50),
  totalClamp: fc.constantFrom(100, 100, Infinity),
  runs: fc.array(
    fc.record({
      moves,
      hiding: fc.option(struck(hiding)),
      others: fc.array(struck(other), { maxLength: 2 }),
    }),
    { minLength: RUNS_OF_A_STORY, maxLength: RUNS_OF_A_STORY },
  ),
});
type Story = typeof stories extends fc.Arbitrary<infer T> ? T : never;
type Run = Story['runs'][number];

async function tell({ count, api, runs, ...limits }: Story): Promise<number> {
  const clock = new ManualClock();
  const fleet = new Fleet([{ id: projectId, name: TARGET.region, enabled: true }]);
  fleet.fill(projectId, count);
  const simulator = await startRomaSimulator({ fleet, clock, overLimit: 'clamp', ...limits });
  const { accessKey, secretKey } = simulator.account;
  const source = createRomaSource({
    endpoint: simulator.endpoint,
    credentials: { kind: 'keys', accessKey, secretKey },
    clock,
    random: () => 0.5,
    api,
  });
  const history = new InMemoryHistory();
  const reader = history.reader();
  let created = count;
  let made = 0;

  const move = ({ do: what, which }: Run['moves'][number]): void => {
    const all = fleet.list(projectId);
    const id = all[Math.floor((which * all.length) / 1000)]?.id;
    if (what === 'create') fleet.put(projectId, makeInstance(projectId, (created += 1)));
    else if (id === undefined || all.length < 3) return;
    else if (what === 'delete') fleet.remove(projectId, id);
    else if (what === 'to the front' || what === 'to the back')
      fleet.moveTo(projectId, id, what === 'to the front' ? 'front' : 'back');
    else fleet.change(projectId, id, { status: what });
  };

  const run = async (plan?: Run) => {
    made += 1;
    simulator.clearRequests();
    // Where the total is limited, a row that is left out and a move that hides the same one from the next listing
    // cannot be told from a deletion: one of the two is enough for a run.
    const mayHide = limits.totalClamp === Infinity || plan?.moves.length === 0;
    const faults = [...(plan?.others ?? []), ...(plan?.hiding && mayHide ? [plan.hiding] : [])];
    for (const { fault, after } of faults) simulator.faults.inject({ fault, after });
    let pages = 0;
    const removeHook = simulator.beforePage(() => {
      for (const each of plan?.moves ?? []) if (each.beforePage === pages) move(each);
      pages += 1;
    });
    const result = await syncTarget(
      {
        recorder: history.recorder(),
        source,
        clock,
        alarm: clock.alarm,
        random: () => 0.5,
        newRunId: () => `run-${made}`,
      },
      // No brake: nothing but the listings guards the living.
      { target: TARGET, api, intervalMs: INTERVAL_MS, brakeReleaseAfterMs: 0, allowMassDeletion: true },
    );
    removeHook();
    simulator.faults.clear();
    clock.advance(INTERVAL_MS);
    expect(RUN_OUTCOMES).toContain(result.outcome);
    expect(simulator.requests.length).toBeLessThan(MOST_REQUESTS);
    for (const { id, kind, evidence } of await collect(reader.currents(TARGET))) {
      if (kind === 'deleted' && evidence === 'absent' && fleet.get(projectId, id) !== undefined)
        throw new Error(`run ${made} (${result.outcome}) deleted ${id}, which is alive`);
    }
    return result;
  };

  try {
    for (const plan of runs) await run(plan);
    await run();
    const last = await run();
    const listed = fleet.list(projectId);
    const reach = Math.floor((limits.maxOffset ?? Infinity) / limits.maxLimit) * limits.maxLimit + limits.maxLimit - 1;
    if (api === 'v3' || listed.length <= reach) {
      expect(last).toMatchObject({ outcome: 'unchanged' });
      const idsOf = (rows: readonly { id: string; status: string }[]): string[] =>
        rows.flatMap(({ id, status }) => (isDeletedStatus(status) ? [] : [id])).toSorted();
      expect(idsOf(await collect(reader.currents(TARGET)))).toEqual(idsOf(listed));
    }
  } finally {
    await source.close();
    await simulator.stop();
  }
  return made;
}

it('whole runs delete nothing that lives, end with an outcome, and get over every fault, whatever the API does to its pages', async () => {
  const seed = Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 2 ** 31));
  process.stdout.write(`whole runs: seed ${seed}\n`);
  let made = 0;
  await fc.assert(
    fc.asyncProperty(stories, async (story) => {
      made += await tell(story);
    }),
    { seed, numRuns: STORIES },
  );
  expect(made).toBeGreaterThanOrEqual(STORIES * RUNS_OF_A_STORY);
}, 600_000);
