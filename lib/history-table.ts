import { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as kms from 'aws-cdk-lib/aws-kms';
import { Construct, type IConstruct, type IDependable } from 'constructs';
import { ENV, HISTORY_TABLE } from '../lambda/contract';
import { allowEverywhere } from './acknowledge';
import { protectFromDeletion } from './deletion-protection';
import { grantKey } from './encryption';
import type { NodeFunction } from './node-function';
import { checkPlaces } from './places';

/** A new table, or one that is there. */
export interface HistoryTableProps {
  /** Encrypts a new table. @default - a key that AWS owns */
  readonly encryptionKey?: kms.IKey | undefined;
  /** Keys that encrypted it until lately: what its stream still holds is read with them. @default - none */
  readonly formerEncryptionKeys?: readonly kms.IKey[] | undefined;
  /** A table that is there already, with its stream and, if it has one, its key. @default - a new one */
  readonly existing?: dynamodb.ITable | undefined;
  /** Whether the table is deleted with its stack. @default false: it is kept, and protected against deletion */
  readonly deleteWithStack?: boolean;
}

const text = (name: string): dynamodb.Attribute => ({ name, type: dynamodb.AttributeType.STRING });

/**
 * The table of the contract, on demand, with point-in-time recovery and a stream. A `Table`, not a `TableV2`: that one
 * cannot have a customer key where the region is not known before the deployment.
 */
export class HistoryTable extends Construct {
  /** The table itself, new or adopted. */
  readonly table: dynamodb.ITable;
  private readonly protection: IConstruct | undefined;
  private readonly encryptionKey: kms.IKey | undefined;
  private readonly formerKeys: readonly kms.IKey[];

  constructor(scope: Construct, id: string, props: HistoryTableProps = {}) {
    super(scope, id);
    checkPlaces(this, props);
    this.table = props.existing ?? this.create(props);
    if (props.existing === undefined && props.deleteWithStack !== true)
      this.protection = protectFromDeletion(new Construct(this, 'Protection'), this.table);
    this.encryptionKey = props.existing === undefined ? props.encryptionKey : props.existing.encryptionKey;
    this.formerKeys = props.formerEncryptionKeys ?? [];
  }

  private create(props: HistoryTableProps): dynamodb.Table {
    const deleteWithStack = props.deleteWithStack ?? false;
    const table = new dynamodb.Table(this, 'Table', {
      partitionKey: text(HISTORY_TABLE.partitionKey),
      sortKey: text(HISTORY_TABLE.sortKey),
      timeToLiveAttribute: HISTORY_TABLE.timeToLive,
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      stream: dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      // Where it is kept, it is protected once it is made.
      deletionProtection: deleteWithStack ? false : undefined,
      removalPolicy: deleteWithStack ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      ...(props.encryptionKey === undefined
        ? { encryption: dynamodb.TableEncryption.DEFAULT }
        : { encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED, encryptionKey: props.encryptionKey }),
    });
    for (const index of HISTORY_TABLE.indexes) {
      table.addGlobalSecondaryIndex({
        indexName: index.name,
        partitionKey: text(index.partitionKey),
        sortKey: text(index.sortKey),
        projectionType: dynamodb.ProjectionType[index.projection],
        nonKeyAttributes: index.projection === 'INCLUDE' ? [...index.nonKeyAttributes] : undefined,
      });
    }
    return table;
  }

  /** Puts the protection of the table off until these are made: whatever may fail in a first deployment. */
  protectAfter(...parts: readonly IDependable[]): void {
    this.protection?.node.addDependency(...parts);
  }

  /** Lets a function keep history: the rights of a sync run on the table itself, none on its indexes. */
  grantRecord(fn: NodeFunction): void {
    fn.allow('RecordHistory', RECORD_ACTIONS, [this.table.tableArn]);
    this.grantKeys(fn, 'write');
    fn.addEnvironment(ENV.tableName, this.table.tableName);
  }

  /** Lets a function read what the timeline shows, which needs no index. */
  grantDraw(fn: NodeFunction): void {
    fn.allow('ReadHistory', ['dynamodb:GetItem', 'dynamodb:Query'], [this.table.tableArn]);
    this.grantKeys(fn, 'read');
    fn.addEnvironment(ENV.tableName, this.table.tableName);
  }

  /** Lets a function read what an export holds: the table, and the changes by time. */
  grantExport(fn: NodeFunction): void {
    const { tableArn, tableName } = this.table;
    fn.allow('ReadHistory', ['dynamodb:Query'], [tableArn, `${tableArn}/index/${HISTORY_TABLE.indexes[0].name}`]);
    this.grantKeys(fn, 'read');
    fn.addEnvironment(ENV.tableName, tableName);
  }

  /** Lets a function be fed from the stream: what an event source mapping calls there. No action on the table. */
  grantStream(fn: NodeFunction): string {
    const streamArn = this.table.tableStreamArn;
    if (streamArn === undefined) throw new Error('the history table has no stream: import it with its tableStreamArn');
    fn.allow(
      'ReadStream',
      ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
      [streamArn],
    );
    allowEverywhere(
      fn.role,
      'FindStream',
      ['dynamodb:ListStreams'],
      'dynamodb:ListStreams, which an event source mapping needs, can be granted for all resources only',
    );
    this.grantKeys(fn, 'read');
    return streamArn;
  }

  private grantKeys({ role }: NodeFunction, use: 'read' | 'write'): void {
    grantKey(this.encryptionKey, role, use, 'dynamodb');
    for (const key of this.formerKeys) grantKey(key, role, 'read', 'dynamodb');
  }
}

/** A transaction needs the rights of the actions that it is made of. */
const RECORD_ACTIONS = [
  'dynamodb:BatchGetItem',
  'dynamodb:ConditionCheckItem',
  'dynamodb:DeleteItem',
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:Query',
  'dynamodb:UpdateItem',
];
