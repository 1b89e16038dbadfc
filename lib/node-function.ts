import { cpSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AssetHashType, DockerImage, type Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ENV } from '../lambda/contract';
import { allowEverywhere } from './acknowledge';
import { bundle } from './bundle';

/** What runs, and with how much. */
export interface NodeFunctionProps {
  /** File name of the handler in `lambda/`. */
  readonly entry: string;
  /** What it does, for people who list functions. */
  readonly description: string;
  /** In MB. Processor time grows with it. */
  readonly memorySize: number;
  /** Longest invocation, at most 15 minutes. */
  readonly timeout: Duration;
  /** Upper limit of invocations at one time. @default - the account's limit */
  readonly reservedConcurrentExecutions?: number;
  /** How often Lambda itself runs a failed asynchronous invocation again. @default 0 */
  readonly retryAttempts?: number;
  /** How long an asynchronous invocation may wait. @default - as Lambda has it: six hours */
  readonly maxEventAge?: Duration;
}

/** Name of the packed file with certificate authorities. */
const EXTRA_CA = 'extra-ca.pem';

const NETWORK_ACTIONS = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

const LAMBDA_DIR = join(__dirname, '..', 'lambda');

/**
 * A function on Node 24, bundled as one minified module, with a role that may write its own log and nothing
 * else. What more it may do is granted by the construct that owns the resource.
 */
export class NodeFunction extends Construct {
  /** The function in Lambda. */
  readonly fn: lambda.Function;
  /** With what rights it runs. */
  readonly role: iam.Role;
  /** Where it logs. */
  readonly logGroup: logs.LogGroup;

  constructor(scope: Construct, id: string, props: NodeFunctionProps) {
    super(scope, id);
    const place = placeOf(this);
    this.logGroup = logGroupOf(this);
    this.role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: `Runs ${props.entry}`,
    });
    // The ARN of a group ends in `:*`: its own streams.
    this.allow('WriteLog', ['logs:CreateLogStream', 'logs:PutLogEvents'], [this.logGroup.logGroupArn]);

    if (place.tracing === true)
      allowEverywhere(this.role, 'Trace', ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], 'traces have no ARN');
    if (place.vpc !== undefined)
      allowEverywhere(
        this.role,
        'JoinNetwork',
        NETWORK_ACTIONS,
        'Lambda makes the interfaces itself, and refuses a role that names them; so does the policy that AWS manages',
      );
    this.fn = new lambda.Function(this, 'Function', {
      description: props.description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: place.architecture ?? lambda.Architecture.ARM_64,
      tracing: place.tracing === true ? lambda.Tracing.ACTIVE : undefined,
      vpc: place.vpc,
      vpcSubnets: place.vpcSubnets,
      securityGroups: place.securityGroups,
      // A variable without a value would be an error of CloudFormation.
      environment: {
        ...(place.proxy === undefined ? {} : { HTTPS_PROXY: place.proxy }),
        ...(place.extraCaFile === undefined ? {} : { [ENV.extraCaFile]: `./${EXTRA_CA}` }),
      },
      handler: 'index.handler',
      code: codeOf(props.entry, place.extraCaFile),
      memorySize: props.memorySize,
      timeout: props.timeout,
      role: this.role.withoutPolicyUpdates(),
      logGroup: this.logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      reservedConcurrentExecutions: props.reservedConcurrentExecutions,
      retryAttempts: props.retryAttempts ?? 0,
      maxEventAge: props.maxEventAge,
    });
  }

  /** Adds one statement to the role. Only the construct that owns the resources calls this. */
  allow(sid: string | undefined, actions: readonly string[], resources: readonly string[]): void {
    this.role.addToPolicy(new iam.PolicyStatement({ sid, actions: [...actions], resources: [...resources] }));
  }

  /** Sets a variable of its environment. */
  addEnvironment(name: string, value: string): void {
    this.fn.addEnvironment(name, value);
  }
}

/** Where all functions of a history run. */
export interface FunctionPlace {
  /** Processor. @default Architecture.ARM_64 */
  readonly architecture?: lambda.Architecture | undefined;
  /** Whether X-Ray traces the functions. @default false */
  readonly tracing?: boolean | undefined;
  /** Needs a way to Huawei Cloud, and to the AWS services or their endpoints. @default - the network of Lambda */
  readonly vpc?: ec2.IVpc | undefined;
  /** Where in the VPC. @default - the private subnets */
  readonly vpcSubnets?: ec2.SubnetSelection | undefined;
  /** Of the functions in the VPC. @default - one for each function, that lets everything out and nothing in */
  readonly securityGroups?: ec2.ISecurityGroup[] | undefined;
  /** How long log lines are kept. @default RetentionDays.THREE_MONTHS */
  readonly logRetention?: logs.RetentionDays | undefined;
  /** PEM file with certificate authorities to trust besides the public ones. @default - none */
  readonly extraCaFile?: string | undefined;
  /** `http://host:port` through which the API of Huawei Cloud is reached. @default - directly */
  readonly proxy?: string | undefined;
}

const PLACE = 'roma-instance-history:place';

/** To be called before a construct has children. */
export function placeFunctions(scope: Construct, place: FunctionPlace): void {
  scope.node.setContext(PLACE, place);
}

const placeOf = (scope: Construct): FunctionPlace => (scope.node.tryGetContext(PLACE) ?? {}) as FunctionPlace;

/** Goes with its function. */
export const logGroupOf = (scope: Construct): logs.LogGroup =>
  new logs.LogGroup(scope, 'Log', {
    retention: placeOf(scope).logRetention ?? logs.RetentionDays.THREE_MONTHS,
    removalPolicy: RemovalPolicy.DESTROY,
  });

/** A published package carries its functions ready-made; a checkout bundles them from their sources. */
function codeOf(entry: string, extraCaFile: string | undefined): lambda.Code {
  const packed = join(__dirname, 'handlers', entry.replace(/\.handler\.ts$/, ''));
  const isPacked = existsSync(packed);
  const fill = (outputDir: string): void => {
    if (isPacked) cpSync(packed, outputDir, { recursive: true });
    else bundle(join(LAMBDA_DIR, entry), join(outputDir, 'index.mjs'));
    if (extraCaFile !== undefined) cpSync(resolve(extraCaFile), join(outputDir, EXTRA_CA));
  };
  return lambda.Code.fromAsset(isPacked ? packed : LAMBDA_DIR, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never run, because the local way always works. The command tells the outputs of one source apart.
      image: DockerImage.fromRegistry('scratch'),
      command: [entry, extraCaFile ?? ''],
      local: {
        tryBundle: (outputDir) => {
          fill(outputDir);
          return true;
        },
      },
    },
  });
}
