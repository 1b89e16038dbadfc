import { readFileSync } from 'node:fs';
import type * as z from 'zod';
import { hasRoma, ROMA_REGIONS } from '../lambda/contract';
import { type Config, configSchema, targetSchema } from './config';
import { nameOfSubscription } from './subscriptions/name';

/** Everything that is wrong with a configuration, in one message. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(source: string, problems: readonly string[]) {
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    super(`the configuration in ${source} has ${count}:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/**
 * Reads what `cdk.json` or `-c config=…` says: the configuration itself, or the name of a JSON file that holds it.
 * @throws ConfigError
 */
export function readConfig(context: unknown): Config {
  if (context === undefined) {
    throw new ConfigError('cdk.json', ['context.config: is missing; give it there or by -c config=FILE']);
  }
  if (typeof context !== 'string') return parseConfig(context, 'cdk.json (context.config)');
  let text: string;
  try {
    text = readFileSync(context, 'utf8');
  } catch (error) {
    throw new ConfigError(context, [`the file cannot be read: ${(error as Error).message}`]);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ConfigError(context, [`the file is not JSON: ${(error as Error).message}`]);
  }
  return parseConfig(json, context);
}

/** @throws ConfigError that names every problem with its path */
export function parseConfig(input: unknown, source: string): Config {
  const parsed = configSchema.safeParse(input, { reportInput: true });
  const problems = [
    ...(parsed.success ? [] : parsed.error.issues.flatMap(describe)),
    ...nothingToSync(input),
    ...nothingToExclude(input),
    ...duplicateTargets(input),
    ...regionsWithoutAddress(input),
    ...duplicateNames(input),
    ...elsewhere(input),
  ];
  if (!parsed.success || problems.length > 0) throw new ConfigError(source, problems);
  return parsed.data;
}

const pathText = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '') || '(whole)';

function describe(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${pathText([...issue.path, key])}: is no known option`);
  }
  if (issue.code === 'invalid_type' && issue.input === undefined) return [`${pathText(issue.path)}: is missing`];
  return [`${pathText(issue.path)}: ${issue.message}`];
}

function nothingToSync(input: unknown): string[] {
  const { targets, discovery } = (input ?? {}) as { targets?: unknown; discovery?: unknown };
  if (!Array.isArray(targets) || targets.length > 0 || discovery === 'daily') return [];
  return [
    'targets: must name at least one target, such as { "region": "cn-north-4", "projectId": "…" }, or set "discovery" to "daily"',
  ];
}

function nothingToExclude(input: unknown): string[] {
  const { exclude, discovery } = (input ?? {}) as { exclude?: unknown; discovery?: unknown };
  if (!Array.isArray(exclude) || exclude.length === 0 || discovery === 'daily') return [];
  return ['exclude: is for the discovery only; set "discovery" to "daily", or leave it out'];
}

/** Looks at the raw input, so that duplicates are reported beside whatever else is wrong. */
function duplicateTargets(input: unknown): string[] {
  const targets: unknown = (input as { targets?: unknown } | null)?.targets;
  if (!Array.isArray(targets)) return [];
  const first = new Map<string, number>();
  return targets.flatMap((target: { region?: unknown; projectId?: unknown } | null, index) => {
    if (typeof target?.region !== 'string' || typeof target.projectId !== 'string') return [];
    const name = `${target.region}/${target.projectId}`;
    const earlier = first.get(name);
    if (earlier !== undefined) return [`targets[${index}]: ${name} is a target already, see targets[${earlier}]`];
    first.set(name, index);
    return [];
  });
}

/** A region that is not built in is fine with an address; without one, every run of it would fail. */
function regionsWithoutAddress(input: unknown): string[] {
  const targets: unknown = (input as { targets?: unknown } | null)?.targets;
  if (!Array.isArray(targets)) return [];
  return targets.flatMap((target: { region?: unknown; endpoint?: unknown } | null, index) =>
    typeof target?.region !== 'string' ||
    !targetSchema.shape.region.safeParse(target.region).success ||
    target.endpoint !== undefined ||
    hasRoma(target.region)
      ? []
      : [
          `targets[${index}].region: ${JSON.stringify(target.region.slice(0, 80))} is not one of ${ROMA_REGIONS.join(', ')}, eu-west-1xx; correct it, or give its "endpoint"`,
        ],
  );
}

function duplicateNames(input: unknown): string[] {
  const subscriptions: unknown = (input as { subscriptions?: unknown } | null)?.subscriptions;
  if (!Array.isArray(subscriptions)) return [];
  const names = subscriptions.map((one: object | null, index) => nameOfSubscription(one ?? {}, index));
  return names.flatMap((name, index) => {
    const earlier = names.indexOf(name);
    return earlier === index
      ? []
      : [
          `subscriptions[${index}].name: "${name}" is the name of subscriptions[${earlier}]; give each a name of its own`,
        ];
  });
}

/** What the stack works with must lie in its region: rules, alarms and the clients of the functions reach no other. */
function elsewhere(input: unknown): string[] {
  const config = (input ?? {}) as Record<string, unknown>;
  const listed = (name: string, property: string): [string, unknown][] => {
    const list = config[name];
    if (!Array.isArray(list)) return [];
    return list.map((entry: Record<string, unknown> | null, index) => [
      `${name}[${index}].${property}`,
      entry?.[property],
    ]);
  };
  const found = [
    ...['secretArn', 'customerKey', 'alarmTopicArn'].map((name) => [name, config[name]] as [string, unknown]),
    ...listed('targets', 'secretArn'),
    ...listed('subscriptions', 'queueArn'),
    ...listed('subscriptions', 'secretArn'),
  ].flatMap(([path, arn]) => {
    const region = typeof arn === 'string' ? arn.split(':')[3] : undefined;
    return region === undefined ? [] : [{ path, region }];
  });
  const pinned = (config.env as { region?: unknown } | undefined)?.region;
  const here = typeof pinned === 'string' ? { path: 'env.region', region: pinned } : found[0];
  return found.flatMap(({ path, region }) =>
    region === here?.region
      ? []
      : [`${path}: lies in ${region}, but ${here?.path} says ${here?.region}; use one of the region of the stack`],
  );
}
