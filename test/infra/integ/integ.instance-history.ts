import { ExpectedResult, IntegTest, Match } from '@aws-cdk/integ-tests-alpha';
import { App, Duration, RemovalPolicy, SecretValue, Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { SyncRequest } from '../../../lambda/contract';
import { key } from '../../../lambda/dynamodb/table';
import { InstanceHistory } from '../../../lib';

/**
 * For integ-runner and a real AWS account; CONTRIBUTING says how. It needs no account of Huawei Cloud: its one target has an
 * address that no name server knows (RFC 2606), so that a run fails in a way that is known beforehand.
 */
const target = { region: 'cn-north-4', projectId: 'integ-test-of-roma-instance-history' };
const nowhere = { endpoint: 'https://roma.invalid', iamEndpoint: 'https://iam.invalid' };
const every = Duration.hours(1);
const noKeys = SecretValue.unsafePlainText('INTEGRATIONTESTKEY00');

const app = new App();
const stack = new Stack(app, 'RomaHistoryInteg');
const secret = new Secret(stack, 'Keys', {
  secretObjectValue: { HUAWEICLOUD_SDK_AK: noKeys, HUAWEICLOUD_SDK_SK: noKeys },
  removalPolicy: RemovalPolicy.DESTROY,
});
const { sync, table } = new InstanceHistory(stack, 'RomaHistory', {
  targets: [{ ...target, ...nowhere }],
  every,
  secret,
  timeout: Duration.minutes(1),
  deleteTableWithStack: true,
});

const { assertions } = new IntegTest(app, 'InstanceHistory', { testCases: [stack], diffAssets: false });
const request: SyncRequest = { ...target, ...nowhere, intervalMs: every.toMilliseconds() };
const run = assertions.invokeFunction({
  functionName: sync.function.fn.functionName,
  payload: JSON.stringify(request),
});
run.expect(
  ExpectedResult.objectLike({
    FunctionError: 'Unhandled',
    Payload: Match.stringLikeRegexp(
      'RUN_FAILED.*cn-north-4/integ-test-of-roma-instance-history ended failed: .*roma\\.invalid',
    ),
  }),
);
const { pk, sk } = key.head(target);
run.next(
  assertions
    .awsApiCall('DynamoDB', 'getItem', { TableName: table.tableName, Key: { pk: { S: pk }, sk: { S: sk } } })
    .expect(ExpectedResult.objectLike({ Item: { pk: { S: pk }, sk: { S: sk }, outcome: { S: 'failed' } } })),
);
app.synth();
