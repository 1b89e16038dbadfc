import type { Template } from 'aws-cdk-lib/assertions';
import type { Resource } from './stack';

/** What holds something that a new resource would not have, with the properties whose change makes a new one. */
const REPLACED_BY: Readonly<Record<string, readonly string[]>> = {
  'AWS::DynamoDB::Table': ['TableName', 'KeySchema'],
  'AWS::Events::ApiDestination': ['Name'],
  'AWS::Events::Archive': ['ArchiveName', 'SourceArn'],
  'AWS::Events::Connection': ['Name'],
  'AWS::Events::EventBus': ['Name'],
  'AWS::KMS::Key': [],
  'AWS::Lambda::EventSourceMapping': ['EventSourceArn', 'StartingPosition'],
  'AWS::Logs::LogGroup': ['LogGroupName'],
  'AWS::S3::Bucket': ['BucketName'],
  'AWS::SNS::Subscription': ['Endpoint', 'Protocol', 'TopicArn'],
  'AWS::SNS::Topic': ['FifoTopic', 'TopicName'],
  'AWS::SQS::Queue': ['FifoQueue', 'QueueName'],
  'AWS::Scheduler::ScheduleGroup': ['Name'],
  'AWS::SecretsManager::Secret': ['Name'],
};

type Resources = Readonly<Record<string, Resource>>;
export const resourcesIn = (template: Template | { Resources: Resources }): Resources =>
  'toJSON' in template ? (template.toJSON() as { Resources: Resources }).Resources : template.Resources;

/** The logical ids that an update removes or replaces, of resources that hold something. */
export function lossesBetween(before: Resources, after: Resources): string[] {
  return Object.entries(before).flatMap(([logicalId, { Type, Properties }]) => {
    const replacing = REPLACED_BY[Type];
    if (replacing === undefined) return [];
    const next = after[logicalId];
    const kept =
      next?.Type === Type &&
      replacing.every((name) => JSON.stringify(next.Properties?.[name]) === JSON.stringify(Properties?.[name]));
    return kept ? [] : [logicalId];
  });
}
