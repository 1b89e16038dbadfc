import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { STSClient, type STSClientConfig } from '@aws-sdk/client-sts';
import type { CredentialsConfig } from './config';
import { CredentialsError } from './core/model/errors';
import { parseCredentials } from './roma/auth/credentials';
import { awsIdToken } from './roma/auth/web-identity';
import type { RomaSourceOptions } from './roma/list/source';

/** Stands for the secret that there is not. */
const NO_SECRET = '';

/** @param readSecret JSON text of a secret; from Secrets Manager by default */
export function credentialsReader(
  { secretArn = '', trust, session }: CredentialsConfig,
  aws: Pick<STSClientConfig, 'credentials' | 'endpoint' | 'maxAttempts' | 'region' | 'requestHandler'>,
  readSecret?: (arn: string) => Promise<string>,
) {
  const secrets = new SecretsManagerClient(aws);
  const read = readSecret ?? (async (arn: string) => secretText(secrets, arn));
  const sts = new STSClient(aws);
  return {
    /** The text of the secret, by which it is known whether it was replaced. @param own a target's own secret */
    read: async (own?: string): Promise<string> =>
      own === undefined && trust !== undefined ? NO_SECRET : read(own ?? secretArn),
    /** @throws CredentialsError */
    options(text: string): Pick<RomaSourceOptions, 'credentials' | 'session' | 'stsEndpoint'> {
      if (text !== NO_SECRET || trust === undefined) return { credentials: parseCredentials(text), session };
      const { providerUrn, agencyUrn, audience, stsEndpoint } = trust;
      const credentials = { kind: 'oidc', providerUrn, agencyUrn, idToken: awsIdToken(sts, audience) } as const;
      return { credentials, session, stsEndpoint };
    },
  };
}

/** @throws CredentialsError for a secret without a value */
async function secretText(client: SecretsManagerClient, arn: string): Promise<string> {
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
  if (SecretString === undefined || SecretString === '') {
    throw new CredentialsError(`the secret ${arn} is empty: put the credentials of Huawei Cloud into it`);
  }
  return SecretString;
}
