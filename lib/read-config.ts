import { readFileSync } from 'node:fs';
import type * as z from 'zod';
import { hasRoma, ROMA_REGIONS } from '../lambda/contract';
import { type Config, configSchema, targetSchema } from './config';
import { nameOfSubscription } from './subscriptions/name';

/** Everything that is wrong with a configuration, in one message. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** One line each. */
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

/** Checks a configuration. @throws ConfigError that names every problem with its path */
export function parseConfig(input: unknown, source: string): Config {
  const parsed = configSchema.safeParse(input, { reportInput: true });
  const problems = [...(parsed.success ? [] : parsed.error.issues.flatMap(describe)), ...problemsBetween(input)];
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

/** Rules that no single option knows. They look at the raw input, so that they are told beside whatever else is wrong. */
function problemsBetween(input: unknown): string[] {
  const config = (input ?? {}) as Readonly<Record<string, unknown>>;
  const listed = (name: string): readonly Readonly<Record<string, unknown>>[] => {
    const list = config[name];
    return Array.isArray(list) ? list.map((entry: object | null) => ({ ...entry })) : [];
  };
  const discovers = config.discovery === 'daily';
  const nothing = Array.isArray(config.targets) && config.targets.length === 0;
  const excludes = Array.isArray(config.exclude) && config.exclude.length > 0;
  const problems = [
    nothing &&
      !discovers &&
      'targets: must name at least one target, such as { "region": "cn-north-4", "projectId": "…" }, or set "discovery" to "daily"',
    excludes && !discovers && 'exclude: is for the discovery only; set "discovery" to "daily", or leave it out',
    ...repeated(listed('targets').map(({ region, projectId }) => `${String(region)}/${String(projectId)}`)).map(
      ([index, earlier, name]) => `targets[${index}]: ${name} is a target already, see targets[${earlier}]`,
    ),
    ...listed('targets').map(
      ({ region, endpoint }, index) =>
        endpoint === undefined &&
        targetSchema.shape.region.safeParse(region).success &&
        !hasRoma(region as string) &&
        `targets[${index}].region: ${JSON.stringify(String(region).slice(0, 80))} is not one of ${ROMA_REGIONS.join(', ')}, eu-west-1xx; correct it, or give its "endpoint"`,
    ),
    ...repeated(listed('subscriptions').map(nameOfSubscription)).map(
      ([index, earlier, name]) =>
        `subscriptions[${index}].name: "${name}" is the name of subscriptions[${earlier}]; give each a name of its own`,
    ),
  ];
  return problems.filter((problem) => problem !== false);
}

/** What occurs a second time: its place, the place of the first, and what it is. */
const repeated = (names: readonly string[]): [index: number, earlier: number, name: string][] =>
  names.flatMap((name, index) =>
    name.includes('undefined') || names.indexOf(name) === index ? [] : [[index, names.indexOf(name), name]],
  );
