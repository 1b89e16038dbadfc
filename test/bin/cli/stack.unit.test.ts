import { CloudFormationClient, DescribeStacksCommand, GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { partsOf } from '../../../bin/cli/doctor/cost';
import { deployedSync, stackTemplate } from '../../../bin/cli/stack';
import { ENV, OUTPUT } from '../../../lambda/contract';
import { cli } from '../../support/cli';

const cloudformation = mockClient(CloudFormationClient);
const lambda = mockClient(LambdaClient);
const region = process.env.AWS_REGION;
beforeEach(() => {
  process.env.AWS_REGION = 'eu-west-1';
  for (const client of [cloudformation, lambda]) client.reset();
});
afterAll(() => {
  if (region === undefined) delete process.env.AWS_REGION;
  else process.env.AWS_REGION = region;
});

const outputs = (...names: string[]) =>
  cloudformation.on(DescribeStacksCommand, { StackName: 'history' }).resolves({
    Stacks: [
      {
        StackName: 'history',
        CreationTime: new Date(0),
        StackStatus: 'CREATE_COMPLETE',
        Outputs: names.map((name) => ({ OutputKey: name, OutputValue: `the ${name}` })),
      },
    ],
  });

describe('the stack of --stack', () => {
  it.each([
    ['does not exist', 'Stack with id history does not exist', 3, /stack history does not exist: check its name/],
    ['cannot be reached', 'getaddrinfo ENOTFOUND cloudformation', 1, /cannot be read \(getaddrinfo .*the network$/],
    ['may not be read', 'User is not authorized', 1, /cannot be read \(User is not authorized\): check the AWS cred/],
    ['has no region', 'Region is missing', 2, /no AWS region is set/],
  ])('that %s is told in one line, with an exit code of its own', async (_, message, exitCode, expected) => {
    cloudformation.on(DescribeStacksCommand).rejects(new Error(message));
    const result = await cli(['list', '--stack', 'history']);
    expect(result.exitCode).toBe(exitCode);
    expect(result.err).toMatch(expected);
    expect(result.err).not.toContain('\n');
  });

  it('that belongs to another application is not found', async () => {
    outputs('BucketName');
    expect(await cli(['list', '--stack', 'history'])).toMatchObject({
      exitCode: 3,
      err: `roma-history: stack history has no output ${OUTPUT.tableName}: is it a stack of this application?`,
    });
  });

  it('that belongs to an app of its own may have the construct in it, once or several times', async () => {
    outputs(`RomaHistory${OUTPUT.syncFunctionName}1A2B3C4D`);
    lambda.on(GetFunctionConfigurationCommand).resolves({ Environment: { Variables: {} } });
    await expect(deployedSync('history')).rejects.toThrow(/HISTORY_TABLE_NAME/);
    outputs(`First${OUTPUT.tableName}1A2B3C4D`, `Second${OUTPUT.tableName}00000000`);
    const { err, exitCode } = await cli(['list', '--stack', 'history']);
    expect([exitCode, err]).toEqual([
      2,
      expect.stringMatching(/holds several histories \(First.*Second.*\): name one with --table/),
    ]);
  });

  it('tells how its sync function is configured', async () => {
    outputs(OUTPUT.syncFunctionName);
    lambda.on(GetFunctionConfigurationCommand, { FunctionName: `the ${OUTPUT.syncFunctionName}` }).resolves({
      Environment: {
        Variables: {
          [ENV.tableName]: 'T',
          [ENV.secretArn]: 'arn',
          [ENV.retentionDays]: '400',
          [ENV.brakeReleaseAfterMs]: '3600000',
          [ENV.safetyMarginMs]: '15000',
        },
      },
    });
    expect(await deployedSync('history')).toMatchObject({
      retentionMs: 400 * 86_400_000,
      brakeReleaseAfterMs: 3_600_000,
    });
    lambda.on(GetFunctionConfigurationCommand).rejects(new Error('not authorized: lambda:GetFunctionConfiguration'));
    await expect(deployedSync('history')).rejects.toThrow(/^stack history cannot be read \(not authorized: lambda:Get/);
  });
});

describe('the template of a stack', () => {
  const resources = [
    ['Secret', 'AWS::SecretsManager::Secret', {}],
    [
      'Alarm',
      'AWS::CloudWatch::Alarm',
      {
        Metrics: [
          { Id: 'e', Expression: 'FILL(m, 0)' },
          { Id: 'm', MetricStat: {} },
        ],
      },
    ],
    ['Log', 'AWS::Logs::LogGroup', { RetentionInDays: 30 }],
  ] as const;
  const json = JSON.stringify({
    Resources: Object.fromEntries(resources.map(([id, Type, Properties]) => [id, { Type, Properties }])),
  });
  const yaml = `Resources:
  Secret: { Type: 'AWS::SecretsManager::Secret', Properties: { Name: !Sub '\${AWS::StackName}-secret' } }
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Dimensions: [{ Name: FunctionName, Value: !Ref Sync }]
  Log: { Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: 30 } }
`;

  it.each([
    ['JSON', json],
    ['YAML with short forms', yaml],
  ])('is read from %s', async (_, TemplateBody) => {
    cloudformation.on(GetTemplateCommand, { StackName: 'history' }).resolves({ TemplateBody });
    expect(partsOf(await stackTemplate('history'))).toMatchObject({
      secrets: 1,
      alarmMetrics: 1,
      logDays: 30,
      keys: 0,
    });
  });

  it('that does not exist is told in one line', async () => {
    cloudformation.on(GetTemplateCommand).rejects(new Error('Stack with id history does not exist'));
    await expect(stackTemplate('history')).rejects.toThrow(/^stack history does not exist: check its name[^\n]*$/);
  });
});
