import pMap from 'p-map';
import { DISCOVERED_PREFIX, type ScheduleTemplate, scheduleName, scheduleSettings, UNIT_MS } from '../../contract';
import { sha256 } from '../model/canonical';
import { describeError } from '../model/errors';
import { type Target, uniqueTargets } from '../model/instance';

/** All of one schedule, because EventBridge Scheduler replaces all of it in an update. */
export type Schedule = ReturnType<typeof scheduleOf>;

/** The schedules of one group. There is no way to delete one. */
export interface ScheduleGroup {
  list(): Promise<readonly string[]>;
  /** Makes it so, and enables it. @param isKnown it was listed; another one that exists already is left as it is */
  put(schedule: Schedule, isKnown: boolean): Promise<'added' | 'updated' | 'same'>;
  /** @returns whether it was enabled until now */
  pause(name: string): Promise<boolean>;
}

/** How the stack names the schedule of a target that is configured. */
export const configuredName = (target: Target): string => scheduleName(target, sha256);
export const discoveredName = (target: Target): string => scheduleName(target, sha256, DISCOVERED_PREFIX);

/** The schedule of a discovered target. Only its name differs from the one that the stack would make. */
export function scheduleOf({ region, projectId }: Target, template: ScheduleTemplate) {
  const { functionArn, roleArn, deadLetterArn, intervalMs } = template;
  const minutes = intervalMs / UNIT_MS.m;
  const request = { region, projectId, intervalMs };
  return {
    ...scheduleSettings(request),
    name: discoveredName(request),
    expression: `rate(${minutes} ${minutes === 1 ? 'minute' : 'minutes'})`,
    functionArn,
    roleArn,
    deadLetterArn,
    input: JSON.stringify(request),
  };
}

/**
 * @param names of all schedules in the group
 * @param exclude targets that the discovery leaves alone, whether the account shows them or not
 */
export function planDiscovery(
  targets: readonly Target[],
  names: readonly string[],
  template: ScheduleTemplate,
  exclude: readonly Target[] = [],
) {
  const taken = new Set(names);
  const isConfigured = (target: Target): boolean => taken.has(configuredName(target));
  const unwanted = new Set([...exclude, ...targets.filter(isConfigured)].map(discoveredName));
  const free = new Map(
    targets.map((target) => [discoveredName(target), target] as const).filter(([name]) => !unwanted.has(name)),
  );
  const superfluous = names.filter((name) => name.startsWith(DISCOVERED_PREFIX) && !free.has(name));
  return {
    /** What must exist and be enabled. */
    wanted: [...free.values()].map((target) => scheduleOf(target, template)),
    /** Names of schedules whose project is no longer shown: to be paused. */
    vanished: superfluous.filter((name) => !unwanted.has(name)),
    /** Names of schedules whose target is excluded, or now has one of the stack's: to be paused, lest it runs twice. */
    unwanted: superfluous.filter((name) => unwanted.has(name)),
  };
}

/** What one discovery did. */
export interface DiscoveryResult {
  /** Targets that the account shows, those of the configuration and excluded ones among them. */
  readonly discovered: number;
  readonly added: readonly string[];
  /** Changed, or enabled again. */
  readonly updated: readonly string[];
  /** Enabled until now. */
  readonly paused: readonly string[];
  /** All that are paused because their project is no longer shown, since today or for longer. */
  readonly vanished: readonly string[];
  /** Schedules that could not be brought in order, each with the reason. */
  readonly failed: readonly string[];
}

export interface DiscoveryPorts {
  /** The targets that the account shows now. */
  readonly targets: () => Promise<readonly Target[]>;
  readonly group: ScheduleGroup;
  readonly template: ScheduleTemplate;
  /** Targets that the discovery leaves alone. @default none */
  readonly exclude?: readonly Target[];
}

/** Calls at one time; far below the request rates of EventBridge Scheduler. */
const AT_ONCE = 10;

/**
 * Makes the group equal to what the account shows. Nothing is ever deleted: an answer that shows nothing at all changes
 * nothing, and a schedule is paused only if two answers lack its project. A schedule that fails does not hold up the others.
 * @throws what `targets` and `list` throw, and an Error for an answer without any target
 */
export async function discover({ targets, group, template, exclude }: DiscoveryPorts): Promise<DiscoveryResult> {
  const names = await group.list();
  const first = await shown(targets);
  const plan = planDiscovery(first, names, template, exclude);
  // A target that one of the two answers shows is there: only what both lack has vanished.
  const again = plan.vanished.length === 0 ? first : await shown(targets);
  const all = uniqueTargets([...first, ...again]);
  const { wanted, vanished, unwanted } = planDiscovery(all, names, template, exclude);

  const known = new Set(names);
  const added: string[] = [];
  const updated: string[] = [];
  const paused: string[] = [];
  const failed: string[] = [];
  const settle = async (schedule: Schedule): Promise<void> => {
    const became = await group.put(schedule, known.has(schedule.name));
    if (became !== 'same') (became === 'added' ? added : updated).push(schedule.name);
  };
  const pause = async (name: string): Promise<void> => {
    if (await group.pause(name)) paused.push(name);
  };
  const attempt = (name: string, act: () => Promise<void>) => async (): Promise<void> =>
    act().catch((error: unknown) => void failed.push(`${name}: ${describeError(error)}`));
  const attempts = [
    ...wanted.map((schedule) => attempt(schedule.name, async () => settle(schedule))),
    ...[...vanished, ...unwanted].map((name) => attempt(name, async () => pause(name))),
  ];
  await pMap(attempts, async (run) => run(), { concurrency: AT_ONCE });
  return { discovered: all.length, added, updated, paused, vanished, failed };
}

async function shown(targets: () => Promise<readonly Target[]>): Promise<readonly Target[]> {
  const found = await targets();
  if (found.length === 0) {
    throw new Error(
      'the account shows no project with ROMA Connect: nothing was changed; check the rights of the identity, or roma-history targets discover',
    );
  }
  return found;
}
