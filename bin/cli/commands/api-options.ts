import { type Command, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { LIST_APIS, type ListApi } from '../../../lambda/contract';
import { describeError, UsageError } from '../../../lambda/core/model/errors';
import { type Credentials, credentialsFromEnvironment } from '../../../lambda/roma/auth/credentials';
import type { EndpointOverrides } from '../../../lambda/roma/http/endpoints';
import { createRomaSource, type RomaSource } from '../../../lambda/roma/list/source';
import type { Io } from '../io';

/** How the ROMA Connect API is reached. */
export interface ApiOptions extends EndpointOverrides {
  readonly api?: ListApi;
  readonly extraCa?: string;
}

export const withApiOptions = (command: Command): Command =>
  command
    .option(
      '--endpoint <url>',
      'base address of ROMA Connect, for other clouds (default: the public one of the region)',
    )
    .option('--iam-endpoint <url>', 'base address of IAM')
    .option('--sts-endpoint <url>', 'base address of STS')
    .option('--cts-endpoint <url>', 'base address of the Cloud Trace Service')
    .addOption(new Option('--api <version>', 'the version of the list to read').choices(LIST_APIS))
    .option('--extra-ca <file>', 'PEM certificates to trust besides the usual ones');

/**
 * The API with the credentials of the environment.
 * @throws CredentialsError when there are none or they contradict each other
 */
export function openApi(
  io: Io,
  options: ApiOptions,
  credentials: Credentials = credentialsFromEnvironment(io.environment),
): RomaSource {
  const { api, endpoint, iamEndpoint, stsEndpoint, ctsEndpoint } = options;
  const extraCa = options.extraCa === undefined ? undefined : readCa(options.extraCa);
  const where = { api, endpoint, iamEndpoint, stsEndpoint, ctsEndpoint, extraCa };
  return createRomaSource({ ...where, credentials, clock: io.clock, random: Math.random });
}

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--extra-ca ${JSON.stringify(file)} cannot be read: ${describeError(error)}`, {
      cause: error,
    });
  }
}
