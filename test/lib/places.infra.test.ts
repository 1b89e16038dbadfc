import { CfnParameter, Stack } from 'aws-cdk-lib';
import { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { ConfigError, HistoryTable, InstanceHistory, type InstanceHistoryProps, Subscription } from '../../lib';
import { appWithoutBundling, stackOf, TARGET } from '../support/stack';

const [HERE, THERE] = ['123456789012', '210987654321'];
const key = (region: string, account: string) =>
  `arn:aws:kms:${region}:${account}:key/00000000-0000-0000-0000-000000000000`;
const table = (region: string, account: string) => `arn:aws:dynamodb:${region}:${account}:table/history`;
const stream = (region: string, account: string) => `${table(region, account)}/stream/2026-11-25T10:00:00.000`;
const queue = (region: string, account: string) => `arn:aws:sqs:${region}:${account}:ours`;
const topic = (region: string, account: string) => `arn:aws:sns:${region}:${account}:operations`;
const secret = (region: string, account: string) => `arn:aws:secretsmanager:${region}:${account}:secret:roma-AbCdEf`;

const env = { account: HERE, region: 'eu-central-1' };

/** What is refused, without the path of the construct. */
function refused(make: () => unknown): string[] {
  try {
    make();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const [, ...problems] = error.message.split('\n');
    return problems.map((problem) => problem.trim());
  }
  return [];
}

describe('a configuration', () => {
  it.each([
    [
      'a key of another region than the pinned one',
      { env, customerKey: key('us-east-1', HERE) },
      `${key('us-east-1', HERE)}: lies in another region than eu-central-1, that of the stack: take one that lies there`,
    ],
    [
      'a queue of another account than the pinned one',
      { env, subscriptions: [{ name: 'ours', type: 'sqs', queueArn: queue('eu-central-1', THERE) }] },
      `${queue('eu-central-1', THERE)}: lies in another account than ${HERE}, that of the stack: take one that lies there`,
    ],
    [
      'a stream and a key of two accounts',
      {
        customerKey: key('eu-central-1', HERE),
        existingTable: { arn: table('eu-central-1', HERE), streamArn: stream('eu-central-1', THERE) },
      },
      `${stream('eu-central-1', THERE)}: lies in another account than ${HERE}, that of ${table('eu-central-1', HERE)}: take one that lies there`,
    ],
    [
      'a topic and a queue of two regions',
      {
        alarmTopicArn: topic('eu-central-1', HERE),
        subscriptions: [{ name: 'ours', type: 'sqs', queueArn: queue('us-east-1', HERE) }],
      },
      `${topic('eu-central-1', HERE)}: lies in another region than us-east-1, that of ${queue('us-east-1', HERE)}: take one that lies there`,
    ],
  ])('is refused with %s', (_name, config, problem) => {
    expect(refused(() => stackOf(config))).toEqual([problem]);
  });

  it('may name a secret and an alarm topic of another account', () => {
    const config = { env, secretArn: secret('eu-central-1', THERE), alarmTopicArn: topic('eu-central-1', THERE) };
    expect(refused(() => stackOf(config))).toEqual([]);
  });
});

describe('the construct in another app', () => {
  const history = (propsOf: (stack: Stack) => Partial<InstanceHistoryProps>, pinned: object = { env }) => {
    const stack = new Stack(appWithoutBundling(), 'Platform', pinned);
    return refused(() => new InstanceHistory(stack, 'Roma', { targets: [TARGET], ...propsOf(stack) }));
  };
  const tableOf = (scope: Stack, account: string, keyAccount = account) =>
    Table.fromTableAttributes(scope, 'Table', {
      tableArn: table('eu-central-1', account),
      tableStreamArn: stream('eu-central-1', account),
      encryptionKey: Key.fromKeyArn(scope, 'TableKey', key('eu-central-1', keyAccount)),
    });

  it.each<[string, (stack: Stack) => Partial<InstanceHistoryProps>, string, string[]]>([
    [
      'a table',
      (stack) => ({ existingTable: tableOf(stack, THERE, HERE) }),
      'account',
      [table('eu-central-1', THERE), stream('eu-central-1', THERE)],
    ],
    [
      'the key of a table',
      (stack) => ({ existingTable: tableOf(stack, HERE, THERE) }),
      'account',
      [key('eu-central-1', THERE)],
    ],
    [
      'a key',
      (stack) => ({ encryptionKey: Key.fromKeyArn(stack, 'Key', key('eu-central-1', THERE)) }),
      'account',
      [key('eu-central-1', THERE)],
    ],
    [
      'a former key',
      (stack) => ({ formerEncryptionKeys: [Key.fromKeyArn(stack, 'Key', key('us-east-1', HERE))] }),
      'region',
      [key('us-east-1', HERE)],
    ],
    [
      'a queue of a subscription',
      (stack) => ({
        subscriptions: [
          Subscription.sqs('ours', { queue: Queue.fromQueueArn(stack, 'Queue', queue('eu-central-1', THERE)) }),
        ],
      }),
      'account',
      [queue('eu-central-1', THERE)],
    ],
    [
      'the secret of a target',
      (stack) => ({
        targets: [{ ...TARGET, secret: Secret.fromSecretCompleteArn(stack, 'Keys', secret('us-east-1', HERE)) }],
      }),
      'region',
      [secret('us-east-1', HERE)],
    ],
    [
      'an alarm topic',
      (stack) => ({ alarmTopic: Topic.fromTopicArn(stack, 'Topic', topic('us-east-1', HERE)) }),
      'region',
      [topic('us-east-1', HERE)],
    ],
    [
      'a bucket that another stack makes',
      (stack) => {
        const elsewhere = new Stack(stack.node.scope, 'Lakes', { env: { account: HERE, region: 'us-east-1' } });
        return { export: { bucket: new Bucket(elsewhere, 'Lake', { bucketName: 'lake' }) } };
      },
      'region',
      ['Lakes/Lake'],
    ],
  ])('refuses %s that lies elsewhere', (_name, props, place, names) => {
    const here = place === 'region' ? 'eu-central-1' : HERE;
    const of = names.map(
      (name) => `${name}: lies in another ${place} than ${here}, that of the stack: take one that lies there`,
    );
    expect(history(props)).toEqual(of);
  });

  it('takes what lies there, what is known at deployment only, and what another account can share', () => {
    const shared = (stack: Stack): Partial<InstanceHistoryProps> => ({
      secret: Secret.fromSecretCompleteArn(stack, 'Secret', secret('eu-central-1', THERE)),
      alarmTopic: Topic.fromTopicArn(stack, 'Topic', topic('eu-central-1', THERE)),
      existingTable: tableOf(stack, HERE),
      encryptionKey: Key.fromKeyArn(stack, 'Key', new CfnParameter(stack, 'KeyArn').valueAsString),
    });
    expect(history(shared)).toEqual([]);
    expect(history(shared, {})).toEqual([]);
  });

  it('compares what it is handed with each other where the stack is not pinned', () => {
    const props = (stack: Stack) => ({
      encryptionKey: Key.fromKeyArn(stack, 'Key', key('eu-central-1', THERE)),
      existingTable: tableOf(stack, HERE),
    });
    expect(history(props, {})).toEqual(
      [table('eu-central-1', HERE), stream('eu-central-1', HERE), key('eu-central-1', HERE)].map((name) =>
        expect.stringMatching(`^${name}: lies in another account than ${THERE}, that of ${key('eu-central-1', THERE)}`),
      ),
    );
  });

  it('and a part of it alone refuses the same', () => {
    const stack = new Stack(appWithoutBundling(), 'Platform', { env });
    expect(refused(() => new HistoryTable(stack, 'History', { existing: tableOf(stack, THERE, HERE) }))).toHaveLength(
      2,
    );
  });
});
