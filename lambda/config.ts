import * as z from 'zod';
import { ENV, type OidcTrust, type ScheduleTemplate, type SyncRequest, UNIT_MS } from './contract';
import { UsageError } from './core/model/errors';
import { parseTarget, type Target } from './core/model/instance';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The text `true` or `false`; absent is false. */
const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');
const text = z.string().min(1);

/**
 * Reads an environment once and freezes what it says. An empty variable counts as absent.
 * @throws UsageError that names every variable that is missing or malformed, never its value
 */
export function readEnvironment<T extends object>(schema: z.ZodType<T>, environment: Environment): Readonly<T> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const { success, data, error } = schema.safeParse(given);
  if (success) return Object.freeze(data);
  const problems = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new UsageError(`the environment is not as expected: ${problems.join('; ')}`);
}

const publishEnvironment = z.object({
  [ENV.eventBusName]: text,
  [ENV.failureQueueUrl]: z.url({ protocol: /^https?$/ }),
  [ENV.feedTopicArn]: text.optional(),
  [ENV.publishBaseline]: flag,
});

export interface PublishConfig {
  readonly eventBusName: string;
  readonly failureQueueUrl: string;
  /** The ordered feed. @default none */
  readonly feedTopicArn?: string;
  /** Publish what was already there when the recording began, too. */
  readonly publishBaseline: boolean;
}

/** @throws UsageError */
export function readPublishConfig(environment: Environment): PublishConfig {
  const read = readEnvironment(publishEnvironment, environment);
  return Object.freeze({
    eventBusName: read[ENV.eventBusName],
    failureQueueUrl: read[ENV.failureQueueUrl],
    publishBaseline: read[ENV.publishBaseline],
    feedTopicArn: read[ENV.feedTopicArn],
  });
}

const oidcTrust = z.object({ providerUrn: text, agencyUrn: text, audience: text, stsEndpoint: z.url().optional() });
const credentialsEnvironment = {
  [ENV.secretArn]: text.optional(),
  [ENV.oidcTrust]: jsonOf(oidcTrust, 'must be the trust of an OIDC provider as JSON').optional(),
  [ENV.session]: text.optional(),
};

/** One of the two says where credentials come from. */
export interface CredentialsConfig {
  /** Secrets Manager secret with the credentials of the API. @default none: there is a trust */
  readonly secretArn?: string | undefined;
  /** Whom the tokens of the function's own role open. @default none: there is a secret */
  readonly trust?: OidcTrust | undefined;
  /** Begins the name of the sessions in which an agency acts. */
  readonly session?: string | undefined;
}

function credentialsOf(read: z.output<z.ZodObject<typeof credentialsEnvironment>>): CredentialsConfig {
  const config = { secretArn: read[ENV.secretArn], trust: read[ENV.oidcTrust], session: read[ENV.session] };
  if (config.secretArn !== undefined || config.trust !== undefined) return config;
  throw new UsageError(`the environment is not as expected: ${ENV.secretArn} or ${ENV.oidcTrust} is needed`);
}

/** JSON text of a shape. */
function jsonOf<T>(schema: z.ZodType<T>, problem: string) {
  return z.string().transform((json, context): T => {
    const { success, data } = schema.safeParse(parsedJson(json));
    if (success) return data;
    context.addIssue(problem);
    return z.NEVER;
  });
}

const milliseconds = z.coerce.number().int().min(0);
const syncEnvironment = z.object({
  [ENV.tableName]: text,
  ...credentialsEnvironment,
  [ENV.retentionDays]: z.coerce.number().int().min(1).optional(),
  [ENV.brakeReleaseAfterMs]: milliseconds,
  [ENV.safetyMarginMs]: milliseconds,
  [ENV.extraCaFile]: text.optional(),
});

export interface SyncConfig extends CredentialsConfig {
  readonly tableName: string;
  /** How long superseded versions are kept, in ms. @default for ever */
  readonly retentionMs?: number;
  readonly brakeReleaseAfterMs: number;
  /** A run stops this long before the function's time is over, in ms. */
  readonly safetyMarginMs: number;
  /** PEM file in the function's own folder. @default none */
  readonly extraCaFile?: string;
}

