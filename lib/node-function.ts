import { cpSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AssetHashType, DockerImage, type Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { bundle } from './bundle';

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

    this.fn = new lambda.Function(this, 'Function', {
      description: props.description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: architectureOf(this),
      handler: 'index.handler',
      code: codeOf(props),
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

/** A published package carries its functions ready-made; a checkout bundles them from their sources. */
function codeOf({ entry, packedFile }: NodeFunctionProps): lambda.Code {
  const packed = join(__dirname, 'handlers', entry.replace(/\.handler\.ts$/, ''));
  const isPacked = existsSync(packed);
  const fill = (outputDir: string): void => {
    if (isPacked) cpSync(packed, outputDir, { recursive: true });
    else bundle(join(LAMBDA_DIR, entry), join(outputDir, 'index.mjs'));
    if (packedFile !== undefined) cpSync(resolve(packedFile.path), join(outputDir, packedFile.as));
  };
  return lambda.Code.fromAsset(isPacked ? packed : LAMBDA_DIR, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never run, because the local way always works. The command tells the outputs of one source apart.
      image: DockerImage.fromRegistry('scratch'),
      command: [entry, packedFile?.path ?? ''],
      local: {
        tryBundle: (outputDir) => {
          fill(outputDir);
          return true;
        },
      },
    },
  });
}
