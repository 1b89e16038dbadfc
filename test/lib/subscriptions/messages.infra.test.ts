import { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { HTTP, type CloudEvent } from 'cloudevents';
import { InstanceHistory, Subscription } from '../../../lib';
import { bodyOf, type DeployedRule, deployedRules, valueAt } from '../../support/event-bus/deployed-rules';
import { matchesPattern } from '../../support/event-bus/pattern';
import { appWithoutBundling, TARGET } from '../../support/stack';
import { ATTRIBUTED_DETAIL_TYPE, DETAIL_TYPE, EVENT_SOURCE } from '../../../lambda/contract';
import { toChangeEvent } from '../../../lambda/core/publish/change-event';
import { versionsOf } from '../../support/history-rows';
import attributedCertain from '../../../lambda/events/schema/attribution-samples/attributed-certain.json';
import { SAMPLES } from '../../lambda/events/sample-history';

interface Given {
  readonly id: string;
  readonly name: string | null;
  readonly from: string;
  readonly to: string;
  readonly enterpriseProjectId?: string;
  readonly fields?: readonly string[];
}
/** What the bus delivers for the second version of an instance. */
function asBusEvent({ id, name, from, to, enterpriseProjectId = 'ep-1', fields }: Given) {
  const snapshot = { id, name, enterprise_project_id: enterpriseProjectId };
  const [, version] = versionsOf([
    { at: '2026-11-22T08:00:00.000Z', snapshot: { ...snapshot, status: from } },
    {
      at: '2026-11-22T09:00:00.000Z',
      snapshot: { ...snapshot, status: to, error_code: 'ROMA.1', error_msg: 'no "node"' },
    },
  ]);
  const detail = toChangeEvent(version!);
  const changes = fields?.map((field) => ({ field, from: 1, to: 2 })) ?? detail.changes;
  return { source: EVENT_SOURCE, 'detail-type': DETAIL_TYPE[detail.kind], detail: { ...detail, changes } };
}

const key = (stack: Stack) => Secret.fromSecretNameV2(stack, 'Given', 'given');
const make = (of: (stack: Stack) => Subscription): Template => {
  const stack = new Stack(appWithoutBundling(), 'Platform');
  const history = new InstanceHistory(stack, 'RomaHistory', { targets: [TARGET], subscriptions: [of(stack)] });
  return Template.fromStack(Stack.of(history));
};
const rulesOf = (template: Template): DeployedRule[] =>
  deployedRules(template).filter(({ Targets }) => Targets.some((target) => target.InputTransformer !== undefined));

const event = asBusEvent({ id: 'e346', name: 'roma-prod', from: 'RUNNING', to: 'ERROR' });
const LINE = 'ROMA Instance Status Changed: roma-prod';
const CHANGE = "RUNNING → ERROR; error_code: (absent) → ROMA.1; error_msg: (absent) → no 'node'";
const WINDOW = 'after 2026-11-22T08:55:00.000Z, no later than 2026-11-22T09:00:00.000Z';

describe('what a receiver gets', () => {
  it('a CloudEvent is one for its own library', () => {
    const [rule] = rulesOf(
      make(() => Subscription.webhook('hook', { url: 'https://hooks.example.com/roma', format: 'cloudevents' })),
    );
    const headers = { 'content-type': rule?.Targets[0]?.HttpParameters?.HeaderParameters?.['Content-Type'] };
    const read = HTTP.toEvent({ headers, body: bodyOf(rule!, event) }) as CloudEvent<Record<string, unknown>>;
    expect(read.validate()).toBe(true);
    expect(read).toMatchObject({
      id: valueAt(event, '$.detail.eventId'),
      subject: 'e346',
      time: '2026-11-22T09:00:00.000Z',
      sequence: 2,
      source: `/roma-instance-history/cn-north-4/${String(valueAt(event, '$.detail.instance.projectId'))}`,
      type: 'ROMA Instance Status Changed',
      data: JSON.parse(JSON.stringify(valueAt(event, '$.detail'))) as unknown,
    });
  });

  const [email] = rulesOf(make(() => Subscription.email('ops', { address: 'ops@example.com' })));
  const linesOf = (of: unknown): string[] =>
    bodyOf(email!, of)
      .split('\n')
      .map((line) => JSON.parse(line) as string);

  it('an email says what changed, between which times, how that is known, and how to see more', () => {
    expect(linesOf(event)).toEqual([
      LINE,
      expect.stringContaining('roma-prod (e346) of cn-north-4/'),
      `Change: ${CHANGE}`,
      `Happened: ${WINDOW}`,
      'Evidence: listed',
      'More: roma-history log e346',
      expect.stringMatching(/^Event: .*\/e346\/2$/),
    ]);
  });

  it.each(Object.entries(SAMPLES))('an email of the sample %s has words for all that it tells', (_, detail) => {
    const lines = linesOf({ source: EVENT_SOURCE, 'detail-type': DETAIL_TYPE[detail.kind], detail });
    expect(lines.join('\n')).not.toMatch(/null →|undefined|after null/);
    expect(lines[2]).toBe(`Change: ${detail.summary?.change}`);
  });

  it('an email names who made a change, later, where it asks for that', () => {
    const options = { address: 'ops@example.com', kinds: ['attributed'], namePattern: 'roma-*' } as const;
    const [rule] = rulesOf(make(() => Subscription.email('who', options)));
    const attributed = { source: EVENT_SOURCE, 'detail-type': ATTRIBUTED_DETAIL_TYPE, detail: attributedCertain };
    expect(matchesPattern(rule!.EventPattern, attributed)).toBe(true);
    expect(matchesPattern(rule!.EventPattern, event)).toBe(false);
    expect(matchesPattern(email!.EventPattern, attributed)).toBe(false);
    expect(linesOf(attributed)).toEqual([
      'ROMA Instance Change Attributed: roma-test',
      expect.stringContaining('roma-test (e34610ca-'),
      'Change: by alice (console, 10.1.2.3)',
      'Happened: after 2026-11-22T10:00:00.000Z, no later than 2026-11-22T10:05:00.000Z',
      'Evidence: traces',
      expect.stringContaining('More: roma-history log e34610ca-'),
      expect.stringMatching(/^Event: .*\/7\/attribution$/),
    ]);
  });

  it('Slack gets a message for a channel, with the token in a header', () => {
    const template = make((stack) => Subscription.slack('chat', { channel: 'C0123456789', key: key(stack) }));
    expect(JSON.parse(bodyOf(rulesOf(template)[0]!, event))).toEqual({
      channel: 'C0123456789',
      mrkdwn: false,
      text: `${LINE}  ${CHANGE}  ${WINDOW} (listed). roma-history log e346`,
    });
    template.hasResourceProperties('AWS::Events::ApiDestination', {
      InvocationEndpoint: 'https://slack.com/api/chat.postMessage',
    });
    template.hasResourceProperties('AWS::Events::Connection', {
      AuthParameters: {
        ApiKeyAuthParameters: {
          ApiKeyName: 'Authorization',
          ApiKeyValue: Match.objectLike({ 'Fn::Join': Match.anyValue() }),
        },
      },
    });
  });

  it('Teams gets an adaptive card, and the secret part of its address is a secret', () => {
    const url =
      'https://prod-1.westeurope.logic.azure.com/workflows/1/triggers/manual/paths/invoke?api-version=2016-06-01';
    const template = make((stack) => Subscription.teams('team', { url, key: key(stack) }));
    const { attachments } = JSON.parse(bodyOf(rulesOf(template)[0]!, event)) as {
      attachments: { content: { body: unknown[] } }[];
    };
    expect(attachments[0]?.content.body).toEqual([
      { type: 'TextBlock', text: LINE, weight: 'Bolder', wrap: true },
      {
        type: 'FactSet',
        facts: expect.arrayContaining([
          { title: 'Change', value: CHANGE },
          { title: 'Happened', value: WINDOW },
        ]),
      },
    ]);
    template.hasResourceProperties('AWS::Events::Connection', {
      AuthParameters: { InvocationHttpParameters: { QueryStringParameters: [{ Key: 'sig', IsValueSecret: true }] } },
    });
  });

  it('PagerDuty gets one incident per instance, which ends when the instance recovers', () => {
    const template = make((stack) => Subscription.pagerduty('pager', { key: key(stack) }));
    const rules = rulesOf(template);
    const actions = rules.map((rule) => JSON.parse(bodyOf(rule, event)) as { event_action: string; dedup_key: string });
    expect(actions.map(({ event_action }) => event_action).toSorted()).toEqual(['resolve', 'trigger']);
    expect(new Set(actions.map(({ dedup_key }) => dedup_key)).size).toBe(1);
    expect(actions).toContainEqual(
      expect.objectContaining({ payload: expect.objectContaining({ summary: `${LINE}  ${CHANGE}` }) }),
    );
    const told = (from: string, to: string): string[] =>
      rules.flatMap((rule, place) =>
        matchesPattern(rule.EventPattern, asBusEvent({ id: 'e346', name: null, from, to }))
          ? [actions[place]!.event_action]
          : [],
      );
    expect([
      told('RUNNING', 'ERROR'),
      told('ERROR', 'RUNNING'),
      told('ERROR', 'DELETE_FAILED'),
      told('RUNNING', 'FROZEN'),
    ]).toEqual([['trigger'], ['resolve'], ['trigger'], []]);
    template.hasResourceProperties('AWS::Events::Connection', {
      AuthParameters: { InvocationHttpParameters: { BodyParameters: [{ Key: 'routing_key', IsValueSecret: true }] } },
    });
  });
});

describe('a filter', () => {
  it.each([
    [{ statuses: ['ERROR'] }, { to: 'FROZEN' }],
    [{ namePattern: 'roma-*' }, { name: 'edge-1' }],
    [{ enterpriseProjects: ['ep-1'] }, { enterpriseProjectId: 'ep-2' }],
    [{ fields: ['status', 'name'] }, { fields: ['flavor_id'] }],
  ])('%j is a pattern of EventBridge, which does not match %j', (filter, other) => {
    const template = make(() => Subscription.sqs('queue', filter));
    const [pattern] = Object.values(template.findResources('AWS::Events::Rule')).flatMap(({ Properties }) => {
      const { EventPattern, Description } = Properties as DeployedRule;
      return Description?.endsWith('for queue') === true ? [EventPattern] : [];
    });
    const given = { id: 'e346', name: 'roma-prod', from: 'RUNNING', to: 'ERROR', enterpriseProjectId: 'ep-1' };
    expect(matchesPattern(pattern!, asBusEvent(given))).toBe(true);
    expect(matchesPattern(pattern!, asBusEvent({ ...given, ...other }))).toBe(false);
  });
});
