import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { readFileSync } from 'node:fs';
import type { DiscoveryConfig } from './config';
import { discover, type DiscoveryResult } from './core/discovery/discovery';
import type { Target } from './core/model/instance';
import { chooseTargets } from './roma/auth/projects';
import { createRomaSource } from './roma/list/source';
import { scheduleGroup } from './scheduler/schedule-group';
import { createTelemetry, telling } from './telemetry';
import { type AwsClientConfig, type Overrides, systemPorts } from './wire';
import { credentialsReader } from './wire-credentials';

/** Enough attempts to sit out the throttling of a group that is filled for the first time. */
const awsConfig = (aws: AwsClientConfig) => ({
  maxAttempts: 6,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  ...aws,
});

/** Keeps the schedule group equal to what the account shows. It runs once per day, so nothing is kept between runs. */
export function wireDiscovery(
  config: DiscoveryConfig,
  overrides: Overrides<'discovery'> = {},
): () => Promise<Readonly<Record<keyof DiscoveryResult, number>>> {
  const { aws = {}, telemetry = createTelemetry() } = overrides;
  const group = scheduleGroup(new SchedulerClient(awsConfig(aws)), config.scheduleGroupName);
  const reader = credentialsReader(config, awsConfig(aws));
  const extraCa = config.extraCaFile === undefined ? undefined : readFileSync(config.extraCaFile, 'utf8');

  return telling(telemetry, 'the discovery was not completed', async () => {
    const { clock, random } = systemPorts;
    const { iamEndpoint, scheduleTemplate: template, exclude } = config;
    const access = reader.options(await reader.read());
    const source = createRomaSource({ ...access, clock, random, iamEndpoint, extraCa });
    try {
      const targets = async (): Promise<readonly Target[]> => chooseTargets(await source.projects()).targets;
      const result = await discover({ targets, group, template, exclude });
      telemetry.discovery(result);
      if (result.failed.length > 0) {
        throw new Error(`${result.failed.length} schedules are not as they should be: ${result.failed[0]}`);
      }
      const counts = Object.entries(result).map(([name, of]) => [name, typeof of === 'number' ? of : of.length]);
      // Names are in the log: an answer may have no more than some megabytes.
      return Object.fromEntries(counts) as Record<keyof DiscoveryResult, number>;
    } finally {
      await source.close();
    }
  });
}
