import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ENV } from '../../lambda/contract';
import { bundle } from '../../lib/bundle';
import { historyTable } from './bench-table';

/** The first invocation of each process makes it warm; the API is asked ten times per second, so each takes a while. */
const ROUNDS = 4;

/** Processor time of each invocation of a process, in ms, without the import. */
const INVOKE = `const { handler } = await import(process.argv[1]);
const taken = [];
for (let round = 0; round < ${ROUNDS}; round += 1) {
  const cpu = process.cpuUsage();
  await handler(JSON.parse(process.argv[2]), { getRemainingTimeInMillis: () => 300_000 });
  const { user, system } = process.cpuUsage(cpu);
  taken.push((user + system) / 1000);
}
console.error('taken:' + JSON.stringify(taken));`;

/**
 * Invokes the built sync function on a list that does not change: lease, listing, end, log line and metrics.
 * @returns processor time of the warm invocations, in ms
 */
export async function warmInvocations(
  folder: string,
  at: { readonly database: string; readonly api: string },
  target: { readonly region: string; readonly projectId: string },
): Promise<readonly number[]> {
  const file = join(folder, 'sync.mjs');
  bundle('lambda/sync.handler.ts', file);
  const table = await historyTable(at.database);
  const secrets = createServer((_, response) => {
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    response.end(JSON.stringify({ SecretString: JSON.stringify({ HUAWEICLOUD_AUTH_TOKEN: 'token' }) }));
  });
  await new Promise<void>((listening) => secrets.listen(0, '127.0.0.1', listening));
  const env = {
    [ENV.tableName]: table.tableName,
    [ENV.secretArn]: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:huawei',
    [ENV.brakeReleaseAfterMs]: '86400000',
    [ENV.safetyMarginMs]: '10000',
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: at.database,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${(secrets.address() as AddressInfo).port}`,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  const event = JSON.stringify({ ...target, endpoint: at.api, intervalMs: 300_000 });
  try {
    const run = async (): Promise<readonly number[]> => {
      const { stderr } = await promisify(execFile)(
        process.execPath,
        ['--input-type=module', '-e', INVOKE, file, event],
        { env, maxBuffer: 1e9 },
      );
      return JSON.parse(/taken:(.*)/.exec(stderr)?.[1] ?? '[]') as number[];
    };
    // The first process records the list.
    await run();
    return (await run()).slice(1);
  } finally {
    secrets.close();
    table.close();
  }
}
