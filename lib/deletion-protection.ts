import { Duration } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import { AwsCustomResource, AwsCustomResourcePolicy, Logging, PhysicalResourceId } from 'aws-cdk-lib/custom-resources';
import type { Construct, IConstruct } from 'constructs';
import { logGroupOf } from './node-function';

/**
 * Protects a table against deletion in a step of its own, and returns the step: what can fail comes before it. Protected from
 * the start, the table would outlive a first deployment that fails. When the step goes, the table stays protected.
 */
export function protectFromDeletion(scope: Construct, table: ITable): IConstruct {
  const logGroup = logGroupOf(scope);
  const allow = (sid: string, actions: string[], resource: string): iam.PolicyStatement =>
    new iam.PolicyStatement({ sid, actions, resources: [resource] });
  const { node } = new AwsCustomResource(scope, 'Protect', {
    resourceType: 'Custom::DeletionProtection',
    onUpdate: {
      service: 'DynamoDB',
      action: 'UpdateTable',
      parameters: { TableName: table.tableName, DeletionProtectionEnabled: true },
      physicalResourceId: PhysicalResourceId.of('deletion-protection'),
      // A table that a former release protected may be told what it knows; `doctor` looks at the outcome.
      ignoreErrorCodesMatching: 'ValidationException',
      logging: Logging.withDataHidden(),
    },
    role: new iam.Role(scope, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }),
    // Not in the role, because another custom resource of the same stack may have made the function.
    policy: AwsCustomResourcePolicy.fromStatements([
      allow('WriteLog', ['logs:CreateLogStream', 'logs:PutLogEvents'], logGroup.logGroupArn),
      allow('ProtectTable', ['dynamodb:UpdateTable'], table.tableArn),
    ]),
    logGroup,
    installLatestAwsSdk: false,
    serviceTimeout: Duration.minutes(5),
  });
  // This alone waits for what comes before. Its rights are there by then, so that IAM has had its time.
  return node.findChild('Resource');
}
