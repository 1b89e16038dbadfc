import { createHash } from 'node:crypto';
import { Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import {
  type AttributionMode,
  ENV,
  type ListApi,
  METRIC,
  scheduleName,
  scheduleSettings,
  type SyncRequest,
} from '../lambda/contract';
import { Credentials, type OidcCredentials } from './credentials';
import { grantKey } from './encryption';
import type { HistoryTable } from './history-table';
import { metricOf } from './metric-of';
import { NodeFunction } from './node-function';
import { checkPlaces } from './places';
import { deadLetterQueue } from './dead-letter-queue';

/** One region and project that is kept in sync. */
export interface SyncTarget {
  /** Huawei Cloud region, such as `cn-north-4`. */
  readonly region: string;
  /** Project id in that region. */
  readonly projectId: string;
  /** Time between two runs, in whole minutes. @default - `every` of the history */
  readonly every?: Duration;
  /** Follow only instances with this status. @default - all */
  readonly status?: string;
  /** A change of these fields alone makes no version. @default - any change does */
  readonly ignoreFields?: readonly string[];
  /** Which list is read. @default 'v2' */
  readonly api?: ListApi;
  /** Base address of the API. @default - the public cloud's of the region */
  readonly endpoint?: string;
  /** Base address of the identity service. @default - the public cloud's of the region */
  readonly iamEndpoint?: string;
  /** Base address of the Cloud Trace Service. @default - the public cloud's of the region */
  readonly ctsEndpoint?: string;
  /** Credentials of this target's own. @default - the history's */
  readonly secret?: ISecret;
}

/** What is kept in sync, and how its runs go. */
export interface ScheduledSyncProps {
  /** Where the runs record. */
  readonly history: HistoryTable;
  /** May be empty where targets are discovered. */
  readonly targets: readonly SyncTarget[];
  /** Interval of the targets that name none, in whole minutes. */
  readonly every: Duration;
  /** Huawei Cloud credentials as JSON. @default - a new secret that you fill in */
  readonly secret?: ISecret | undefined;
  /** In place of a secret: a trust agency. @default - a secret */
  readonly oidc?: OidcCredentials | undefined;
  /** Encrypts secrets and queues. @default - keys that AWS owns */
  readonly encryptionKey?: kms.IKey | undefined;
  /** How long a superseded version is kept, in whole days. @default - for ever */
  readonly retention?: Duration | undefined;
  /** After how long the brake lets an inferred mass deletion pass. */
  readonly brakeReleaseAfter: Duration;
  /** Ask who made each change. @default 'off' */
  readonly attribution?: AttributionMode | undefined;
  /** Memory of the function in MB. */
  readonly memorySize: number;
  /** Longest run. */
  readonly timeout: Duration;
  /** Upper limit of runs at one time. @default - the account's limit */
  readonly reservedConcurrentExecutions?: number | undefined;
}

/** Enough to write the last batch and the end of a run. */
const SAFETY_MARGIN = Duration.seconds(15);

/** The sync function, its credentials, and one schedule a target. */
export class ScheduledSync extends Construct {
  /** What lists and records. */
  readonly function: NodeFunction;
  /** How it opens Huawei Cloud. */
  readonly credentials: Credentials;
  /** Invocations that EventBridge Scheduler gave up. */
  readonly deadLetters: sqs.Queue;
  /** The schedules of configured and of discovered targets. */
  readonly group: scheduler.ScheduleGroup;
  /** With what rights EventBridge Scheduler invokes the sync function. */
  readonly invoker: iam.Role;
  private readonly encryptionKey: kms.IKey | undefined;

  constructor(scope: Construct, id: string, props: ScheduledSyncProps) {
    super(scope, id);
    checkPlaces(this, props);
    const periods = props.targets.map((target) => (target.every ?? props.every).toMinutes());
    const shortest = Math.min(...(periods.length > 0 ? periods : [props.every.toMinutes()]));
    this.function = new NodeFunction(this, 'Sync', {
      entry: 'sync.handler.ts',
      description: 'Lists the ROMA Connect instances of one project and records what changed',
      memorySize: props.memorySize,
      timeout: props.timeout,
      // Where the next run is near, it is the retry: asking a sick API or a locked account again at once does harm.
      retryAttempts: shortest >= 60 ? 2 : 0,
      maxEventAge: Duration.minutes(Math.min(shortest, 360)),
      reservedConcurrentExecutions: props.reservedConcurrentExecutions,
    });
    props.history.grantRecord(this.function);
    this.credentials = new Credentials(this, 'Credentials', {
      secret: props.secret,
      oidc: props.oidc,
      encryptionKey: props.encryptionKey,
    });
    this.credentials.grantRead(this.function);
    this.function.addEnvironment(ENV.brakeReleaseAfterMs, String(props.brakeReleaseAfter.toMilliseconds()));
    this.function.addEnvironment(ENV.safetyMarginMs, String(SAFETY_MARGIN.toMilliseconds()));
    if (props.retention !== undefined) {
      this.function.addEnvironment(ENV.retentionDays, String(props.retention.toDays()));
    }
    const { attribution = 'off' } = props;
    if (attribution !== 'off') this.function.addEnvironment(ENV.attribution, attribution);
    if (attribution === 'pseudonymous') this.credentials.grantPseudonyms(this.function, props.encryptionKey);

    this.deadLetters = deadLetterQueue(this, 'DeadLetters', props.encryptionKey);
    // Goes with the stack, and discovered schedules with it. Kept, it would go on running them, and its name would be
    // taken when the stack is deployed again.
    this.group = new scheduler.ScheduleGroup(this, 'Group', { removalPolicy: RemovalPolicy.DESTROY });
    this.encryptionKey = props.encryptionKey;
    this.invoker = this.invokerOf(this, 'Lets the schedules invoke the sync function', 'InvokeSync', this.function);
    for (const target of props.targets) {
      if (target.secret !== undefined) this.credentials.grantReadOf(this.function, target.secret);
      this.schedule(target, target.every ?? props.every);
    }
  }

  /** The secret with the credentials. @throws Error where there is none, because `credentials` names a trust agency */
  get secret(): ISecret {
    return this.credentials.secret;
  }

  /** Of runs that did not complete: intervals since the last one of their target that did. @default - the maximum */
  metricIntervalsSinceCompletedRun(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return metricOf(this.function.fn.functionName, METRIC.intervalsSinceCompleted, props);
  }

  /** Runs whose brake holds deletions. @default - the maximum */
  metricBrakeHeld(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return metricOf(this.function.fn.functionName, METRIC.brakeHeld, props);
  }

  /** Instances of a run that cannot be understood. @default - the maximum */
  metricRecordsRejected(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return metricOf(this.function.fn.functionName, METRIC.recordsRejected, props);
  }

  /** What EventBridge Scheduler may do with a function, and only for schedules of this group. */
  private invokerOf(scope: Construct, description: string, sid: string, { fn }: NodeFunction): iam.Role {
    const role = new iam.Role(scope, 'Invoker', {
      description,
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { ArnEquals: { 'aws:SourceArn': this.group.scheduleGroupArn } },
      }),
    });
    const allow = (name: string, action: string, resource: string): boolean =>
      role.addToPolicy(new iam.PolicyStatement({ sid: name, actions: [action], resources: [resource] }));
    allow(sid, 'lambda:InvokeFunction', fn.functionArn);
    allow('SetAside', 'sqs:SendMessage', this.deadLetters.queueArn);
    grantKey(this.encryptionKey, role, 'send', 'sqs');
    return role;
  }

  /** Invokes a function once per day, with a role of its own below `scope`. */
  runDaily(
    scope: Construct,
    fn: NodeFunction,
    how: { sid: string; allows: string; description: string; schedule?: scheduler.ScheduleExpression },
  ): void {
    new scheduler.Schedule(scope, 'Daily', {
      description: how.description,
      scheduleGroup: this.group,
      schedule: how.schedule ?? scheduler.ScheduleExpression.rate(Duration.days(1)),
      timeWindow: scheduler.TimeWindow.flexible(Duration.minutes(15)),
      target: new LambdaInvoke(fn.fn, {
        role: this.invokerOf(scope, how.allows, how.sid, fn).withoutPolicyUpdates(),
        deadLetterQueue: this.deadLetters,
        retryAttempts: 3,
        maxEventAge: Duration.hours(6),
      }),
    });
  }

  private schedule(target: SyncTarget, every: Duration): void {
    const request: SyncRequest = {
      region: target.region,
      projectId: target.projectId,
      intervalMs: every.toMilliseconds(),
      statusFilter: target.status,
      ignoreFields: target.ignoreFields,
      api: target.api,
      endpoint: target.endpoint,
      iamEndpoint: target.iamEndpoint,
      ctsEndpoint: target.ctsEndpoint,
      secretArn: target.secret?.secretArn,
    };
    const { description, windowMinutes, retryAttempts, maxAgeSeconds } = scheduleSettings(request);
    // What is known at deployment only cannot be cut to 64 characters; real names are shorter.
    new scheduler.Schedule(this, targetId(this, target), {
      scheduleName: !Token.isUnresolved(target.projectId)
        ? scheduleName(target, sha256)
        : `${target.region}_${target.projectId}`,
      description,
      scheduleGroup: this.group,
      schedule: scheduler.ScheduleExpression.rate(every),
      timeWindow:
        windowMinutes < 1 ? scheduler.TimeWindow.off() : scheduler.TimeWindow.flexible(Duration.minutes(windowMinutes)),
      target: new LambdaInvoke(this.function.fn, {
        // Its statements are written by `invoker`: the construct's own would allow all versions of the function.
        role: this.invoker.withoutPolicyUpdates(),
        input: scheduler.ScheduleTargetInput.fromObject(request),
        deadLetterQueue: this.deadLetters,
        retryAttempts,
        maxEventAge: Duration.seconds(maxAgeSeconds),
      }),
    });
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The id of a construct for the target: of what is known at deployment only, it is not that of a place either. */
export function targetId(scope: Construct, { region, projectId }: SyncTarget): string {
  const id = `${region}-${projectId}`;
  return Token.isUnresolved(id) ? sha256(JSON.stringify(Stack.of(scope).resolve(id))) : id;
}
