import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, type IConstruct } from 'constructs';
import { HISTORY_TABLE, METRIC } from '../lambda/contract';
import { grantKey } from './encryption';
import { metricOf } from './metric-of';

/** A history, whether it is made in this app or only used there. */
export interface IInstanceHistory extends IConstruct {
  /** Where it is kept. */
  readonly table: ITable;
  /** Lets somebody ask, by the commands and by `roma-instance-history/reader`. `doctor` and what writes need more. */
  grantRead(grantee: iam.IGrantable): iam.Grant;
  /** Changes that were recorded, less those that were published. @default - the sum */
  metricChangesUnpublished(props?: cloudwatch.MetricOptions): cloudwatch.Metric;
}

/** What every history can do, made here or kept elsewhere. */
export abstract class InstanceHistoryBase extends Construct implements IInstanceHistory {
  /** Where it is kept. */
  abstract readonly table: ITable;

  /** Lets somebody ask: get and query, also with the key of the table, and nothing more. */
  grantRead(grantee: iam.IGrantable): iam.Grant {
    const { tableArn, encryptionKey } = this.table;
    grantKey(encryptionKey, grantee, 'read', 'dynamodb');
    return iam.Grant.addToPrincipal({
      grantee,
      actions: ['dynamodb:GetItem', 'dynamodb:Query'],
      resourceArns: [tableArn, ...HISTORY_TABLE.indexes.map(({ name }) => `${tableArn}/index/${name}`)],
    });
  }

  /** Changes that were recorded, less those that were published. @default - the sum */
  metricChangesUnpublished(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return metricOf(this.table.tableName, METRIC.changesUnpublished, { statistic: 'Sum', ...props });
  }
}
