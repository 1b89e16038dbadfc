import { Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

/** Records, next to the resource, why one finding of a rule pack is meant to be so. */
export function acknowledge(construct: IConstruct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id, reason });
}

/** Allows actions that IAM grants for all resources only, for this reason. */
export function allowEverywhere(
  role: iam.Role,
  sid: string,
  actions: string[],
  reason: string,
  conditions?: iam.PolicyStatementProps['conditions'],
): void {
  role.addToPolicy(new iam.PolicyStatement({ sid, actions, resources: ['*'], conditions }));
  acknowledge(role, 'AwsSolutions-IAM5[Resource::*]', reason);
}
