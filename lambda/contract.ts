/**
 * Names and shapes that must be the same when the app is synthesized (lib) and when it runs (lambda).
 * This file imports nothing, so that both sides can read it without pulling in the other.
 */

/** The one definition of the history table: the construct, the sandbox and the tests all create the table from it. */
export const HISTORY_TABLE = {
  partitionKey: 'pk',
  sortKey: 'sk',
  timeToLive: 'expiresAt',
  /** All attributes that appear in a key are strings. */
  indexes: [
    {
      /** Non-baseline versions by time; see `changesPartition` in dynamodb/table. */
      name: 'changes-by-time',
      partitionKey: 'changesPartition',
      sortKey: 'observedAt',
      /** Whole rows, so that the changes of a span are one query a partition and not one more read a row. */
      projection: 'ALL',
      nonKeyAttributes: [] as string[],
    },
    {
      /** Current items that are neither RUNNING nor deleted, by target, oldest first. */
      name: 'not-running',
      partitionKey: 'notRunning',
      sortKey: 'statusSince',
      projection: 'INCLUDE',
      nonKeyAttributes: [
        'id',
        'name',
        'status',
        'version',
        'observedAt',
        'changedAfter',
        'unobservedSince',
      ] as string[],
    },
  ],
} as const;

/** The form of a region's name, as a pattern without anchors. */
export const REGION_PATTERN = '[a-z0-9][a-z0-9-]{1,31}';
/** The form of a project id. The API documents 16 to 128 characters; real ids are 32 hexadecimal digits. */
export const PROJECT_ID_PATTERN = '[A-Za-z0-9_-]{16,128}';

/** The form of a status. The API answers anything else with an error or an empty list. */
export const STATUS_PATTERN = '[A-Z][A-Z_]{1,31}';

/** The lists of instances. `v2`: GET /v2/{project_id}/instances. `v3`: GET /v3/{project_id}/roma/instances. */
export const LIST_APIS = ['v2', 'v3'] as const;
/** Which list of the API is read: `v2` holds ROMA Connect instances, `v3` all kinds of ROMA instances. */
export type ListApi = (typeof LIST_APIS)[number];

/** Whether the host of an address is this machine. */
export const isLoopback = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);

