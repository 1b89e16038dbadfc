import * as z from 'zod';
import { ATTRIBUTION_MODES, ENV, LIST_APIS, type SyncRequest, UNIT_MS } from './contract';
import { UsageError } from './core/model/errors';
import { parseTarget, type Target } from './core/model/instance';
import { parsedJson } from './core/model/wire-text';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The text `true` or `false`; absent is false. */
const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');
const text = z.string().min(1);
const milliseconds = z.coerce.number().int().min(0);
/** PEM file in the function's own folder. */
const extraCaFile = text.optional();

/**
 * Reads a configuration, field by field, from the variables that ENV names. An empty variable counts as absent.
 * @throws UsageError that names every variable that is missing or malformed, never its value
 */
function readEnvironment<S extends Partial<Record<keyof typeof ENV, z.ZodType>>>(
  schema: z.ZodObject<S>,
  environment: Environment,
): Readonly<z.output<z.ZodObject<S>>> {
  const fields = Object.keys(schema.shape) as (keyof typeof ENV)[];
  const given = fields.map((field) => [field, environment[ENV[field]]]).filter(([, value]) => value !== '');
  const { success, data, error } = schema.safeParse(Object.fromEntries(given));
  if (success) return Object.freeze(data);
  const problems = error.issues.map(({ path, message }) => `${ENV[path[0] as keyof typeof ENV]}: ${message}`);
  throw new UsageError(`the environment is not as expected: ${problems.join('; ')}`);
}

const publishConfig = z.object({
  eventBusName: text,
  failureQueueUrl: z.url({ protocol: /^https?$/ }),
  /** The ordered feed, where there is one. */
  feedTopicArn: text.optional(),
  /** Also publish what was already there when the recording began. */
  publishBaseline: flag,
  tableName: text.optional(),
});
export type PublishConfig = Readonly<z.output<typeof publishConfig>>;

/** @throws UsageError */
export const readPublishConfig = (environment: Environment): PublishConfig =>
  readEnvironment(publishConfig, environment);

/** Where credentials come from. One of the first two must be there. */
const credentials = {
  /** Secrets Manager secret with the credentials of the API. */
  secretArn: text.optional(),
  /** Whom the tokens of the function's own role open. */
  trust: jsonOf(
    z.object({ providerUrn: text, agencyUrn: text, audience: text, stsEndpoint: z.url().optional() }),
    'must be the trust of an OIDC provider as JSON',
  ).optional(),
  /** Begins the name of the sessions in which an agency acts. */
  session: text.optional(),
};
export type CredentialsConfig = Readonly<z.output<z.ZodObject<typeof credentials>>>;

/** @throws UsageError when nothing says where credentials come from */
function withCredentials<T extends CredentialsConfig>(config: T): T {
  if (config.secretArn !== undefined || config.trust !== undefined) return config;
  throw new UsageError(`the environment is not as expected: ${ENV.secretArn} or ${ENV.trust} is needed`);
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

const syncEnvironment = z.object({
  tableName: text,
  ...credentials,
  retentionDays: z.coerce.number().int().min(1).optional(),
  brakeReleaseAfterMs: milliseconds,
  /** A run stops this long before the function's time is over. */
  safetyMarginMs: milliseconds,
  extraCaFile,
  attribution: z.enum(ATTRIBUTION_MODES).optional(),
  /** With the key of the pseudonyms. */
  pseudonymSecretArn: text.optional(),
});
export interface SyncConfig extends Readonly<Omit<z.output<typeof syncEnvironment>, 'retentionDays'>> {
  /** How long superseded versions are kept. @default for ever */
  readonly retentionMs?: number | undefined;
}

/** @throws UsageError */
export function readSyncConfig(environment: Environment): SyncConfig {
  const { retentionDays, ...config } = withCredentials(readEnvironment(syncEnvironment, environment));
  if (config.attribution === 'pseudonymous' && config.pseudonymSecretArn === undefined)
    throw new UsageError(`the environment is not as expected: ${ENV.pseudonymSecretArn} is needed`);
  return Object.freeze({
    ...config,
    retentionMs: retentionDays === undefined ? undefined : retentionDays * UNIT_MS.d,
  });
}

const syncRequestSchema = z.object({
  region: text,
  projectId: text,
  intervalMs: z.number().int().min(UNIT_MS.m),
  statusFilter: text.optional(),
  ignoreFields: z.array(text).optional(),
  api: z.enum(LIST_APIS).optional(),
  endpoint: z.url().optional(),
  iamEndpoint: z.url().optional(),
  ctsEndpoint: z.url().optional(),
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

/** `region/projectId`, separated by commas. */
const targetList = z.string().transform((list, context): readonly Target[] => {
  try {
    return list.split(',').filter(Boolean).map(parseTarget);
  } catch {
    context.addIssue('must be targets such as cn-north-4/106506b9a92342df9a5025fc12351cfc, separated by commas');
    return z.NEVER;
  }
});

/** Without targets, all of the history are drawn. */
const widgetConfig = z.object({ tableName: text, drawnTargets: targetList.optional() });
export type WidgetConfig = Readonly<z.output<typeof widgetConfig>>;

/** @throws UsageError */
export const readWidgetConfig = (environment: Environment): WidgetConfig => readEnvironment(widgetConfig, environment);

const exportConfig = z.object({ tableName: text, exportTo: z.url({ protocol: /^s3$/ }) });
export type ExportConfig = Readonly<z.output<typeof exportConfig>>;

/** @throws UsageError */
export const readExportConfig = (environment: Environment): ExportConfig => readEnvironment(exportConfig, environment);

const scheduleTemplate = z.object({
  functionArn: text,
  roleArn: text,
  deadLetterArn: text,
  intervalMs: z.number().int().min(UNIT_MS.m).multipleOf(UNIT_MS.m),
});
const discoveryConfig = z.object({
  scheduleGroupName: text,
  scheduleTemplate: jsonOf(scheduleTemplate, 'must be a schedule template as JSON'),
  /** Targets that the discovery leaves alone. */
  exclude: targetList.default([]),
  ...credentials,
  /** Left out: that of the public cloud. */
  iamEndpoint: z.url().optional(),
  extraCaFile,
});

export type DiscoveryConfig = Readonly<z.output<typeof discoveryConfig>>;

/** @throws UsageError */
export const readDiscoveryConfig = (environment: Environment): DiscoveryConfig =>
  withCredentials(readEnvironment(discoveryConfig, environment));
