import { request } from 'undici';
import { type RomaSimulator, SEED_PROJECT, seedFleet, startRomaSimulator } from '../support/roma-simulator';
import { syncTarget } from '../../lambda/core/sync/run';
import { createRecorder } from '../../lambda/dynamodb/recorder';
import { createRomaSource } from '../../lambda/roma/list/source';
import { systemPorts } from '../../lambda/wire';
import { type BenchTable, historyTable } from './bench-table';
import { type Bench, type Finding, type Measure, median, round, times, wallTime } from './measure';

const LATENCY_MS = 50;
const ROUNDS = 5;
const TARGET = { region: 'cn-north-4', projectId: SEED_PROJECT.id };
/** Far above what a test server needs; the default is polite to the real one. */
const UNLIMITED = 1000;

/** An unchanged run whose API answers after 50 ms, beside a loop that reads one page after the other. */
export const wallTimeOfRuns: Measure = {
  letter: 'd',
  title: `wall time of an unchanged run with ${LATENCY_MS} ms of API latency`,
  run: async (bench) => [...(await withPages(bench, 1)), ...(await withPages(bench, 20))],
};

async function withPages(bench: Bench, pages: number): Promise<Finding[]> {
  const fleet = seedFleet();
  fleet.clear(TARGET.projectId);
  fleet.fill(TARGET.projectId, pages * 100);
  const simulator = await startRomaSimulator({ fleet, maxOffset: null });
  simulator.faults.inject({ fault: { kind: 'latency', ms: LATENCY_MS }, times: 'always' });
  const table = await historyTable(bench.endpoint);
  try {
    const token = await tokenOf(simulator);
    const sequential: number[] = [];
    const polite = await runner(simulator, table);
    const fast = await runner(simulator, table, UNLIMITED);
    const taken = { polite: [] as number[], fast: [] as number[] };
    for (let round_ = 0; round_ < ROUNDS; round_ += 1) {
      sequential.push(await wallTime(async () => readInTurn(simulator, token, pages)));
      taken.fast.push(await wallTime(fast.run));
      // Beyond the first ten pages it is the limit of the rate that decides, so a pause makes each round a first one.
      await systemPorts.clock.sleep(1_000);
      taken.polite.push(await wallTime(polite.run));
    }
    await Promise.all([polite.close(), fast.close()]);
    bench.numbers.set(`d.${pages}.ms`, median(taken.polite));
    const beside = `sequential paging alone, ${round(median(sequential), 0)} ms`;
    const finding = (what: string, of: readonly number[]): Finding => ({
      what,
      ours: `${round(median(of), 0)} ms (${times(median(of), median(sequential))})`,
      beside,
      goal: '',
    });
    const name = `${pages} page${pages === 1 ? '' : 's'}`;
    return pages === 1
      ? [finding(name, taken.polite)]
      : [
          finding(`${name}, without a rate limit`, taken.fast),
          finding(`${name}, at most 10 requests per second`, taken.polite),
        ];
  } finally {
    table.close();
    await simulator.stop();
  }
}

async function runner(simulator: RomaSimulator, table: BenchTable, requestsPerSecond?: number) {
  const { endpoint, account } = simulator;
  const { userName, password, domainName } = account;
  const source = createRomaSource({
    ...systemPorts,
    credentials: { kind: 'password', userName, password, domainName },
    endpoint,
    iamEndpoint: endpoint,
    requestsPerSecond,
  });
  const run = async () =>
    syncTarget(
      { ...systemPorts, source, recorder: createRecorder(table.client, table.tableName) },
      { target: TARGET, brakeReleaseAfterMs: 86_400_000, intervalMs: 300_000 },
    );
  const { outcome } = await run();
  if (outcome !== 'changed' && outcome !== 'unchanged') throw new Error(`the run ended ${outcome}`);
  return { run, close: async () => source.close() };
}

async function tokenOf({ endpoint, account }: RomaSimulator): Promise<string> {
  const { userName, password, domainName } = account;
  const { headers, body } = await request(`${endpoint}/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: userName, password, domain: { name: domainName } } },
        },
        scope: { project: { id: TARGET.projectId } },
      },
    }),
  });
  await body.dump();
  return String(headers['x-subject-token']);
}

async function readInTurn({ endpoint }: RomaSimulator, token: string, pages: number): Promise<void> {
  for (let page = 0; page < pages; page += 1) {
    const { statusCode, body } = await request(
      `${endpoint}/v2/${TARGET.projectId}/instances?offset=${page * 100}&limit=100`,
      { headers: { 'x-auth-token': token } },
    );
    if (statusCode !== 200) throw new Error(`the page was answered with ${statusCode}`);
    JSON.parse(await body.text());
  }
}
