import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import pMap from 'p-map';
import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createHistoryTable } from '../../bin/local-database/create-table';
import { type Fault, Fleet, type RomaSimulator, startRomaSimulator } from '../support/roma-simulator';
import { seededRandom } from '../support/seeded-random';
import type { Target } from '../../lambda/core/model/instance';
import { isCompleted, type RunResult } from '../../lambda/core/sync/run-result';
import { connect, dynamodbClientConfig, loopbackConfig } from '../../lambda/dynamodb/client';
import { createReader } from '../../lambda/dynamodb/reader';
import { type SyncHandler, wireSync } from '../../lambda/wire';
import { ManualClock } from '../support/manual-clock';

export interface ManyTargetsOptions {
  readonly databaseEndpoint: string;
  readonly targets: number;
  readonly instancesPerTarget: number;
  /** How many times each schedule fires. */
  readonly intervals: number;
  readonly intervalMs?: number;
  /** Faults of the API that a run should get over, spread over each interval. @default one for every 10 targets */
  readonly faultsPerInterval?: number;
  /** With keys nobody asks IAM for anything; with a password each project needs a token of its own. @default keys */
  readonly credentials?: 'keys' | 'password';
  readonly seed?: number;
}

export interface ManyTargetsResult {
  readonly due: number;
  /** Schedules that fired without a completed run, retries of Lambda included. */
  readonly lost: number;
  /** Invocations that Lambda had to repeat. */
  readonly repeated: number;
  readonly faults: number;
  /** Changes made to the fleet, and versions that are neither baseline nor missing. */
  readonly changesMade: number;
  readonly changesRecorded: number;
  /** Closed gaps over all targets: time that nobody observed. */
  readonly gaps: number;
  readonly apiRequests: number;
  readonly tokenRequests: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  /** Bytes of heap in use after each interval, garbage collected. */
  readonly heapAfter: readonly number[];
  /** Of real time, for all runs of each interval, in ms. */
  readonly wallMs: readonly number[];
}

/** Runs that are under way at the same time, at most … */
const MOST_AT_ONCE = 8;
/** … and so many that the clock, which jumps to each next schedule, does not carry a run past its deadline. */
const LONGEST_JUMP_MS = 12_000;

/** Lambda invokes a function asynchronously again after an error, twice. */
const LAMBDA_RETRIES = 2;
const START = Date.parse('2026-11-22T10:00:00.000Z');

const TRANSIENT: readonly Fault[] = [
  { kind: 'answer', answer: 'romaSystemError' },
  { kind: 'answer', answer: 'gatewayBackendUnavailable' },
  { kind: 'answer', answer: 'gatewayIamUnavailable' },
  { kind: 'answer', answer: 'gatewayThrottledBySecond' },
  { kind: 'answer', answer: 'gatewayThrottledRetryAfter' },
  { kind: 'answer', answer: 'wafBlock' },
  { kind: 'reset' },
  { kind: 'truncated' },
  { kind: 'shortPage', drop: 1 },
];

