import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Records, next to the resource, why one finding of a rule pack is meant to be so. */
export function acknowledge(construct: IConstruct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id, reason });
}
