import { type ExecFileException, execFile } from 'node:child_process';
import { LOOPBACK_REGION } from './loopback-account';

/**
 * Runs a command that finds AWS on loopback and keeps the CDK's files in a folder. Answers are given beforehand: nobody is
 * at this terminal.
 * @returns what was printed
 */
export async function runOnLoopback(
  [program = '', ...args]: readonly string[],
  { url, folder }: { readonly url: string; readonly folder: string },
): Promise<string> {
  const { PATH, HOME } = process.env;
  const env = {
    PATH,
    HOME,
    AWS_ENDPOINT_URL: url,
    AWS_REGION: LOOPBACK_REGION,
    AWS_DEFAULT_REGION: LOOPBACK_REGION,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    CDK_OUTDIR: undefined,
    CDK_OUTPUT: `${folder}/cdk.out`,
    CDK_HOME: folder,
    CDK_REQUIRE_APPROVAL: 'never',
    CDK_FORCE: args[1] === 'destroy' ? 'true' : undefined,
    CDK_NOTICES: 'false',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
  };
  return new Promise((resolve, reject) => {
    execFile(program, [...args], { env, timeout: 120_000 }, (error: ExecFileException | null, stdout, stderr) =>
      error === null ? resolve(stdout + stderr) : reject(new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`)),
    );
  });
}
