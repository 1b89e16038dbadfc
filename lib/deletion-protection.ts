import { Duration } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import { AwsCustomResource, AwsCustomResourcePolicy, Logging, PhysicalResourceId } from 'aws-cdk-lib/custom-resources';
import { Construct, type IConstruct, type IDependable } from 'constructs';
import { logGroupOf } from './node-function';

/**
 * Protects a table against deletion in a step of its own. Protected from the start, the table would outlive a first
 * deployment that fails. Nothing happens when this part goes: the table stays protected.
 */
export class DeletionProtection extends Construct {
  private readonly step: IConstruct;

  constructor(scope: Construct, id: string, table: ITable) {
    super(scope, id);
    const logGroup = logGroupOf(this);
    const statement = (sid: string, actions: string[], resource: string): iam.PolicyStatement =>
      new iam.PolicyStatement({ sid, actions, resources: [resource] });
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: 'Protects the history against deletion',
    });
    role.addToPolicy(statement('WriteLog', ['logs:CreateLogStream', 'logs:PutLogEvents'], logGroup.logGroupArn));
    const { node } = new AwsCustomResource(this, 'Protect', {
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
      role,
      // Beside the role, because another custom resource of the same stack may have made the function.
      policy: AwsCustomResourcePolicy.fromStatements([
        statement('ProtectTable', ['dynamodb:UpdateTable'], table.tableArn),
      ]),
      logGroup,
      installLatestAwsSdk: false,
      serviceTimeout: Duration.minutes(5),
    });
    this.step = node.findChild('Resource');
  }

  /** To be called with whatever can fail. Only the step waits: what it needs is there by then, so IAM has had its time. */
  waitFor(...parts: readonly IDependable[]): void {
    this.step.node.addDependency(...parts);
  }
}
