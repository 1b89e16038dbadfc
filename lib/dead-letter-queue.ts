import { Duration } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge';

/** A queue for what could not be delivered: two weeks to look at it, TLS only, encrypted. */
export function deadLetterQueue(scope: Construct, id: string, encryptionKey: kms.IKey | undefined): sqs.Queue {
  const queue = new sqs.Queue(scope, id, {
    retentionPeriod: Duration.days(14),
    ...queueEncryption(encryptionKey),
  });
  acknowledge(queue, 'AwsSolutions-SQS3', 'it is itself the queue for what could not be delivered');
  return queue;
}

export const queueEncryption = (encryptionKey: kms.IKey | undefined): Partial<sqs.QueueProps> => ({
  enforceSSL: true,
  ...(encryptionKey === undefined
    ? { encryption: sqs.QueueEncryption.SQS_MANAGED }
    : { encryption: sqs.QueueEncryption.KMS, encryptionMasterKey: encryptionKey }),
});
