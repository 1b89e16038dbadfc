import { CfnOutput, Duration, Token } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { type AttributionMode, OUTPUT, ROMA_REGIONS } from '../lambda/contract';
import { ChangeFeed } from './change-feed';
import type { OidcCredentials } from './credentials';
import { Discovery } from './discovery';
import { type IInstanceHistory, InstanceHistoryBase } from './history-base';
import { HistoryTable } from './history-table';
import { Monitoring, type MonitoringLevel } from './monitoring';
import { type FunctionPlace, placeFunctions } from './node-function';
import { checkPlaces } from './places';
import { parseConfig } from './read-config';
import { type ExportOptions, ScheduledExport } from './scheduled-export';
import { ScheduledSync, type SyncTarget } from './scheduled-sync';
import type { Subscription } from './subscriptions/subscription';
import type { TimelineOptions } from './timeline-widget';

/** Each option of a history; only `targets` must be given. */
export interface InstanceHistoryProps extends FunctionPlace {
  /** What is kept in sync: at least one, or none with `discovery`. */
  readonly targets: readonly SyncTarget[];
  /** Time between two runs of a target, in whole minutes. @default Duration.minutes(5) */
  readonly every?: Duration;
  /** `daily`: also keep in sync whatever project of the account has ROMA Connect. @default 'off' */
  readonly discovery?: 'daily' | 'off';
  /** What the discovery leaves alone, each as `region/projectId`. @default - nothing */
  readonly exclude?: readonly string[];
  /** Base address of the identity service that the discovery asks. @default - that of the public cloud */
  readonly iamEndpoint?: string;
  /** Huawei Cloud credentials as JSON. @default - a new secret that you fill in */
  readonly secret?: ISecret;
  /** In place of a secret: a trust agency that lets the roles of the functions in. @default - a secret */
  readonly credentials?: OidcCredentials;
  /** How long a superseded version is kept, in whole days. @default - for ever */
  readonly retention?: Duration;
  /** After how long the brake lets an inferred mass deletion pass. @default Duration.hours(24) */
  readonly brakeReleaseAfter?: Duration;
  /** Ask the Cloud Trace Service who made each change; `pseudonymous` keeps a stand-in for each person. @default 'off' */
  readonly attribution?: AttributionMode;
  /** Publish what a first run finds, too. @default false */
  readonly publishBaseline?: boolean;
  /** Who is told of changes. @default - nobody; rules on `bus` can be added at any time */
  readonly subscriptions?: readonly Subscription[];
  /** ARNs of roles, `*` allowed, that may put these events on the bus beside the publisher. @default - whoever the account lets */
  readonly eventWriters?: readonly string[];
  /** Also write every change to an SNS FIFO topic, in order. @default false */
  readonly orderedFeed?: boolean;
  /** How long the bus keeps events for its own replay. @default Duration.days(30) */
  readonly archiveRetention?: Duration;
  /** Write the tables of `roma-history export` to a bucket once per day, for Athena. @default - no export */
  readonly export?: ExportOptions | undefined;
  /** Topic that alarms notify. @default - alarms only change colour */
  readonly alarmTopic?: ITopic;
  /** Encrypts table, secret, queues and topics. @default - keys that AWS owns */
  readonly encryptionKey?: kms.IKey;
  /** Keys that `encryptionKey` has taken the place of lately: the functions may go on reading with them. @default - none */
  readonly formerEncryptionKeys?: readonly kms.IKey[];
  /** Memory of the sync function in MB. @default 512 */
  readonly memorySize?: number;
  /** Longest run. @default Duration.minutes(5) */
  readonly timeout?: Duration;
  /** Upper limit of runs at one time. @default - the account's limit */
  readonly reservedConcurrentExecutions?: number;
  /** How much watches over it. @default 'minimal' */
  readonly monitoring?: MonitoringLevel;
  /** Whether there is a dashboard. @default - only if `monitoring` is 'full' */
  readonly dashboard?: boolean | undefined;
  /** What the timeline on the dashboard draws, and for how many. @default - all targets, without a bound */
  readonly timeline?: TimelineOptions | undefined;
  /** Whether each target has an alarm of its own; those discovered later have none. @default false */
  readonly targetAlarms?: boolean;
  /** Where RUNBOOK.md can be read; the alarms link to it. @default 'RUNBOOK.md' */
  readonly runbookUrl?: string;
  /** The table of a history, with its stream, to go on with. @default - a new table */
  readonly existingTable?: ITable | undefined;
  /** Whether the table is deleted with its stack. @default false: it is kept, and protected against deletion */
  readonly deleteTableWithStack?: boolean;
}

/**
 * The history of every ROMA Connect instance of some projects: kept in a table, told as changes.
 *
 * @example
 * import { App, Duration, Stack } from 'aws-cdk-lib';
 * import { InstanceHistory } from 'roma-instance-history/construct';
 *
 * const roma = new InstanceHistory(new Stack(new App(), 'Platform'), 'RomaHistory', {
 *   targets: [{ region: 'cn-north-4', projectId: '106506b9a92342df9a5025fc12351cfc', every: Duration.minutes(10) }],
 * });
 */
