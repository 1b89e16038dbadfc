import { SchedulerClient } from '@aws-sdk/client-scheduler';
import * as fc from 'fast-check';
import { DISCOVERED_PREFIX, type ScheduleTemplate } from '../../../../lambda/contract';
import {
  configuredName,
  discover,
  discoveredName,
  type DiscoveryResult,
} from '../../../../lambda/core/discovery/discovery';
import type { Target } from '../../../../lambda/core/model/instance';
import { scheduleGroup } from '../../../../lambda/scheduler/schedule-group';
import { type FakeScheduler, startScheduler } from '../../../support/scheduler';

const template: ScheduleTemplate = {
  functionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:sync',
  roleArn: 'arn:aws:iam::123456789012:role/invoker',
  deadLetterArn: 'arn:aws:sqs:eu-central-1:123456789012:dead-letters',
  intervalMs: 300_000,
};
const PROJECTS: readonly Target[] = Array.from({ length: 8 }, (_, index) => ({
  region: index % 2 === 0 ? 'cn-north-4' : 'ap-southeast-3',
  projectId: index === 7 ? 'x'.repeat(128) : `project-number-0${index}`,
}));

type Answer = readonly Target[] | Error;
type Step =
  | { readonly kind: 'discovery'; readonly first: Answer; readonly second: Answer }
  | { readonly kind: 'configure'; readonly target: Target }
  | { readonly kind: 'unconfigure'; readonly target: Target }
  | { readonly kind: 'sick'; readonly times: number; readonly status: number };

const answer: fc.Arbitrary<Answer> = fc.oneof(
  { weight: 6, arbitrary: fc.subarray([...PROJECTS]) },
  { weight: 1, arbitrary: fc.constant<Answer>([]) },
  { weight: 1, arbitrary: fc.constant<Answer>(new Error('the API is down')) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('discovery' as const), first: answer, second: answer }),
  },
  { weight: 3, arbitrary: answer.map((both) => ({ kind: 'discovery' as const, first: both, second: both })) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(...PROJECTS)
      .chain((target) => fc.constantFrom<Step>({ kind: 'configure', target }, { kind: 'unconfigure', target })),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('sick' as const),
      times: fc.integer({ min: 1, max: 4 }),
      status: fc.constantFrom(429, 500),
    }),
  },
);

/** One group, and the discovery of whatever the test says the account shows. */
class World {
  private readonly client: SchedulerClient;

  constructor(readonly scheduler: FakeScheduler) {
    this.client = new SchedulerClient({
      endpoint: scheduler.endpoint,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
      maxAttempts: 1,
    });
  }

  /** Targets that the discovery leaves alone. */
  exclude: readonly Target[] = [];

  async discover(...answers: readonly Answer[]): Promise<DiscoveryResult> {
    const left = [...answers];
    return discover({
      exclude: this.exclude,
      group: scheduleGroup(this.client, this.scheduler.groupName),
      template,
      targets: async () => {
        const next = left.length > 1 ? left.shift()! : left[0]!;
        if (next instanceof Error) throw next;
        return next;
      },
    });
  }

  /** Schedules that run, of those that the discovery made. */
  running = (): string[] =>
    [...this.scheduler.schedules]
      .filter(([name, { State }]) => name.startsWith(DISCOVERED_PREFIX) && State === 'ENABLED')
      .map(([name]) => name)
      .toSorted();

  configured = (): string[] =>
    [...this.scheduler.schedules.keys()].filter((name) => !name.startsWith(DISCOVERED_PREFIX)).toSorted();

  async close(): Promise<void> {
    this.client.destroy();
    await this.scheduler.stop();
  }
}

async function withWorld(act: (world: World) => Promise<void>): Promise<void> {
  const world = new World(await startScheduler());
  try {
    await act(world);
  } finally {
    await world.close();
  }
}

const namesOf = (targets: readonly Target[]): string[] => targets.map(discoveredName).toSorted();