function collectedHeap(): number {
  setFlagsFromString('--expose_gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

const targetOf = (n: number): Target => ({ region: 'cn-north-4', projectId: `${n}`.padStart(32, '0') });

/** A made-up account: one project per target, all with the same number of instances. */
function buildFleet(options: ManyTargetsOptions): Fleet {
  const fleet = new Fleet([]);
  for (let n = 0; n < options.targets; n += 1) {
    const { projectId } = targetOf(n);
    fleet.addProject({ id: projectId, name: `cn-north-4_${n}` });
    fleet.fill(projectId, options.instancesPerTarget);
  }
  return fleet;
}

const secretOf = ({ account }: RomaSimulator, kind: ManyTargetsOptions['credentials']): string => {
  const { accessKey, secretKey, userName, password, domainName } = account;
  return JSON.stringify(kind === 'password' ? { userName, password, domainName } : { accessKey, secretKey });
};

/**
 * Many targets, each on a schedule of its own, spread over the interval as the stack spreads them, in accelerated time:
 * the clock jumps from one schedule to the next, everything else is the real sync function against a real engine.
 */
export async function measureManyTargets(options: ManyTargetsOptions): Promise<ManyTargetsResult> {
  const { targets, intervals, intervalMs = 300_000 } = options;
  const concurrency = Math.max(1, Math.min(MOST_AT_ONCE, Math.floor((LONGEST_JUMP_MS * targets) / intervalMs)));
  const random = seededRandom(options.seed ?? 1);
  const pick = (below: number) => Math.floor(random() * below);
  const clock = new ManualClock(START);
  const fleet = buildFleet(options);
  const simulator = await startRomaSimulator({ fleet, clock });
  const aws = loopbackConfig(options.databaseEndpoint);
  const tableName = `many-targets-${randomUUID()}`;
  const raw = new DynamoDBClient(dynamodbClientConfig(aws));
  await createHistoryTable(raw, tableName);

  const tally = {
    lost: 0,
    repeated: 0,
    faults: 0,
    changesMade: 0,
    changesRecorded: 0,
    apiRequests: 0,
    tokenRequests: 0,
  };
  const units = { write: 0, read: 0 };
  const last = new Map<string, RunResult>();
  /** Lambda gives each run at a time an environment of its own, the one that was used last when there is a choice. */
  const idle: SyncHandler[] = [];
  const newEnvironment = (): SyncHandler =>
    wireSync(
      { tableName, secretArn: 'bench', brakeReleaseAfterMs: 86_400_000, safetyMarginMs: 5_000 },
      {
        aws,
        ports: { clock, alarm: clock.alarm, random, newRunId: randomUUID },
        telemetry: { run: () => {}, failure: () => {} },
        readSecret: async () => secretOf(simulator, options.credentials),
        onResult: (result) => {
          last.set(result.target.projectId, result);
          tally.changesRecorded += result.versions.filter(({ kind }) => kind !== 'baseline').length;
          units.write += result.units.write;
          units.read += result.units.read;
        },
      },
    );

  const fire = async (target: Target): Promise<void> => {
    const event = { ...target, intervalMs, endpoint: simulator.endpoint, iamEndpoint: simulator.endpoint };
    for (let attempt = 0; attempt <= LAMBDA_RETRIES; attempt += 1) {
      if (attempt > 0) tally.repeated += 1;
      const sync = idle.pop() ?? newEnvironment();
      try {
        last.delete(target.projectId);
        await sync(event, { getRemainingTimeInMillis: () => 60_000 });
      } catch {
        // Told by the result below; Lambda would invoke again.
      } finally {
        idle.push(sync);
      }
      const outcome = last.get(target.projectId)?.outcome;
      if (outcome !== undefined && isCompleted(outcome)) return;
    }
    tally.lost += 1;
  };

  /** One instance in ten targets changes before its target is looked at. */
  const change = (projectId: string, interval: number): void => {
    if (interval === 0 || pick(10) > 0) return;
    const instance = fleet.list(projectId)[pick(options.instancesPerTarget)];
    if (instance === undefined) return;
    fleet.change(projectId, instance.id, { status: instance.status === 'RUNNING' ? 'ERROR' : 'RUNNING' });
    tally.changesMade += 1;
  };

  const heapAfter: number[] = [];
  const wallMs: number[] = [];
  try {
    for (let interval = 0; interval < intervals; interval += 1) {
      const begun = performance.now();
      const faults = options.faultsPerInterval ?? Math.floor(targets / 10);
      for (let n = 0; n < faults; n += 1) {
        const fault = TRANSIENT[pick(TRANSIENT.length)] as Fault;
        simulator.faults.inject({ fault, projectId: targetOf(pick(targets)).projectId });
        tally.faults += 1;
      }
      await pMap(
        Array.from({ length: targets }, (_, n) => n),
        async (n) => {
          const dueAt = START + interval * intervalMs + Math.floor((n * intervalMs) / targets);
          if (dueAt > clock.time) clock.set(dueAt);
          const target = targetOf(n);
          change(target.projectId, interval);
          await fire(target);
        },
        { concurrency },
      );
      wallMs.push(Math.round(performance.now() - begun));
      for (const { path } of simulator.requests) {
        if (path === '/v3/auth/tokens') tally.tokenRequests += 1;
        else tally.apiRequests += 1;
      }
      simulator.clearRequests();
      heapAfter.push(collectedHeap());
    }
    const client = connect(aws);
    const reader = createReader(client, tableName, clock);
    let gaps = 0;
    for (let n = 0; n < targets; n += 1) for await (const _ of reader.gaps(targetOf(n))) gaps += 1;
    client.destroy();
    return {
      due: targets * intervals,
      ...tally,
      gaps,
      writeUnits: units.write,
      readUnits: units.read,
      heapAfter,
      wallMs,
    };
  } finally {
    raw.destroy();
    await simulator.stop();
  }
}
