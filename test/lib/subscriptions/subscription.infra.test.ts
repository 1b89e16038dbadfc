import { CfnElement, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';

import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import * as fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { InstanceHistory, Subscription } from '../../../lib';
import { appWithoutBundling, type Resource, stackOf, TARGET, templateOf } from '../../support/stack';
import { lossesBetween, resourcesIn } from '../../support/template-losses';

interface Given {
  readonly type: string;
  readonly name?: string;
}
const release = (file: string): unknown => JSON.parse(readFileSync(`test/fixtures/release-1.0/${file}.json`, 'utf8'));
const { stackName: _name, ...released } = release('config') as {
  stackName: string;
  subscriptions: readonly Given[];
};
const CALLED = ['email1', 'sqs2', 'webhook3', 'sqs4'];
const named = released.subscriptions.map((subscription, index) => ({ ...subscription, name: CALLED[index]! }));

/** Whose the resources are, by the construct below which they were made. */
function pathsOf(stack: Stack, logicalIds: readonly string[]): Set<string> {
  const elements = stack.node.findAll().filter((construct) => CfnElement.isCfnElement(construct));
  const paths = new Map(elements.map((element) => [stack.resolve(element.logicalId) as string, element.node.path]));
  return new Set(logicalIds.map((id) => /\/Subscriptions\/([^/]+)\//.exec(paths.get(id)!)?.[1] ?? paths.get(id)!));
}

const after = (subscriptions: readonly Given[], monitoring = 'full') =>
  resourcesIn(templateOf({ ...released, monitoring, subscriptions }));

describe('a subscription', () => {
  const queueArn = 'arn:aws:sqs:us-east-1:123456789012:ours';
  const secretArn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:hook-AbCdEf';
  const variant = fc.constantFrom<object>(
    { type: 'email', address: 'ops@example.com' },
    { type: 'email', address: 'dev@example.com' },
    { type: 'sqs' },
    { type: 'sqs', queueArn },
    { type: 'webhook', url: 'https://hooks.example.com/roma' },
    { type: 'webhook', url: 'https://hooks.example.com/roma', secretArn },
  );
  const kinds = fc.constantFrom<object>({}, { kinds: ['deleted'] }, { kinds: ['created', 'deleted'] });
  const one = fc
    .tuple(fc.constantFrom('ops', 'on-call', 'oncall', 'sqs1', 'email2', 'audit'), variant, kinds)
    .map(([name, content, more]) => ({ name, ...content, ...more }) as Given & { name: string });
  const list = fc.uniqueArray(one, { selector: ({ name }) => name, maxLength: 5 });

  it('never costs another one its queue, topic, key or confirmation', () => {
    const content = (subscription: Given | undefined) => JSON.stringify({ ...subscription, kinds: undefined });
    fc.assert(
      fc.property(list, list, fc.boolean(), (before, other, reorder) => {
        // Half of the pairs change nothing but the order, and the kinds that are sent.
        const next = reorder ? before.toReversed().map((entry) => ({ ...entry, kinds: ['deleted'] })) : other;
        const { stack } = stackOf({ subscriptions: before });
        const removed = before.filter(
          (subscription) => content(next.find(({ name }) => name === subscription.name)) !== content(subscription),
        );
        const lost = lossesBetween(
          resourcesIn(Template.fromStack(stack)),
          resourcesIn(templateOf({ subscriptions: next })),
        );
        const paths = pathsOf(stack, lost);
        for (const { name } of removed) paths.delete(name);
        expect([...paths]).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('of release 1.0 keeps all it has, with the name that synthesis tells and without', () => {
    const { Resources: before } = release('template') as { Resources: Record<string, Resource> };
    const warnings = jest.spyOn(console, 'error').mockImplementation(() => {});
    expect(lossesBetween(before, after(released.subscriptions))).toEqual([]);
    expect(after(named)).toEqual(after(released.subscriptions));
    // Without the dashboard, what its function logged goes with it.
    const minimal = lossesBetween(before, after(released.subscriptions, 'minimal'));
    expect(minimal).toEqual([expect.stringMatching(/^InstanceHistoryMonitoringTimelineDrawLog/)]);
    warnings.mockRestore();
    // As named, the list may be edited.
    expect(lossesBetween(before, after(named.toReversed()))).toEqual([]);
    const [, , , last] = named;
    const lost = lossesBetween(before, after([last!]));
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.filter((id) => id.includes('sqs4'))).toEqual([]);
  });

  it('without a name is called by its place, and synthesis says so', () => {
    const told = (subscriptions: readonly Given[]): string[] => {
      const { stack } = stackOf({ subscriptions });
      const found = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('without a "name"'));
      return found.map(({ entry }) => JSON.stringify(entry.data));
    };
    const warnings = jest.spyOn(console, 'error').mockImplementation(() => {});
    expect(told(named)).toEqual([]);
    expect(told([{ ...named[1]!, name: 'changes' }, released.subscriptions[3]!])).toEqual([
      expect.stringContaining('now: subscriptions[1] \\"sqs2\\"'),
    ]);
    expect(told(released.subscriptions)).toEqual([
      expect.stringContaining(CALLED.map((name, index) => `subscriptions[${index}] \\"${name}\\"`).join(', ')),
    ]);
    warnings.mockRestore();
  });
});

describe('the construct', () => {
  const platform = (...subscriptions: Subscription[]) => {
    const stack = new Stack(appWithoutBundling(), 'Platform');
    const roma = new InstanceHistory(stack, 'RomaHistory', { targets: [TARGET], subscriptions });
    return Template.fromStack(Stack.of(roma));
  };

  it('takes a subscription of another kind', () => {
    class ToFunction extends Subscription {
      constructor(name: string) {
        super(name, { kinds: ['deleted'] });
      }
      override bind(...[scope]: Parameters<Subscription['bind']>): ReturnType<Subscription['bind']> {
        const code = Code.fromInline('exports.handler = async () => {};');
        return new LambdaFunction(
          new Function(scope, 'Receiver', { code, runtime: Runtime.NODEJS_24_X, handler: 'index.handler' }),
        );
      }
    }
    platform(new ToFunction('receiver'), Subscription.sqs('changes')).hasResourceProperties('AWS::Events::Rule', {
      Description: 'Changes of ROMA Connect instances for receiver',
      Targets: [Match.objectLike({ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('Receiver'), 'Arn'] } })],
    });
  });

  it('refuses a name that could not be an id, and one that is taken', () => {
    expect(() => Subscription.sqs('DeadLetters')).toThrow(/^the name of a subscription, "DeadLetters", must be small/);
    expect(() => platform(Subscription.sqs('ops'), Subscription.email('ops', { address: 'ops@example.com' }))).toThrow(
      /already a Construct with name 'ops'/,
    );
  });
});
