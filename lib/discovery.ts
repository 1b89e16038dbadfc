import { Duration, Stack, Token } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { DISCOVERED_PREFIX, ENV, METRIC, type ScheduleTemplate } from '../lambda/contract';
import { acknowledge, allowEverywhere } from './acknowledge';
import { metricOf } from './metric-of';
import { NodeFunction } from './node-function';
import type { ScheduledSync } from './scheduled-sync';

/** What is discovered, and how it is run. */
export interface DiscoveryProps {
  /** What the discovered targets are scheduled with. */
  readonly sync: ScheduledSync;
  /** Time between two runs of a discovered target. */
  readonly every: Duration;
  /** Targets that the discovery leaves alone, each as `region/projectId`. */
  readonly exclude: readonly string[];
  /** Identity service that is asked for projects. @default - that of the public cloud */
  readonly iamEndpoint?: string | undefined;
}

/** The only schedules that the function may touch. */
const OWN_SCHEDULES = `${DISCOVERED_PREFIX}*`;

/** Once a day, a schedule for each project of the account that has ROMA Connect and is not configured. */
export class Discovery extends Construct {
  /** What looks for projects. */
  readonly function: NodeFunction;

  constructor(scope: Construct, id: string, props: DiscoveryProps) {
    super(scope, id);
    const { sync } = props;
    this.function = new NodeFunction(this, 'Discover', {
      entry: 'discovery.handler.ts',
      description: 'Looks for projects with ROMA Connect and schedules their sync',
      memorySize: 512,
      timeout: Duration.minutes(15),
      retryAttempts: 2,
    });
    sync.credentials.grantRead(this.function);
    if (props.exclude.length > 0) this.function.addEnvironment(ENV.exclude, props.exclude.join(','));
    if (props.iamEndpoint !== undefined) this.function.addEnvironment(ENV.iamEndpoint, props.iamEndpoint);
    this.grantSchedules(sync, props.every);
    sync.runDaily(this, this.function, {
      sid: 'InvokeDiscovery',
      allows: 'Lets the daily schedule invoke the discovery function',
      description: 'Looks for projects with ROMA Connect',
    });
  }

  /** Discoveries that put all schedules in order. @default - the maximum */
  metricDiscoveriesCompleted(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return metricOf(this.function.fn.functionName, METRIC.discovery.completed, props);
  }

  /** Schedules that are paused because their project is no longer shown. @default - the maximum */
  metricProjectsVanished(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return metricOf(this.function.fn.functionName, METRIC.discovery.vanished, props);
  }

  private grantSchedules(sync: ScheduledSync, every: Duration): void {
    const template: ScheduleTemplate = {
      functionArn: sync.function.fn.functionArn,
      roleArn: sync.invoker.roleArn,
      deadLetterArn: sync.deadLetters.queueArn,
      intervalMs: every.toMilliseconds(),
    };
    const stack = Stack.of(this);
    this.function.addEnvironment(ENV.scheduleGroupName, sync.group.scheduleGroupName);
    this.function.addEnvironment(ENV.scheduleTemplate, stack.toJsonString(template));
    const own = stack.formatArn({
      service: 'scheduler',
      resource: 'schedule',
      resourceName: `${sync.group.scheduleGroupName}/${OWN_SCHEDULES}`,
    });
    this.function.allow(
      'KeepSchedules',
      ['scheduler:CreateSchedule', 'scheduler:GetSchedule', 'scheduler:UpdateSchedule'],
      [own],
    );
    allowEverywhere(
      this.function.role,
      'ListSchedules',
      ['scheduler:ListSchedules'],
      'scheduler:ListSchedules can be granted for all resources only',
    );
    this.function.role.addToPolicy(
      new iam.PolicyStatement({
        sid: 'HandOnInvoker',
        actions: ['iam:PassRole'],
        resources: [sync.invoker.roleArn],
        conditions: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
      }),
    );
    // As cdk-nag writes an ARN: pseudo parameters in angle brackets.
    const known = (value: string, name: string): string => (Token.isUnresolved(value) ? `<AWS::${name}>` : value);
    const where = `${known(stack.region, 'Region')}:${known(stack.account, 'AccountId')}`;
    const group = String(stack.resolve(sync.group.scheduleGroupName));
    const written = `arn:${known(stack.partition, 'Partition')}:scheduler:${where}:schedule/${group}/${OWN_SCHEDULES}`;
    acknowledge(
      this.function.role,
      `AwsSolutions-IAM5[Resource::${written}]`,
      'the names of discovered schedules are not known beforehand; their prefix keeps those of the stack out of reach',
    );
  }
}
