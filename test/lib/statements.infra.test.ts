import { type Resource, resourcesOf, templateOf } from '../support/stack';

/**
 * Every statement that allows something, of every option at once. A statement that becomes wider, or a new one, fails
 * here until somebody has written down why it has to be.
 */
const everything = {
  orderedFeed: true,
  discovery: 'daily',
  monitoring: 'full',
  tracing: true,
  customerKey: true,
  eventWriters: [],
  export: { bucket: 'lake', prefix: 'roma/' },
  vpc: {
    id: 'vpc-0123456789abcdef0',
    subnetIds: ['subnet-0123456789abcdef0'],
    securityGroupIds: ['sg-0123456789abcdef0'],
  },
  subscriptions: [
    { name: 'ops', type: 'email', address: 'ops@example.com' },
    { name: 'changes', type: 'sqs' },
    { name: 'hook', type: 'webhook', url: 'https://hooks.example.com/roma' },
  ],
};
const oidc = {
  credentials: {
    type: 'oidc',
    providerUrn: 'iam::d78cbac186b744899480f25bd022f468:oidcProvider:aws',
    agencyUrn: 'iam::d78cbac186b744899480f25bd022f468:agency:roma-history',
    audience: 'roma-history',
  },
};

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource?: unknown;
  readonly Condition?: object;
  readonly Principal?: unknown;
}

