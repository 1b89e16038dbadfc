import { Annotations, CfnOutput, CfnResource, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { SecurityGroup, Subnet, Vpc } from 'aws-cdk-lib/aws-ec2';
import { type ITable, Table } from 'aws-cdk-lib/aws-dynamodb';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { Config, TargetConfig } from './config';
import { InstanceHistory } from './instance-history';
import type { FunctionPlace } from './node-function';
import type { SyncTarget } from './scheduled-sync';
import { ConfigError } from './read-config';
import { configuredSubscription } from './subscriptions/configured';
import { nameOfSubscription } from './subscriptions/name';

/** Of a stack. */
const MAX_RESOURCES = 500;

/** A stack and what it is made of. */
export interface InstanceHistoryStackProps extends StackProps {
  /** As `readConfig` or `parseConfig` returns it. */
  readonly config: Config;
}

/** One stack made of one configuration: it composes, and defines nothing itself. */
export class InstanceHistoryStack extends Stack {
  /** All that is in the stack. */
  readonly instanceHistory: InstanceHistory;

  constructor(scope: Construct, id: string, { config, ...props }: InstanceHistoryStackProps) {
    super(scope, id, {
      description: 'The history of Huawei Cloud ROMA Connect instances, kept in DynamoDB, told as changes',
      env: config.env,
      terminationProtection: config.terminationProtection,
      tags: config.tags,
      ...props,
    });
    const { vpc, ...options } = config;
    const milliseconds = (ms: number): Duration => Duration.millis(ms);
    this.instanceHistory = new InstanceHistory(this, 'InstanceHistory', {
      ...options,
      ...this.network(vpc),
      targets: config.targets.map((target, index) => this.target(target, index)),
      every: milliseconds(config.every),
      secret: config.secretArn === undefined ? undefined : this.secret('Secret', config.secretArn),
      retention: config.retention === undefined ? undefined : milliseconds(config.retention),
      brakeReleaseAfter: milliseconds(config.brakeReleaseAfter),
      subscriptions: config.subscriptions.map((subscription, index) =>
        configuredSubscription(this, subscription, index),
      ),
      archiveRetention: milliseconds(config.archiveRetention),
      export: config.export && {
        ...config.export,
        bucket: Bucket.fromBucketName(this, 'ExportBucket', config.export.bucket),
      },
      alarmTopic:
        config.alarmTopicArn === undefined
          ? undefined
          : sns.Topic.fromTopicArn(this, 'AlarmTopic', config.alarmTopicArn),
      encryptionKey: this.encryption(config.customerKey),
      formerEncryptionKeys: config.formerKeys.map((arn, index) => kms.Key.fromKeyArn(this, `FormerKey${index}`, arn)),
      architecture: config.architecture === 'x86_64' ? Architecture.X86_64 : undefined,
      memorySize: config.memory,
      timeout: milliseconds(config.timeout),
      reservedConcurrentExecutions: config.reservedConcurrency,
      monitoring: config.monitoring,
      tracing: config.tracing,
      targetAlarms: config.targetAlarms,
      dashboard: config.dashboard,
      timeline: config.timeline && {
        targets: config.timeline.targets,
        reservedConcurrentExecutions: config.timeline.reservedConcurrency,
      },
      runbookUrl: config.runbookUrl,
      logRetention: config.logRetentionDays,
      existingTable: this.existingTable(config.existingTable),
      deleteTableWithStack: config.onDestroy === 'delete',
    });
    // A stack of its own names its outputs without the path and the hash of the construct.
    for (const output of this.instanceHistory.node.children)
      if (output instanceof CfnOutput) output.overrideLogicalId(output.node.id);
    this.warnOfPlaces(config);
    this.checkSize(config);
  }

  /** CloudFormation counts, too, but only once everything is uploaded, and without a word on what takes how much. */
  private checkSize({ targets, subscriptions }: Config): void {
    const count = (scope: Construct): number =>
      scope.node.findAll().filter((part) => CfnResource.isCfnResource(part)).length;
    const { sync, feed } = this.instanceHistory;
    const all = count(this);
    if (all <= MAX_RESOURCES) return;
    throw new ConfigError('the stack', [
      `targets: ${targets.length} and subscriptions: ${subscriptions.length} make ${all} resources, ${count(feed.subscriptions)} of them for the subscriptions and ${count(sync)} for the schedules; CloudFormation takes ${MAX_RESOURCES}: let "discovery" schedule targets, or subscribe a few queues or webhooks and let them hand on`,
    ]);
  }

  /** An id by place is that of release 1.0, whose stacks go on; but in an edited list it is somebody else's. */
  private warnOfPlaces({ subscriptions }: Config): void {
    const names = subscriptions.flatMap((subscription, index) =>
      subscription.name === undefined ? [`subscriptions[${index}] "${nameOfSubscription(subscription, index)}"`] : [],
    );
    if (names.length === 0) return;
    Annotations.of(this).addWarningV2(
      'roma-instance-history:unnamed-subscriptions',
      `subscriptions without a "name" are told apart by their place in the list, so that an edit of the list may delete a queue, a topic or a key. Before you edit it, name them as they are called now: ${names.join(', ')}`,
    );
  }

  private target({ every, secretArn, ...target }: TargetConfig, index: number): SyncTarget {
    return {
      ...target,
      every: every === undefined ? undefined : Duration.millis(every),
      secret: secretArn === undefined ? undefined : this.secret(`Secret${index}`, secretArn),
    };
  }

  /** The zones are needed by what makes subnets only. */
  private network(vpc: Config['vpc']): FunctionPlace {
    if (vpc === undefined) return {};
    const { id: vpcId, subnetIds, securityGroupIds } = vpc;
    return {
      vpc: Vpc.fromVpcAttributes(this, 'Vpc', { vpcId, availabilityZones: ['any'] }),
      vpcSubnets: {
        subnets: subnetIds.map((id) =>
          Subnet.fromSubnetAttributes(this, id, { subnetId: id, routeTableId: 'not needed' }),
        ),
      },
      securityGroups: securityGroupIds?.map((id) => SecurityGroup.fromSecurityGroupId(this, id, id)),
    };
  }

  private existingTable(config: Config['existingTable']): ITable | undefined {
    if (config === undefined) return undefined;
    const encryptionKey = config.keyArn === undefined ? undefined : kms.Key.fromKeyArn(this, 'TableKey', config.keyArn);
    const attributes = { tableArn: config.arn, tableStreamArn: config.streamArn, encryptionKey };
    return Table.fromTableAttributes(this, 'ExistingTable', attributes);
  }

  private secret(id: string, arn: string): secretsmanager.ISecret {
    return secretsmanager.Secret.fromSecretCompleteArn(this, id, arn);
  }

  private encryption(customerKey: Config['customerKey']): kms.IKey | undefined {
    if (customerKey === false) return undefined;
    if (customerKey !== true) return kms.Key.fromKeyArn(this, 'Key', customerKey);
    const description = 'Encrypts the history of ROMA Connect instances';
    const removalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
    return new kms.Key(this, 'Key', { enableKeyRotation: true, description, removalPolicy });
  }
}
