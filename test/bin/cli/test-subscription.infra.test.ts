import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { HTTP } from 'cloudevents';
import { EVENT_SOURCE } from '../../../lambda/contract';
import { eventBusSink } from '../../../lambda/events/event-bus';
import { isChangeEvent, isChangeEventEnvelope } from '../../../lambda/events';
import { InstanceHistory, Subscription } from '../../../lib';
import { cli, type CliResult, NOW } from '../../support/cli';
import { type BusEvent, type EventBus, startEventBus } from '../../support/event-bus';
import { bodyOf, deployedRules } from '../../support/event-bus/deployed-rules';
import { appWithoutBundling, TARGET } from '../../support/stack';
import { SAMPLES } from '../../lambda/events/sample-history';

describe('one subscription of several, through the deployed rules', () => {
  let bus: EventBus;
  /** Who got what. */
  const got: [string, string][] = [];
  const toEveryone: BusEvent[] = [];

  beforeAll(async () => {
    bus = await startEventBus();
    const stack = new Stack(appWithoutBundling(), 'Platform');
    const key = Secret.fromSecretNameV2(stack, 'Given', 'given');
    const subscriptions = [
      Subscription.email('ops', { address: 'ops@example.com', statuses: ['FROZEN'] }),
      Subscription.email('ops-too', { address: 'ops@example.com' }),
      Subscription.slack('chat', { channel: 'C0123456789', key, kinds: ['deleted'] }),
      Subscription.pagerduty('pager', { key }),
      Subscription.webhook('hook', { url: 'https://hooks.example.com/roma', key, format: 'cloudevents' }),
      Subscription.sqs('queue', { namePattern: 'prod-*', enterpriseProjects: ['1'], fields: ['status'] }),
    ];
    const history = new InstanceHistory(stack, 'RomaHistory', { targets: [TARGET], subscriptions });
    const rules = deployedRules(Template.fromStack(Stack.of(history)));
    for (const [index, rule] of rules.entries()) {
      if (rule.Description === undefined) continue;
      const name = rule.Description.split(' for ').at(-1)!;
      bus.subscribe(
        `rule-${index}`,
        rule.EventPattern,
        (event) => void got.push([name, bodyOf(rule, event)]),
        rule.Description,
      );
    }
    bus.subscribe('of-others', { source: [EVENT_SOURCE] }, (event) => void toEveryone.push(event));
  });
  afterAll(async () => bus.stop());
  afterEach(() => {
    got.length = 0;
    toEveryone.length = 0;
  });

  const run = async (command: string, ...args: string[]): Promise<CliResult> => {
    const result = await cli([command, '--bus', bus.busName, '--events-endpoint', bus.endpoint, ...args]);
    await bus.settled();
    return result;
  };

  it.each(['ops', 'ops-too', 'chat', 'pager', 'hook', 'queue'])(
    'a test reaches %s and nobody else, whatever it filters, and says that it is one',
    async (name) => {
      const result = await run('test-subscription', name);
      expect(result).toMatchObject({
        exitCode: 0,
        err: '',
        out: expect.stringMatching(`^sent a test to ${name} through`),
      });
      expect(got.map(([to]) => to)).toEqual([name]);
      expect(toEveryone).toEqual([]);
      const body = got[0]![1];
      expect(body).toContain('ROMA Instance Test');
      expect(body).toMatch(/TEST: RUNNING → ERROR/);
      expect(body).not.toMatch(/undefined|null →/);
    },
  );

  it('a test is a valid event that no consumer takes for a change', async () => {
    const { json } = await run('test-subscription', 'queue', '--json');
    const delivered = JSON.parse(got[0]![1]) as BusEvent;
    expect(json()).toMatchObject([{ type: 'test', subscription: 'queue', event: delivered.detail }]);
    expect(delivered).toMatchObject({
      source: 'roma.instance-history.test',
      detail: { test: 'queue', observedAt: NOW },
    });
    expect(isChangeEvent(delivered.detail)).toBe(true);
    expect(isChangeEventEnvelope(delivered)).toBe(false);
    await run('test-subscription', 'hook');
    const headers = { 'content-type': 'application/cloudevents+json' };
    expect(HTTP.toEvent({ headers, body: got[1]![1] })).toMatchObject({ type: 'ROMA Instance Test', subject: 'test' });
  });

  it('a replay to one reaches both of its rules, of the time that is asked for, and nobody else', async () => {
    const { statusChanged, reappeared } = SAMPLES;
    const fixed = { ...reappeared!, kind: 'statusChanged' as const, status: { from: 'ERROR', to: 'RUNNING' } };
    const client = new EventBridgeClient(bus.clientConfig);
    await eventBusSink(client, bus.busName).send([statusChanged!, fixed], { timeLimitMs: 5_000 });
    client.destroy();
    await bus.settled();
    expect(toEveryone).toHaveLength(2);
    got.length = 0;
    toEveryone.length = 0;
    const { exitCode, out, err } = await run('replay', '--to', 'pager', '--since', '2026-11-22T08:00:00Z');
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out).toMatch(/^EventBridge replays changes to pager: .* --replay-name pager-\d+$/);
    expect(got.map(([to, body]) => [to, (JSON.parse(body) as { event_action: string }).event_action])).toEqual([
      ['pager', 'trigger'],
      ['pager', 'resolve'],
    ]);
    expect(toEveryone).toEqual([]);
    const span = ['--since', '2026-11-22T08:00:00Z', '--until', '2026-11-22T10:10:00Z'];
    expect((await run('replay', '--to', 'pager', ...span, '--json')).json()).toMatchObject([
      { type: 'replay', to: 'pager', archive: 'changes' },
    ]);
    expect(got).toHaveLength(3);
  });

  it.each([
    [
      ['test-subscription', 'nobody'],
      3,
      /has no subscription "nobody": it has ops, ops-too, chat, pager, hook, queue$/,
    ],
    [['replay', '--to', 'nobody', '--since', '1d'], 3, /has no subscription "nobody"/],
    [
      ['replay', '--to', 'ops', '--since', '1d', '--feed'],
      2,
      /'--to <subscription>' cannot be used with option '--feed'/,
    ],
    [['test-subscription', 'ops', '--bus', ''], 2, /no event bus is named: give --bus, --stack or \$EVENT_BUS_NAME$/],
  ])('%j is answered in one line', async ([command, ...args], exitCode, message) => {
    expect(await run(command!, ...args)).toMatchObject({ exitCode, err: expect.stringMatching(message) });
    expect(got).toEqual([]);
  });
});
