// Over 300 lines, because each key of the configuration stands here once: its form, its error and its words in the documents.
import * as z from 'zod';
import {
  AGENCY_URN,
  isLoopback,
  PROJECT_ID_PATTERN,
  PROVIDER_URN,
  REGION_PATTERN,
  UNIT_MS,
  ATTRIBUTION_MODES,
  LIST_APIS,
  STATUS_PATTERN,
} from '../lambda/contract';
import { span } from './span';
import { SUBSCRIPTION_KINDS } from './subscriptions/filter';
import { NO_SUBSCRIPTION_NAME, SUBSCRIPTION_NAME } from './subscriptions/name';

/** What may be configured, with defaults. JSON in, checked values out; every problem is reported at once. */

/** A schedule and an alarm per target: with more targets, the stack would exceed CloudFormation's 500 resources. */
export const MAX_TARGETS = 200;

const { m: MINUTE, d: DAY } = UNIT_MS;

const flag = (about: string) => z.boolean().default(false).describe(about);
const text = (form: RegExp, problem: string) => z.string().regex(form, problem);

const https = z
  .string()
  .refine(
    isBaseAddress,
    'must be an https:// address without a path, such as https://roma.cn-north-4.myhuaweicloud.com',
  );

/** Plain http is for a simulator on the same machine only. */
function isBaseAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const bare = url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '';
  return bare && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)));
}

