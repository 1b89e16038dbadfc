import { DEFAULT_ACCOUNT, Fleet, type RomaSimulator, startRomaSimulator } from '../support/roma-simulator';
import { readDiscoveryConfig, readSyncRequest } from '../../lambda/config';
import { configuredName, discoveredName } from '../../lambda/core/discovery/discovery';
import { type AwsRecorder, startAwsRecorder } from '../support/aws-recorder';
import { type FunctionProcess, startFunction } from '../support/deployed-process';
import { arn, type DeployedFunction, type DeployedStack, deployStack } from '../support/deployed-stack';
import { denied, distinct, granted, permissionsOf } from '../support/permissions';
import { type FakeScheduler, startScheduler } from '../support/scheduler';

const CONFIGURED = { region: 'cn-north-4', projectId: '106506b9a92342df9a5025fc12351cfc' };
const NEW = { region: 'cn-east-3', projectId: '206506b9a92342df9a5025fc12351cfc' };
const PART = { region: 'cn-north-4', projectId: '306506b9a92342df9a5025fc12351cfc' };
const SECRET = arn('secretsmanager', 'secret:history-AbCdEf');
const PROJECTS = [
  { id: CONFIGURED.projectId, name: CONFIGURED.region, enabled: true },
  { id: NEW.projectId, name: NEW.region, enabled: true },
  { id: PART.projectId, name: 'cn-north-4_test', enabled: true },
  { id: '406506b9a92342df9a5025fc12351cfc', name: 'MOS', enabled: true },
  { id: '506506b9a92342df9a5025fc12351cfc', name: 'cn-east-2', enabled: false },
  { id: '606506b9a92342df9a5025fc12351cfc', name: 'cn-south-1', enabled: true },
];
const EXCLUDED = { region: 'cn-south-1', projectId: '606506b9a92342df9a5025fc12351cfc' };

let roma: RomaSimulator;
let scheduler: FakeScheduler;
let aws: AwsRecorder;
let stack: DeployedStack;
let discovery: FunctionProcess;
let fn: DeployedFunction;

beforeAll(async () => {
  roma = await startRomaSimulator({ fleet: new Fleet(PROJECTS) });
  const exclude = [`${EXCLUDED.region}/${EXCLUDED.projectId}`];
  const config = { targets: [CONFIGURED], discovery: 'daily', exclude, iamEndpoint: roma.endpoint, every: '10m' };
  const names = { tableName: 't', busName: 'b', queueUrl: 'q', queueArn: 'q', topicArn: 't', secretArn: SECRET };
  stack = deployStack(config, names);
  fn = stack.functionOf('discovery');
  scheduler = await startScheduler(readDiscoveryConfig(fn.environment).scheduleGroupName);
  const { accessKey, secretKey } = DEFAULT_ACCOUNT;
  aws = await startAwsRecorder({
    scheduler: scheduler.endpoint,
    secrets: { [SECRET]: JSON.stringify({ HUAWEICLOUD_SDK_AK: accessKey, HUAWEICLOUD_SDK_SK: secretKey }) },
  });
  scheduler.seed(configuredName(CONFIGURED));
  discovery = startFunction(fn, aws.url);
}, 120_000);

afterAll(async () => {
  await Promise.all([discovery?.stop(), aws?.stop(), scheduler?.stop(), roma?.stop()]);
  stack?.dispose();
});

