import {
  ConflictException,
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  GetScheduleCommand,
  type GetScheduleCommandOutput,
  paginateListSchedules,
  ResourceNotFoundException,
  type SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import type { Schedule, ScheduleGroup } from '../core/discovery/discovery';

/** The schedules of one group of EventBridge Scheduler. */
export function scheduleGroup(client: SchedulerClient, groupName: string): ScheduleGroup {
  return {
    async list() {
      const names: string[] = [];
      const pages = paginateListSchedules({ client, pageSize: 100 }, { GroupName: groupName });
      for await (const { Schedules = [] } of pages)
        for (const { Name } of Schedules) if (Name !== undefined) names.push(Name);
      return names;
    },
    async read(name) {
      try {
        return fromAnswer(name, await client.send(new GetScheduleCommand({ GroupName: groupName, Name: name })));
      } catch (error) {
        if (error instanceof ResourceNotFoundException) return undefined;
        throw error;
      }
    },
    async create(schedule) {
      try {
        await client.send(new CreateScheduleCommand(toInput(schedule, groupName)));
      } catch (error) {
        // Made since the list was read, or by an attempt whose answer was lost.
        if (!(error instanceof ConflictException)) throw error;
      }
    },
    async update(schedule) {
      await client.send(new UpdateScheduleCommand(toInput(schedule, groupName)));
    },
  };
}

const toInput = (schedule: Schedule, groupName: string): CreateScheduleCommandInput => ({
  Name: schedule.name,
  GroupName: groupName,
  Description: schedule.description,
  State: schedule.enabled ? 'ENABLED' : 'DISABLED',
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

/** What is missing in an answer differs from what is wanted, so that an update puts it right. */
const fromAnswer = (name: string, answer: GetScheduleCommandOutput): Schedule => ({
  name,
  description: answer.Description ?? '',
  enabled: answer.State === 'ENABLED',
  expression: answer.ScheduleExpression ?? '',
  windowMinutes: answer.FlexibleTimeWindow?.MaximumWindowInMinutes ?? 0,
  functionArn: answer.Target?.Arn ?? '',
  roleArn: answer.Target?.RoleArn ?? '',
  deadLetterArn: answer.Target?.DeadLetterConfig?.Arn ?? '',
  input: answer.Target?.Input ?? '',
  retryAttempts: answer.Target?.RetryPolicy?.MaximumRetryAttempts ?? -1,
  maxAgeSeconds: answer.Target?.RetryPolicy?.MaximumEventAgeInSeconds ?? -1,
});