const arn = (service: string, example: string) =>
  text(new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]+:\\d{12}:.+`), `must be an ARN such as ${example}`);
const secretArn = text(
  /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+-[A-Za-z0-9]{6}$/,
  'must be a whole ARN with its six last characters, such as arn:aws:secretsmanager:eu-central-1:123456789012:secret:roma-AbCdEf',
);
const NO_KEY = 'must be true, false or the ARN of a KMS key';
const ARN_OF_KEY = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/.+/;
const keyArn = z.string().regex(ARN_OF_KEY, 'must be the ARN of a KMS key');
const queueArn = arn('sqs', 'arn:aws:sqs:eu-central-1:123456789012:roma-changes');
const topicArn = arn('sns', 'arn:aws:sns:eu-central-1:123456789012:operations');

/** EventBridge Scheduler knows no rate below a minute; over a day, CloudWatch could not watch three runs in a week. */
const every = span({ atLeast: MINUTE, atMost: DAY, wholly: MINUTE });

export const credentialsSchema = z.strictObject({
  type: z.literal('oidc', 'must be "oidc"').describe('Always `oidc`.'),
  providerUrn: text(PROVIDER_URN, 'must be a URN such as iam::<account id>:oidcProvider:<name>').describe(
    'The OIDC provider in Huawei Cloud that stands for your AWS account.',
  ),
  agencyUrn: text(AGENCY_URN, 'must be a URN such as iam::<account id>:agency:<name>').describe(
    'The trust agency that lets the roles of the functions in.',
  ),
  audience: text(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 characters without spaces').describe(
    'For whom the tokens are: a client id of the provider.',
  ),
  stsEndpoint: https
    .optional()
    .describe('Base address of STS. Needed for clouds other than the public one. Default: that of the region.'),
});

export const envSchema = z.strictObject({
  account: text(/^\d{12}$/, 'must be the 12 digits of an AWS account').describe('Number of the AWS account.'),
  region: text(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be an AWS region such as eu-central-1').describe(
    'AWS region, such as `eu-central-1`.',
  ),
});

export const existingTableSchema = z.strictObject({
  arn: arn('dynamodb', 'arn:aws:dynamodb:eu-central-1:123456789012:table/history').describe('ARN of the table.'),
  streamArn: arn('dynamodb', 'arn:aws:dynamodb:eu-central-1:123456789012:table/history/stream/2026-11-25T10:00:00.000')
    .refine((text) => text.includes('/stream/'), 'must be the ARN of a stream, see LatestStreamArn of the table')
    .describe('ARN of its stream, with new and old images.'),
  keyArn: text(ARN_OF_KEY, 'must be the ARN of a KMS key')
    .optional()
    .describe('The KMS key of yours that encrypts it. Default: none.'),
});

export const vpcSchema = z.strictObject({
  id: text(/^vpc-[0-9a-f]+$/, 'must be the id of a VPC, such as vpc-0123456789abcdef0').describe('Id of the VPC.'),
  subnetIds: z
    .array(text(/^subnet-[0-9a-f]+$/, 'must be the id of a subnet'))
    .min(1)
    .max(16)
    .describe('Private subnets, with a way to Huawei Cloud and to the AWS services.'),
  securityGroupIds: z
    .array(text(/^sg-[0-9a-f]+$/, 'must be the id of a security group'))
    .min(1)
    .max(5)
    .optional()
    .describe('Default: one for each function, which lets everything out and nothing in.'),
});

export const exportSchema = z.strictObject({
  bucket: text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket').describe(
    'Name of a bucket that exists. Where a key of yours encrypts it, let the role of the function use that key.',
  ),
  prefix: text(/^[\w.-]+(\/[\w.-]+)*\/$/, 'must be a path that ends with "/"')
    .default('roma-history/')
    .describe('Before the names of the tables in the bucket.'),
  at: text(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of the day such as 01:30')
    .default('01:30')
    .describe('Time of the day, UTC.'),
});

/** A function has 4 KB for its whole environment. */
const MAX_NAMED_CHARACTERS = 2000;

const targetNames = z
  .array(
    text(
      new RegExp(`^${REGION_PATTERN}/${PROJECT_ID_PATTERN}$`),
      'must be a region and a project id, such as cn-north-4/106506b9a92342df9a5025fc12351cfc',
    ),
  )
  .refine(
    (list) => list.join().length <= MAX_NAMED_CHARACTERS,
    `must be at most ${MAX_NAMED_CHARACTERS} characters in all, some forty projects`,
  );

const concurrency = z.int().min(1).max(1000).optional();

export const timelineSchema = z.strictObject({
  targets: targetNames
    .min(1)
    .optional()
    .describe('The only targets that it draws, each as `cn-north-4/<project id>`. Default: all of the history.'),
  reservedConcurrency: concurrency.describe(
    'For how many people it draws at the same time. AWS takes them from the pool of the account, and refuses a deployment that leaves too few there, so a new account can reserve none. Default: as many as the account allows.',
  ),
});

export const targetSchema = z.strictObject({
  region: text(new RegExp(`^${REGION_PATTERN}$`), 'must be a region name such as cn-north-4').describe(
    'Huawei Cloud region, such as `cn-north-4`.',
  ),
  projectId: text(
    new RegExp(`^${PROJECT_ID_PATTERN}$`),
    'must be 16 to 128 letters, digits, "-" or "_"; find it under My Credentials in the Huawei Cloud console',
  ).describe('Project id in that region.'),
  every: every.optional().describe('Time between two runs of this target. Default: `every` of the stack.'),
  status: text(new RegExp(`^${STATUS_PATTERN}$`), 'must be a status in capitals such as RUNNING')
    .optional()
    .describe('Follow only instances that have this status.'),
  ignoreFields: z
    .array(z.string().regex(/^(?!(?:id|status)$)[^/~]{1,64}$/, 'must be the name of a field other than id and status'))
    .min(1)
    .max(10)
    .optional()
    .describe('A change of these fields alone makes no version, such as `["load"]` for a field that ticks.'),
  api: z
    .enum(LIST_APIS)
    .optional()
    .describe('`v2` lists ROMA Connect instances, `v3` lists all kinds of ROMA instances. Default: `v2`.'),
  endpoint: https.optional().describe('Base address of the API. Needed for clouds that are not built in.'),
  iamEndpoint: https
    .optional()
    .describe('Base address of the identity service. Needed for clouds that are not built in.'),
  ctsEndpoint: https
    .optional()
    .describe('Base address of the Cloud Trace Service. Needed for `attribution` in clouds that are not built in.'),
  secretArn: secretArn.optional().describe('A secret for this target only. Default: the secret of the stack.'),
});

const name = text(SUBSCRIPTION_NAME, NO_SUBSCRIPTION_NAME)
  .optional()
  .describe(
    'Its own name, which nothing else may have. A new name makes a new topic, queue or key. Default: type and place, such as `sqs2`.',
  );
const texts = z.array(z.string().min(1).max(256)).min(1).optional();
const filter = {
  kinds: z
    .array(z.enum(SUBSCRIPTION_KINDS))
    .min(1)
    .optional()
    .describe(
      'Send only these kinds of change; `attributed` sends who made a change, later. Default: all but `baseline` and `attributed`.',
    ),
  statuses: texts.describe('Send only changes after which the instance has one of these statuses.'),
  namePattern: texts
    .unwrap()
    .element.optional()
    .describe('Send only changes of instances with such a name. `*` stands for any text, as in `*-prod`.'),
  enterpriseProjects: texts.describe('Send only changes of instances of these enterprise projects.'),
  fields: texts.describe('Send only changes of one of these fields, such as `status`.'),
};
const address = z.url({ protocol: /^https$/, error: 'must be an https:// address' });
const key = (what: string) => secretArn.describe(`A secret whose text is ${what}.`);

export const subscriptionSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('email'),
    name,
    address: z
      .email('must be an e-mail address')
      .describe('The address that receives a short text about each change. Its owner must confirm it once.'),
    ...filter,
  }),
  z.strictObject({
    type: z.literal('sqs'),
    name,
    queueArn: queueArn
      .optional()
      .describe('Your own queue, whose policy must allow EventBridge to send. Default: the stack creates one.'),
    ...filter,
  }),
  z.strictObject({
    type: z.literal('webhook'),
    name,
    url: address.describe('The address to which each change is posted.'),
    header: text(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, 'must be the name of a header')
      .default('X-Api-Key')
      .describe('The header that carries the key.'),
    secretArn: secretArn
      .optional()
      .describe('A secret whose text is the key that the receiver expects. Default: the stack generates one.'),
    perSecond: z.int().min(1).max(300).default(10).describe('The most requests per second.'),
    format: z
      .enum(['event', 'cloudevents'])
      .default('event')
      .describe('`event` posts what EventBridge delivers, `cloudevents` a CloudEvent in structured mode.'),
    ...filter,
  }),
  z.strictObject({
    type: z.literal('slack'),
    name,
    channel: text(/^[A-Z0-9]{9,20}$/, 'must be the id of a channel such as C0123456789').describe(
      'The id of the channel. The bot must be a member.',
    ),
    secretArn: key('`Bearer ` and the token of a bot that may `chat:write`'),
    ...filter,
  }),
  z.strictObject({
    type: z.literal('teams'),
    name,
    url: address.describe('The address of a Teams workflow, without its parameter `sig`.'),
    secretArn: key('the value of `sig`'),
    ...filter,
  }),
  z.strictObject({
    type: z.literal('pagerduty'),
    name,
    secretArn: key('the integration key of a service (Events API v2)'),
    ...filter,
    statuses: texts.describe(
      'The statuses that begin an incident; it is resolved when the instance leaves them. Default: `ERROR`, `CREATE_FAILED`, `DELETE_FAILED`.',
    ),
  }),
]);

export const LOG_RETENTION_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827] as const;

export const configSchema = z.strictObject({
  stackName: text(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, 'must be letters, digits and "-", at most 64')
    .default('RomaInstanceHistory')
    .describe('Name of the CloudFormation stack.'),
  env: envSchema
    .optional()
    .describe(
      'Account and region that the stack may be deployed to, and no other. Default: those of your AWS profile.',
    ),
  terminationProtection: flag('Refuse to delete the stack until this is `false` and deployed again.'),
  tags: z
    .record(z.string().min(1).max(128), z.string().max(256))
    .optional()
    .describe('Tags of the stack and of all its resources, as `{ "team": "platform" }`.'),
  targets: z
    .array(targetSchema)
    .max(
      MAX_TARGETS,
      `must be at most ${MAX_TARGETS}: a stack holds 500 resources; let "discovery" add the rest, or put it into a second configuration with another "stackName"`,
    )
    .describe('The regions and projects to keep in sync, each with the options of the next table.'),
  discovery: z
    .enum(['off', 'daily'])
    .default('off')
    .describe(
      '`daily`: once a day, also schedule every project of the account that has ROMA Connect. `targets` may then be `[]`.',
    ),
  exclude: targetNames.default([]).describe('Projects that the discovery ignores, each as `cn-north-4/<project id>`.'),
  iamEndpoint: https
    .optional()
    .describe(
      'Base address of the identity service that the discovery asks. Needed for clouds other than the public one.',
    ),
  every: every.default(5 * MINUTE).describe('Time between two runs of a target, in whole minutes, `1m` to `1d`.'),
  secretArn: secretArn
    .optional()
    .describe(
      'An existing secret with the Huawei Cloud credentials. If your own KMS key encrypts it, allow the role of the sync function to decrypt with that key. Default: the stack creates an empty secret for you to fill.',
    ),
  credentials: credentialsSchema
    .optional()
    .describe(
      'In place of a secret: a trust agency that the functions open with their own identity, with the options of a table below. Not proven against the live services yet, see [identity](identity.md).',
    ),
  retention: span({ atLeast: DAY, atMost: 36_500 * DAY, wholly: DAY })
    .optional()
    .describe('How long a superseded version is kept, in whole days. Default: for ever.'),
  brakeReleaseAfter: span({ atLeast: MINUTE, atMost: 365 * DAY })
    .default(DAY)
    .describe('How long the brake holds back an inferred mass deletion.'),
  attribution: z
    .enum(ATTRIBUTION_MODES)
    .default('off')
    .describe(
      'Ask the Cloud Trace Service who made each change. `on` keeps names and addresses of people, `pseudonymous` a stand-in for each. See [who changed it](attribution.md).',
    ),
  publishBaseline: flag('Also publish what a first run finds.'),
  subscriptions: z.array(subscriptionSchema).max(100).default([]).describe('Who receives the changes.'),
  eventWriters: z
    .array(text(/^arn:aws[a-z-]*:iam::\d{12}:role\/.+/, 'must be the ARN of a role; it may contain *'))
    .max(20)
    .optional()
    .describe(
      'Who may put these events on the bus beside the publisher, as ARNs of roles, with `*` where you need it. `[]` refuses everybody else, also `replay` and `test-subscription`. Default: every identity of the account whose own policy allows it.',
    ),
  orderedFeed: flag('Also publish every change to an SNS FIFO topic, which keeps the order.'),
  archiveRetention: span({ atLeast: DAY, atMost: 3650 * DAY, wholly: DAY })
    .default(30 * DAY)
    .describe('How long the archive of the bus keeps events, in whole days.'),
  export: exportSchema
    .optional()
    .describe(
      'Write the tables of `roma-history export` to S3 once per day, for [Athena](export.md#athena), with the options of a table below. Default: no export.',
    ),
  customerKey: z
    .union([z.boolean(), text(ARN_OF_KEY, NO_KEY)], NO_KEY)
    .default(false)
    .describe(
      'Encrypt the table, secret, queues and topics with your own KMS key. `true` creates a key; an ARN names an existing one, whose policy must have the statement that `cdk synth` prints. Set it before the first deployment.',
    ),
  formerKeys: z
    .array(keyArn)
    .max(5)
    .default([])
    .describe(
      'Keys that `customerKey` has taken the place of, or `false` has. The functions may go on reading with them.',
    ),
  alarmTopicArn: topicArn.optional().describe('SNS topic that the alarms notify. Default: alarms notify nobody.'),
  monitoring: z
    .enum(['minimal', 'full', 'off'])
    .default('minimal')
    .describe(
      '`minimal`: five alarms that tell when somebody must act. `full`: also alarms that name the cause, and the dashboard. `off`: neither.',
    ),
  dashboard: z
    .boolean()
    .optional()
    .describe(
      'Make the dashboard with the timeline, which costs $3 per month. Default: `true` if `monitoring` is `full`.',
    ),
  timeline: timelineSchema
    .optional()
    .describe(
      'The timeline on the dashboard, with the options of a table below. Default: all targets, without a bound.',
    ),
  targetAlarms: flag(
    'Unless `monitoring` is `off`: one more alarm for each configured target that is stale, at $0.30 per month, and one for the case that every run fails, in which those are silent.',
  ),
  tracing: flag('Trace the functions with AWS X-Ray, which costs $5 per million runs.'),
  runbookUrl: text(/^[^\s#]{1,500}$/, 'must be an address without #, of a page with the headings of RUNBOOK.md')
    .default('RUNBOOK.md')
    .describe('Where your people read RUNBOOK.md. The text of each alarm links to its heading there.'),
  logRetentionDays: z
    .literal(LOG_RETENTION_DAYS)
    .default(90)
    .describe('How long log lines are kept. It must be a number of days that CloudWatch offers.'),
  reservedConcurrency: concurrency.describe(
    'How many runs may go on at the same time. Default: as many as the account allows.',
  ),
  // Measured with the bundle: a first run of 2,000 instances holds 140 MB and takes 1 s of processor time. The default
  // is more than that for the processor that comes with the memory.
  memory: z.int().min(256).max(10_240).default(512).describe('Memory of the sync function in MB.'),
  architecture: z
    .enum(['arm64', 'x86_64'])
    .default('arm64')
    .describe(
      'Processor of the functions. Some AWS regions offer `x86_64` only, which costs a quarter more per second.',
    ),
  timeout: span({ atLeast: MINUTE, atMost: 15 * MINUTE, wholly: 1000 })
    .default(5 * MINUTE)
    .describe('How long a run may take. A run that comes close to it ends as `partial` and loses nothing.'),
  extraCaFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      'PEM file with certificate authorities to trust besides the public ones. It is packed with the function.',
    ),
  existingTable: existingTableSchema
    .optional()
    .describe(
      'A table to go on with, restored from a backup or kept from a destroyed stack, with the options of a table below. `roma-history doctor --table` tells whether it is fit. Default: the stack creates one.',
    ),
  vpc: vpcSchema
    .optional()
    .describe('The functions run in this network, with the options of a table below. Default: in that of Lambda.'),
  proxy: z
    .url({ protocol: /^http$/, error: 'must be an http:// address, such as http://proxy.example.com:3128' })
    .optional()
    .describe('A proxy through which the functions reach Huawei Cloud. Default: none.'),
  onDestroy: z
    .enum(['keep', 'delete'])
    .default('keep')
    .describe(
      'What `cdk destroy` does to the table: `keep` it and its protection against deletion, or `delete` it with all history.',
    ),
});

/** A configuration file as it was read: spans of time in milliseconds, defaults filled in. */
export type Config = z.output<typeof configSchema>;
export type TargetConfig = z.output<typeof targetSchema>;
export type SubscriptionConfig = z.output<typeof subscriptionSchema>;
