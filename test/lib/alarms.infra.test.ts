import { readFileSync } from 'node:fs';
import { METRIC, METRIC_NAMESPACE } from '../../lambda/contract';
import { resourcesOf, stackOf, TARGET, templateOf } from '../support/stack';
import { Template } from 'aws-cdk-lib/assertions';

interface AlarmProperties {
  readonly AlarmDescription: string;
  readonly MetricName?: string;
  readonly Namespace?: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
  readonly TreatMissingData: string;
  readonly Period: number;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm?: number;
  readonly AlarmActions?: readonly unknown[];
  readonly OKActions?: readonly unknown[];
}
const alarms = (config?: object): Map<string, AlarmProperties> =>
  new Map(
    resourcesOf(templateOf(config), 'AWS::CloudWatch::Alarm').map(({ logicalId, Properties }) => [
      logicalId.replace(/^InstanceHistoryMonitoringAlarms/, '').replace(/[0-9A-F]{8}$/, ''),
      Properties as unknown as AlarmProperties,
    ]),
  );

const ANCHOR = /See RUNBOOK\.md#([a-z-]+)$/;
const sections = readFileSync('RUNBOOK.md', 'utf8')
  .split(/^## /m)
  .slice(1)
  .filter((section) => !section.startsWith('Restore\n'));
const anchorOfHeading = (section: string): string =>
  section.slice(0, section.indexOf('\n')).toLowerCase().replaceAll(' ', '-');

describe('the runbook', () => {
  const anchors = new Set(
    [...alarms({ discovery: 'daily' }).values()].map(({ AlarmDescription }) => ANCHOR.exec(AlarmDescription)?.[1]),
  );

  it('has one heading for each alarm, and none without an alarm', () => {
    expect(sections.map(anchorOfHeading).toSorted()).toEqual([...anchors].map(String).toSorted());
  });

  it.each(sections)('says what it means, where to look and what to do: %.20s', (section) => {
    expect(section.match(/^\*\*(Meaning|Look at|Do)\.\*\*/gm)).toEqual(['**Meaning.**', '**Look at.**', '**Do.**']);
  });

  it('names its sections where it refers to them', () => {
    const text = sections.join('').replaceAll(/\s+/g, ' ');
    const headings = sections.map((section) => section.slice(0, section.indexOf('\n')));
    for (const [, title] of text.matchAll(/(?:see|by) _([^_]+)_/gi)) expect(headings).toContain(title);
  });
});

describe('the alarms', () => {
  it('are one for each way to fail', () => {
    expect([...alarms().keys()].toSorted()).toEqual(
      [
        'BrakeHeld',
        'EventsSetAside',
        'PublisherBehind',
        'PublisherFailing',
        'PublisherThrottled',
        'RecordsRejected',
        'SchedulesUndelivered',
        `StaleTarget${TARGET.region}${TARGET.projectId}`.replaceAll('-', ''),
        'SubscriberUnreachable',
        'SyncFailing',
        'SyncNotRunning',
        'SyncThrottled',
        'TableThrottled',
      ].toSorted(),
    );
  });

  it('look at all targets at once where they are discovered, and at the discovery itself', () => {
    const without = [...alarms().keys()];
    const made = alarms({ targets: [], discovery: 'daily', every: '10m' });
    expect([...made.keys()].filter((id) => !without.includes(id)).toSorted()).toEqual([
      'DiscoveryNotCompleted',
      'ProjectsVanished',
      'StaleTargets',
    ]);
    expect([...made.keys()].filter((id) => id.startsWith('StaleTarget'))).toEqual(['StaleTargets']);
    expect(made.get('StaleTargets')).toMatchObject({
      MetricName: METRIC.ageOfLastCompletedRun,
      Threshold: 1800,
      Dimensions: [{ Name: 'service', Value: { Ref: expect.stringContaining('ScheduledSync') } }],
    });
    for (const name of ['DiscoveryNotCompleted', 'ProjectsVanished']) {
      const value = { Ref: expect.stringContaining('Discovery') };
      expect(made.get(name)!.Dimensions).toEqual([{ Name: 'service', Value: value }]);
    }
    expect(made.get('SyncNotRunning')).toMatchObject({ Period: 600 });
  });

  it('take silence for a failure where nothing but silence tells of it', () => {
    const loud = [...alarms()].filter(([, { TreatMissingData }]) => TreatMissingData === 'breaching').map(([id]) => id);
    expect(loud.map((id) => id.replace(/cnnorth4.*/, '')).toSorted()).toEqual(['StaleTarget', 'SyncNotRunning']);
  });

  it('look at metrics of the contract under the name of the function that emits them', () => {
    const names = new Set(
      Object.values(METRIC).flatMap((name) => (typeof name === 'string' ? [name] : Object.values(name))),
    );
    const own = [...alarms().values()].filter(({ Namespace }) => Namespace === METRIC_NAMESPACE);
    expect(own).toHaveLength(3);
    for (const { MetricName, Dimensions } of own) {
      expect(names).toContain(MetricName);
      expect(Dimensions).toContainEqual({ Name: 'service', Value: { Ref: expect.stringContaining('ScheduledSync') } });
    }
  });

  it('know the interval of each target', () => {
    const slow = { ...TARGET, projectId: 'a-slow-project-of-ours', every: '1d' };
    const made = [...alarms({ targets: [TARGET, slow] })].filter(([id]) => id.startsWith('StaleTarget'));
    expect(made.map(([, { Period, EvaluationPeriods }]) => [Period, EvaluationPeriods])).toEqual([
      [300, 3],
      [86_400, 3],
    ]);
    for (const [, { Dimensions }] of made)
      expect(Dimensions).toContainEqual(expect.objectContaining({ Name: 'target' }));
  });

  it.each(['1m', '7m', '61m', '12h', '1d'])('stay within what CloudWatch evaluates, with a run every %s', (every) => {
    for (const { Period, EvaluationPeriods } of alarms({ every }).values()) {
      expect(Period % 60).toBe(0);
      expect(Period).toBeLessThanOrEqual(86_400);
      expect(Period * EvaluationPeriods).toBeLessThanOrEqual(Period >= 3600 ? 7 * 86_400 : 86_400);
    }
  });

  it('look at failure queues for two periods, at visible messages only', () => {
    const { SchedulesUndelivered, EventsSetAside, SubscriberUnreachable } = Object.fromEntries(alarms());
    for (const alarm of [SchedulesUndelivered, EventsSetAside, SubscriberUnreachable]) {
      expect(alarm).toMatchObject({ MetricName: 'ApproximateNumberOfMessagesVisible', EvaluationPeriods: 2 });
      expect(alarm!.DatapointsToAlarm ?? 2).toBe(2);
    }
  });

  it('notify the topic when they rise and when they fall, or nobody', () => {
    const topic = 'arn:aws:sns:us-east-1:123456789012:operations';
    for (const { AlarmActions, OKActions } of alarms({ alarmTopicArn: topic }).values()) {
      expect([AlarmActions, OKActions]).toEqual([[topic], [topic]]);
    }
    for (const { AlarmActions } of alarms().values()) expect(AlarmActions).toBeUndefined();
  });
});

describe('the dashboard', () => {
  it('shows every alarm, at most 100 in a widget, those of the whole stack first', () => {
    const targets = Array.from({ length: 200 }, (_, index) => ({
      ...TARGET,
      projectId: `project-number-${String(index).padStart(3, '0')}`,
    }));
    const template = templateOf({ targets });
    const body = JSON.stringify(resourcesOf(template, 'AWS::CloudWatch::Dashboard')[0]!.Properties);
    const shown = [...body.matchAll(/"Fn::GetAtt":\["([A-Za-z0-9]+)","Arn"\]/g)].map(([, id]) => id!);
    const made = resourcesOf(template, 'AWS::CloudWatch::Alarm').map(({ logicalId }) => logicalId);
    const alarmsShown = shown.filter((id) => made.includes(id));
    expect(alarmsShown.toSorted()).toEqual(made.toSorted());
    expect(alarmsShown.slice(0, 12).filter((id) => id.includes('StaleTarget'))).toEqual([]);
    const widgets = body.split(/\\"type\\":\\"/).filter((part) => part.startsWith('alarm\\"'));
    expect(widgets).toHaveLength(3);
    for (const widget of widgets) expect(widget.split('"Fn::GetAtt"').length - 1).toBeLessThanOrEqual(100);
  });

  it('shows metrics of the contract only, and all that matter', () => {
    const body = JSON.stringify(
      resourcesOf(Template.fromStack(stackOf({ discovery: 'daily' }).stack), 'AWS::CloudWatch::Dashboard')[0]!
        .Properties,
    );
    for (const name of Object.values(METRIC).flatMap((metric) =>
      typeof metric === 'string' ? [metric] : Object.values(metric),
    )) {
      if (name === METRIC.runsCompleted) continue;
      expect(body).toContain(name);
    }
  });
});
