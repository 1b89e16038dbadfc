import { Aws, CfnMapping } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Where the AWS console of the partition is: a region and a dot go before it. */
export function consoleHost(scope: Construct): string {
  const mapping = {
    aws: { host: 'console.aws.amazon.com' },
    'aws-cn': { host: 'console.amazonaws.cn' },
    'aws-us-gov': { host: 'console.amazonaws-us-gov.com' },
  };
  const found = scope.node.tryFindChild('Console') as CfnMapping | undefined;
  return (found ?? new CfnMapping(scope, 'Console', { mapping })).findInMap(Aws.PARTITION, 'host');
}
