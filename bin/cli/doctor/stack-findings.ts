import {
  CloudFormationClient,
  paginateListStackResources,
  type StackResourceSummary,
} from '@aws-sdk/client-cloudformation';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { GetFunctionConfigurationCommand, LambdaClient, paginateListEventSourceMappings } from '@aws-sdk/client-lambda';
import { paginateListSchedules, SchedulerClient } from '@aws-sdk/client-scheduler';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { DISCOVERED_PREFIX } from '../../../lambda/contract';
import { describeError } from '../../../lambda/core/model/errors';
import { feedFinding, ruleFinding, webhookFinding } from './bus-findings';
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
    events: new EventBridgeClient(aws),
    secrets: new SecretsManagerClient(aws),
    sns: new SNSClient(aws),
  };
  try {
    const resources: StackResourceSummary[] = [];
    for await (const page of paginateListStackResources({ client: clients.cloudformation }, { StackName: stack }))
      resources.push(...(page.StackResourceSummaries ?? []));
    const named = (type: string): string[] =>
      resources.flatMap(({ ResourceType, PhysicalResourceId }) =>
        ResourceType === type && PhysicalResourceId !== undefined ? [PhysicalResourceId] : [],
      );
    const discovers = resources.some(
      ({ ResourceType, LogicalResourceId }) =>
        ResourceType === 'AWS::Lambda::Function' && LogicalResourceId?.includes('Discover') === true,
    );
    yield* schedules(clients.scheduler, named('AWS::Scheduler::ScheduleGroup'), discovers);
    for (const name of named('AWS::Lambda::Function')) yield* functionFindings(clients.lambda, name);
    const rules = named('AWS::Events::Rule');
    for (const bus of named('AWS::Events::EventBus')) yield await ruleFinding(clients.events, bus, rules);
    for (const arn of named('AWS::SNS::Topic').filter((topic) => topic.endsWith('.fifo')))
      yield await feedFinding(clients.sns, arn);
    for (const name of named('AWS::Events::Connection')) yield await webhookFinding(clients, name);
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

async function* schedules(
  client: SchedulerClient,
  groups: readonly string[],
  discovers: boolean,
): AsyncGenerator<Finding> {
  let enabled = 0;
  const off: string[] = [];
  const unwatched: string[] = [];
  for (const GroupName of groups) {
    for await (const page of paginateListSchedules({ client }, { GroupName })) {
      for (const { Name, State } of page.Schedules ?? []) {
        if (!discovers && Name?.startsWith(DISCOVERED_PREFIX) === true) unwatched.push(Name);
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
  if (unwatched.length > 0)
    yield bad(
      'schedule',
      `"discovery" is off, and ${unwatched.length} that it made run on: ${unwatched.slice(0, 5).join(', ')}`,
      `write their targets into the configuration, or delete each: aws scheduler delete-schedule --group-name ${groups.join()} --name ${unwatched[0]}`,
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
