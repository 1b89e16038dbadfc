import type * as iam from 'aws-cdk-lib/aws-iam';
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
  /** Sending to a queue or a topic. */
  send: ['kms:Decrypt', 'kms:GenerateDataKey'],
} as const;

/** Lets a role use what the key encrypts; without a key there is nothing to allow. */
export function grantKey(key: kms.IKey | undefined, role: iam.IRole, use: keyof typeof ACTIONS): void {
  key?.grant(role, ...ACTIONS[use]);
}