describe('the deployed discovery', () => {
  it('reads all of its environment, and is given nothing that it does not read', () => {
    const { environment } = fn;
    expect(readDiscoveryConfig(environment)).toEqual({
      scheduleGroupName: scheduler.groupName,
      scheduleTemplate: {
        functionArn: expect.stringMatching(/function:InstanceHistoryScheduledSync/),
        roleArn: expect.stringMatching(/role\/InstanceHistoryScheduledSyncInvoker/),
        deadLetterArn: expect.stringMatching(/DeadLetters/),
        intervalMs: 600_000,
      },
      exclude: [EXCLUDED],
      secretArn: SECRET,
      session: 'Deployed',
      iamEndpoint: roma.endpoint,
    });
    expect(Object.keys(environment)).toHaveLength(6);
  });

  it('schedules the projects of the account that are neither configured nor excluded', async () => {
    expect(await discovery.invoke({})).toMatchObject({
      discovered: 4,
      added: 2,
      vanished: 0,
    });
    expect([...scheduler.schedules.keys()].toSorted()).toEqual(
      [configuredName(CONFIGURED), discoveredName(NEW), discoveredName(PART)].toSorted(),
    );
  });

  it('makes the schedule that the stack would have made, but for its name', () => {
    const ofStack = stack.schedules.find(({ Name }) => Name === configuredName(CONFIGURED))!;
    const made = scheduler.schedules.get(discoveredName(NEW))!;
    expect(made).toMatchObject({
      ScheduleExpression: ofStack.ScheduleExpression,
      FlexibleTimeWindow: ofStack.FlexibleTimeWindow,
      State: ofStack.State ?? 'ENABLED',
    });
    const { Input, ...target } = ofStack.Target as Record<string, unknown>;
    const { Input: madeInput, ...madeTarget } = made.Target as Record<string, unknown>;
    expect(madeTarget).toEqual(target);
    expect(readSyncRequest(JSON.parse(madeInput as string))).toEqual({
      ...readSyncRequest(JSON.parse(Input as string)),
      ...NEW,
    });
  });

  it('pauses and reports a project that is gone, and enables it when it is back', async () => {
    roma.fleet.removeProject(NEW.projectId);
    expect(await discovery.invoke({})).toMatchObject({ vanished: 1, paused: 1, added: 0 });
    expect(scheduler.schedules.get(discoveredName(NEW))).toMatchObject({ State: 'DISABLED' });
    roma.fleet.addProject(PROJECTS[1]!);
    expect(await discovery.invoke({})).toMatchObject({ vanished: 0, updated: 1 });
    expect(discovery.log()).toMatch(/"ProjectsVanished":1/);
    expect(discovery.log()).toContain(`${discoveredName(NEW)}: the account does not show its project`);
  });

  it('fails its invocation when the account shows nothing, and changes nothing', async () => {
    for (const { id } of PROJECTS) roma.fleet.removeProject(id);
    const before = new Map(scheduler.schedules);
    await expect(discovery.invoke({})).rejects.toThrow(/nothing was changed/);
    expect(new Map(scheduler.schedules)).toEqual(before);
  });

  it('may do what it has done above, and nothing else', async () => {
    const called = aws.calls.flatMap(permissionsOf);
    expect(await denied(fn.policies, called)).toEqual([]);
    const actionsOf = (texts: readonly string[]): string[] =>
      [...new Set(texts.map((text) => text.split(' ')[0]!))].filter((action) => !action.startsWith('logs:')).toSorted();
    expect(actionsOf(distinct(granted(fn.policies)))).toEqual(actionsOf(distinct(called)));

    const { roleArn } = readDiscoveryConfig(fn.environment).scheduleTemplate;
    const schedule = (name: string, group = scheduler.groupName): string =>
      arn('scheduler', `schedule/${group}/${name}`);
    const forbidden = [
      { action: 'scheduler:DeleteSchedule', resource: schedule(discoveredName(NEW)) },
      { action: 'scheduler:UpdateSchedule', resource: schedule(configuredName(CONFIGURED)) },
      { action: 'scheduler:CreateSchedule', resource: schedule(discoveredName(NEW), 'another-group') },
      { action: 'iam:PassRole', resource: roleArn, context: { 'iam:PassedToService': 'lambda.amazonaws.com' } },
      {
        action: 'iam:PassRole',
        resource: `${roleArn}-other`,
        context: { 'iam:PassedToService': 'scheduler.amazonaws.com' },
      },
    ];
    expect(await denied(fn.policies, forbidden)).toEqual(forbidden);
  });

  it('writes no key into its log', () => {
    expect(discovery.log()).toMatch(/"DiscoveriesCompleted"/);
    expect(discovery.log()).not.toContain(DEFAULT_ACCOUNT.secretKey);
  });
});
