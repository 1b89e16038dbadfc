import type { Command } from 'commander';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describeError, UsageError } from '../../lambda/core/model/errors';
import type { Io } from './io';
import { DEFAULT_FOLDER } from './store';

type Environment = Io['environment'];

/** The options that say where the history is; the config file names them in the same way. */
const PLACES = ['stack', 'table', 'dynamodbEndpoint', 'local'] as const;
const KEYS = [...PLACES, 'region', 'profile'] as const;
type Place = { [key in (typeof KEYS)[number]]?: string };

const flagOf = (key: string): string => `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
/** A word as a shell must be given it. */
export const quoted = (text: string): string =>
  /^[\w./:@=+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** The flags with which another command finds the same history, such as ` --local` or ` --stack history --region eu-west-1`. */
export const placeFlags = (options: Place): string =>
  KEYS.flatMap((key) => {
    const value = options[key];
    if (value === undefined) return [];
    return key === 'local'
      ? [value === DEFAULT_FOLDER ? '--local' : `--local=${quoted(value)}`]
      : [`${flagOf(key)} ${quoted(value)}`];
  })
    .map((flag) => ` ${flag}`)
    .join('');

/** A text that suggests commands, with the flags of this call in each of them, so that it can be pasted. */
export const hint = (io: Io, text: string): string =>
  text.replaceAll(
    /roma-history (sync|list|log|show|diff|changes|who|uptime|targets list|doctor|report|serve|export|replay|test-subscription)\b(?! --help)/g,
    (command) => command + (io.place ?? ''),
  );

/**
 * Completes the options of a command: from the named environment of the config file, or else from ROMA_HISTORY_STACK or the
 * file's default. What stands on the command line goes first.
 * @throws UsageError when the file or the environment is wrong
 */
export async function completePlace(
  command: Command,
  named: string | undefined,
  environment: Environment,
): Promise<Place> {
  const options: Place = command.opts();
  const hasPlace = PLACES.some((key) => options[key] !== undefined);
  const stack = environment.ROMA_HISTORY_STACK;
  const file = named !== undefined || !(hasPlace || stack) ? await readEnvironments(environment) : undefined;
  const name = named ?? file?.default;
  const found = name === undefined ? undefined : file?.environments[name];
  if (name !== undefined && found === undefined)
    throw new UsageError(
      `there is no environment ${JSON.stringify(name)} in ${configFile(environment)}: ${existsSync(configFile(environment)) ? 'it' : 'the file is not there, and'} names ${Object.keys(file?.environments ?? {}).join(', ') || 'none'}`,
    );
  const more: Place = found ?? (stack && !hasPlace ? { stack } : {});
  for (const key of KEYS)
    if (options[key] === undefined && more[key] !== undefined && !(hasPlace && PLACES.some((place) => place === key)))
      command.setOptionValue(key, more[key]);
  return command.opts();
}

const configFile = ({ XDG_CONFIG_HOME, HOME }: Environment): string =>
  join(XDG_CONFIG_HOME || join(HOME ?? homedir(), '.config'), 'roma-history', 'config.yaml');

async function readEnvironments(environment: Environment) {
  const file = configFile(environment);
  if (!existsSync(file)) return { default: undefined, environments: {} as Record<string, Place> };
  const [{ parse }, { z }] = await Promise.all([import('yaml'), import('zod')]);
  const place = z.strictObject(Object.fromEntries(KEYS.map((key) => [key, z.string().min(1).optional()])));
  const form = z.strictObject({ default: z.string().optional(), environments: z.record(z.string(), place) });
  try {
    return form.parse(parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const reason =
      error instanceof z.ZodError
        ? error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
        : describeError(error);
    throw new UsageError(`${file} is not a list of environments (${reason}): see docs/commands.md`, { cause: error });
  }
}

/**
 * Sets what the AWS SDK reads: the region, which it does not take from AWS_DEFAULT_REGION, and the profile.
 * @throws UsageError when the profile does not exist, which the SDK would report as missing keys or a missing region
 */
export function useAws({ region, profile, local, dynamodbEndpoint }: Place, environment: Environment): void {
  const chosen = region ?? (environment.AWS_REGION || environment.AWS_DEFAULT_REGION);
  if (chosen) process.env.AWS_REGION = chosen;
  if (profile !== undefined) process.env.AWS_PROFILE = profile;
  const name = profile ?? environment.AWS_PROFILE;
  if (!name || local !== undefined || dynamodbEndpoint !== undefined) return;
  const home = environment.HOME ?? homedir();
  const files = [
    environment.AWS_CONFIG_FILE || join(home, '.aws', 'config'),
    environment.AWS_SHARED_CREDENTIALS_FILE || join(home, '.aws', 'credentials'),
  ];
  const sections = files.flatMap((file) =>
    existsSync(file) ? [...readFileSync(file, 'utf8').matchAll(/^\s*\[\s*(?:profile\s+)?"?([^\]"]+?)"?\s*\]/gm)] : [],
  );
  if (!sections.some(([, section]) => section === name))
    throw new UsageError(
      `there is no AWS profile ${JSON.stringify(name)} in ${files.join(' or ')}: check ${profile === undefined ? 'AWS_PROFILE' : '--profile'}`,
    );
}