export class InstanceHistory extends InstanceHistoryBase {
  /** A history that another stack or app keeps, to be read. `table` may be imported by its name, its ARN or both with a key. */
  static fromHistoryTable(scope: Construct, id: string, table: ITable): IInstanceHistory {
    return new (class extends InstanceHistoryBase {
      readonly table = table;
    })(scope, id);
  }

  /** The table and who may use it how. */
  readonly history: HistoryTable;
  /** What lists and records. */
  readonly sync: ScheduledSync;
  /** What looks for projects, if anything does. */
  readonly discovery: Discovery | undefined;
  /** What exports, if anything does. */
  readonly export: ScheduledExport | undefined;
  /** What publishes. */
  readonly feed: ChangeFeed;
  /** Alarms and dashboard. */
  readonly monitoring: Monitoring;

  constructor(scope: Construct, id: string, props: InstanceHistoryProps) {
    super(scope, id);
    checkTargets(props);
    checkPlaces(this, props);
    placeFunctions(this, props);
    this.history = new HistoryTable(this, 'History', {
      ...props,
      existing: props.existingTable,
      deleteWithStack: props.deleteTableWithStack ?? false,
    });
    const every = props.every ?? Duration.minutes(5);
    this.sync = new ScheduledSync(this, 'ScheduledSync', {
      ...props,
      history: this.history,
      every,
      oidc: props.credentials,
      brakeReleaseAfter: props.brakeReleaseAfter ?? Duration.hours(24),
      memorySize: props.memorySize ?? 512,
      timeout: props.timeout ?? Duration.minutes(5),
    });
    this.discovery =
      props.discovery === 'daily'
        ? new Discovery(this, 'Discovery', { ...props, sync: this.sync, every, exclude: props.exclude ?? [] })
        : undefined;
    const { sync, history } = this;
    this.export = props.export && new ScheduledExport(this, 'Export', { ...props.export, sync, history });
    this.feed = new ChangeFeed(this, 'ChangeFeed', {
      ...props,
      history: this.history,
      publishBaseline: props.publishBaseline ?? false,
      orderedFeed: props.orderedFeed ?? false,
      archiveRetention: props.archiveRetention ?? Duration.days(30),
      subscriptions: props.subscriptions ?? [],
    });
    this.monitoring = new Monitoring(this, 'Monitoring', {
      ...props,
      history: this.history,
      sync: this.sync,
      feed: this.feed,
      discovery: this.discovery,
      exportFunction: this.export?.function.fn,
      every,
      level: props.monitoring ?? 'minimal',
      dashboard: props.dashboard ?? props.monitoring === 'full',
      runbookUrl: props.runbookUrl ?? 'RUNBOOK.md',
      targetAlarms: props.targetAlarms ?? false,
    });
    const { feed, monitoring, discovery, export: exports } = this;
    history.protectAfter(...[sync, feed, monitoring, discovery, exports].filter((part) => part !== undefined));
    this.outputs(props.credentials === undefined);
  }

  /** Where the history is kept. */
  get table(): ITable {
    return this.history.table;
  }

  /** What `roma-history --stack` reads. */
  private outputs(hasSecret: boolean): void {
    const { sync, feed, monitoring, discovery } = this;
    const output = (name: string, value: string | undefined): void => {
      if (value !== undefined) new CfnOutput(this, name, { value });
    };
    output(OUTPUT.tableName, this.table.tableName);
    if (hasSecret) output(OUTPUT.secretArn, sync.secret.secretArn);
    else output(OUTPUT.syncRoleArn, sync.function.role.roleArn);
    if (!hasSecret) output(OUTPUT.discoveryRoleArn, discovery?.function.role.roleArn);
    output(OUTPUT.syncFunctionName, sync.function.fn.functionName);
    output(OUTPUT.publishFunctionName, feed.function.fn.functionName);
    output(OUTPUT.eventBusName, feed.bus.eventBusName);
    output(OUTPUT.feedTopicArn, feed.topic?.topicArn);
    output(OUTPUT.dashboardUrl, monitoring.dashboard?.url);
  }
}

/**
 * What is known at synthesis only; a token is taken as it is.
 * @throws ConfigError that names every target that cannot be kept in sync
 */
function checkTargets({ targets, every, discovery, exclude, iamEndpoint, credentials }: InstanceHistoryProps): void {
  const text = (duration: Duration | undefined) => (duration === undefined ? undefined : `${duration.toSeconds()}s`);
  const plain = targets.map(({ secret: _secret, every: ownEvery, ...target }, index) => ({
    ...known(target, { region: ROMA_REGIONS[0], projectId: `known-at-deployment-${index}` }),
    every: text(ownEvery),
  }));
  const others = { ...known({ iamEndpoint }), exclude: exclude?.filter((target) => !Token.isUnresolved(target)) };
  const trust = Token.isUnresolved(JSON.stringify(credentials ?? {})) ? undefined : credentials;
  parseConfig(
    { targets: plain, every: text(every), discovery, credentials: trust, ...others },
    'the properties of InstanceHistory',
  );
}

/** Without tokens: something that passes stands in for each, or nothing. */
const known = (values: object, standIns: Readonly<Record<string, string>> = {}): object =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Token.isUnresolved(value) ? standIns[name] : value]),
  );
