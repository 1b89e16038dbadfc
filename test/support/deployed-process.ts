import { fork } from 'node:child_process';
import { join } from 'node:path';
import { type DeployedFunction, REGION } from './deployed-stack';

/** A function's real bundle in a Node process of its own, with the environment of its template. */
export interface FunctionProcess {
  /** @throws Error with the handler's own name and message */
  invoke(event: unknown): Promise<unknown>;
  /** Everything that was written to standard output and error. */
  log(): string;
  stop(): Promise<void>;
}

/** @param endpoint where all AWS services answer */
export function startFunction(fn: DeployedFunction, endpoint: string): FunctionProcess {
  const child = fork(
    join(__dirname, 'bundle-runner.mjs'),
    [join(fn.bundleDir, 'index.mjs'), String(fn.timeoutSeconds)],
    {
      silent: true,
      execArgv: [],
      cwd: fn.bundleDir,
      // Nothing of this process: only what the template and the runtime of Lambda give.
      env: {
        ...fn.environment,
        AWS_REGION: REGION,
        AWS_ACCESS_KEY_ID: 'testing',
        AWS_SECRET_ACCESS_KEY: 'testing',
        AWS_LAMBDA_FUNCTION_NAME: 'the-function',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(fn.memorySize),
        AWS_ENDPOINT_URL: endpoint,
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      },
    },
  );
  let log = '';
  child.stdout?.on('data', (chunk) => (log += String(chunk)));
  child.stderr?.on('data', (chunk) => (log += String(chunk)));
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      log += error.message;
      resolve();
    });
  });
  let queue: Promise<unknown> = Promise.resolve();

  const call = async (event: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error(`the function's process ended: ${log}`));
      if (!child.connected) {
        onExit();
        return;
      }
      child.once('exit', onExit);
      child.once('message', (answer: { result?: unknown; error?: { name: string; message: string } }) => {
        child.off('exit', onExit);
        if (answer.error === undefined) resolve(answer.result);
        else reject(Object.assign(new Error(answer.error.message), { name: answer.error.name }));
      });
      child.send({ event });
    });

  return {
    invoke: async (event) => {
      const answer = queue.then(async () => call(event));
      queue = answer.catch(() => {});
      return answer;
    },
    log: () => log,
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
