import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Annotations, Aws, CfnCondition, type CfnElement, Duration, Fn, Stack, Stage } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sns from 'aws-cdk-lib/aws-sns';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import {
  ATTRIBUTION_ITEM_PREFIX,
  CURRENT_ITEM_PREFIX,
  ENV,
  EVENT_SOURCE,
  HISTORY_TABLE,
  TEST_EVENT,
} from '../lambda/contract';
import { deadLetterQueue } from './dead-letter-queue';
import { grantKey } from './encryption';
import type { HistoryTable } from './history-table';
import { NodeFunction } from './node-function';
import { checkPlaces } from './places';
import type { Subscription } from './subscriptions/subscription';
import { Subscriptions } from './subscriptions/subscriptions';

/** What is published, and to whom. */
export interface ChangeFeedProps {
  /** The table whose stream is read. */
  readonly history: HistoryTable;
  /** Publish what a first run finds, too. */
  readonly publishBaseline: boolean;
  /** Also write every change to an SNS FIFO topic, in order. */
  readonly orderedFeed: boolean;
  /** How long the bus keeps events for its own replay, in whole days. */
  readonly archiveRetention: Duration;
  /** Who is told of changes. */
  readonly subscriptions: readonly Subscription[];
  /** ARNs of roles that may put these events on the bus beside the publisher. @default - whoever the account lets */
  readonly eventWriters?: readonly string[] | undefined;
  /** Encrypts queues and topics. @default - keys that AWS owns */
  readonly encryptionKey?: kms.IKey | undefined;
}

/** From the table's stream to subscribers: publisher, bus with archive, ordered feed, failure queue. */
export class ChangeFeed extends Construct {
  /** Where every change is put, for any rule. */
  readonly bus: events.EventBus;
  /** The publisher. */
  readonly function: NodeFunction;
  /** What the publisher could not publish. */
  readonly failures: sqs.Queue;
  /** The SNS FIFO topic of the ordered feed, if it is on. */
  readonly topic: sns.Topic | undefined;
  /** Rules of those who are told. */
  readonly subscriptions: Subscriptions;

  constructor(scope: Construct, id: string, props: ChangeFeedProps) {
    super(scope, id);
    checkPlaces(this, props);
    // Without a description, which not every partition knows.
    this.bus = new events.EventBus(this, 'Bus');
    this.bus.archive('Archive', {
      description: 'Changes of ROMA Connect instances, for replays by EventBridge',
      eventPattern: { source: [EVENT_SOURCE] },
      retention: props.archiveRetention,
    });
    this.failures = deadLetterQueue(this, 'Failures', props.encryptionKey);
    this.function = new NodeFunction(this, 'Publish', {
      entry: 'publish.handler.ts',
      description: 'Publishes recorded changes of ROMA Connect instances',
      memorySize: 256,
      timeout: Duration.minutes(1),
    });
    this.grantPublish(props.publishBaseline);
    this.function.addEnvironment(ENV.tableName, props.history.table.tableName);
    if (props.eventWriters !== undefined) this.refuseOtherWriters(props.eventWriters);
    this.grantSetAside(props.encryptionKey);
    this.topic = props.orderedFeed ? this.orderedFeed(props.encryptionKey) : undefined;
    if (this.topic === undefined) this.warnOfSubscribers();
    this.readStream(props.history);
    this.subscriptions = new Subscriptions(this, 'Subscriptions', {
      bus: this.bus,
      encryptionKey: props.encryptionKey,
      subscriptions: props.subscriptions,
    });
  }

  private grantPublish(publishBaseline: boolean): void {
    this.function.allow('Publish', ['events:PutEvents'], [this.bus.eventBusArn]);
    this.function.addEnvironment(ENV.eventBusName, this.bus.eventBusName);
    this.function.addEnvironment(ENV.publishBaseline, String(publishBaseline));
  }

