import * as z from 'zod';
import { ENV } from './contract';
import { UsageError } from './core/errors';

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
  const feedTopicArn = read[ENV.feedTopicArn];
  return Object.freeze({
    eventBusName: read[ENV.eventBusName],
    failureQueueUrl: read[ENV.failureQueueUrl],
    publishBaseline: read[ENV.publishBaseline],
    ...(feedTopicArn === undefined ? {} : { feedTopicArn }),
  });
}
