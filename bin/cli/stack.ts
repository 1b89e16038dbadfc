import { CloudFormationClient, DescribeStacksCommand, GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { parse } from 'yaml';
import { readSyncConfig, type SyncConfig } from '../../lambda/config';
import { OUTPUT } from '../../lambda/contract';
import { describeError, NotFoundError, TableError, UsageError } from '../../lambda/core/model/errors';
import type { Template } from './doctor/cost';

/** The SDK's defaults never give up on a silent server. */
const awsClientConfig = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
} as const;

/** @throws NotFoundError when the stack or its output does not exist, TableError when it cannot be read */
export async function stackOutput(stack: string, output: string): Promise<string> {
  const { Stacks } = await asking(stack, new CloudFormationClient(awsClientConfig), async (client) =>
    client.send(new DescribeStacksCommand({ StackName: stack })),
  );
  const outputs = Stacks?.[0]?.Outputs ?? [];
  const exact = outputs.find(({ OutputKey }) => OutputKey === output)?.OutputValue;
  if (exact !== undefined) return exact;
  // In a stack of another app, the path of the construct and a hash stand around the name.
  const own = outputs.filter(({ OutputKey = '' }) => new RegExp(`${output}[\\dA-F]{8}$`).test(OutputKey));
  const several = own.map(({ OutputKey, OutputValue }) => `${OutputKey} = ${OutputValue}`).join(', ');
  if (own.length > 1)
    throw new UsageError(`stack ${stack} holds several histories (${several}): name one with --table`);
  if (own[0]?.OutputValue !== undefined) return own[0].OutputValue;
  throw new NotFoundError(`stack ${stack} has no output ${output}: is it a stack of this application?`);
}

/**
 * How the stack's own sync function is configured.
 * @throws NotFoundError when the stack does not exist, TableError when it or the function cannot be read
 */
export async function deployedSync(stack: string): Promise<SyncConfig> {
  const FunctionName = await stackOutput(stack, OUTPUT.syncFunctionName);
  return asking(stack, new LambdaClient(awsClientConfig), async (client) => {
    const { Environment } = await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
    return readSyncConfig(Environment?.Variables ?? {});
  });
}

/**
 * The template of a stack as it is deployed.
 * @throws NotFoundError when the stack does not exist, TableError when it cannot be read
 */
export async function stackTemplate(stack: string): Promise<Template> {
  return asking(stack, new CloudFormationClient(awsClientConfig), async (client) => {
    const wanted = new GetTemplateCommand({ StackName: stack, TemplateStage: 'Processed' });
    const { TemplateBody = '' } = await client.send(wanted);
    // JSON, or YAML with the short forms of CloudFormation.
    return parse(TemplateBody, { logLevel: 'silent' }) as Template;
  });
}

async function asking<C extends { destroy(): void }, T>(
  stack: string,
  client: C,
  ask: (client: C) => Promise<T>,
): Promise<T> {
  try {
    return await ask(client);
  } catch (error) {
    throw stackProblem(error, stack);
  } finally {
    client.destroy();
  }
}

/** An error of a call about a stack, in words that say what to do. */
function stackProblem(error: unknown, stack: string): unknown {
  const reason = describeError(error);
  if (/^Stack .*does not exist$/.test(reason))
    return new NotFoundError(
      `stack ${stack} does not exist: check its name and the AWS region (--region, AWS_REGION)`,
      { cause: error },
    );
  return (
    regionProblem(error) ??
    new TableError(
      `stack ${stack} cannot be read (${reason}): check the AWS credentials and their rights, AWS_REGION and the network`,
      { cause: error },
    )
  );
}

export const regionProblem = (error: unknown): UsageError | undefined =>
  error instanceof Error && error.message === 'Region is missing'
    ? new UsageError(
        'no AWS region is set: give --region, set AWS_REGION, or write a region into the AWS profile; or use --local or --dynamodb-endpoint',
        { cause: error },
      )
    : undefined;
