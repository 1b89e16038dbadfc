import { targetName } from '../../lambda/core/model/instance';
import { SEED_INSTANCE } from './fleet';
import { SIMULATED_KEY } from './roma-simulator';
import { SANDBOX_TARGET, type Sandbox } from './start-sandbox';

/** By its id: the scenario renames instances. */
const LOG = `log ${SEED_INSTANCE.id.slice(0, 8)}`;

/** What to type in another terminal while the sandbox lives. */
export function tryIt({ database, tableName, endpoint }: Sandbox) {
  const here = `--dynamodb-endpoint ${database.endpoint} --table ${tableName}`;
  return {
    /** Commands that ask the sandbox's own history. */
    ask: ['list', LOG, 'changes --since 1h --follow', 'uptime --since 1h', 'targets list'].map(
      (command) => `${command} ${here}`,
    ),
    /** What the commands of `keep` find in the environment. The account is the simulator's, no secret. */
    environment: { HUAWEICLOUD_SDK_AK: SIMULATED_KEY.accessKey, HUAWEICLOUD_SDK_SK: SIMULATED_KEY.secretKey },
    /** Commands that keep another history of the simulated API, in a folder. */
    keep: [`sync --target ${targetName(SANDBOX_TARGET)} --endpoint ${endpoint} --local`, 'list --local'],
  };
}

export function tryItText({ ask, environment, keep }: ReturnType<typeof tryIt>): string {
  const typed = (commands: readonly string[]): string[] => commands.map((command) => `  npm run cli -- ${command}`);
  const set = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return [
    'ask this history from another terminal, while it goes on:',
    ...typed(ask),
    'or keep one of your own, of the same simulated API:',
    `  export ${set.join(' ')}`,
    ...typed(keep),
  ].join('\n');
}