describe('the schedule group', () => {
  it('loses no schedule whatever the account answers, and equals the projects after each good answer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (story) =>
        withWorld(async (world) => {
          const { scheduler } = world;
          scheduler.seed('Discovery-Daily');
          for (const taken of story) {
            if (taken.kind === 'configure') scheduler.seed(configuredName(taken.target));
            else if (taken.kind === 'unconfigure') {
              (scheduler.schedules as Map<string, unknown>).delete(configuredName(taken.target));
            } else if (taken.kind === 'sick') scheduler.refuse(taken.times, taken.status, 'InternalServerException');
            else {
              const before = new Map(scheduler.schedules);
              const stack = world.configured();
              const result = await world.discover(taken.first, taken.second).catch(() => undefined);
              // Nothing is deleted, ever, and the stack's own schedules are not touched.
              for (const [name, schedule] of before) {
                expect(scheduler.schedules.has(name)).toBe(true);
                if (stack.includes(name)) expect(scheduler.schedules.get(name)).toBe(schedule);
              }
              expect(world.configured()).toEqual(stack);
              if (result === undefined || result.failed.length > 0) continue;
              const { first, second } = taken as { first: readonly Target[]; second: Answer };
              const free = (targets: readonly Target[]): string[] =>
                namesOf(targets.filter((target) => !stack.includes(configuredName(target))));
              const running = world.running();
              for (const name of free(first)) expect(running).toContain(name);
              if (first === second) expect(running).toEqual(free(first));
              expect(result.discovered).toBeGreaterThanOrEqual(first.length);
            }
          }
          expect(scheduler.calls.filter((call) => call.startsWith('DeleteSchedule'))).toEqual([]);
        }),
      ),
      { numRuns: 40 },
    );
  });

  it('is left alone by a second discovery that finds the same', async () =>
    withWorld(async (world) => {
      await world.discover(PROJECTS);
      const before = world.scheduler.calls.length;
      expect(await world.discover(PROJECTS)).toMatchObject({ added: [], updated: [], paused: [], failed: [] });
      const operations = new Set(world.scheduler.calls.slice(before).map((call) => String(call.split(' ')[0])));
      expect([...operations].toSorted()).toEqual(['GetSchedule', 'ListSchedules']);
    }));

  it('keeps what one of two answers lacks, pauses and reports what both lack, and enables it when it is back', async () =>
    withWorld(async (world) => {
      const [gone, ...others] = PROJECTS;
      await world.discover(PROJECTS);
      expect(await world.discover(others, PROJECTS)).toMatchObject({ vanished: [], paused: [] });
      const name = discoveredName(gone!);
      expect(await world.discover(others)).toMatchObject({ vanished: [name], paused: [name] });
      expect(world.scheduler.schedules.get(name)).toMatchObject({
        State: 'DISABLED',
        ScheduleExpression: 'rate(5 minutes)',
      });
      expect(await world.discover(others)).toMatchObject({ vanished: [name], paused: [] });
      expect(await world.discover(PROJECTS)).toMatchObject({ vanished: [], updated: [name] });
      expect(world.running()).toEqual(namesOf(PROJECTS));
    }));

  it('does not believe an account that shows nothing, nor one that shows nothing when asked again', async () =>
    withWorld(async (world) => {
      await world.discover(PROJECTS);
      await expect(world.discover([])).rejects.toThrow(/shows no project.*nothing was changed/);
      await expect(world.discover(PROJECTS.slice(1), [])).rejects.toThrow(/nothing was changed/);
      expect(world.running()).toEqual(namesOf(PROJECTS));
    }));

  it('runs no target twice when it comes into the configuration, and runs it again when it leaves it', async () =>
    withWorld(async (world) => {
      const [target] = PROJECTS;
      await world.discover(PROJECTS);
      world.scheduler.seed(configuredName(target!));
      expect(await world.discover(PROJECTS)).toMatchObject({ paused: [discoveredName(target!)], vanished: [] });
      (world.scheduler.schedules as Map<string, unknown>).delete(configuredName(target!));
      expect(await world.discover(PROJECTS)).toMatchObject({ updated: [discoveredName(target!)] });
    }));

  it('leaves alone what is excluded: makes nothing, pauses what was made, and never calls it vanished', async () =>
    withWorld(async (world) => {
      const [known, unknown, ...others] = PROJECTS;
      await world.discover([known!, ...others]);
      world.exclude = [known!, unknown!];
      const name = discoveredName(known!);
      expect(await world.discover(PROJECTS)).toMatchObject({ added: [], paused: [name], vanished: [] });
      expect(world.running()).toEqual(namesOf(others));
      expect(await world.discover(others)).toMatchObject({ paused: [], vanished: [], failed: [] });
      world.exclude = [];
      await world.discover(PROJECTS);
      expect(world.running()).toEqual(namesOf(PROJECTS));
    }));

  it('puts right what was changed by hand', async () =>
    withWorld(async (world) => {
      await world.discover(PROJECTS);
      const name = discoveredName(PROJECTS[0]!);
      world.scheduler.seed(name);
      expect(await world.discover(PROJECTS)).toMatchObject({ updated: [name] });
      expect(world.scheduler.schedules.get(name)).toMatchObject({ Target: { Arn: template.functionArn } });
    }));

  it('goes on past a schedule that cannot be made, and says which', async () =>
    withWorld(async (world) => {
      const name = discoveredName(PROJECTS[0]!);
      world.scheduler.refuse(1, 400, 'ServiceQuotaExceededException', (call) => call === `CreateSchedule ${name}`);
      const { failed, added } = await world.discover(PROJECTS);
      expect(failed).toEqual([expect.stringContaining(name)]);
      expect(added).toHaveLength(PROJECTS.length - 1);
      expect(await world.discover(PROJECTS)).toMatchObject({ added: [name], failed: [] });
    }));
});
