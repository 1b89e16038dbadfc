import {
  ConflictException,
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  GetScheduleCommand,
  paginateListSchedules,
  ResourceNotFoundException,
  type SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import { isDeepStrictEqual } from 'node:util';
import type { Schedule, ScheduleGroup } from '../core/discovery/discovery';

/** The schedules of one group of EventBridge Scheduler. */
export function scheduleGroup(client: SchedulerClient, GroupName: string): ScheduleGroup {
  /** As an update takes it. */
  const read = async (Name: string): Promise<CreateScheduleCommandInput | undefined> => {
    try {
      return (await client.send(new GetScheduleCommand({ GroupName, Name }))) as CreateScheduleCommandInput;
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  };
  return {
    async list() {
      const names: string[] = [];
      for await (const { Schedules = [] } of paginateListSchedules({ client, pageSize: 100 }, { GroupName }))
        for (const { Name } of Schedules) if (Name !== undefined) names.push(Name);
      return names;
    },
    async put(schedule, isKnown) {
      const wanted = toInput(schedule, GroupName);
      const before = isKnown ? await read(schedule.name) : undefined;
      if (before === undefined) {
        await client.send(new CreateScheduleCommand(wanted)).catch((error: unknown) => {
          // Made since the list was read, or by an attempt whose answer was lost.
          if (!(error instanceof ConflictException)) throw error;
        });
        return 'added';
      }
      if (isDeepStrictEqual({ ...before, ...wanted }, before)) return 'same';
      await client.send(new UpdateScheduleCommand(wanted));
      return 'updated';
    },
    async pause(name) {
      const before = await read(name);
      if (before?.State !== 'ENABLED') return false;
      await client.send(new UpdateScheduleCommand({ ...before, State: 'DISABLED' }));
      return true;
    },
  };
}

const toInput = (schedule: Schedule, GroupName: string): CreateScheduleCommandInput => ({
  Name: schedule.name,
  GroupName,
  Description: schedule.description,
  State: 'ENABLED',
  ScheduleExpression: schedule.expression,
  FlexibleTimeWindow:
    schedule.windowMinutes < 1 ? { Mode: 'OFF' } : { Mode: 'FLEXIBLE', MaximumWindowInMinutes: schedule.windowMinutes },
  Target: {
    Arn: schedule.functionArn,
    RoleArn: schedule.roleArn,
    Input: schedule.input,
    DeadLetterConfig: { Arn: schedule.deadLetterArn },
    RetryPolicy: { MaximumRetryAttempts: schedule.retryAttempts, MaximumEventAgeInSeconds: schedule.maxAgeSeconds },
  },
});
