import * as z from 'zod';
import { span } from './span';

/** What may be configured, with defaults. JSON in, checked values out; every problem is reported at once. */

/** One Lambda invocation a run: the stack cannot hold more schedules and alarms than CloudFormation's 500 resources. */
export const MAX_TARGETS = 200;

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

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
  const loopback = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  const bare = url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '';
  return bare && (url.protocol === 'https:' || (url.protocol === 'http:' && loopback));
}

const arn = (service: string, example: string) =>
  z.string().regex(new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]+:\\d{12}:.+`), `must be an ARN such as ${example}`);
const secretArn = z
  .string()
  .regex(
    /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+-[A-Za-z0-9]{6}$/,
    'must be a whole ARN with its six last characters, such as arn:aws:secretsmanager:eu-central-1:123456789012:secret:roma-AbCdEf',
  );
const NO_KEY = 'must be true, false or the ARN of a KMS key';
const ARN_OF_KEY = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/.+/;
const queueArn = arn('sqs', 'arn:aws:sqs:eu-central-1:123456789012:roma-changes');
const topicArn = arn('sns', 'arn:aws:sns:eu-central-1:123456789012:operations');

/** EventBridge Scheduler knows no rate below a minute; over a day, CloudWatch could not watch three runs in a week. */
const every = span({ atLeast: MINUTE, atMost: DAY, wholly: MINUTE });

/** A function has 4 KB for its whole environment. */
const MAX_EXCLUDED_CHARACTERS = 2000;

// The forms of region and project id are those that lambda/core accepts; a test compares them.
const REGION = '[a-z0-9][a-z0-9-]{1,31}';
const PROJECT_ID = '[A-Za-z0-9_-]{16,128}';

export const targetSchema = z.strictObject({
  region: z
    .string()
    .regex(new RegExp(`^${REGION}$`), 'must be a region name such as cn-north-4')
    .describe('Huawei Cloud region, such as `cn-north-4`.'),
  projectId: z
    .string()
    .regex(
      new RegExp(`^${PROJECT_ID}$`),
      'must be 16 to 128 letters, digits, "-" or "_"; find it under My Credentials in the Huawei Cloud console',
    )
    .describe('Project id in that region.'),
  every: every.optional().describe('Time between runs of this target; the default is `every` of the whole stack.'),
  status: z
    .string()
    .regex(/^[A-Z][A-Z_]{1,31}$/, 'must be a status in capitals such as RUNNING')
    .optional()
    .describe('Follow only instances with this status.'),
  api: z
    .enum(['v2', 'v3'])
    .optional()
    .describe('`v2` lists ROMA Connect instances, `v3` all kinds of ROMA instances; the default is `v2`.'),
  endpoint: https.optional().describe('Base address of the API, for clouds that are not built in.'),
  iamEndpoint: https.optional().describe('Base address of the identity service, for clouds that are not built in.'),
  secretArn: secretArn.optional().describe("A secret of this target's own instead of the stack's."),
});

const kinds = z
  .array(z.enum(['created', 'statusChanged', 'updated', 'deleted', 'reappeared', 'baseline']))
  .min(1)
  .optional()
  .describe('Only these kinds of change; the default is all but `baseline`.');

export const subscriptionSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('email'),
    address: z
      .email('must be an e-mail address')
      .describe('Who gets a short text of each change; must be confirmed once.'),
    kinds,
  }),
  z.strictObject({
    type: z.literal('sqs'),
    queueArn: queueArn
      .optional()
      .describe('A queue of yours, whose policy lets EventBridge send. Left out: one is created.'),
    kinds,
  }),
  z.strictObject({
    type: z.literal('webhook'),
    url: z.url({ protocol: /^https$/, error: 'must be an https:// address' }).describe('Where each change is posted.'),
    header: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, 'must be the name of a header')
      .default('X-Api-Key')
      .describe('Header that carries the key.'),
    secretArn: secretArn
      .optional()
      .describe('Secret whose text is the key that the receiver expects. Left out: one is generated.'),
    perSecond: z.int().min(1).max(300).default(10).describe('At most so many requests a second.'),
    kinds,
  }),
]);

export const LOG_RETENTION_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827] as const;

export const configSchema = z.strictObject({
  stackName: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, 'must be letters, digits and "-", at most 64')
    .default('RomaInstanceHistory')
    .describe('Name of the CloudFormation stack.'),
  targets: z
    .array(targetSchema)
    .max(
      MAX_TARGETS,
      `must be at most ${MAX_TARGETS}: a stack holds 500 resources; let "discovery" add the rest, or put it into a second configuration with another "stackName"`,
    )
    .describe('What is kept in sync: regions and projects, with the options of the next table.'),
  discovery: z
    .enum(['off', 'daily'])
    .default('off')
    .describe(
      '`daily`: once a day, also schedule every project of the account that has ROMA Connect; `targets` may then be `[]`.',
    ),
  exclude: z
    .array(
      z
        .string()
        .regex(
          new RegExp(`^${REGION}/${PROJECT_ID}$`),
          'must be a region and a project id, such as cn-north-4/106506b9a92342df9a5025fc12351cfc',
        ),
    )
    .refine(
      (list) => list.join().length <= MAX_EXCLUDED_CHARACTERS,
      `must be at most ${MAX_EXCLUDED_CHARACTERS} characters in all, some forty projects`,
    )
    .default([])
    .describe('Projects that the discovery leaves alone, each as `cn-north-4/<project id>`.'),
  iamEndpoint: https
    .optional()
    .describe('Base address of the identity service that the discovery asks, for clouds other than the public one.'),
  every: every.default(5 * MINUTE).describe('Time between two runs of a target, in whole minutes, `1m` to `1d`.'),
  secretArn: secretArn
    .optional()
    .describe(
      'An existing secret with the Huawei Cloud credentials; if a KMS key of yours encrypts it, let the role of the sync function decrypt. Left out: one is created, empty, for you to fill.',
    ),
  retention: span({ atLeast: DAY, atMost: 36_500 * DAY, wholly: DAY })
    .optional()
    .describe('How long a superseded version is kept, in whole days. Left out: for ever.'),
  brakeReleaseAfter: span({ atLeast: MINUTE, atMost: 365 * DAY })
    .default(DAY)
    .describe('After how long the brake lets an inferred mass deletion pass.'),
  publishBaseline: z.boolean().default(false).describe('Publish what a first run finds, too.'),
  subscriptions: z.array(subscriptionSchema).max(100).default([]).describe('Who is told of changes.'),
  orderedFeed: z.boolean().default(false).describe('Also write every change to an SNS FIFO topic, in order.'),
  archiveRetention: span({ atLeast: DAY, atMost: 3650 * DAY, wholly: DAY })
    .default(30 * DAY)
    .describe('How long the bus keeps events for its own replay, in whole days.'),
  customerKey: z
    .union([z.boolean(), z.string().regex(ARN_OF_KEY, NO_KEY)], NO_KEY)
    .default(false)
    .describe(
      'Encrypt table, secret, queues and topics with a KMS key of yours: `true` makes one, an ARN names one, whose policy must let `events.amazonaws.com` decrypt and generate data keys. Set it before the first deployment.',
    ),
  alarmTopicArn: topicArn.optional().describe('SNS topic that alarms notify. Left out: alarms only change colour.'),
  logRetentionDays: z
    .literal(LOG_RETENTION_DAYS)
    .default(90)
    .describe('How long log lines are kept; one of the numbers of days that CloudWatch offers.'),
  reservedConcurrency: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe('Upper limit of runs at one time. Left out: what the account allows.'),
  // Measured with the bundle: a first run of 2,000 instances holds 140 MB and takes 1 s of processor time. The default
  // is more than that for the processor that comes with the memory.
  memory: z.int().min(256).max(10_240).default(512).describe('Memory of the sync function in MB.'),
  timeout: span({ atLeast: MINUTE, atMost: 15 * MINUTE, wholly: 1000 })
    .default(5 * MINUTE)
    .describe('Longest run. A run that comes near it ends as partial and loses nothing.'),
  extraCaFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      'PEM file with certificate authorities to trust besides the public ones; it is packed with the function.',
    ),
  onDestroy: z
    .enum(['keep', 'delete'])
    .default('keep')
    .describe(
      'What `cdk destroy` does to the table: `keep` it, protected against deletion, or `delete` it with all history.',
    ),
});

export type Config = z.output<typeof configSchema>;
export type TargetConfig = z.output<typeof targetSchema>;
export type SubscriptionConfig = z.output<typeof subscriptionSchema>;
