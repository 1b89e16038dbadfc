// Over 300 lines, because it tells for each alarm of one stack the story in which it rises and the week in which it does not.
import { readFileSync } from 'node:fs';
import { METRIC, METRIC_NAMESPACE, STALE_INTERVALS } from '../../lambda/contract';
import { type AlarmDefinition, type MetricHistory, statesOf } from '../support/alarm-evaluation';
import { resourcesOf, TARGET, templateOf } from '../support/stack';

interface MetricName {
  readonly MetricName?: string;
  readonly Namespace?: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
}
interface AlarmProperties extends AlarmDefinition, MetricName {
  readonly Metrics?: readonly { readonly MetricStat?: { readonly Metric: MetricName; Period: number; Stat: string } }[];
  readonly AlarmDescription: string;
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

/** A stack with every alarm that there is. */
const EVERYTHING = {
  monitoring: 'full',
  discovery: 'daily',
  export: { bucket: 'lake' },
  subscriptions: [{ type: 'sqs', name: 'mine' }],
  targetAlarms: true,
};
const OF_TARGET = `TargetStale${TARGET.region}${TARGET.projectId}`.replaceAll('-', '');

const ANCHOR = /See RUNBOOK\.md#([a-z-]+)$/;
const sections = readFileSync('RUNBOOK.md', 'utf8')
  .split(/^## /m)
  .slice(1)
  .filter((section) => !section.startsWith('Restore\n'));
const anchorOfHeading = (section: string): string =>
  section.slice(0, section.indexOf('\n')).toLowerCase().replaceAll(' ', '-');

describe('the runbook', () => {
  const anchors = new Set(
    [...alarms(EVERYTHING).values()].map(({ AlarmDescription }) => ANCHOR.exec(AlarmDescription)?.[1]),
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

const MINIMAL = ['BrakeHeld', 'ChangesUnpublished', 'EventsSetAside', 'StaleTargets', 'SyncNotRunning'];

describe('the alarms', () => {
  it('tell when somebody must act, and no more, unless they are asked to', () => {
    expect([...alarms().keys()].toSorted()).toEqual(MINIMAL);
    expect([...alarms({ monitoring: 'off' }).keys()]).toEqual([]);
    expect([...alarms({ monitoring: 'full' }).keys()].toSorted()).toEqual(
      [
        ...MINIMAL,
        'PublisherBehind',
        'PublisherFailing',
        'PublisherThrottled',
        'RecordsRejected',
        'SchedulesUndelivered',
        'SubscriberUnreachable',
        'SyncFailing',
        'SyncThrottled',
        'TableThrottled',
      ].toSorted(),
    );
  });

  it('that are off leave no function that sends metrics', () => {
    const senders = (config: object) =>
      resourcesOf(templateOf({ discovery: 'daily', ...config }), 'AWS::Lambda::Function').filter(
        ({ Properties }) =>
          Properties.Environment !== undefined &&
          !JSON.stringify(Properties).includes('"POWERTOOLS_METRICS_DISABLED":"true"'),
      ).length;
    expect([senders({}), senders({ monitoring: 'off' })]).toEqual([3, 0]);
  });

  it('look at the discovery itself where there is one, and at each queue that the stack makes for a subscriber', () => {
    expect([...alarms({ targets: [], discovery: 'daily' }).keys()].toSorted()).toEqual(
      [...MINIMAL, 'DiscoveryNotCompleted', 'ProjectsVanished'].toSorted(),
    );
    expect(alarms(EVERYTHING).get('SubscriberBehindmine')).toMatchObject({ Threshold: 7 * 86_400 });
  });

  it('are as many for 200 targets as for one', () => {
    const targets = Array.from({ length: 200 }, (_, n) => ({ ...TARGET, projectId: `project-number-${n + 1000}` }));
    expect([...alarms({ targets }).keys()].toSorted()).toEqual(MINIMAL);
  });

  it('look at metrics of the contract under the name of the function that emits them, or of the table', () => {
    const names = Object.values(METRIC).flatMap((name) => (typeof name === 'string' ? [name] : Object.values(name)));
    const own = [...alarms(EVERYTHING).values()]
      .flatMap((alarm) => alarm.Metrics?.map(({ MetricStat }) => MetricStat?.Metric ?? {}) ?? [alarm])
      .filter(({ Namespace }) => Namespace === METRIC_NAMESPACE);
    // None is emitted that no alarm looks at.
    expect(own.map(({ MetricName }) => String(MetricName)).toSorted()).toEqual(names.toSorted());
    for (const { MetricName, Dimensions } of own) {
      const emitter = String(MetricName).match(/Projects|Discoveries/)
        ? 'Discovery'
        : MetricName === METRIC.changesUnpublished
          ? 'HistoryTable'
          : 'ScheduledSync';
      expect(Dimensions![0]).toEqual({ Name: 'service', Value: { Ref: expect.stringContaining(emitter) } });
    }
  });

  it.each([['1m'], ['7m'], ['61m'], ['12h'], ['1d'], ['5m', '1d'], ['1m', '1d'], ['2h', '1d']])(
    'stay within what CloudWatch evaluates, with a run every %s',
    (...[every, slow]: readonly string[]) => {
      const targets = [
        TARGET,
        ...(slow === undefined ? [] : [{ ...TARGET, projectId: 'a-slow-project-of-ours', every: slow }]),
      ];
      for (const { Period = 0, EvaluationPeriods, Metrics } of alarms({ ...EVERYTHING, every, targets }).values()) {
        if (Metrics !== undefined) continue;
        expect(Period % 60).toBe(0);
        expect(Period).toBeGreaterThanOrEqual(60);
        expect(Period).toBeLessThanOrEqual(86_400);
        expect(Period * EvaluationPeriods).toBeLessThanOrEqual(Period >= 3600 ? 7 * 86_400 : 86_400);
      }
    },
  );

  it('notify the topic when they rise and when they fall, or nobody', () => {
    const topic = 'arn:aws:sns:us-east-1:123456789012:operations';
    for (const { AlarmActions, OKActions } of alarms({ ...EVERYTHING, alarmTopicArn: topic }).values()) {
      expect([AlarmActions, OKActions]).toEqual([[topic], [topic]]);
    }
    for (const { AlarmActions } of alarms().values()) expect(AlarmActions).toBeUndefined();
  });

  it('link to the runbook where it is read', () => {
    const { AlarmDescription } = alarms({ runbookUrl: 'https://wiki.example/runbook' }).get('BrakeHeld')!;
    expect(AlarmDescription).toMatch(/See https:\/\/wiki\.example\/runbook#brake-held$/);
  });
});

const DAY = 1440;
const WEEK = 7 * DAY;
/** When the failures of the stories begin, in minutes: two days of quiet before. */
const FAILS_AT = 2 * DAY + 3;

/** What a metric shows in a quiet week, in which single runs fail and are made up for, and while something fails. */
interface Story {
  readonly quiet: MetricHistory;
  /** Of the metrics that its expression names before this one, at all times. */
  readonly before?: readonly MetricHistory[];
  readonly failing: MetricHistory;
  /** The alarm must have risen so many minutes after the failure began. */
  readonly within: number;
  /** And must have fallen so many minutes after the failure ended, one day later. */
  readonly endsWithin: number;
}
const never: MetricHistory = () => undefined;
const each =
  (minutes: number, value: number): MetricHistory =>
  (minute) =>
    minute % minutes === 0 ? value : undefined;
/** Once on each day. */
const sometimes =
  (value: number): MetricHistory =>
  (minute) =>
    minute % DAY === 700 ? value : undefined;
const zeroUnless =
  (value: MetricHistory): MetricHistory =>
  (minute) =>
    value(minute) ?? 0;
const queue = { quiet: zeroUnless(never), failing: each(1, 1), within: 15, endsWithin: 15 };
const lambda = { quiet: zeroUnless(sometimes(1)), failing: each(5, 1), within: 20, endsWithin: 20 };

const STORIES: Readonly<Record<string, Story>> = {
  SyncNotRunning: { quiet: each(5, 1), failing: never, within: 30, endsWithin: 30 },
  // A run that fails tells how far its target is behind; after one or two such runs the next one completes.
  StaleTargets: {
    quiet: (minute) => (minute % DAY === 700 ? 1.2 : minute % DAY === 705 ? 2.2 : undefined),
    failing: (minute) => (minute % 5 === 0 ? Math.floor((minute - FAILS_AT + 5) / 5) : undefined),
    within: 20,
    endsWithin: 30,
  },
  // Two targets: one run in five minutes fails, both do.
  [OF_TARGET]: {
    before: [each(5, 2), each(5, 1)],
    quiet: (minute) => (minute % DAY === 700 ? 1.2 : minute % DAY === 705 ? 2.2 : undefined),
    failing: (minute) => (minute % 5 === 0 ? Math.floor((minute - FAILS_AT + 5) / 5) : undefined),
    within: 20,
    endsWithin: 30,
  },
  ApiOutage: { before: [each(5, 2)], quiet: sometimes(1), failing: each(5, 2), within: 15, endsWithin: 10 },
  BrakeHeld: { quiet: never, failing: each(5, 1), within: 20, endsWithin: 30 },
  RecordsRejected: { quiet: never, failing: each(5, 3), within: 20, endsWithin: 30 },
  // Each change counts up, and down when it is published. The publisher dies without an error: nothing counts down.
  ChangesUnpublished: { quiet: zeroUnless(never), failing: each(60, 2), within: 90, endsWithin: 90 },
  EventsSetAside: queue,
  SchedulesUndelivered: queue,
  SubscriberUnreachable: queue,
  SubscriberBehindmine: { quiet: each(1, 600), failing: each(1, 8 * 86_400), within: 15, endsWithin: 15 },
  SyncFailing: lambda,
  SyncThrottled: lambda,
  PublisherFailing: lambda,
  PublisherThrottled: lambda,
  TableThrottled: lambda,
  PublisherBehind: { quiet: each(1, 30_000), failing: each(1, 900_000), within: 15, endsWithin: 15 },
  DiscoveryNotCompleted: { quiet: each(DAY, 1), failing: never, within: 3 * DAY, endsWithin: 2 * DAY },
  // One attempt in three may fail.
  ExportFailing: { quiet: sometimes(1), failing: each(DAY, 3), within: 2 * DAY, endsWithin: 2 * DAY },
  ProjectsVanished: { quiet: never, failing: each(DAY, 1), within: 2 * DAY, endsWithin: 3 * DAY },
};

describe('each alarm', () => {
  const made = alarms(EVERYTHING);

  it('has a story', () => {
    expect(Object.keys(STORIES).toSorted()).toEqual([...made.keys()].toSorted());
  });

  it.each(Object.keys(STORIES))('%s is silent in a quiet week', (id) => {
    const states = statesOf(made.get(id)!, [...(STORIES[id]!.before ?? []), STORIES[id]!.quiet], WEEK);
    expect(states.filter((state) => state === 'ALARM')).toHaveLength(0);
  });

  it.each(Object.keys(STORIES))(
    '%s rises in time when it must, stays while the failure lasts, and falls after it',
    (id) => {
      const { quiet, failing, within, endsWithin, before = [] } = STORIES[id]!;
      const ends = FAILS_AT + Math.max(DAY, within + 2 * DAY * (within >= DAY ? 1 : 0));
      const history: MetricHistory = (minute) => (minute >= FAILS_AT && minute < ends ? failing : quiet)(minute);
      const states = statesOf(made.get(id)!, [...before, history], ends + endsWithin + 1);
      expect(states.slice(0, FAILS_AT)).not.toContain('ALARM');
      const rose = states.indexOf('ALARM');
      expect(rose).toBeGreaterThanOrEqual(FAILS_AT);
      expect(rose - FAILS_AT).toBeLessThanOrEqual(within);
      expect(states.slice(rose, ends)).not.toContain('OK');
      expect(states.at(-1)).toBe('OK');
    },
  );

  it('tells a stale fast target within 20 minutes, whatever a slow one does', () => {
    const slow = { ...TARGET, projectId: 'a-slow-project-of-ours', every: '1d' };
    const alarm = alarms({ targets: [TARGET, slow] }).get('StaleTargets')!;
    const { failing } = STORIES['StaleTargets']!;
    const states = statesOf(alarm, [(minute) => (minute < FAILS_AT ? undefined : failing(minute))], FAILS_AT + 20);
    expect(states.at(-1)).toBe('ALARM');
    // The slow one tells of itself once per day, and the alarm remembers it for nearly that long.
    const daily: MetricHistory = (minute) => (minute === FAILS_AT ? STALE_INTERVALS : undefined);
    const remembered = statesOf(alarm, [daily], FAILS_AT + 2 * DAY).filter((state) => state === 'ALARM').length;
    expect(remembered).toBeGreaterThan(0.95 * DAY);
  });

  it('of a target is silent while every run fails, and while the stale target tells of it again', () => {
    const stale: MetricHistory = each(5, 9);
    const outage: MetricHistory = (minute) => (minute % 5 === 0 ? (minute < FAILS_AT ? 2 : 1) : undefined);
    const states = statesOf(made.get(OF_TARGET)!, [each(5, 2), outage, stale], FAILS_AT + 30);
    expect(states.slice(0, FAILS_AT)).not.toContain('ALARM');
    // When the other target completes again and this one does not, it is this one's own trouble.
    expect(states.at(-1)).toBe('ALARM');
  });

  it('of a target looks at the metric that a filter takes from the log lines of the function', () => {
    const [filter] = resourcesOf(templateOf(EVERYTHING), 'AWS::Logs::MetricFilter');
    const {
      FilterPattern,
      MetricTransformations: [transformation],
    } = filter!.Properties as {
      FilterPattern: string;
      MetricTransformations: {
        Dimensions: { Key: string; Value: string }[];
        MetricName: string;
        MetricValue: string;
      }[];
    };
    expect(FilterPattern).toBe('{ $.intervals > 0 }');
    expect(transformation).toMatchObject({ MetricName: METRIC.intervalsOfTarget, MetricValue: '$.intervals' });
    const dimensions = alarms(EVERYTHING).get(OF_TARGET)!.Metrics!.at(-1)!.MetricStat!.Metric.Dimensions!;
    expect(dimensions.map(({ Name }) => Name)).toEqual(transformation!.Dimensions.map(({ Key }) => Key));
    expect(dimensions.at(-1)!.Value).toBe(`${TARGET.region}/${TARGET.projectId}`);
  });

  it('that counts unpublished changes rises for a single one, and not for one that is published in the next period', () => {
    const alarm = alarms().get('ChangesUnpublished')!;
    const lost: MetricHistory = (minute) => (minute === FAILS_AT ? 1 : undefined);
    expect(statesOf(alarm, [lost], FAILS_AT + 10)).toContain('ALARM');
    // Recorded and published are counted at the time of observation, ten minutes on: their sum is zero.
    const published: MetricHistory = (minute) => (minute === FAILS_AT ? 1 - 1 : undefined);
    expect(statesOf(alarm, [published], WEEK)).not.toContain('ALARM');
  });
});

describe('the dashboard', () => {
  const dashboardOf = (config: object) => resourcesOf(templateOf(config), 'AWS::CloudWatch::Dashboard');

  it('is there when it is asked for, or with everything', () => {
    const counts = [
      {},
      { dashboard: true },
      { monitoring: 'full' },
      { monitoring: 'full', dashboard: false },
      { monitoring: 'off' },
    ];
    expect(counts.map((config) => dashboardOf(config).length)).toEqual([0, 1, 1, 0, 0]);
  });

  it('shows every alarm, and draws its numbers from the log lines', () => {
    const body = JSON.stringify(dashboardOf(EVERYTHING)[0]!.Properties);
    for (const { logicalId } of resourcesOf(templateOf(EVERYTHING), 'AWS::CloudWatch::Alarm'))
      expect(body).toContain(logicalId);
    expect(body).not.toContain(METRIC_NAMESPACE);
    const fields = [
      'durationMs',
      'units.write',
      'api.requests',
      'intervals',
      'unknownStatuses',
      'latencyMs',
      'outcome',
    ];
    for (const field of fields) expect(body).toContain(field);
  });
});