/** Milliseconds of the units in which a span of time is written, such as `90s`, `5m`, `24h`, `7d`. */
export const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** Reads a span of time such as `5m` as milliseconds; undefined if the text is none. */
export function spanMs(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

/** What a schedule hands to the sync function: one target and how to read it. */
export interface SyncRequest {
  readonly region: string;
  readonly projectId: string;
  /** Time between scheduled runs, in ms. */
  readonly intervalMs: number;
  /** Only instances with this status are followed. */
  readonly statusFilter?: string;
  /** A change of these fields alone is none. */
  readonly ignoreFields?: readonly string[];
  /** @default v2 */
  readonly api?: ListApi;
  /** Base addresses for clouds other than the public one, `https://…` without a path. */
  readonly endpoint?: string;
  readonly iamEndpoint?: string;
  readonly ctsEndpoint?: string;
  /** A secret of this target's own, instead of the function's. */
  readonly secretArn?: string;
}

/** Whether the Cloud Trace Service is asked who made the changes, and how people are kept. */
export const ATTRIBUTION_MODES = ['off', 'on', 'pseudonymous'] as const;
/** Whether the Cloud Trace Service is asked who made each change, and what is kept of people. */
export type AttributionMode = (typeof ATTRIBUTION_MODES)[number];

/** What the schedules of discovered targets have in common; handed to the discovery function as JSON. */
export interface ScheduleTemplate {
  /** The sync function. */
  readonly functionArn: string;
  /** The role with which EventBridge Scheduler invokes it. */
  readonly roleArn: string;
  /** Queue for what could not be delivered. */
  readonly deadLetterArn: string;
  /** Time between two runs, in ms: whole minutes. */
  readonly intervalMs: number;
}

/** The names of discovered schedules begin with this, and those of the stack do not. The function may touch no others. */
export const DISCOVERED_PREFIX = 'discovered.';

/**
 * The name of the schedule of a target: at most 64 characters, and still unique where region and project id are longer.
 * @param sha256 gives the digest of a text in hexadecimal. The caller brings it, because this file imports nothing
 */
export function scheduleName(
  { region, projectId }: Pick<SyncRequest, 'region' | 'projectId'>,
  sha256: (text: string) => string,
  prefix = '',
): string {
  const name = `${prefix}${region}_${projectId}`;
  return name.length <= 64 ? name : `${name.slice(0, 51)}-${sha256(name).slice(0, 12)}`;
}

/** What the schedules of all targets have in common, those of the stack and discovered ones. */
export function scheduleSettings({ region, projectId, intervalMs }: SyncRequest) {
  const minutes = intervalMs / UNIT_MS.m;
  return {
    description: `Sync of ${region}/${projectId}`,
    /** Spreads many targets over the interval; the gap threshold of 2.5 intervals leaves room for it. 0 is no window. */
    windowMinutes: Math.min(Math.floor(minutes / 4), 15),
    retryAttempts: 3,
    /** By then the next run begins, which does what a late one would. */
    maxAgeSeconds: minutes * 60,
  };
}

/** Raised when rows change in a way that older readers cannot read; every item carries it. */
export const SCHEMA_VERSION = 1;

/** Environment of the functions, by the fields that `lambda/config` reads from it. The constructs set exactly these. */
export const ENV = {
  tableName: 'HISTORY_TABLE_NAME',
  secretArn: 'CREDENTIALS_SECRET_ARN',
  /** In place of a secret: an OidcTrust as JSON. */
  trust: 'OIDC_TRUST',
  /** Begins the name of the sessions in which an agency acts. */
  session: 'SESSION_NAME',
  eventBusName: 'EVENT_BUS_NAME',
  feedTopicArn: 'FEED_TOPIC_ARN',
  publishBaseline: 'PUBLISH_BASELINE',
  /** Queue of the publisher: stream records and events that cannot be published are put there with the reason. */
  failureQueueUrl: 'FAILURE_QUEUE_URL',
  retentionDays: 'RETENTION_DAYS',
  brakeReleaseAfterMs: 'BRAKE_RELEASE_AFTER_MS',
  safetyMarginMs: 'SAFETY_MARGIN_MS',
  extraCaFile: 'EXTRA_CA_FILE',
  /** `on` or `pseudonymous`; absent: nobody is asked who made the changes. */
  attribution: 'ATTRIBUTION',
  /** Secret whose text is the key of the pseudonyms. */
  pseudonymSecretArn: 'PSEUDONYM_SECRET_ARN',
  scheduleGroupName: 'SCHEDULE_GROUP_NAME',
  /** A ScheduleTemplate as JSON. */
  scheduleTemplate: 'SCHEDULE_TEMPLATE',
  /** Targets that the discovery leaves alone, `region/projectId`, separated by commas. */
  exclude: 'EXCLUDED_TARGETS',
  /** The only targets that the timeline widget draws, written the same way. */
  drawnTargets: 'DRAWN_TARGETS',
  /** Base address of the identity service that the discovery asks. */
  iamEndpoint: 'IAM_ENDPOINT',
  /** Where the scheduled export writes, `s3://bucket/prefix/`. */
  exportTo: 'EXPORT_TO',
} as const;

/** What made a version. `baseline`: it was first seen before the first run of the target had completed. */
export const CHANGE_KINDS = ['baseline', 'created', 'statusChanged', 'updated', 'deleted', 'reappeared'] as const;
/** What happened to an instance; `baseline` is what a first run finds. */
export type ChangeKind = (typeof CHANGE_KINDS)[number];

export const EVENT_SOURCE = 'roma.instance-history';

/** EventBridge detail-type of each kind of change. */
export const DETAIL_TYPE = {
  baseline: 'ROMA Instance Baseline',
  created: 'ROMA Instance Created',
  statusChanged: 'ROMA Instance Status Changed',
  updated: 'ROMA Instance Updated',
  deleted: 'ROMA Instance Deleted',
  reappeared: 'ROMA Instance Reappeared',
} as const satisfies Record<ChangeKind, string>;

/** What a test of a subscription is sent as: no rule but that of the subscription matches it. */
export const TEST_EVENT = { source: 'roma.instance-history.test', detailType: 'ROMA Instance Test' } as const;

/** Describes the rules of a subscription, by which the commands find them. */
export const subscriptionRule = (name: string): string => `Changes of ROMA Connect instances for ${name}`;

/** EventBridge detail-type of the event that tells who made a change, after the change itself. */
export const ATTRIBUTED_DETAIL_TYPE = 'ROMA Instance Change Attributed';

export const METRIC_NAMESPACE = 'RomaInstanceHistory';

/**
 * CloudWatch metrics (EMF): the functions emit exactly these, and only when an alarm has something to see, because a
 * series is paid for by the hour in which it has a value. All other numbers are in the log lines.
 */
export const METRIC = {
  /** Of a run that did not complete: intervals since the last one that did. */
  intervalsSinceCompleted: 'IntervalsSinceCompletedRun',
  /** The same by target, from the log lines, where each target has an alarm of its own. */
  intervalsOfTarget: 'IntervalsSinceCompletedRunOfTarget',
  /** Runs whose brake holds deletions. */
  brakeHeld: 'BrakeHeld',
  recordsRejected: 'RecordsRejected',
  /** Plus one for each change that was recorded, minus one for each that was published, both at the same time. */
  changesUnpublished: 'ChangesUnpublished',
  /** Of the function that looks for projects, once a discovery. */
  discovery: {
    completed: 'DiscoveriesCompleted',
    /** Schedules that are paused because their project is no longer shown, also those of earlier days. */
    vanished: 'ProjectsVanished',
  },
} as const;

/** A target whose last completed run lies so many intervals back is stale: as long as a gap in its history is. */
export const STALE_INTERVALS = 2.5;
/** So long after its observation a change counts as unpublished, in ms: the publisher has had time by then. */
export const PUBLISH_WITHIN_MS = 600_000;

/** The dimension of the metrics: the name of the function that emits, or of the table for what two functions count. */
export const METRIC_DIMENSION = { service: 'service' } as const;

/** How the keys of current items begin, for the filter on the stream; `dynamodb/table` builds them. */
export const CURRENT_ITEM_PREFIX = { partitionKey: 'TARGET#', sortKey: 'INSTANCE#' } as const;

/** The same of the items that tell who made a change. */
export const ATTRIBUTION_ITEM_PREFIX = { partitionKey: 'INSTANCE#', sortKey: 'ATTRIBUTION#' } as const;

/** Outputs of the stack. `roma-history --stack NAME` finds the table by them. */
export const OUTPUT = {
  tableName: 'HistoryTableName',
  eventBusName: 'EventBusName',
  feedTopicArn: 'FeedTopicArn',
  secretArn: 'CredentialsSecretArn',
  /** Subjects of the tokens, where there is no secret. */
  syncRoleArn: 'SyncRoleArn',
  discoveryRoleArn: 'DiscoveryRoleArn',
  syncFunctionName: 'SyncFunctionName',
  publishFunctionName: 'PublishFunctionName',
  dashboardUrl: 'DashboardUrl',
} as const;

/** Regions with ROMA Connect, by Huawei's SDKs (Go, Python) and, for the last one, its own API reference. */
export const ROMA_REGIONS = [
  'cn-north-1',
  'cn-north-4',
  'cn-east-2',
  'cn-east-3',
  'cn-south-1',
  'ap-southeast-1',
  'ap-southeast-3',
  'ru-northwest-2',
  'ae-ad-1',
] as const;

/** URN of a trust agency, `iam::<account id>:agency:<name>`; the name may have a path before it. */
export const AGENCY_URN = /^iam::([\w-]+):agency:([\w+=,.@/-]+)$/;
/** URN of an OIDC provider, `iam::<account id>:oidcProvider:<name>`. */
export const PROVIDER_URN = /^iam::[\w-]+:oidcProvider:[\w-]+$/;

/** Whose token opens which agency, without any key: what the functions get instead of a secret. */
export interface OidcTrust {
  /** `iam::<account id>:oidcProvider:<name>` */
  readonly providerUrn: string;
  /** `iam::<account id>:agency:<name>` */
  readonly agencyUrn: string;
  /** For whom AWS signs the tokens: a client id of the provider. */
  readonly audience: string;
  /** Base address of STS. @default the public cloud's */
  readonly stsEndpoint?: string | undefined;
}

/** What AWS signs for the functions, and what their roles allow; it is exchanged at once. */
export const ID_TOKEN = { algorithm: 'RS256', seconds: 300 } as const;

/** Regions of the European cloud. */
export const EUROPEAN_REGION = /^eu-west-1\d{2}$/;

/** Whether the addresses of a region are built in. */
export const hasRoma = (region: string): boolean =>
  (ROMA_REGIONS as readonly string[]).includes(region) || EUROPEAN_REGION.test(region);
