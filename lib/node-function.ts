import { cpSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AssetHashType, DockerImage, type Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as nodejs from 'aws-cdk-lib/aws-lambda-nodejs';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { BUNDLE } from './bundle';

export interface NodeFunctionProps {
  /** File name of the handler in `lambda/`. */
  readonly entry: string;
  readonly description: string;
  /** In MB. Processor time grows with it. */
  readonly memorySize: number;
  readonly timeout: Duration;
  /** @default - no reservation: the account's limit */
  readonly reservedConcurrentExecutions?: number;
  /** How often Lambda itself runs a failed asynchronous invocation again. @default 0 */
  readonly retryAttempts?: number;
  /** @default - what Lambda does by itself: six hours */
  readonly maxEventAge?: Duration;
  /** @default 90 days */
  readonly logRetention?: logs.RetentionDays;
  /** A file that is packed beside the code. @default - none */
  readonly packedFile?: { readonly path: string; readonly as: string };
}

/** Name of a packed file with certificate authorities. */
export const EXTRA_CA = 'extra-ca.pem';

const LAMBDA_DIR = join(__dirname, '..', 'lambda');

/**
 * A function on Node 24, bundled as one minified module, with a role that may write its own log and nothing
 * else. What more it may do is granted by the construct that owns the resource.
 */
export class NodeFunction extends Construct {
  readonly fn: lambda.Function;
  readonly role: iam.Role;
  readonly logGroup: logs.LogGroup;

  constructor(scope: Construct, id: string, props: NodeFunctionProps) {
    super(scope, id);
    this.logGroup = new logs.LogGroup(this, 'Log', {
      retention: props.logRetention ?? logs.RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: `Runs ${props.entry}`,
    });
    // The ARN of a group ends in `:*`: its own streams.
    this.allow('WriteLog', ['logs:CreateLogStream', 'logs:PutLogEvents'], [this.logGroup.logGroupArn]);

    const common = {
      description: props.description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: architectureOf(this),
      memorySize: props.memorySize,
      timeout: props.timeout,
      role: this.role.withoutPolicyUpdates(),
      logGroup: this.logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      reservedConcurrentExecutions: props.reservedConcurrentExecutions,
      retryAttempts: props.retryAttempts ?? 0,
      maxEventAge: props.maxEventAge,
    };
    // A published package carries its functions ready-made; a checkout bundles them from their sources.
    const packed = join(__dirname, 'handlers', props.entry.replace(/\.handler\.ts$/, ''));
    this.fn = existsSync(packed)
      ? new lambda.Function(this, 'Function', {
          ...common,
          handler: 'index.handler',
          code: packedCode(packed, props.packedFile),
        })
      : new nodejs.NodejsFunction(this, 'Function', {
          ...common,
          entry: join(LAMBDA_DIR, props.entry),
          handler: 'handler',
          bundling: bundling(props.packedFile),
        });
  }

  /** Adds one statement to the role. Only the construct that owns the resources calls this. */
  allow(sid: string | undefined, actions: readonly string[], resources: readonly string[]): void {
    this.role.addToPolicy(new iam.PolicyStatement({ sid, actions: [...actions], resources: [...resources] }));
  }

  addEnvironment(name: string, value: string): void {
    this.fn.addEnvironment(name, value);
  }
}

const ARCHITECTURE = 'roma-instance-history:architecture';

/** For all functions below a construct, because a region offers one for all of them or for none. */
export function setArchitecture(scope: Construct, architecture: lambda.Architecture): void {
  scope.node.setContext(ARCHITECTURE, architecture);
}
const architectureOf = (scope: Construct): lambda.Architecture =>
  (scope.node.tryGetContext(ARCHITECTURE) as lambda.Architecture | undefined) ?? lambda.Architecture.ARM_64;

/** The ready-made module, and a copy of the file beside it. */
function packedCode(folder: string, packedFile: NodeFunctionProps['packedFile']): lambda.Code {
  if (packedFile === undefined) return lambda.Code.fromAsset(folder);
  return lambda.Code.fromAsset(folder, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never run: the local way below always works.
      image: DockerImage.fromRegistry('scratch'),
      local: {
        tryBundle: (outputDir) => {
          cpSync(folder, outputDir, { recursive: true });
          cpSync(resolve(packedFile.path), join(outputDir, packedFile.as));
          return true;
        },
      },
    },
  });
}

function bundling(packedFile: NodeFunctionProps['packedFile']): nodejs.BundlingOptions {
  const copy = (outputDir: string): string[] =>
    packedFile === undefined ? [] : [`cp ${quote(resolve(packedFile.path))} ${quote(join(outputDir, packedFile.as))}`];
  return {
    ...BUNDLE,
    format: nodejs.OutputFormat.ESM,
    sourceMap: false,
    bundleAwsSDK: true,
    commandHooks: {
      beforeBundling: () => [],
      beforeInstall: () => [],
      afterBundling: (_inputDir, outputDir) => copy(outputDir),
    },
  };
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