  /** A refusal, because what roles may do on their own account cannot be taken back by allowing it to one of them. */
  private refuseOtherWriters(writers: readonly string[]): void {
    this.bus.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'NobodyElseTells',
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        actions: ['events:PutEvents'],
        resources: [this.bus.eventBusArn],
        conditions: {
          StringEquals: { 'events:source': [EVENT_SOURCE, TEST_EVENT.source] },
          ArnNotLike: { 'aws:PrincipalArn': [this.function.role.roleArn, ...writers] },
        },
      }),
    );
  }

  /** Used by the publisher itself, with the reason, and by the event source mapping for batches that never succeed. */
  private grantSetAside(encryptionKey: kms.IKey | undefined): void {
    this.function.allow('SetAside', ['sqs:SendMessage'], [this.failures.queueArn]);
    grantKey(encryptionKey, this.function.role, 'send', 'sqs');
    this.function.addEnvironment(ENV.failureQueueUrl, this.failures.queueUrl);
  }

  private orderedFeed(encryptionKey: kms.IKey | undefined): sns.Topic {
    const topic = new sns.Topic(this, 'OrderedFeed', {
      fifo: true,
      // Group and deduplication ids come with every message; high throughput is per group, and a group is an instance.
      contentBasedDeduplication: false,
      fifoThroughputScope: sns.FifoThroughputScope.MESSAGE_GROUP,
      enforceSSL: true,
      masterKey: encryptionKey,
    });
    // Only where AWS says that it is so; the default is 256 KB.
    const takesMore = new CfnCondition(this, 'Commercial', { expression: Fn.conditionEquals(Aws.PARTITION, 'aws') });
    const size = Fn.conditionIf(takesMore.logicalId, 1_048_576, Aws.NO_VALUE);
    (topic.node.defaultChild as sns.CfnTopic).addPropertyOverride('MaximumMessageSize', size);
    this.function.allow('Feed', ['sns:Publish'], [topic.topicArn]);
    grantKey(encryptionKey, this.function.role, 'send', 'sns');
    this.function.addEnvironment(ENV.feedTopicArn, topic.topicArn);
    return topic;
  }

  /** What an earlier synthesis has left in the same folder tells that a topic goes, and which subscriptions of the app to it. */
  private warnOfSubscribers(): void {
    const file = join(Stage.of(this)?.outdir ?? '', Stack.of(this).templateFile);
    let Resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: object }>>;
    try {
      ({ Resources = {} } = JSON.parse(readFileSync(file, 'utf8')) as { Resources?: typeof Resources });
    } catch {
      return; // There is none yet.
    }
    const publisher = Stack.of(this).getLogicalId(this.function.fn.node.defaultChild as CfnElement);
    const ref = new RegExp(`(?<="${ENV.feedTopicArn}":)\\{"Ref":"\\w+"}`);
    const [topic] = ref.exec(JSON.stringify(Resources[publisher]) ?? '') ?? [];
    if (topic === undefined) return;
    const own = Object.entries(Resources).flatMap(([id, { Type, Properties }]) =>
      Type === 'AWS::SNS::Subscription' && JSON.stringify(Properties).includes(topic) ? [id] : [],
    );
    Annotations.of(this).addWarningV2(
      'roma-instance-history:ordered-feed-off',
      `"orderedFeed" is off, and ${file} has it on: the deployment deletes its topic with every subscription to it, also those of other stacks and accounts${own.length > 0 ? `; of this stack: ${own.join(', ')}` : ''}. "roma-history doctor --stack" names those that are there`,
    );
  }

  private readStream(history: HistoryTable): void {
    const beginsWith = (prefix: string) => ({ S: [{ prefix }] });
    const mapping = new lambda.EventSourceMapping(this, 'Stream', {
      target: this.function.fn,
      eventSourceArn: history.grantStream(this.function),
      startingPosition: lambda.StartingPosition.TRIM_HORIZON,
      // With more than one reader a shard, two versions of one instance could be published out of order.
      parallelizationFactor: 1,
      batchSize: 100,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      // About an hour; after that, `replay` publishes from the table what the failure queue names.
      retryAttempts: 50,
      onFailure: new SqsDlq(this.failures),
      filters: [CURRENT_ITEM_PREFIX, ATTRIBUTION_ITEM_PREFIX].map(({ partitionKey, sortKey }) =>
        lambda.FilterCriteria.filter({
          eventName: lambda.FilterRule.or('INSERT', 'MODIFY'),
          dynamodb: {
            Keys: {
              [HISTORY_TABLE.partitionKey]: beginsWith(partitionKey),
              [HISTORY_TABLE.sortKey]: beginsWith(sortKey),
            },
          },
        }),
      ),
    });
    mapping.node.addDependency(this.function.role);
  }
}
