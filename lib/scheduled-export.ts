import { Duration, Names, Stack, Token } from 'aws-cdk-lib';
import * as glue from 'aws-cdk-lib/aws-glue';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { ENV } from '../lambda/contract';
import { COLUMNS, EXPORTS } from '../lambda/export/columns';
import { acknowledge } from './acknowledge';
import { grantKey } from './encryption';
import type { HistoryTable } from './history-table';
import { NodeFunction } from './node-function';
import { checkPlaces } from './places';
import type { ScheduledSync } from './scheduled-sync';

/** Where the export goes, and when. */
export interface ExportOptions {
  /** Where the files go; it must exist. */
  readonly bucket: IBucket;
  /** Before the names of the tables, with a slash at its end. @default 'roma-history/' */
  readonly prefix?: string | undefined;
  /** Time of the day, UTC. @default '01:30' */
  readonly at?: string | undefined;
}

const TYPES = { text: 'string', integer: 'int', boolean: 'boolean', time: 'timestamp', json: 'string' };
const HIVE = 'org.apache.hadoop.hive.ql.io.parquet';

/** Once a day, the tables of `roma-history export` as Parquet in S3, and in the Glue catalog, for Athena. */
export class ScheduledExport extends Construct {
  /** What writes the files. */
  readonly function: NodeFunction;
  /** The tables as Athena knows them. */
  readonly database: glue.CfnDatabase;

  constructor(
    scope: Construct,
    id: string,
    props: ExportOptions & { readonly sync: ScheduledSync; readonly history: HistoryTable },
  ) {
    super(scope, id);
    checkPlaces(this, props);
    const { bucket, prefix = 'roma-history/', at = '01:30', sync } = props;
    this.function = new NodeFunction(this, 'Write', {
      entry: 'export.handler.ts',
      description: 'Exports the history of ROMA Connect instances to S3',
      memorySize: 1024,
      timeout: Duration.minutes(15),
      retryAttempts: 2,
    });
    props.history.grantExport(this.function);
    this.function.allow('WriteExport', ['s3:PutObject'], [bucket.arnForObjects(`${prefix}*`)]);
    const { partition } = Stack.of(this);
    const written = `arn:${Token.isUnresolved(partition) ? '<AWS::Partition>' : partition}:s3:::${bucket.bucketName}/${prefix}*`;
    const reason = 'the keys name days; their prefix keeps everything else in the bucket out of reach';
    if (!Token.isUnresolved(bucket.bucketName))
      acknowledge(this.function.role, `AwsSolutions-IAM5[Resource::${written}]`, reason);
    grantKey(bucket.encryptionKey, this.function.role, 'send', 's3');
    this.function.addEnvironment(ENV.exportTo, `s3://${bucket.bucketName}/${prefix}`);
    const [hour, minute] = at.split(':').map((part) => String(Number(part)));
    sync.runDaily(this, this.function, {
      sid: 'InvokeExport',
      allows: 'Lets the daily schedule invoke the export',
      description: 'Exports the history of ROMA Connect instances',
      schedule: scheduler.ScheduleExpression.cron({ hour, minute }),
    });
    this.database = this.catalog(`s3://${bucket.bucketName}/${prefix}`);
  }

  /** With partition projection, Athena knows each new day by itself. */
  private catalog(to: string): glue.CfnDatabase {
    const catalogId = Stack.of(this).account;
    const name = Names.uniqueResourceName(this, { maxLength: 60, separator: '_' }).toLowerCase();
    const database = new glue.CfnDatabase(this, 'Database', { catalogId, databaseInput: { name } });
    for (const table of EXPORTS) {
      const location = `${to}${table}/`;
      const tableInput = {
        name: table,
        tableType: 'EXTERNAL_TABLE',
        partitionKeys: [{ name: 'date', type: 'string' }],
        parameters: {
          classification: 'parquet',
          'projection.enabled': 'true',
          'projection.date.type': 'date',
          'projection.date.format': 'yyyy-MM-dd',
          'projection.date.range': '2026-01-01,NOW',
          'storage.location.template': `${location}date=\${date}/`,
        },
        storageDescriptor: {
          location,
          columns: COLUMNS[table].map(({ name, type, description: comment }) => ({ name, comment, type: TYPES[type] })),
          inputFormat: `${HIVE}.MapredParquetInputFormat`,
          outputFormat: `${HIVE}.MapredParquetOutputFormat`,
          serdeInfo: { serializationLibrary: `${HIVE}.serde.ParquetHiveSerDe` },
        },
      };
      new glue.CfnTable(this, `Table-${table}`, { catalogId, databaseName: database.ref, tableInput });
    }
    return database;
  }
}
