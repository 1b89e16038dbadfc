import { ENV } from '../../lambda/contract';
import { configuredName } from '../../lambda/core/discovery/discovery';
import { PROJECT, resourcesOf, TARGET, templateOf } from '../support/stack';

interface ScheduleProperties {
  readonly Name: string;
  readonly ScheduleExpression: string;
  readonly FlexibleTimeWindow: object;
  readonly GroupName: object;
  readonly Target: { readonly Input: string; readonly DeadLetterConfig: object; readonly RetryPolicy: object };
}
const schedules = (config?: object): ScheduleProperties[] =>
  resourcesOf(templateOf(config), 'AWS::Scheduler::Schedule').map(
    ({ Properties }) => Properties as unknown as ScheduleProperties,
  );

describe('the schedules', () => {
  it('hand the sync function one target each', () => {
    const other = {
      region: 'eu-west-101',
      projectId: 'another-project-of-ours',
      every: '1h',
      status: 'RUNNING',
      ignoreFields: ['load'],
      api: 'v3',
      endpoint: 'https://roma.example.com',
      iamEndpoint: 'https://iam.example.com',
      secretArn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:other-AbCdEf',
    };
    const made = schedules({ targets: [TARGET, other] });
    expect(made.map(({ ScheduleExpression, Target }) => [ScheduleExpression, JSON.parse(Target.Input)])).toEqual([
      ['rate(5 minutes)', { ...TARGET, intervalMs: 300_000 }],
      [
        'rate(1 hour)',
        {
          region: other.region,
          projectId: other.projectId,
          intervalMs: 3_600_000,
          statusFilter: 'RUNNING',
          ignoreFields: ['load'],
          api: 'v3',
          endpoint: other.endpoint,
          iamEndpoint: other.iamEndpoint,
          secretArn: other.secretArn,
        },
      ],
    ]);
  });

  it('spread over a part of their interval, never over more than the gap threshold allows', () => {
    expect(schedules({ every: '1m' })[0]!.FlexibleTimeWindow).toEqual({ Mode: 'OFF' });
    expect(schedules({ every: '10m' })[0]!.FlexibleTimeWindow).toEqual({ Mode: 'FLEXIBLE', MaximumWindowInMinutes: 2 });
    expect(schedules({ every: '1d' })[0]!.FlexibleTimeWindow).toEqual({ Mode: 'FLEXIBLE', MaximumWindowInMinutes: 15 });
  });

  it('set aside what they cannot deliver, and give up when the next run is due', () => {
    expect(schedules()[0]!.Target).toMatchObject({
      DeadLetterConfig: { Arn: expect.anything() },
      RetryPolicy: { MaximumEventAgeInSeconds: 300, MaximumRetryAttempts: 3 },
    });
  });

  it('are named after their target, within 64 characters', () => {
    const long = { region: 'cn-north-4', projectId: 'p'.repeat(128) };
    const names = schedules({ targets: [TARGET, long, { ...long, projectId: 'p'.repeat(127) }] }).map(
      ({ Name }) => Name,
    );
    expect(names[0]).toBe(`cn-north-4_${PROJECT}`);
    // The discovery must know them, lest it runs a target twice.
    expect(names.slice(0, 2)).toEqual([TARGET, long].map(configuredName));
    expect(new Set(names).size).toBe(3);
    for (const name of names) expect(name).toMatch(/^[0-9a-zA-Z-_.]{1,64}$/);
  });
});

describe('the sync function', () => {
  const sync = (config?: object) =>
    resourcesOf(templateOf(config), 'AWS::Lambda::Function').find(({ logicalId }) => logicalId.includes('Sync'))!
      .Properties as { Environment: { Variables: Record<string, unknown> } } & Record<string, unknown>;

  it('runs on Node 24 and ARM, with its own log group', () => {
    expect(sync()).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: 512,
      Timeout: 300,
      LoggingConfig: { LogFormat: 'JSON', LogGroup: expect.anything() },
    });
  });

  it('has the table, the secret and the options in its environment', () => {
    const variables = sync({ retention: '400d', brakeReleaseAfter: '36h' }).Environment.Variables;
    expect(Object.keys(variables).toSorted()).toEqual(
      [
        ENV.tableName,
        ENV.secretArn,
        ENV.session,
        ENV.brakeReleaseAfterMs,
        ENV.safetyMarginMs,
        ENV.retentionDays,
      ].toSorted(),
    );
    expect(variables).toMatchObject({ [ENV.retentionDays]: '400', [ENV.brakeReleaseAfterMs]: '129600000' });
  });

  it('asks who made the changes only when told to, and then with a key of its own for pseudonyms', () => {
    const secretsOf = (config?: object) => resourcesOf(templateOf(config), 'AWS::SecretsManager::Secret').length;
    const variables = (config?: object) => sync(config).Environment.Variables;
    for (const attribution of ['off', 'on', 'pseudonymous']) {
      const names = Object.keys(variables({ attribution }));
      expect(names.includes(ENV.attribution)).toBe(attribution !== 'off');
      expect(names.includes(ENV.pseudonymSecretArn)).toBe(attribution === 'pseudonymous');
      expect(secretsOf({ attribution })).toBe(attribution === 'pseudonymous' ? 2 : 1);
    }
    expect(variables({ attribution: 'pseudonymous' })).toMatchObject({ [ENV.attribution]: 'pseudonymous' });
    expect(() => templateOf({ attribution: 'yes' })).toThrow(/attribution/);
  });

  it('is run again by Lambda only where the next run is far, and never when that one is due', () => {
    const invoke = (every: string) =>
      resourcesOf(templateOf({ every }), 'AWS::Lambda::EventInvokeConfig').find(({ logicalId }) =>
        logicalId.includes('Sync'),
      )!.Properties;
    expect(invoke('5m')).toMatchObject({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 300 });
    expect(invoke('1h')).toMatchObject({ MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 3600 });
    expect(invoke('1d')).toMatchObject({ MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 21_600 });
  });

  it('reserves concurrency only when told to', () => {
    expect(sync()).not.toHaveProperty('ReservedConcurrentExecutions');
    expect(sync({ reservedConcurrency: 20 }).ReservedConcurrentExecutions).toBe(20);
  });
});