/** @throws UsageError */
export function readSyncConfig(environment: Environment): SyncConfig {
  const read = readEnvironment(syncEnvironment, environment);
  const retentionDays = read[ENV.retentionDays];
  return Object.freeze({
    tableName: read[ENV.tableName],
    ...credentialsOf(read),
    brakeReleaseAfterMs: read[ENV.brakeReleaseAfterMs],
    safetyMarginMs: read[ENV.safetyMarginMs],
    retentionMs: retentionDays === undefined ? undefined : retentionDays * UNIT_MS.d,
    extraCaFile: read[ENV.extraCaFile],
  });
}

const syncRequestSchema = z.object({
  region: text,
  projectId: text,
  intervalMs: z.number().int().min(UNIT_MS.m),
  statusFilter: text.optional(),
  api: z.enum(['v2', 'v3']).optional(),
  endpoint: z.url().optional(),
  iamEndpoint: z.url().optional(),
  secretArn: text.optional(),
});

/**
 * What a schedule, or someone with `aws lambda invoke`, hands to the sync function.
 * @throws UsageError
 */
export function readSyncRequest(event: unknown): SyncRequest {
  const { success, data, error } = syncRequestSchema.safeParse(event);
  if (!success) {
    const problems = error.issues.map(({ path, message }) => `${path.join('.') || 'event'}: ${message}`);
    throw new UsageError(
      `the event is not a sync request such as {"region": "cn-north-4", "projectId": "…", "intervalMs": 300000}: ${problems.join('; ')}`,
    );
  }
  parseTarget(`${data.region}/${data.projectId}`);
  return data;
}

const widgetEnvironment = z.object({ [ENV.tableName]: text });

export interface WidgetConfig {
  readonly tableName: string;
}

/** @throws UsageError */
export const readWidgetConfig = (environment: Environment): WidgetConfig =>
  Object.freeze({ tableName: readEnvironment(widgetEnvironment, environment)[ENV.tableName] });

const scheduleTemplate = z.object({
  functionArn: text,
  roleArn: text,
  deadLetterArn: text,
  intervalMs: z.number().int().min(UNIT_MS.m).multipleOf(UNIT_MS.m),
});
const discoveryEnvironment = z.object({
  [ENV.scheduleGroupName]: text,
  [ENV.scheduleTemplate]: jsonOf(scheduleTemplate, 'must be a schedule template as JSON'),
  [ENV.excludedTargets]: z
    .string()
    .default('')
    .transform((list, context): readonly Target[] => {
      try {
        return list.split(',').filter(Boolean).map(parseTarget);
      } catch {
        context.addIssue('must be targets such as cn-north-4/106506b9a92342df9a5025fc12351cfc, separated by commas');
        return z.NEVER;
      }
    }),
  ...credentialsEnvironment,
  [ENV.iamEndpoint]: z.url().optional(),
  [ENV.extraCaFile]: text.optional(),
});

function parsedJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

export interface DiscoveryConfig extends CredentialsConfig {
  readonly scheduleGroupName: string;
  readonly scheduleTemplate: ScheduleTemplate;
  /** Targets that the discovery leaves alone. */
  readonly exclude: readonly Target[];
  /** @default that of the public cloud */
  readonly iamEndpoint?: string;
  /** PEM file in the function's own folder. @default none */
  readonly extraCaFile?: string;
}

/** @throws UsageError */
export function readDiscoveryConfig(environment: Environment): DiscoveryConfig {
  const read = readEnvironment(discoveryEnvironment, environment);
  return Object.freeze({
    scheduleGroupName: read[ENV.scheduleGroupName],
    scheduleTemplate: read[ENV.scheduleTemplate],
    exclude: read[ENV.excludedTargets],
    ...credentialsOf(read),
    iamEndpoint: read[ENV.iamEndpoint],
    extraCaFile: read[ENV.extraCaFile],
  });
}
