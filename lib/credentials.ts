import { RemovalPolicy, SecretValue, Stack } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { ENV, ID_TOKEN, type OidcTrust } from '../lambda/contract';
import { acknowledge, allowEverywhere } from './acknowledge';
import { grantKey } from './encryption';
import type { NodeFunction } from './node-function';

/** No key to keep: AWS signs a token for the role of the function, and Huawei Cloud gives temporary keys for it. */
export interface OidcCredentials extends OidcTrust {
  /** The only kind there is. */
  readonly type: 'oidc';
}

/** A secret, or a trust agency in its place. */
export interface CredentialsProps {
  /** In place of a secret. @default - a secret */
  readonly oidc?: OidcCredentials | undefined;
  /** Huawei Cloud credentials as JSON. @default - a new secret, to be filled in */
  readonly secret?: secretsmanager.ISecret | undefined;
  /** Encrypts a new secret. @default - a key that AWS owns */
  readonly encryptionKey?: kms.IKey | undefined;
}

/** How the functions open Huawei Cloud: with what one secret holds, or with the tokens of their own roles. */
export class Credentials extends Construct {
  readonly #secret: secretsmanager.ISecret | undefined;
  readonly #trust: OidcTrust | undefined;

  constructor(scope: Construct, id: string, { oidc, secret, encryptionKey }: CredentialsProps) {
    super(scope, id);
    if (oidc === undefined) {
      this.#secret = secret ?? this.create(encryptionKey);
      return;
    }
    if (secret !== undefined) throw new Error('"credentials" and "secret" exclude each other: leave one of them out');
    const { type: _type, ...trust } = oidc;
    this.#trust = trust;
  }

  /** The secret that is read. @throws Error where the credentials are those of a trust agency */
  get secret(): secretsmanager.ISecret {
    if (this.#secret !== undefined) return this.#secret;
    throw new Error('there is no secret: "credentials" opens a trust agency with the tokens of the functions');
  }

  /** Lets a function open Huawei Cloud. */
  grantRead(fn: NodeFunction): void {
    fn.addEnvironment(ENV.session, Stack.of(this).stackName);
    if (this.#trust !== undefined) {
      this.grantToken(fn, this.#trust);
      return;
    }
    this.grantReadOf(fn, this.secret);
    fn.addEnvironment(ENV.secretArn, this.secret.secretArn);
  }

  /** Tokens for this audience alone, as short as they can be used for, in the form that the function asks for. */
  private grantToken(fn: NodeFunction, trust: OidcTrust): void {
    fn.addEnvironment(ENV.trust, JSON.stringify(trust));
    const reason = 'a token has no resource; conditions limit it to one audience';
    allowEverywhere(fn.role, 'SignToken', ['sts:GetWebIdentityToken'], reason, {
      // A request may name several audiences: each must be this one, and there must be one.
      'ForAllValues:StringEquals': { 'sts:IdentityTokenAudience': [trust.audience] },
      Null: { 'sts:IdentityTokenAudience': 'false' },
      StringEquals: { 'sts:SigningAlgorithm': ID_TOKEN.algorithm },
      NumericLessThanEquals: { 'sts:DurationSeconds': String(ID_TOKEN.seconds) },
    });
  }

  /** For a secret that the schedule names, not the environment. IAM compares whole ARNs, which end in six random characters. */
  grantReadOf(fn: NodeFunction, secret: secretsmanager.ISecret): void {
    // No name for the statement: it would have to be unique, in letters and digits, whatever the secrets are called.
    fn.allow(undefined, ['secretsmanager:GetSecretValue'], [secret.secretFullArn ?? `${secret.secretArn}-??????`]);
    grantKey(secret.encryptionKey, fn.role, 'read', 'secretsmanager');
  }

  /** A key of the stack's own: whoever destroys it makes every pseudonym anonymous. */
  grantPseudonyms(fn: NodeFunction, encryptionKey: kms.IKey | undefined): void {
    const secret = new secretsmanager.Secret(this, 'Pseudonyms', {
      description: 'Key of the pseudonyms of those who changed ROMA Connect instances',
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      encryptionKey,
    });
    acknowledge(secret, 'AwsSolutions-SMG4', 'with another key the same person would get another pseudonym');
    this.grantReadOf(fn, secret);
    fn.addEnvironment(ENV.pseudonymSecretArn, secret.secretArn);
  }

  /** An empty object, so that the first run says what is missing instead of failing on a secret without a value. */
  private create(encryptionKey: kms.IKey | undefined): secretsmanager.Secret {
    const secret = new secretsmanager.Secret(this, 'Secret', {
      description:
        'Huawei Cloud credentials as JSON with the names of the environment: HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, or HUAWEICLOUD_SDK_USERNAME, HUAWEICLOUD_SDK_PASSWORD and HUAWEICLOUD_SDK_DOMAIN_NAME',
      secretStringValue: SecretValue.unsafePlainText('{}'),
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      encryptionKey,
    });
    acknowledge(
      secret,
      'AwsSolutions-SMG4',
      'the keys are issued by Huawei Cloud, whose console or API must rotate them; the function reads the secret anew after a run that did not complete, and every 15 minutes',
    );
    return secret;
  }
}
