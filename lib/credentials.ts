import { RemovalPolicy, SecretValue } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { ENV } from '../lambda/contract';
import { acknowledge } from './acknowledge';
import { grantKey } from './encryption';
import type { NodeFunction } from './node-function';

export interface CredentialsProps {
  /** @default - a new secret, to be filled in */
  readonly secret?: secretsmanager.ISecret | undefined;
  readonly encryptionKey?: kms.IKey | undefined;
}

/** The one secret with the Huawei Cloud credentials. */
export class Credentials extends Construct {
  readonly secret: secretsmanager.ISecret;

  constructor(scope: Construct, id: string, props: CredentialsProps) {
    super(scope, id);
    this.secret = props.secret ?? this.create(props.encryptionKey);
  }

  grantRead(fn: NodeFunction): void {
    this.grantReadOf(fn, this.secret);
    fn.addEnvironment(ENV.secretArn, this.secret.secretArn);
  }

  /** For a secret that the schedule names, not the environment. IAM compares whole ARNs, which end in six random characters. */
  grantReadOf(fn: NodeFunction, secret: secretsmanager.ISecret): void {
    // No name for the statement: it would have to be unique, in letters and digits, whatever the secrets are called.
    fn.allow(undefined, ['secretsmanager:GetSecretValue'], [secret.secretFullArn ?? `${secret.secretArn}-??????`]);
    grantKey(secret.encryptionKey, fn.role, 'read');
  }

  /** An empty object, so that the first run says what is missing instead of failing on a secret without a value. */
  private create(encryptionKey: kms.IKey | undefined): secretsmanager.Secret {
    const secret = new secretsmanager.Secret(this, 'Secret', {
      description:
        'Huawei Cloud credentials as JSON with the names of the environment: HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, or HUAWEICLOUD_SDK_USERNAME, HUAWEICLOUD_SDK_PASSWORD and HUAWEICLOUD_SDK_DOMAIN_NAME',
      secretStringValue: SecretValue.unsafePlainText('{}'),
      removalPolicy: RemovalPolicy.RETAIN,
      ...(encryptionKey === undefined ? {} : { encryptionKey }),
    });
    acknowledge(
      secret,
      'AwsSolutions-SMG4',
      'the keys are issued by Huawei Cloud, whose console or API must rotate them; the function reads the secret anew after a run that did not complete, and every 15 minutes',
    );
    return secret;
  }
}
