import { Duration } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { HistoryTable } from './history-table';
import { ScheduledSync, type SyncTarget } from './scheduled-sync';

export interface InstanceHistoryProps {
  /** What is kept in sync: at least one. */
  readonly targets: readonly SyncTarget[];
  /** Time between two runs of a target, in whole minutes. @default Duration.minutes(5) */
  readonly every?: Duration;
  /** Huawei Cloud credentials as JSON. @default - a new secret that you fill in */
  readonly secret?: ISecret;
  /** How long a superseded version is kept, in whole days. @default - for ever */
  readonly retention?: Duration;
  /** After how long the brake lets an inferred mass deletion pass. @default Duration.hours(24) */
  readonly brakeReleaseAfter?: Duration;
  /** Encrypts table, secret, queues and topics. @default - keys that AWS owns */
  readonly encryptionKey?: kms.IKey;
  /** Memory of the sync function in MB. @default 512 */
  readonly memorySize?: number;
  /** Longest run. @default Duration.minutes(5) */
  readonly timeout?: Duration;
  /** Upper limit of runs at one time. @default - the account's limit */
  readonly reservedConcurrentExecutions?: number;
  /** @default RetentionDays.THREE_MONTHS */
  readonly logRetention?: RetentionDays;
  /** PEM file with certificate authorities to trust besides the public ones. @default - none */
  readonly extraCaFile?: string;
  /** Whether the table is deleted with its stack. @default false: it is kept, and protected against deletion */
  readonly deleteTableWithStack?: boolean;
}

/** The history of every ROMA Connect instance of some projects: kept in a table, told as changes. */
export class InstanceHistory extends Construct {
  readonly history: HistoryTable;
  readonly sync: ScheduledSync;

  constructor(scope: Construct, id: string, props: InstanceHistoryProps) {
    super(scope, id);
    this.history = new HistoryTable(this, 'History', {
      ...(props.encryptionKey === undefined ? {} : { encryptionKey: props.encryptionKey }),
      deleteWithStack: props.deleteTableWithStack ?? false,
    });
    this.sync = new ScheduledSync(this, 'ScheduledSync', {
      history: this.history,
      targets: props.targets,
      every: props.every ?? Duration.minutes(5),
      secret: props.secret,
      encryptionKey: props.encryptionKey,
      retention: props.retention,
      brakeReleaseAfter: props.brakeReleaseAfter ?? Duration.hours(24),
      memorySize: props.memorySize ?? 512,
      timeout: props.timeout ?? Duration.minutes(5),
      reservedConcurrentExecutions: props.reservedConcurrentExecutions,
      logRetention: props.logRetention,
      extraCaFile: props.extraCaFile,
    });
  }
}
