import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ENV } from '../../lambda/contract';
import { bundle as bundleFunction } from '../../lib/bundle';
import { buildSync } from 'esbuild';
import { type Finding, type Measure, median, round, times } from './measure';

const ROUNDS = 15;

/** What a function needs in any case: the client that it talks to the table with, made once. */
const BARE = `import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
const client = new DynamoDBClient({});
export const handler = async (input) => client.send(new UpdateItemCommand(input));`;

const ENVIRONMENT = {
  [ENV.tableName]: 'InstanceHistory',
  [ENV.secretArn]: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:huawei',
  [ENV.brakeReleaseAfterMs]: '86400000',
  [ENV.safetyMarginMs]: '10000',
  [ENV.eventBusName]: 'bus',
  [ENV.failureQueueUrl]: 'https://sqs.eu-central-1.amazonaws.com/111122223333/failures',
  AWS_REGION: 'eu-central-1',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
};

/** Imports a bundle in a fresh process and tells the time, of the clock and of the processor. */
const IMPORT = `const cpu = process.cpuUsage(), from = performance.now();
const { handler } = await import(process.argv[1]);
const { user, system } = process.cpuUsage(cpu);
if (typeof handler !== 'function') throw new Error('no handler');
console.log(JSON.stringify({ wall: performance.now() - from, cpu: (user + system) / 1000 }));`;

/** The initialisation that a cold start waits for, beside that of the bare client. */
export const coldStart: Measure = {
  letter: 'c',
  title: 'cold start: import of the bundles in fresh processes',
  async run({ numbers }) {
    const folder = mkdtempSync(join(resolve('test'), 'cold-start-'));
    try {
      const bare = join(folder, 'bare.ts');
      writeFileSync(bare, BARE);
      const sides = {
        bare: bundleBare(bare, join(folder, 'bare.mjs')),
        sync: bundle(resolve('lambda/sync.handler.ts'), join(folder, 'sync.mjs')),
        publish: bundle(resolve('lambda/publish.handler.ts'), join(folder, 'publish.mjs')),
      };
      const taken = { bare: [], sync: [], publish: [] } as Record<keyof typeof sides, { wall: number; cpu: number }[]>;
      for (let round_ = 0; round_ < ROUNDS; round_ += 1) {
        // In turns, because the first of a round finds caches cold.
        const names = Object.keys(sides) as (keyof typeof sides)[];
        for (const name of round_ % 2 === 0 ? names : names.toReversed())
          taken[name].push(importOnce(sides[name].file));
      }
      const middle = (name: keyof typeof sides, of: 'wall' | 'cpu'): number =>
        median(taken[name].map((sample) => sample[of]));
      /** Of each round, both sides of which met the same machine. */
      const paired = (name: keyof typeof sides, of: 'wall' | 'cpu'): number =>
        median(taken[name].map((sample, nth) => sample[of] / taken.bare[nth]![of]));
      return (['sync', 'publish'] as const).flatMap((name): Finding[] => {
        const kilobytes = sides[name].bytes / 1024;
        numbers.set(`c.${name}.ratio`, paired(name, 'wall'));
        numbers.set(`c.${name}.kilobytes`, kilobytes);
        numbers.set(`c.${name}.ms`, middle(name, 'wall'));
        return [
          {
            what: `${name}: time of the import`,
            ours: `${times(paired(name, 'wall'), 1)} (processor ${times(paired(name, 'cpu'), 1)})`,
            beside: 'the bare DynamoDB client, as esbuild bundles it',
            goal: '≤ 1.3×',
            met: paired(name, 'wall') <= 1.3,
          },
          {
            what: `${name}: size of the bundle`,
            ours: `${round(kilobytes, 0)} KB`,
            beside: `${round(sides.bare.bytes / 1024, 0)} KB`,
            goal: name === 'sync' ? '≤ 1,024 KB' : 'lighter than sync',
            met: name === 'sync' ? kilobytes <= 1024 : sides[name].bytes < sides.sync.bytes,
          },
        ];
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function bundle(entry: string, file: string): { file: string; bytes: number } {
  bundleFunction(entry, file);
  return { file, bytes: statSync(file).size };
}

/** As anybody would bundle it. */
function bundleBare(entry: string, file: string): { file: string; bytes: number } {
  const mainFields = ['module', 'main'];
  buildSync({
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    mainFields,
  });
  return { file, bytes: statSync(file).size };
}

function importOnce(file: string): { wall: number; cpu: number } {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', IMPORT, file], {
    encoding: 'utf8',
    env: ENVIRONMENT,
  });
  if (status !== 0) throw new Error(`the bundle ${file} could not be imported: ${stderr}`);
  return JSON.parse(stdout) as { wall: number; cpu: number };
}
