import { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { partsOf } from '../../bin/cli/doctor/cost';
import { readExportConfig } from '../../lambda/config';
import { COLUMNS, EXPORTS } from '../../lambda/export/columns';
import { InstanceHistory } from '../../lib';
import { appWithoutBundling, resourcesOf, TARGET, templateOf } from '../support/stack';

const config = { export: { bucket: 'lake', prefix: 'roma/', at: '04:05' } };
const exporterOf = (template: Template) =>
  resourcesOf(template, 'AWS::Lambda::Function').find(({ Properties }) =>
    String(Properties.Description).startsWith('Exports'),
  );

describe('the scheduled export', () => {
  it('is off unless it is asked for', () => {
    expect(exporterOf(templateOf())).toBeUndefined();
    expect(resourcesOf(templateOf(), 'AWS::Glue::Table')).toEqual([]);
  });

  it('runs once per day at its time, and knows where to write', () => {
    templateOf(config).hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'cron(5 4 * * ? *)',
      Target: Match.objectLike({ Arn: { 'Fn::GetAtt': [exporterOf(templateOf(config))!.logicalId, 'Arn'] } }),
    });
    const { Variables } = exporterOf(templateOf(config))!.Properties.Environment as {
      Variables: Record<string, string>;
    };
    expect(readExportConfig({ ...Variables, HISTORY_TABLE_NAME: 'history' })).toEqual({
      tableName: 'history',
      exportTo: 's3://lake/roma/',
    });
    expect(Object.keys(Variables)).toHaveLength(2);
  });

  it.each(EXPORTS)(
    'has a Glue table of %s with the columns of the contract, whose days Athena knows by itself',
    (table) => {
      const [found] = resourcesOf(templateOf(config), 'AWS::Glue::Table').filter(
        ({ Properties }) => (Properties.TableInput as { Name: string }).Name === table,
      );
      const { TableInput: input, DatabaseName } = found!.Properties as {
        DatabaseName: { Ref: string };
        TableInput: {
          PartitionKeys: unknown;
          Parameters: Record<string, string>;
          StorageDescriptor: { Location: string; Columns: { Name: string; Type: string }[] };
        };
      };
      expect(DatabaseName.Ref).toBe(resourcesOf(templateOf(config), 'AWS::Glue::Database')[0]?.logicalId);
      expect(input.StorageDescriptor.Columns.map(({ Name }) => Name)).toEqual(COLUMNS[table].map(({ name }) => name));
      expect(input.StorageDescriptor.Location).toBe(`s3://lake/roma/${table}/`);
      expect(input.PartitionKeys).toEqual([{ Name: 'date', Type: 'string' }]);
      expect(input.Parameters).toMatchObject({
        'projection.enabled': 'true',
        'projection.date.type': 'date',
        'storage.location.template': `s3://lake/roma/${table}/date=\${date}/`,
      });
    },
  );

  it('does not make the runs look as if they had its memory, when the bill is computed', () => {
    const billed = (options?: object) => partsOf(templateOf(options).toJSON()).memoryMb;
    expect(billed(config)).toBe(billed());
  });

  it('of a construct writes into a bucket of the app, with its key', () => {
    const stack = new Stack(appWithoutBundling(), 'Platform');
    const encryptionKey = new Key(stack, 'Key');
    const bucket = new Bucket(stack, 'Lake', { encryption: BucketEncryption.KMS, encryptionKey });
    const history = new InstanceHistory(stack, 'RomaHistory', { targets: [TARGET], export: { bucket } });
    const template = Template.fromStack(Stack.of(history));
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 's3:PutObject',
            Resource: {
              'Fn::Join': ['', [{ 'Fn::GetAtt': [Match.stringLikeRegexp('Lake'), 'Arn'] }, '/roma-history/*']],
            },
          }),
          Match.objectLike({
            Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
            Condition: { StringEquals: { 'kms:ViaService': { 'Fn::Join': ['', Match.arrayWith(['s3.'])] } } },
          }),
        ]),
      },
    });
    template.hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'cron(30 1 * * ? *)' });
  });
});