/** Logical ids without what the CDK puts around them, and intrinsic functions as one word. */
function written(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll(/\{"Fn::GetAtt":\["(\w+)","(\w+)"\]\}/g, (_, id: string, name: string) => `"${short(id)}.${name}"`)
    .replaceAll(/\{"Ref":"AWS::(\w+)"\}/g, '"$1"')
    .replaceAll(/\{"Ref":"(\w+)"\}/g, (_, id: string) => `"${short(id)}"`)
    .replaceAll(
      /\{"Fn::Join":\["",\[((?:"[^"]*",?)+)\]\]\}/g,
      (_, parts: string) => `"${parts.replaceAll(/","|^"|"$/g, '')}"`,
    )
    .replaceAll('"', '');
}
const short = (logicalId: string): string => logicalId.replace(/^InstanceHistory/, '').replace(/[0-9A-F]{8}$/, '');

function statementsOf(config: object): string[] {
  const template = templateOf(config);
  const all = (
    type: string,
    document: string,
    owner: (resource: Resource & { logicalId: string }) => unknown,
  ): string[] =>
    resourcesOf(template, type).flatMap((resource) => {
      const { Statement: statements } = resource.Properties[document] as { Statement: Statement[] };
      return statements
        .filter(({ Effect }) => Effect === 'Allow')
        .map(({ Action, Resource: on, Condition, Principal }) =>
          [
            written(owner(resource)),
            written(Principal ?? ''),
            written(Action),
            written(on ?? ''),
            written(Condition ?? ''),
          ]
            .filter((part) => part !== '')
            .join(' | '),
        );
    });
  return [
    ...all('AWS::IAM::Policy', 'PolicyDocument', ({ Properties }) => Properties.Roles),
    ...all('AWS::IAM::Role', 'AssumeRolePolicyDocument', ({ logicalId }) => short(logicalId)),
    ...all('AWS::SQS::QueuePolicy', 'PolicyDocument', ({ Properties }) => Properties.Queues),
    ...all('AWS::SNS::TopicPolicy', 'PolicyDocument', ({ Properties }) => Properties.Topics),
    ...all('AWS::KMS::Key', 'KeyPolicy', ({ logicalId }) => short(logicalId)),
  ];
}

const REASONS: readonly (readonly [why: string, statement: string])[] = [
  ['writes its own log', '[ScheduledSyncRole] | [logs:CreateLogStream,logs:PutLogEvents] | ScheduledSyncLog.Arn'],
  [
    'with `vpc`: Lambda makes and removes its interfaces with this role, and takes no narrower one',
    '[ScheduledSyncRole] | [ec2:AssignPrivateIpAddresses,ec2:CreateNetworkInterface,ec2:DeleteNetworkInterface,ec2:DescribeNetworkInterfaces,ec2:DescribeSubnets,ec2:UnassignPrivateIpAddresses] | *',
  ],
  [
    'a run reads and writes rows, in transactions, on the table itself',
    '[ScheduledSyncRole] | [dynamodb:BatchGetItem,dynamodb:ConditionCheckItem,dynamodb:DeleteItem,dynamodb:GetItem,dynamodb:PutItem,dynamodb:Query,dynamodb:UpdateItem] | Table.Arn',
  ],
  [
    'what DynamoDB asks of a writer of an encrypted table',
    '[ScheduledSyncRole] | [kms:Decrypt,kms:DescribeKey,kms:Encrypt,kms:GenerateDataKey,kms:ReEncryptFrom,kms:ReEncryptTo] | Key.Arn | {StringEquals:{kms:ViaService:dynamodb.Region.URLSuffix}}',
  ],
  [
    'the credentials of Huawei Cloud',
    '[ScheduledSyncRole] | secretsmanager:GetSecretValue | ScheduledSyncCredentialsSecret',
  ],
  [
    'the secret is encrypted',
    '[ScheduledSyncRole] | [kms:Decrypt,kms:DescribeKey] | Key.Arn | {StringEquals:{kms:ViaService:secretsmanager.Region.URLSuffix}}',
  ],
  ['schedules start runs', '[ScheduledSyncInvoker] | lambda:InvokeFunction | ScheduledSyncFunction.Arn'],
  [
    'the scheduler sets aside what it could not deliver',
    '[ScheduledSyncInvoker] | sqs:SendMessage | ScheduledSyncDeadLetters.Arn',
  ],
  [
    'that queue is encrypted',
    '[ScheduledSyncInvoker] | [kms:Decrypt,kms:GenerateDataKey] | Key.Arn | {StringEquals:{kms:ViaService:sqs.Region.URLSuffix}}',
  ],
  [
    'writes its own log',
    '[DiscoveryDiscoverRole] | [logs:CreateLogStream,logs:PutLogEvents] | DiscoveryDiscoverLog.Arn',
  ],
  [
    'with `vpc`: Lambda makes and removes its interfaces with this role, and takes no narrower one',
    '[DiscoveryDiscoverRole] | [ec2:AssignPrivateIpAddresses,ec2:CreateNetworkInterface,ec2:DeleteNetworkInterface,ec2:DescribeNetworkInterfaces,ec2:DescribeSubnets,ec2:UnassignPrivateIpAddresses] | *',
  ],
  [
    'the credentials of Huawei Cloud',
    '[DiscoveryDiscoverRole] | secretsmanager:GetSecretValue | ScheduledSyncCredentialsSecret',
  ],
  [
    'the secret is encrypted',
    '[DiscoveryDiscoverRole] | [kms:Decrypt,kms:DescribeKey] | Key.Arn | {StringEquals:{kms:ViaService:secretsmanager.Region.URLSuffix}}',
  ],
  [
    'keeps the schedules that it has made, which begin with `discovered.`',
    '[DiscoveryDiscoverRole] | [scheduler:CreateSchedule,scheduler:GetSchedule,scheduler:UpdateSchedule] | arn:Partition:scheduler:Region:AccountId:schedule/Test-InstanceHistory-ScheduledSync-Group-203687E5/discovered.*',
  ],
  ['AWS grants it for all resources only', '[DiscoveryDiscoverRole] | scheduler:ListSchedules | *'],
  [
    'its schedules start runs with the role of the others',
    '[DiscoveryDiscoverRole] | iam:PassRole | ScheduledSyncInvoker.Arn | {StringEquals:{iam:PassedToService:scheduler.amazonaws.com}}',
  ],
  ['the daily schedule starts it', '[DiscoveryInvoker] | lambda:InvokeFunction | DiscoveryDiscoverFunction.Arn'],
  [
    'the scheduler sets aside what it could not deliver',
    '[DiscoveryInvoker] | sqs:SendMessage | ScheduledSyncDeadLetters.Arn',
  ],
  [
    'that queue is encrypted',
    '[DiscoveryInvoker] | [kms:Decrypt,kms:GenerateDataKey] | Key.Arn | {StringEquals:{kms:ViaService:sqs.Region.URLSuffix}}',
  ],
  ['writes its own log', '[ExportWriteRole] | [logs:CreateLogStream,logs:PutLogEvents] | ExportWriteLog.Arn'],
  [
    'with `vpc`: Lambda makes and removes its interfaces with this role, and takes no narrower one',
    '[ExportWriteRole] | [ec2:AssignPrivateIpAddresses,ec2:CreateNetworkInterface,ec2:DeleteNetworkInterface,ec2:DescribeNetworkInterfaces,ec2:DescribeSubnets,ec2:UnassignPrivateIpAddresses] | *',
  ],
  [
    'the export reads the history, and changes by time from their index',
    '[ExportWriteRole] | dynamodb:Query | [Table.Arn,Table.Arn/index/changes-by-time]',
  ],
  [
    'the table is encrypted',
    '[ExportWriteRole] | [kms:Decrypt,kms:DescribeKey] | Key.Arn | {StringEquals:{kms:ViaService:dynamodb.Region.URLSuffix}}',
  ],
  [
    'writes the files of the days, which begin with the prefix',
    '[ExportWriteRole] | s3:PutObject | arn:Partition:s3:::lake/roma/*',
  ],
  ['the daily schedule starts it', '[ExportInvoker] | lambda:InvokeFunction | ExportWriteFunction.Arn'],
  [
    'the scheduler sets aside what it could not deliver',
    '[ExportInvoker] | sqs:SendMessage | ScheduledSyncDeadLetters.Arn',
  ],
  [
    'that queue is encrypted',
    '[ExportInvoker] | [kms:Decrypt,kms:GenerateDataKey] | Key.Arn | {StringEquals:{kms:ViaService:sqs.Region.URLSuffix}}',
  ],
  [
    'writes its own log',
    '[ChangeFeedPublishRole] | [logs:CreateLogStream,logs:PutLogEvents] | ChangeFeedPublishLog.Arn',
  ],
  [
    'with `vpc`: Lambda makes and removes its interfaces with this role, and takes no narrower one',
    '[ChangeFeedPublishRole] | [ec2:AssignPrivateIpAddresses,ec2:CreateNetworkInterface,ec2:DeleteNetworkInterface,ec2:DescribeNetworkInterfaces,ec2:DescribeSubnets,ec2:UnassignPrivateIpAddresses] | *',
  ],
  ['publishes on the one bus', '[ChangeFeedPublishRole] | events:PutEvents | ChangeFeedBus.Arn'],
  ['sets aside what cannot be published', '[ChangeFeedPublishRole] | sqs:SendMessage | ChangeFeedFailures.Arn'],
  [
    'that queue is encrypted',
    '[ChangeFeedPublishRole] | [kms:Decrypt,kms:GenerateDataKey] | Key.Arn | {StringEquals:{kms:ViaService:sqs.Region.URLSuffix}}',
  ],
  ['the ordered feed', '[ChangeFeedPublishRole] | sns:Publish | ChangeFeedOrderedFeed'],
  [
    'the topic of the feed is encrypted',
    '[ChangeFeedPublishRole] | [kms:Decrypt,kms:GenerateDataKey] | Key.Arn | {StringEquals:{kms:ViaService:sns.Region.URLSuffix}}',
  ],
  [
    'traces for X-Ray, which have no ARN',
    '[ChangeFeedPublishRole] | [xray:PutTelemetryRecords,xray:PutTraceSegments] | *',
  ],
  [
    'traces for X-Ray, which have no ARN',
    '[DiscoveryDiscoverRole] | [xray:PutTelemetryRecords,xray:PutTraceSegments] | *',
  ],
  [
    'traces for X-Ray, which have no ARN',
    '[MonitoringTimelineDrawRole] | [xray:PutTelemetryRecords,xray:PutTraceSegments] | *',
  ],
  ['traces for X-Ray, which have no ARN', '[ExportWriteRole] | [xray:PutTelemetryRecords,xray:PutTraceSegments] | *'],
  ['traces for X-Ray, which have no ARN', '[ScheduledSyncRole] | [xray:PutTelemetryRecords,xray:PutTraceSegments] | *'],
  [
    'what an event source mapping calls on the stream',
    '[ChangeFeedPublishRole] | [dynamodb:DescribeStream,dynamodb:GetRecords,dynamodb:GetShardIterator] | Table.StreamArn',
  ],
  ['AWS grants it for all resources only', '[ChangeFeedPublishRole] | dynamodb:ListStreams | *'],
  [
    'the stream is encrypted',
    '[ChangeFeedPublishRole] | [kms:Decrypt,kms:DescribeKey] | Key.Arn | {StringEquals:{kms:ViaService:dynamodb.Region.URLSuffix}}',
  ],
  [
    'topics of email subscriptions are encrypted',
    '[ChangeFeedSubscriptionsRole] | [kms:Decrypt,kms:GenerateDataKey] | Key.Arn | {StringEquals:{kms:ViaService:sns.Region.URLSuffix}}',
  ],
  ['email subscriptions', '[ChangeFeedSubscriptionsRole] | sns:Publish | ChangeFeedSubscriptionsopsTopic'],
  [
    'webhooks',
    '[ChangeFeedSubscriptionsRole] | events:InvokeApiDestination | ChangeFeedSubscriptionshookDestinationApiDestination.Arn',
  ],
  [
    'writes its own log',
    '[MonitoringTimelineDrawRole] | [logs:CreateLogStream,logs:PutLogEvents] | MonitoringTimelineDrawLog.Arn',
  ],
  [
    'with `vpc`: Lambda makes and removes its interfaces with this role, and takes no narrower one',
    '[MonitoringTimelineDrawRole] | [ec2:AssignPrivateIpAddresses,ec2:CreateNetworkInterface,ec2:DeleteNetworkInterface,ec2:DescribeNetworkInterfaces,ec2:DescribeSubnets,ec2:UnassignPrivateIpAddresses] | *',
  ],
  [
    'the widget reads the history, and none of its indexes',
    '[MonitoringTimelineDrawRole] | [dynamodb:GetItem,dynamodb:Query] | Table.Arn',
  ],
  [
    'the table is encrypted',
    '[MonitoringTimelineDrawRole] | [kms:Decrypt,kms:DescribeKey] | Key.Arn | {StringEquals:{kms:ViaService:dynamodb.Region.URLSuffix}}',
  ],
  ['Lambda runs the function', 'ScheduledSyncRole | {Service:lambda.amazonaws.com} | sts:AssumeRole'],
  [
    'the scheduler, for schedules of this group only',
    'ScheduledSyncInvoker | {Service:scheduler.amazonaws.com} | sts:AssumeRole | {ArnEquals:{aws:SourceArn:ScheduledSyncGroup.Arn}}',
  ],
  ['Lambda runs the function', 'DiscoveryDiscoverRole | {Service:lambda.amazonaws.com} | sts:AssumeRole'],
  [
    'the scheduler, for schedules of this group only',
    'DiscoveryInvoker | {Service:scheduler.amazonaws.com} | sts:AssumeRole | {ArnEquals:{aws:SourceArn:ScheduledSyncGroup.Arn}}',
  ],
  ['Lambda runs the function', 'ExportWriteRole | {Service:lambda.amazonaws.com} | sts:AssumeRole'],
  [
    'the scheduler, for schedules of this group only',
    'ExportInvoker | {Service:scheduler.amazonaws.com} | sts:AssumeRole | {ArnEquals:{aws:SourceArn:ScheduledSyncGroup.Arn}}',
  ],
  ['Lambda runs the function', 'ChangeFeedPublishRole | {Service:lambda.amazonaws.com} | sts:AssumeRole'],
  [
    'EventBridge, for rules of this bus only',
    'ChangeFeedSubscriptionsRole | {Service:events.amazonaws.com} | sts:AssumeRole | {ArnLike:{aws:SourceArn:arn:Partition:events:Region:AccountId:rule/ChangeFeedBus/*}}',
  ],
  ['Lambda runs the function', 'MonitoringTimelineDrawRole | {Service:lambda.amazonaws.com} | sts:AssumeRole'],
  [
    'every rule of the bus sets aside what it could not deliver',
    '[ChangeFeedSubscriptionsDeadLetters] | {Service:events.amazonaws.com} | sqs:SendMessage | ChangeFeedSubscriptionsDeadLetters.Arn | {ArnLike:{aws:SourceArn:arn:Partition:events:Region:AccountId:rule/ChangeFeedBus/*}}',
  ],
  [
    'its own rule fills the queue of a subscription',
    '[ChangeFeedSubscriptionschangesQueue] | {Service:events.amazonaws.com} | sqs:SendMessage | ChangeFeedSubscriptionschangesQueue.Arn | {ArnLike:{aws:SourceArn:ChangeFeedSubscriptionschanges.Arn}}',
  ],
  ['writes its own log', '[ProtectionRole] | [logs:CreateLogStream,logs:PutLogEvents] | ProtectionLog.Arn'],
  [
    'the last step of a deployment protects the table against deletion; DynamoDB has no narrower action',
    '[ProtectionRole] | dynamodb:UpdateTable | Table.Arn',
  ],
  ['Lambda runs the function', 'ProtectionRole | {Service:lambda.amazonaws.com} | sts:AssumeRole'],
  [
    'the account decides about its key, as AWS advises: without it nobody could change the policy',
    'Key | {AWS:arn:Partition:iam::AccountId:root} | kms:* | *',
  ],
  [
    'the CDK writes it for the secret; it allows nothing that the line above does not',
    'Key | {AWS:arn:Partition:iam::AccountId:root} | [kms:CreateGrant,kms:Decrypt,kms:DescribeKey,kms:Encrypt,kms:GenerateDataKey*,kms:ReEncrypt*] | * | {StringEquals:{kms:ViaService:secretsmanager.Region.amazonaws.com}}',
  ],
  [
    'EventBridge writes to queues that the key encrypts, for rules of this account only',
    'Key | {Service:events.amazonaws.com} | [kms:Decrypt,kms:GenerateDataKey] | * | {ArnLike:{aws:SourceArn:arn:*:events:Region:AccountId:rule/*}}',
  ],
  [
    'a token of one audience, as short as it can be, has no resource',
    '[ScheduledSyncRole] | sts:GetWebIdentityToken | * | {ForAllValues:StringEquals:{sts:IdentityTokenAudience:[roma-history]},Null:{sts:IdentityTokenAudience:false},StringEquals:{sts:SigningAlgorithm:RS256},NumericLessThanEquals:{sts:DurationSeconds:300}}',
  ],
];

it('every statement that allows something is one of these, and each of these is there', () => {
  const stated = [
    ...statementsOf(everything),
    ...statementsOf(oidc).filter((text) => text.includes('GetWebIdentityToken')),
  ];
  expect(stated.toSorted()).toEqual(REASONS.map(([, statement]) => statement).toSorted());
});
