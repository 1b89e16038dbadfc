import { CloudFormationClient, ListStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  type EventSourceMappingConfiguration,
} from '@aws-sdk/client-lambda';
import { ListSchedulesCommand, SchedulerClient, type ScheduleState } from '@aws-sdk/client-scheduler';
import { mockClient } from 'aws-sdk-client-mock';
import type { Finding } from '../../../bin/cli/doctor/finding';
import { stackFindings } from '../../../bin/cli/doctor/stack-findings';

const cloudformation = mockClient(CloudFormationClient);
const lambda = mockClient(LambdaClient);
const scheduler = mockClient(SchedulerClient);

const resource = (ResourceType: string, PhysicalResourceId: string) => ({
  ResourceType,
  PhysicalResourceId,
  LogicalResourceId: PhysicalResourceId,
  LastUpdatedTimestamp: new Date(0),
  ResourceStatus: 'CREATE_COMPLETE' as const,
});

async function findings(schedule: ScheduleState, mapping: EventSourceMappingConfiguration): Promise<Finding[]> {
  cloudformation.on(ListStackResourcesCommand).resolves({
    StackResourceSummaries: [
      resource('AWS::Scheduler::ScheduleGroup', 'group'),
      resource('AWS::Lambda::Function', 'publish'),
      resource('AWS::DynamoDB::Table', 'table'),
    ],
  });
  scheduler
    .on(ListSchedulesCommand, { GroupName: 'group' })
    .resolves({ Schedules: [{ Name: 'one', State: schedule }] });
  lambda.on(GetFunctionConfigurationCommand).resolves({ State: 'Active', LastUpdateStatus: 'Successful' });
  lambda.on(ListEventSourceMappingsCommand, { FunctionName: 'publish' }).resolves({ EventSourceMappings: [mapping] });
  const result: Finding[] = [];
  for await (const finding of stackFindings('stack')) result.push(finding);
  return result;
}

beforeEach(() => {
  process.env.AWS_REGION = 'us-east-1';
  for (const client of [cloudformation, lambda, scheduler]) client.reset();
});

it('finds nothing wrong with a stack whose schedules and stream are on', async () => {
  const found = await findings('ENABLED', { EventSourceArn: 'stream', State: 'Enabled' });
  expect(found.map(({ check, level }) => `${level} ${check}`)).toEqual([
    'ok schedule',
    'ok function publish',
    'ok event source',
  ]);
});

it('finds a schedule that is off and a stream that nobody reads', async () => {
  const found = await findings('DISABLED', { EventSourceArn: 'stream', State: 'Disabled' });
  expect(found.filter(({ level }) => level === 'bad').map(({ message }) => message)).toEqual([
    '1 disabled: one',
    'none is enabled: nothing is recorded',
    'stream is Disabled: changes are not published',
  ]);
});

it('tells a stack that cannot be read, and skips when none is named', async () => {
  cloudformation.on(ListStackResourcesCommand).rejects(new Error('Stack with id stack does not exist'));
  for await (const finding of stackFindings('stack')) expect(finding).toMatchObject({ check: 'stack', level: 'bad' });
  for await (const finding of stackFindings(undefined)) expect(finding.level).toBe('skipped');
});
