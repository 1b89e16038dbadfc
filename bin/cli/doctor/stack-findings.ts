import {
  CloudFormationClient,
  paginateListStackResources,
  type StackResourceSummary,
} from '@aws-sdk/client-cloudformation';
import { GetFunctionConfigurationCommand, LambdaClient, paginateListEventSourceMappings } from '@aws-sdk/client-lambda';
import { paginateListSchedules, SchedulerClient } from '@aws-sdk/client-scheduler';
import { describeError } from '../../../lambda/core/model/errors';
import { bad, type Finding, ok, skipped } from './finding';

/** What a deployed stack needs in order to run: schedules, functions, and the event source that feeds the stream to the publisher. */
export async function* stackFindings(stack: string | undefined): AsyncGenerator<Finding> {
  if (stack === undefined) {
    yield skipped('schedule', 'to check schedules and functions, give --stack');
    return;
  }
  const aws = { maxAttempts: 3 };
  const clients = {
    cloudformation: new CloudFormationClient(aws),
    lambda: new LambdaClient(aws),
    scheduler: new SchedulerClient(aws),
  };
  try {
    const resources: StackResourceSummary[] = [];
    for await (const page of paginateListStackResources({ client: clients.cloudformation }, { StackName: stack }))
      resources.push(...(page.StackResourceSummaries ?? []));
    const named = (type: string): string[] =>
      resources.flatMap(({ ResourceType, PhysicalResourceId }) =>
        ResourceType === type && PhysicalResourceId !== undefined ? [PhysicalResourceId] : [],
      );
    yield* schedules(clients.scheduler, named('AWS::Scheduler::ScheduleGroup'));
    for (const name of named('AWS::Lambda::Function')) yield* functionFindings(clients.lambda, name);
  } catch (error) {
    yield bad(
      'stack',
      `${stack}: ${describeError(error)}`,
      'check the name, AWS_REGION and the rights of the role that is used here',
    );
  } finally {
    for (const client of Object.values(clients)) client.destroy();
  }
}

async function* schedules(client: SchedulerClient, groups: readonly string[]): AsyncGenerator<Finding> {
  let enabled = 0;
  const off: string[] = [];
  for (const GroupName of groups) {
    for await (const page of paginateListSchedules({ client }, { GroupName })) {
      for (const { Name, State } of page.Schedules ?? []) {
        if (State === 'ENABLED') enabled += 1;
        else off.push(Name ?? 'unnamed');
      }
    }
  }
  if (off.length > 0)
    yield bad(
      'schedule',
      `${off.length} disabled: ${off.slice(0, 5).join(', ')}`,
      'enable them in EventBridge Scheduler, or deploy the stack again; discovered ones are paused while the account does not show their project',
    );
  yield enabled > 0
    ? ok('schedule', `${enabled} enabled`)
    : bad('schedule', 'none is enabled: nothing is recorded', 'deploy the stack with at least one target');
}

async function* functionFindings(client: LambdaClient, name: string): AsyncGenerator<Finding> {
  const { State, LastUpdateStatus, StateReason } = await client.send(
    new GetFunctionConfigurationCommand({ FunctionName: name }),
  );
  yield (State === undefined || State === 'Active' || State === 'Inactive') && LastUpdateStatus !== 'Failed'
    ? ok(`function ${name}`, State ?? 'Active')
    : bad(
        `function ${name}`,
        `${State}, last update ${LastUpdateStatus}${StateReason === undefined ? '' : `: ${StateReason}`}`,
        'deploy the stack again',
      );
  for await (const page of paginateListEventSourceMappings({ client }, { FunctionName: name })) {
    for (const { State: state, LastProcessingResult, EventSourceArn } of page.EventSourceMappings ?? [])
      yield state === 'Enabled'
        ? ok('event source', `${EventSourceArn ?? name}: enabled, ${LastProcessingResult ?? 'no result yet'}`)
        : bad(
            'event source',
            `${EventSourceArn ?? name} is ${state}: changes are not published`,
            'enable it within 24 hours, or "roma-history replay" afterwards',
          );
  }
}
