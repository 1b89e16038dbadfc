import { EventBridgeClient, ListRulesCommand, type Rule } from '@aws-sdk/client-eventbridge';
import type { Command } from 'commander';
import { ENV, OUTPUT, subscriptionRule } from '../../lambda/contract';
import { NotFoundError, UsageError } from '../../lambda/core/model/errors';
import { loopbackConfig } from '../../lambda/dynamodb/client';
import type { AwsClientConfig } from '../../lambda/wire';
import type { Io } from './io';
import { regionProblem, stackOutput } from './stack';
import { isLoopback } from './store';

/** The options by which a command says where the bus is. */
export interface BusOptions {
  readonly stack?: string;
  readonly bus?: string;
  readonly eventsEndpoint?: string;
}

export const withBusOptions = (command: Command): Command =>
  command
    .option('--bus <name>', `the event bus (default: that of --stack, else $${ENV.eventBusName})`)
    .option('--events-endpoint <url>', 'an endpoint of the bus and the feed other than the AWS region');

/** What events are sent to, by the option that names it, and how it is called in outputs and in the environment. */
const SINKS = { bus: ['event bus', 'eventBusName'], topic: ['feed topic', 'feedTopicArn'] } as const;

/** @throws UsageError where neither the option, nor the stack, nor the environment names it */
export async function sinkOf(
  io: Io,
  options: BusOptions & { readonly topic?: string },
  option: keyof typeof SINKS,
): Promise<string> {
  const { stack, [option]: given } = options;
  const [what, name] = SINKS[option];
  const deployed = async () => (stack === undefined ? io.environment[ENV[name]] : stackOutput(stack, OUTPUT[name]));
  const found = given ?? (await deployed());
  if (found) return found;
  throw new UsageError(`no ${what} is named: give --${option}, --stack or $${ENV[name]}`);
}

export function awsOf({ eventsEndpoint }: BusOptions): AwsClientConfig {
  if (eventsEndpoint === undefined) return {};
  return isLoopback(eventsEndpoint, '--events-endpoint', 4010)
    ? loopbackConfig(eventsEndpoint)
    : { endpoint: eventsEndpoint };
}

/** @throws UsageError where no AWS region is set, or no bus is named */
export async function withBus(
  io: Io,
  options: BusOptions,
  use: (client: EventBridgeClient, bus: string) => Promise<void>,
): Promise<void> {
  const bus = await sinkOf(io, options, 'bus');
  const client = new EventBridgeClient(awsOf(options));
  try {
    await client.config.region();
    await use(client, bus);
  } catch (error) {
    throw regionProblem(error) ?? error;
  } finally {
    client.destroy();
  }
}

export async function rulesOn(client: EventBridgeClient, bus: string): Promise<readonly Rule[]> {
  const all: Rule[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(new ListRulesCommand({ EventBusName: bus, NextToken }));
    all.push(...(page.Rules ?? []));
    ({ NextToken } = page);
  } while (NextToken !== undefined);
  return all;
}

/**
 * The rules that deliver to a subscription. PagerDuty has two.
 * @throws NotFoundError when there is none
 */
export async function rulesOf(client: EventBridgeClient, bus: string, subscription: string): Promise<Rule[]> {
  const all = await rulesOn(client, bus);
  const rules = all.filter(({ Description }) => Description === subscriptionRule(subscription));
  if (rules.length > 0) return rules;
  const prefix = subscriptionRule('');
  const names = new Set(all.flatMap(({ Description = '' }) => Description.split(prefix).slice(1)));
  throw new NotFoundError(
    `the bus ${bus} has no subscription ${JSON.stringify(subscription)}: it has ${[...names].join(', ') || 'none'}`,
  );
}
