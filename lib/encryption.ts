import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';

/**
 * What a service does with a customer key in the name of its caller. The constructs' own grants are not used: they
 * allow `kms:ReEncrypt*` and `kms:GenerateDataKey*`.
 */
const ACTIONS = {
  /** Reading a table, a stream or a secret. */
  read: ['kms:Decrypt', 'kms:DescribeKey'],
  /** Writing a table. */
  write: [
    'kms:Decrypt',
    'kms:DescribeKey',
    'kms:Encrypt',
    'kms:GenerateDataKey',
    'kms:ReEncryptFrom',
    'kms:ReEncryptTo',
  ],
  /** Sending to a queue, a topic or a bucket. */
  send: ['kms:Decrypt', 'kms:GenerateDataKey'],
} as const;

/** Lets somebody use what the key encrypts, through one service only; without a key there is nothing to allow. */
export function grantKey(
  key: kms.IKey | undefined,
  { grantPrincipal }: iam.IGrantable,
  use: keyof typeof ACTIONS,
  service: 'dynamodb' | 's3' | 'secretsmanager' | 'sns' | 'sqs',
): void {
  if (key === undefined) return;
  const { region, urlSuffix } = Stack.of(key);
  grantPrincipal.addToPrincipalPolicy(
    new iam.PolicyStatement({
      actions: [...ACTIONS[use]],
      resources: [key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `${service}.${region}.${urlSuffix}` } },
    }),
  );
}
